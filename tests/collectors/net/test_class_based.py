"""Is a service policy judged over real SNMP as its queues are? net-snmp gives Cisco's tables, a real HTB their counters."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from collectors import About, Uplink
from collectors.net.class_based_qos import class_based_qos
from collectors.net.qos import Qos
from collectors.net.qos_judge import judge
from tests.agent.real_snmp import RealSnmp, serving_snmp
from tests.collectors.net.bottleneck import Bottleneck, bottleneck
from tests.leave import leave_for

pytestmark = pytest.mark.lab
MIB = Path(__file__).with_name("cbqos_mib.py")
CALLS, BACKUP = (46, 250, 200), (0, 600, 1200)
# The stand-in's policy is at the agent's first interface.
ABOUT = About(
    id="gw1",
    name="gw1.musterbau.test",
    addresses=("127.0.0.1",),
    platform="cisco-ios",
    environment="network",
    uplinks=(Uplink(port="lo", mbits=2, calls=5),),
)


@pytest.fixture(scope="module")
def line() -> Iterator[Bottleneck]:
    with bottleneck(f"qos-{os.getpid() % 10_000}s-") as made:
        yield made


@pytest.fixture(scope="module")
def router(line: Bottleneck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSnmp]:
    told = f"pass_persist .1.3.6.1.4.1.9.9.166.1 {sys.executable} -I {MIB} {line.router} e1"
    with serving_snmp(tmp_path_factory.mktemp("snmpd"), "127.0.0.1", told) as agent:
        yield agent


async def ask(router: RealSnmp) -> Qos:
    doors = leave_for("gw1", router.address, snmp=router.port).doors("gw1", "snmp")
    session = SnmpSession(the_engine(), router.by_user, doors, lambda _: None)
    try:
        return await class_based_qos((session,), ABOUT)
    finally:
        await session.close()


def tags(reading: Qos) -> set[str]:
    return {finding.tag.name.removeprefix("net.qos-") for finding in judge(reading)}


async def test_a_full_line_that_sends_voice_first_is_healthy(line: Bottleneck, router: RealSnmp) -> None:
    line.queues()
    with line.sending(CALLS, BACKUP):
        await asyncio.sleep(0.5)
        reading = await ask(router)
    assert tags(reading) == set()
    assert 10 < reading.seconds < 16
    (policy,) = reading.policies
    (voice,) = policy.voice
    assert (voice.path, voice.rate, voice.marks) == ("class-default/VOICE", 500_000, (46,))
    assert voice.was is not None
    assert voice.now is not None
    assert voice.now.packets - voice.was.packets > 2000


async def test_a_class_that_is_too_small_for_its_calls_drops_them(line: Bottleneck, router: RealSnmp) -> None:
    line.queues(classes=("10 100kbit 1", "20 500kbit 2", "30 1mbit 3"))
    line.tc("class change dev e1 parent 1:1 classid 1:10 htb rate 100kbit ceil 150kbit prio 1")
    with line.sending(CALLS, BACKUP):
        await asyncio.sleep(0.5)
        reading = await ask(router)
    assert tags(reading) == {"voice-drops", "voice-over", "voice-small"}
