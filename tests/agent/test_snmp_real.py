"""Does net-snmp's own agent answer us, by every method, and does it say why where it does not?"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
import pytest_asyncio

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from agent.start import SnmpUser, SnmpWay
from collectors import Kind, Phase, Smi, Unanswered
from collectors.exchange import Exchange
from collectors.net.device import device
from collectors.replay import Replay
from inventory.snmp_reach import Authentication, Privacy
from tests.agent.opened_files import WAYS
from tests.agent.real_snmp import RealSnmp, serving_snmp
from tests.leave import leave_for

pytestmark = pytest.mark.lab

SYSTEM = (1, 3, 6, 1, 2, 1, 1)
DESCR, OBJECT_ID = (*SYSTEM, 1, 0), (*SYSTEM, 2, 0)
# The table of names and of what went over the interfaces: everything that is below both is hidden from some.
MIB_2 = (1, 3, 6, 1, 2, 1)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSnmp]:
    with serving_snmp(tmp_path_factory.mktemp("snmpd")) as agent:
        yield agent


class Opened:
    def __init__(self, real: RealSnmp, way: SnmpWay, wait: float = 1.0) -> None:
        doors = leave_for("sw1", real.address, snmp=real.port).doors("sw1", "snmp")
        self.records: list[Exchange] = []
        self.session = SnmpSession(the_engine(), way, doors, self.records.append, wait=wait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()


async def reason(real: RealSnmp, way: SnmpWay, **settings: float) -> Unanswered:
    async with Opened(real, way, **settings) as opened:
        with pytest.raises(Unanswered) as caught:
            await opened.session.get(DESCR)
        return caught.value


@pytest_asyncio.fixture(params=["2c", "3"])
async def opened(real: RealSnmp, request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    async with Opened(real, real.by_community if request.param == "2c" else real.by_user) as one:
        yield one


async def test_it_is_read_and_walked_and_the_record_says_the_same(opened: Opened) -> None:
    descr, gone, name = await opened.session.get(DESCR, (*SYSTEM, 99, 0), OBJECT_ID)
    assert (descr.text, gone.smi) == ("Stand of the lab", Smi.NO_SUCH_OBJECT)
    assert name.value == (1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)
    walked = await opened.session.walk(SYSTEM)
    assert len(walked) > 20
    assert {Smi.OCTETS, Smi.OID, Smi.TIMETICKS} <= {one.smi for one in walked}
    replay = Replay(opened.records)
    assert await replay.get(DESCR, (*SYSTEM, 99, 0), OBJECT_ID) == (descr, gone, name)
    assert await replay.walk(SYSTEM) == walked


async def test_everything_that_it_has_can_be_walked(opened: Opened) -> None:
    whole = await opened.session.walk((1, 3, 6, 1), most=100_000)
    assert len(whole) > 1_000
    assert {Smi.COUNTER64, Smi.ADDRESS, Smi.GAUGE32, Smi.INTEGER} <= {one.smi for one in whole}
    assert sorted(one.oid for one in whole) == [one.oid for one in whole]


async def test_a_device_is_what_it_says(real: RealSnmp) -> None:
    async with Opened(real, real.by_user) as one:
        reading = await device.ask(one.session)
    assert (reading.descr, reading.object_id) == ("Stand of the lab", "1.3.6.1.4.1.8072.3.2.10")
    assert reading.up is not None
    assert [finding.tag.name for finding in device.judge(replace(reading, up=10))] == ["net.device-restarted"]


_PAIRS: tuple[tuple[Authentication, Privacy], ...] = (
    *(("sha1", "aes128"), ("sha224", "aes128"), ("sha256", "aes128"), ("sha384", "aes192")),
    *(("sha512", "aes256"), ("sha1", "aes192"), ("sha1", "aes256"), ("sha224", "aes256")),
    *(("sha1", "aes192-cisco"), ("sha1", "aes256-cisco")),
)


@pytest.mark.parametrize("pair", _PAIRS)
async def test_every_method_of_version_3(real: RealSnmp, pair: tuple[Authentication, Privacy]) -> None:
    async with Opened(real, SnmpWay(user=real.users[pair])) as one:
        assert (await one.session.get(DESCR))[0].text == "Stand of the lab"
        assert len(await one.session.walk(SYSTEM)) > 20


def other(user: SnmpUser | None, **changes: str) -> SnmpWay:
    assert user is not None
    return SnmpWay(user=replace(user, **changes))  # type: ignore[arg-type]


async def test_what_is_wrong_with_the_user_is_said(real: RealSnmp) -> None:
    right = real.by_user.user
    for wrong, words in (
        (other(right, name="nobody"), "does not know the user 'nobody'"),
        (other(right, authentication_phrase="another one"), "another pass phrase for authentication"),
        (other(right, authentication="sha512"), "another digest than sha512"),
    ):
        why = await reason(real, wrong)
        assert (why.kind, why.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
        assert words in why.detail


@pytest.mark.parametrize("change", [{"privacy_phrase": "another one"}, {"privacy": "aes256"}])
async def test_net_snmp_keeps_silent_over_what_it_cannot_decipher(
    real: RealSnmp, change: dict[str, str]
) -> None:
    why = await reason(real, other(real.by_user.user, **change), wait=0.3)
    assert (why.kind, why.phase) == (Kind.TIMED_OUT, Phase.LOGIN)
    assert "gives its engine ID" in why.detail


async def test_a_wrong_community_is_silence(real: RealSnmp) -> None:
    why = await reason(real, SnmpWay(community="another"), wait=0.3)
    assert (why.kind, why.phase) == (Kind.TIMED_OUT, Phase.CONNECT)


async def test_a_view_hides_what_it_hides_and_says_so(real: RealSnmp) -> None:
    async with Opened(real, SnmpWay(user=real.partial)) as one:
        walked = await one.session.walk(MIB_2)
        assert {found.oid[: len(SYSTEM)] for found in walked} == {SYSTEM}
        (hidden,) = await one.session.get((1, 3, 6, 1, 2, 1, 2, 1, 0))
        assert hidden.smi is Smi.NO_SUCH_OBJECT


async def test_an_account_that_may_read_nothing_sees_nothing(real: RealSnmp) -> None:
    async with Opened(real, SnmpWay(user=real.none)) as one:
        assert (await one.session.get(DESCR))[0].smi is Smi.NO_SUCH_OBJECT
        assert await one.session.walk((1, 3, 6, 1)) == ()


async def test_wrong_and_right_users_of_one_name_do_not_disturb_each_other(real: RealSnmp) -> None:
    """The library keeps the keys of a user by the engine's ID and the name alone."""
    wrong = other(real.by_user.user, authentication_phrase="another one")
    async with Opened(real, real.by_user) as right:
        for _ in range(3):
            assert (await reason(real, wrong)).kind is Kind.CREDENTIALS_REJECTED
            assert (await right.session.get(DESCR))[0].text == "Stand of the lab"


