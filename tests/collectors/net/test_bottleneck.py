"""Is voice found to starve where it does, and left alone where it does not? On real HTB, with real packets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from collectors import About, Uplink
from collectors.net.qos import Qos, change
from collectors.net.qos_judge import judge
from collectors.net.traffic_control import traffic_control
from tests.collectors.net.bottleneck import Bottleneck, HereShell, bottleneck

pytestmark = pytest.mark.lab
ABOUT = About(
    id="r1",
    name="r1.musterbau.test",
    addresses=("10.88.41.1",),
    platform="linux",
    environment="network",
    uplinks=(Uplink(port="e1", mbits=2, calls=5),),
)
Flow = tuple[int, int, int]
# Five calls in one direction, and much more than the line carries: code point, packets a second, bytes.
CALLS, BACKUP = (46, 250, 200), (0, 600, 1200)


@pytest.fixture(scope="module")
def line() -> Iterator[Bottleneck]:
    with bottleneck(f"qos-{os.getpid() % 10_000}-") as made:
        yield made


async def ask(line: Bottleneck) -> Qos:
    return await traffic_control((HereShell(line.router),), ABOUT)


async def seen(line: Bottleneck, *flows: Flow, before: float = 0.5) -> Qos:
    """Ask while these flows run."""
    with line.sending(*flows):
        await asyncio.sleep(before)
        return await ask(line)


def tags(reading: Qos) -> set[str]:
    return {finding.tag.name.removeprefix("net.qos-") for finding in judge(reading)}


async def test_a_full_line_that_sends_voice_first_is_healthy(line: Bottleneck) -> None:
    line.queues()
    reading = await seen(line, CALLS, BACKUP)
    assert tags(reading) == set()
    (policy,) = reading.policies
    went = {one.path: change(one, reading.seconds) for one in policy.classes}
    voice, common = went["1:10"], went["1:30"]
    assert voice is not None
    assert common is not None
    # The senders keep time well enough to know the rates: 428 kbit/s of voice with the header of Ethernet.
    assert 380_000 < voice.rate < 470_000
    assert (voice.drops, common.share > 0.5) == (0, True)


async def test_voice_that_no_filter_knows_starves_with_everything_else(line: Bottleneck) -> None:
    line.queues(voice="0xa0")
    reading = await seen(line, CALLS, BACKUP, before=2.5)
    assert tags(reading) == {"voice-starves"}


async def test_a_class_that_is_too_small_for_its_calls_drops_them(line: Bottleneck) -> None:
    line.queues(classes=("10 100kbit 1", "20 500kbit 2", "30 1mbit 3"))
    line.tc("class change dev e1 parent 1:1 classid 1:10 htb rate 100kbit ceil 150kbit prio 1")
    assert tags(await seen(line, CALLS, BACKUP)) == {"voice-drops", "voice-over", "voice-small"}


async def test_what_only_claims_to_be_voice_is_told_from_calls(line: Bottleneck) -> None:
    line.queues()
    assert tags(await seen(line, CALLS, (46, 200, 1000), BACKUP)) == {
        "voice-drops",
        "voice-over",
        "voice-foreign",
    }


async def test_a_shaper_above_what_was_bought_is_found_without_any_packet(line: Bottleneck) -> None:
    line.queues(rate="10mbit")
    assert tags(await ask(line)) == {"shaper-over"}


async def test_an_uplink_without_classes_is_found(line: Bottleneck) -> None:
    line.tc("qdisc del dev e1 root")
    assert tags(await ask(line)) == {"uplink-unqueued"}
