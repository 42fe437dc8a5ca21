"""Does the agent ask telephony behind both of its walls? The real agent and workers, against Kamailio and SIPp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.job import NoAnswer, Outcome, Refused, Seen
from agent.nursling import Nursery
from agent.refusal import Hold
from collectors import Kind, Phase
from collectors.replay import Replay
from collectors.voip.trial_call import trial_call
from inventory.grant import Target
from tests.agent.orders import Desk, Heard, job, performed
from tests.agent.real_sip import DOMAIN, NAME, RealSip, serving_sip

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.lab]

HOME = "127.9.3.3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSip]:
    with serving_sip(tmp_path_factory.mktemp("sip"), home=HOME, with_tls=True) as server:
        yield server


def desk(folder: Path, server: RealSip, *, transport: str = "udp", **reach: Any) -> Desk:  # noqa: ANN401
    """A contract over one telephone system, and the agent's folder with the account's password."""
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    file = credentials / "sip"
    file.touch(mode=0o600)
    file.write_text(f"{server.password}\r\n")
    sip: dict[str, Any] = {
        "domain": DOMAIN,
        "transport": transport,
        "port": server.tls if transport == "tls" else server.port,
        "user": "test",
        "credential": "file:sip",
        "numbers": ["600"],
        "media": f"{server.media}-{server.media + 2}",
        **reach,
    }
    if transport == "tls" and server.authority is not None:
        sip["authorities"] = [server.authority.root.read_text()]
    paper = {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [
            {
                "id": "pbx",
                "name": NAME,
                "addresses": [HOME],
                "site": "here",
                "environment": "voice",
                "platform": "linux",
                "sip": sip,
            }
        ],
        "clauses": [{"id": "§1", "text": "Telefonie", "hosts": ["pbx"], "diagnose": ["voip"]}],
    }
    return Desk(paper, credentials)


async def asked(
    at: Desk, nursery: Nursery, question: str, ports: Mapping[str, int], *addresses: str
) -> Heard:
    targets = {"pbx": Target(addresses=addresses or (HOME,), ports=dict(ports))}
    return await performed(at.agent(nursery), at.order(job("pbx", question), targets=targets))


def only(heard: Heard) -> Outcome:
    (outcome,) = heard.outcomes.values()
    return outcome


def ports(server: RealSip, transport: str = "udp") -> dict[str, int]:
    port = server.tls if transport == "tls" else server.port
    return {"sip": port, "rtp": server.media, "rtp-last": server.media + 2}


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("question", ["voip.options", "voip.register", "voip.test-call"])
async def test_every_question_is_answered_behind_both_walls(
    real: RealSip, nursery: Nursery, tmp_path: Path, transport: str, question: str
) -> None:
    heard = await asked(desk(tmp_path, real, transport=transport), nursery, question, ports(real, transport))
    told = only(heard)
    assert isinstance(told, Seen), told
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    assert [
        one.tag.name for one in told.findings if one.tag.name.endswith(("password", "heard", "granted"))
    ] == []
    assert real.password not in repr(heard.events)
    if question == "voip.test-call":
        assert told.reading["sound"]["heard"][0]["packets"] > 50
        exchanges = [exchange for event in heard.events for exchange in event.exchanges]
        assert (await trial_call.ask(Replay(exchanges))).code == 200


async def test_a_certificate_is_taken_down_behind_both_walls(
    real: RealSip, nursery: Nursery, tmp_path: Path
) -> None:
    heard = await asked(desk(tmp_path, real, transport="tls"), nursery, "voip.tls", ports(real, "tls"))
    told = only(heard)
    assert isinstance(told, Seen), told
    assert (told.reading["is_trusted"], list(told.findings)) == (True, [])


async def test_a_grant_without_sound_makes_no_call(real: RealSip, nursery: Nursery, tmp_path: Path) -> None:
    told = only(await asked(desk(tmp_path, real), nursery, "voip.test-call", {"sip": real.port}))
    assert isinstance(told, Refused)


async def test_a_grant_for_more_sound_than_the_contract_names_is_refused(
    real: RealSip, nursery: Nursery, tmp_path: Path
) -> None:
    wide = ports(real) | {"rtp-last": real.media + 200}
    told = only(await asked(desk(tmp_path, real), nursery, "voip.test-call", wide))
    assert isinstance(told, Refused)
    assert told.reason == Hold.NOT_AS_CONTRACT


async def test_a_password_that_is_missing_does_not_silence_what_needs_none(
    real: RealSip, nursery: Nursery, tmp_path: Path
) -> None:
    at = desk(tmp_path, real, credential="file:gone")
    assert isinstance(only(await asked(at, nursery, "voip.options", ports(real))), Seen)
    told = only(await asked(at, nursery, "voip.register", ports(real)))
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.CONNECT)
    assert "gone" in told.detail


async def test_a_trunk_outside_is_asked_as_well(real: RealSip, nursery: Nursery, tmp_path: Path) -> None:
    at = desk(tmp_path, real)
    paper = dict(at.paper)
    (pbx,) = paper["hosts"]
    inside = pbx | {"id": "web1", "addresses": ["127.9.3.77"], "sip": None}
    trunk = {"id": "trunk", "name": NAME, "addresses": [HOME], "sip": pbx["sip"]}
    clause = {"id": "§1", "text": "Trunk", "outside": ["trunk"], "diagnose": ["voip"]}
    at = Desk(paper | {"hosts": [inside], "outside": [trunk], "clauses": [clause]}, at.credentials)
    for question in ("voip.options", "voip.register"):
        targets = {"trunk": Target(addresses=(HOME,), ports=ports(real))}
        heard = await performed(at.agent(nursery), at.order(job("trunk", question), targets=targets))
        told = only(heard)
        assert isinstance(told, Seen), told
        assert {one.tag.name for one in told.findings} <= {
            "voip.options-slow",
            "voip.register-slow",
            "voip.options-resent",
        }
