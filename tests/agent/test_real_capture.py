"""A real host captures its own calls over SSH, within the contract's bounds; what is not of its calls stays out."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator

import pytest

from collectors import About, CaptureBounds, Kind, Unanswered
from collectors.voip.call import Calls
from collectors.voip.capture import capture
from tests.agent.reached import over
from tests.fleet import Fleet
from tests.speech import Speech
from tests.traffic import Talk

BOUNDS = CaptureBounds(seconds=4, packets=2_000, signalling=(5060,), media=(40_000, 50_001))
_HEADS = 14 + 20 + 8

pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("tcpdump") is None, reason="capturing needs root and tcpdump"
    ),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(1) as running:
        yield running


def _about(fleet: Fleet, bounds: CaptureBounds | None) -> About:
    return About(
        id="h",
        name="h",
        addresses=(fleet.address(0),),
        platform="linux",
        environment="server",
        capture=bounds,
    )


async def _speak(caller: str, callee: str) -> None:
    """A call of two seconds between two addresses of this machine, packet by packet, and a few packets of something else."""
    speech = (Speech(to="callee", seconds=2.0, lose_every=25), Speech(to="caller", seconds=2.0, ssrc=3))
    call = Talk(
        caller=f"{caller}:5060", callee=f"{callee}:5060", ring=0.1, answer=0.2, seconds=2.2, speech=speech
    )
    sockets: dict[tuple[str, int], socket.socket] = {}
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind((caller, 9_998))
    begin = asyncio.get_running_loop().time()
    try:
        for at, frame in sorted(call.frames()):
            ends = [
                (
                    socket.inet_ntoa(frame[26 + 4 * n : 30 + 4 * n]),
                    int.from_bytes(frame[34 + 2 * n : 36 + 2 * n], "big"),
                )
                for n in (0, 1)
            ]
            for end in ends:
                if end not in sockets:
                    sockets[end] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    sockets[end].bind(end)
            await asyncio.sleep(max(0.0, begin + at - asyncio.get_running_loop().time()))
            sockets[ends[0]].sendto(frame[_HEADS:], ends[1])
            # Not of a call: neither its ports nor its host.
            stranger.sendto(b"secret", (callee, 9_999))
    finally:
        for one in (stranger, *sockets.values()):
            one.close()


async def test_a_call_is_captured_while_it_goes_on(fleet: Fleet) -> None:
    host = await over(fleet)
    other = fleet.address(0).rpartition(".")[0] + ".250"
    try:
        asking = asyncio.create_task(asyncio.to_thread(asyncio.run, _ask(host, _about(fleet, BOUNDS))))
        await asyncio.sleep(1.2)
        await _speak(other, fleet.address(0))
        heard = await asking
    finally:
        host.close()
    (call,) = heard.calls
    assert call.state == "answered"
    losses = {one.to: one.loss > 2 for one in call.streams}
    assert losses == {"callee": True, "caller": False}
    assert heard.source.other == 0, "packets that are of no call are not even captured"


async def _ask(host: object, about: About) -> Calls:
    return await capture((host,), about)


async def test_without_the_contracts_word_nothing_is_captured(fleet: Fleet) -> None:
    asked: list[object] = []
    host = await over(fleet, asked.append)
    try:
        with pytest.raises(Unanswered) as refused:
            await capture((host,), _about(fleet, None))
    finally:
        host.close()
    assert refused.value.kind is Kind.REFUSED
    assert "contract" in refused.value.detail
    assert not [one for one in asked if getattr(one, "question", ("",))[0] == "run"]
