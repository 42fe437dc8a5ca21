"""Is the sound of a test call what RFC 3550 and G.711 say? Packets, reports, and the tone."""

from __future__ import annotations

import time
from ipaddress import ip_address

import pytest

from agent.sessions.rtp_sound import SoundLine, _a_law, _mu_law, _tone
from collectors.voip.rtcp import reports_of
from collectors.voip.rtp import header_of
from inventory.grant import Door

SIP = Door(ip_address("127.9.3.9"), 5060)


def line() -> SoundLine:
    made = SoundLine(frozenset(), SIP, "127.0.0.1")
    made.codec = "PCMU"
    return made


def packets(sender: SoundLine, count: int) -> list[bytes]:
    return [sender.packet(_tone("PCMU")) for _ in range(count)]


def test_packets_are_numbered_and_timed() -> None:
    headers = [header_of(one) for one in packets(line(), 3)]
    first, second, third = (one for one in headers if one is not None)
    assert (first[1], second[1]) == (1, 0), "the first of a talkspurt bears the mark"
    assert [one[2] - first[2] for one in (second, third)] == [1, 2]
    assert [one[3] - first[3] for one in (second, third)] == [160, 320]
    assert len({one[4] for one in (first, second, third)}) == 1


def test_reports_tell_the_round_trip_and_what_was_lost() -> None:
    ours, theirs = line(), line()
    for number, packet in enumerate(packets(ours, 20)):
        if number % 5:
            theirs.take(packet, "127.0.0.1", 4000)
    ours_says = ours.report()
    (report,) = reports_of(ours_says)
    assert (report.ssrc, bool(report.sent), report.blocks) == (ours.ssrc, True, ())
    theirs.take(ours_says, "127.0.0.1", 4001)
    time.sleep(0.05)
    ours.take(theirs.report(bye=True), "127.0.0.1", 4001)
    (told,) = ours.reports
    # Of the packets 0 to 19 those that 5 divides are missing; the first of them before anything was heard.
    assert (told.lost, told.highest & 0xFFFF) == (3, theirs.highest(ours.ssrc))
    assert told.fraction == pytest.approx(3 / 19, abs=0.01)
    # What the other end waited before it answered is no part of the way.
    assert told.round_trip is not None
    assert 0 <= told.round_trip < 40


def test_what_is_no_sound_is_counted_and_nothing_more() -> None:
    ours = line()
    for data in (b"", b"hello", bytes(range(60)), b"\x80" * 11):
        ours.take(data, "127.0.0.1", 9)
    for ssrc in range(100):
        ours.take(b"\x80\x00\x00\x01" + bytes(4) + ssrc.to_bytes(4, "big") + bytes(160), "127.0.0.1", 9)
    assert ours.strangers == 4 + 100 - 16


@pytest.mark.parametrize("sample", [0, 1, -1, 100, -100, 1000, -1000, 4000, -4000, 32_000, -32_000])
def test_a_sample_is_coded_as_g711_has_it(sample: int) -> None:
    def mu(code: int) -> int:
        code = ~code & 0xFF
        value = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
        return -value if code & 0x80 else value

    def a(code: int) -> int:
        code ^= 0x55
        exponent, value = code >> 4 & 7, (code & 15) << 4
        value = value + 8 if exponent == 0 else value + 264 << exponent - 1
        return value if code & 0x80 else -value

    assert mu(_mu_law(sample)) == pytest.approx(sample, rel=0.04, abs=8)
    assert a(_a_law(sample)) == pytest.approx(sample, rel=0.04, abs=16)


def test_silence_has_its_known_codes() -> None:
    assert (_mu_law(0), _a_law(0)) == (0xFF, 0xD5)
    assert len(_tone("PCMA")) == 160
