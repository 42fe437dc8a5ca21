"""Does the agent ask SNMP behind both of its walls? The real agent and workers, against the stand-in and net-snmp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.job import NoAnswer, Outcome, Seen
from agent.nursling import Nursery
from collectors import Kind, Oid, Phase
from collectors.net.device import device
from collectors.replay import Replay
from inventory.grant import Target
from tests.agent.odd_snmp import OddSnmp, Request, Value, ber, octets, oid
from tests.agent.orders import Desk, Heard, job, performed
from tests.agent.real_snmp import RealSnmp, serving_snmp

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

HOME = "127.9.2.1"
QUESTION = "net.device"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def odd() -> Iterator[OddSnmp]:
    table: dict[Oid, Value] = {
        (1, 3, 6, 1, 2, 1, 1, 1, 0): octets("Musterbau Switch 24"),
        (1, 3, 6, 1, 2, 1, 1, 2, 0): (6, oid((1, 3, 6, 1, 4, 1, 99999))[2:]),
        (1, 3, 6, 1, 2, 1, 1, 3, 0): (0x43, b"\x01\x00\x00"),
    }
    with OddSnmp(address=HOME, table=table) as agent:
        yield agent


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSnmp]:
    with serving_snmp(tmp_path_factory.mktemp("snmpd"), HOME) as agent:
        yield agent


def desk(folder: Path, secret: str, reach: Mapping[str, Any]) -> Desk:
    """A contract over one switch, and the agent's folder with its secret."""
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    file = credentials / "snmp"
    file.touch(mode=0o600)
    file.write_text(secret)
    host = {
        "id": "sw1",
        "name": "sw1.musterbau.test",
        "addresses": [HOME],
        "site": "here",
        "environment": "network",
        "platform": "any-switch",
        "snmp": {"credential": "file:snmp", **reach},
    }
    paper = {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [host],
        "clauses": [{"id": "§1", "text": "Netz", "hosts": ["sw1"], "diagnose": ["net"]}],
    }
    return Desk(paper, credentials)


async def asked(at: Desk, nursery: Nursery, port: int) -> Heard:
    targets = {"sw1": Target(addresses=(HOME,), ports={"snmp": port})}
    return await performed(at.agent(nursery), at.order(job("sw1", QUESTION), targets=targets))


def only(heard: Heard) -> Outcome:
    (outcome,) = heard.outcomes.values()
    return outcome


async def test_a_community_is_asked_behind_both_walls(odd: OddSnmp, nursery: Nursery, tmp_path: Path) -> None:
    at = desk(tmp_path, f"{odd.community}\r\n", {"version": "2c", "port": odd.port})
    heard = await asked(at, nursery, odd.port)
    told = only(heard)
    assert isinstance(told, Seen)
    assert told.reading["descr"] == "Musterbau Switch 24"
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    assert odd.community not in repr(heard.events)
    # The record says the same again.
    exchanges = [exchange for event in heard.events for exchange in event.exchanges]
    assert (await device.ask(Replay(exchanges))).descr == "Musterbau Switch 24"


@pytest.mark.lab
@pytest.mark.parametrize("pair", [("sha256", "aes128"), ("sha512", "aes256")])
async def test_a_user_is_asked_behind_both_walls(
    real: RealSnmp, nursery: Nursery, tmp_path: Path, pair: tuple[Any, Any]
) -> None:
    user = real.users[pair]
    secret = f"authentication: {user.authentication_phrase}\nprivacy: {user.privacy_phrase}\n"
    reach = {"port": real.port, "user": user.name, "authentication": pair[0], "privacy": pair[1]}
    heard = await asked(desk(tmp_path, secret, reach), nursery, real.port)
    told = only(heard)
    assert isinstance(told, Seen)
    assert told.reading["descr"] == "Stand of the lab"
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    assert user.authentication_phrase not in repr(heard.events)


async def test_garbled_answers_try_nothing_that_the_walls_must_hold(
    odd: OddSnmp, nursery: Nursery, tmp_path: Path
) -> None:
    def spoilt(one: Request) -> list[bytes]:
        whole = odd.wrap(odd.usual(one) or b"")
        return [whole[:-9], b"\x30\x80" * 90, ber(0x30, whole), whole.replace(b"\xa2", b"\xa5", 1), b""]

    odd.habit = spoilt
    at = desk(tmp_path, odd.community, {"version": "2c", "port": odd.port})
    heard = await asked(at, nursery, odd.port)
    told = only(heard)
    assert isinstance(told, NoAnswer)
    assert told.kind is Kind.UNPARSABLE
    assert [event.detail for event in heard.events if event.what == "blocked"] == []


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("authentication: long enough\nprivacy: short", "privacy"),
        ("authentication: long enough\n", "no pass phrase for privacy"),
        ("long enough\nlong enough as well\n", "in the form of an SNMP user's"),
        ("authentication: long enough\nauthentication: long enough\n", "in the form of an SNMP user's"),
    ],
)
async def test_a_secret_that_cannot_be_used_is_said_and_not_shown(
    odd: OddSnmp, nursery: Nursery, tmp_path: Path, secret: str, words: str
) -> None:
    at = desk(tmp_path, secret, {"port": odd.port, "user": "reader"})
    told = only(await asked(at, nursery, odd.port))
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.CONNECT)
    assert words in told.detail
    assert "long enough" not in told.detail
    assert odd.heard == []


@pytest.mark.parametrize("secret", ["two\nlines\n", "authentication: x", "bell\a"])
async def test_a_community_is_one_line(odd: OddSnmp, nursery: Nursery, tmp_path: Path, secret: str) -> None:
    at = desk(tmp_path, secret, {"version": "2c", "port": odd.port})
    told = only(await asked(at, nursery, odd.port))
    assert isinstance(told, NoAnswer)
    assert "is no community" in told.detail