@pytest.mark.parametrize("forgetful", [False, True])
async def test_an_agent_that_starts_anew_is_asked_on(tmp_path: Path, forgetful: bool) -> None:
    """Its boots and clock are other ones then (RFC 3414, section 2.2), or even its engine ID: it says so, and is believed."""
    with serving_snmp(tmp_path / "snmpd") as first:
        async with Opened(first, first.by_user) as one:
            await one.session.get(DESCR)
            first.start_anew(forgetful=forgetful)
            descr, boots = await one.session.get(DESCR, (1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0))
            assert (descr.text, boots.number) == ("Stand of the lab", 1 if forgetful else 2)


def test_no_file_is_opened_while_an_agent_is_asked(real: RealSnmp) -> None:
    """Behind the wall there is none: everything that the library reads, it reads when it is loaded."""
    wrong = (
        SnmpWay(community="another"),
        other(real.by_user.user, name="nobody"),
        other(real.by_user.user, privacy_phrase="another one"),
    )
    ways = (real.by_community, *(SnmpWay(user=user) for user in real.users.values()), *wrong)
    told = {"address": real.address, "port": real.port, "ways": WAYS.dump_python(ways, mode="json")}
    done = subprocess.run(
        (sys.executable, "-m", "tests.agent.opened_files"),
        input=json.dumps(told),
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stderr.split() == ["timed-out", "credentials-rejected", "timed-out"]
    # The witness: what was opened on purpose was seen.
    assert json.loads(done.stdout) == ["/dev/null"]


async def test_many_are_asked_at_once(real: RealSnmp) -> None:
    async def asked(way: SnmpWay) -> int:
        async with Opened(real, way) as one:
            return len(await one.session.walk(SYSTEM))

    ways = [real.by_community, real.by_user, SnmpWay(user=real.users["sha512", "aes256"])] * 10
    counts = await asyncio.gather(*map(asked, ways))
    assert len(set(counts)) == 1


async def test_devices_with_one_engine_id_are_both_asked(tmp_path: Path) -> None:
    """A configuration that was copied has the engine ID in it: boots and clocks of two agents in one name."""
    same = "exactEngineID 0x80001f8804636f70696564"
    with (
        serving_snmp(tmp_path / "one", "127.0.0.1", same) as one,
        serving_snmp(tmp_path / "two", "127.0.0.2", same) as two,
    ):
        two.start_anew()
        async with Opened(one, one.by_user) as first, Opened(two, two.by_user) as second:
            for _ in range(3):
                for opened in (first, second):
                    assert (await opened.session.get(DESCR))[0].text == "Stand of the lab"
            walks = await asyncio.gather(*(opened.session.walk(SYSTEM) for opened in (first, second) * 3))
            assert len(set(map(len, walks))) == 1


async def test_a_context_is_asked_by_name_and_by_community(tmp_path: Path, real: RealSnmp) -> None:
    """What stands for a VLAN is another agent's system group, which net-snmp gives in a context of that name."""
    behind = f"-v 2c -c {real.community} {real.address}:{real.port} .1.3.6.1.2.1.1"
    with serving_snmp(
        tmp_path / "snmpd",
        "127.0.0.3",
        "sysLocation in the switch itself",
        "com2sec -Cn vlan-10 vlans default vlans@10",
        "com2sec itself default vlans",
        *("group readers v2c vlans", "group readers v2c itself"),
        "view everything included .1",
        "access readers vlan- v2c noauth prefix everything none none",
        'access readers "" v2c noauth exact everything none none',
        f"proxy -Cn vlan-10 {behind}",
    ) as switch:
        location = (*SYSTEM, 6, 0)
        for way in (SnmpWay(community="vlans"), switch.by_user):
            async with Opened(switch, way, wait=0.4) as one:
                (itself,) = await one.session.get(location)
                (within,) = await one.session.get(location, context="vlan-10")
                assert itself.text == "in the switch itself"
                assert within.text not in {"", itself.text}
                assert len(await one.session.walk(SYSTEM, context="vlan-10")) > 5
                with pytest.raises(Unanswered) as caught:
                    await one.session.get(location, context="vlan-99")
                assert caught.value.kind in {Kind.TIMED_OUT, Kind.NOT_THERE}
                assert caught.value.phase is Phase.ASK
                (again,) = await one.session.get(location)
                assert again == itself
