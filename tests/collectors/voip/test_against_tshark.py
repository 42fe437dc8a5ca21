"""Loss and jitter are exactly Wireshark's: on made captures of everything that can go wrong, and on real traffic."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectors.voip.call import Calls
from collectors.voip.listen import listen
from tests.collectors.voip.tshark import streams
from tests.speech import Speech
from tests.traffic import Spoken, Talk, Traffic

pytestmark = pytest.mark.slow

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not there")


def _compare(file: Path, least: int) -> Calls:
    """Every stream that tshark knows is known here, with the same figures."""
    with file.open("rb") as source:
        heard = listen(source)
    ours = {(one.src, one.dst, one.ssrc): one for call in heard.calls for one in call.streams}
    ours |= {(one.src, one.dst, one.ssrc): one for one in heard.strays}
    theirs = streams(file)
    assert len(theirs) >= least, "tshark saw too few streams for this to prove anything"
    for key, row in theirs.items():
        mine = ours[key]
        assert (mine.packets, mine.lost) == (row.packets, row.lost), key
        assert mine.jitter or pytest.approx(row.mean, abs=0.01) == 0.0
        assert abs((mine.jitter or 0.0) - row.mean) <= 0.01, key
        assert abs((mine.jitter_max or 0.0) - row.most) <= 0.01, key
        assert abs(mine.gap_max - row.gap) <= 0.01, key
    return heard


CASES = {
    "clean": Speech(to="callee"),
    "lossy": Speech(to="callee", lose_every=17),
    "bursts": Speech(to="callee", lose=tuple(range(100, 130))),
    "jittery": Speech(to="callee", wait=19.0),
    "very jittery": Speech(to="callee", wait=90.0),
    "out of order": Speech(to="callee", late=(50, 51, 90, 200, 333), wait=3.0),
    "copies": Speech(to="callee", twice=(10, 20, 30, 300)),
    "keys": Speech(to="callee", keys=(1.0, 2.0, 5.5), wait=8.0),
    "comfort noise": Speech(to="callee", noise=((1.0, 3.0), (4.0, 8.0)), wait=5.0),
    "around": Speech(to="callee", first=65_300, lose_every=31, wait=4.0),
    "clock around": Speech(to="callee", stamp=2**32 - 30_000, wait=7.0, lose_every=50),
    "two payload types": Speech(to="callee", switch=(250, 8), wait=4.0),
    "g729": Speech(to="callee", payload=18, size=20, wait=11.0, lose_every=9),
    "packets of 30 ms": Speech(to="callee", ms=30, size=240, wait=25.0),
    "opus": Speech(to="callee", payload=111, clock=48_000, size=80, wait=15.0, lose_every=40),
}


@needs_tshark
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_loss_and_jitter_are_those_of_tshark(name: str, seed: int, tmp_path: Path) -> None:
    speech = CASES[name].model_copy(update={"seed": seed})
    says = Spoken(port=40_000, payloads=(0, 8, 18, 111, 101), rtpmap={"111": "opus/48000/2"})
    call = Talk(
        says=says,
        hears=says.model_copy(update={"port": 50_000}),
        speech=(speech, Speech(to="caller", ssrc=9)),
    )
    file = tmp_path / "call.pcap"
    file.write_bytes(Traffic(call=(call,)).content())
    _compare(file, 2)


@needs_tshark
def test_two_sources_one_after_the_other_are_two_streams(tmp_path: Path) -> None:
    speech = Speech(to="callee", resume=200, resume_ssrc=0x77, wait=5.0, lose_every=33)
    file = tmp_path / "call.pcap"
    file.write_bytes(Traffic(call=(Talk(again=((5.0, 200),), speech=(speech,)),)).content())
    (call,) = _compare(file, 2).calls
    assert len(call.streams) == 2
    assert call.refreshes == 1


def test_a_sequence_that_begins_anew_is_no_loss(tmp_path: Path) -> None:
    """Here tshark counts thousands of lost packets: RFC 3550 A.1 knows better."""
    file = tmp_path / "call.pcap"
    file.write_bytes(Traffic(call=(Talk(speech=(Speech(to="callee", resume=200),)),)).content())
    with file.open("rb") as source:
        (call,) = listen(source).calls
    (stream,) = call.streams
    assert (stream.restarts, stream.lost, stream.loss) == (1, 0, 0.0)


def test_a_gap_of_minutes_is_loss_and_no_new_beginning(tmp_path: Path) -> None:
    file = tmp_path / "call.pcap"
    speech = Speech(to="callee", seconds=90.0, lose=tuple(range(500, 4_000)))
    file.write_bytes(Traffic(call=(Talk(seconds=95.0, speech=(speech,)),)).content())
    with file.open("rb") as source:
        (call,) = listen(source).calls
    (stream,) = call.streams
    assert (stream.restarts, stream.lost) == (0, 3_500)


# Runs alone in a network namespace: real sockets, the machine's own clock, a real SIP call around it.
_STAGE = """
set -e
ip link set lo up
ip addr add 192.0.2.21/32 dev lo
ip addr add 192.0.2.10/32 dev lo
tcpdump -i lo -U -Z root -w "$1/real.pcap" udp 2> "$1/tcpdump" &
tcpdump=$!
for wait in $(seq 100); do grep -q listening "$1/tcpdump" && break; sleep 0.1; done
sipp -sn uas -i 192.0.2.10 -p 5060 -mp 50000 -nostdin > /dev/null 2>&1 &
uas=$!
sleep 0.5
sipp -sn uac -i 192.0.2.21 -p 5060 -mp 40000 192.0.2.10:5060 -m 1 -d 7000 -nostdin > /dev/null 2>&1 &
uac=$!
sleep 0.3
"$2" -m tests.collectors.voip.sender
wait $uac
sleep 0.5
kill $tcpdump $uas
wait $tcpdump || true
"""


@needs_tshark
@pytest.mark.lab
@pytest.mark.slow
def test_real_packets_of_a_real_call_have_the_figures_of_tshark(tmp_path: Path) -> None:
    subprocess.run(
        ["unshare", "--net", "bash", "-c", _STAGE, "stage", str(tmp_path), sys.executable],
        check=True,
        timeout=60,
        capture_output=True,
    )
    time.sleep(0.1)
    heard = _compare(tmp_path / "real.pcap", 3)
    (call,) = heard.calls
    assert call.state == "answered"
    assert {one.to for one in call.streams} == {"caller", "callee"}
    lossy = max(call.streams, key=lambda one: one.loss)
    assert lossy.loss > 2
    assert max(one.jitter or 0.0 for one in call.streams) > 1
