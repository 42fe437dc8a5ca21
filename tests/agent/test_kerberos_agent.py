"""Does the agent let a KDC be asked only when it decides so itself? The real agent and workers, behind both walls."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.job import NoAnswer, Outcome, Refused, Seen
from agent.nursling import Nursery
from agent.refusal import Hold
from collectors import Kind, Phase
from inventory.grant import Target
from tests.agent.acceptor import Acceptor
from tests.agent.odd_wsman import OddWindows
from tests.agent.orders import Desk, Heard, job, performed
from tests.agent.over_windows import NAME, SECRET, serving
from tests.agent.realm import REALM, Realm
from tests.agent.test_windows_agent import as_recorded
from tests.tls import Authority, authority

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.lab]

HOST, KDC = "127.9.1.1", "127.9.1.2"
QUESTION = "ad.windows-services"
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_ANOTHER_DAY = {
    "days": [_DAYS[(datetime.now(UTC).weekday() + 3) % 7]],
    "from": "10:00",
    "until": "11:00",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    return authority(tmp_path / "tls", "ad")


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", KDC)
    made.account("reader", SECRET)
    made.service(f"HTTP/{NAME}")
    with made:
        yield made


@pytest.fixture
def windows(trusted: Authority, realm: Realm, tmp_path: Path) -> Iterator[OddWindows]:
    before = dict(os.environ)
    with serving(trusted.issue(NAME), tmp_path, HOST) as server:
        server.plays, server.acceptor = as_recorded, Acceptor(realm.keytab, realm.config)
        yield server
    os.environ.clear()
    os.environ.update(before)


def clause(name: str, host: str, **other: object) -> dict[str, Any]:
    return {"id": name, "text": name, "hosts": [host], "diagnose": ["ad"], **other}


@pytest.fixture
def desk(windows: OddWindows, realm: Realm, trusted: Authority, tmp_path: Path) -> Desk:
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    password = credentials / "windows"
    password.touch(mode=0o600)
    password.write_text(f"{SECRET}\n")
    account = {"user": f"reader@{REALM}", "credential": "file:windows"}
    common = {"site": "here", "environment": "server", "platform": "windows"}
    winrm = {
        **account,
        "port": windows.port,
        "authorities": [trusted.root.read_text("ascii")],
        "kerberos": {"realm": REALM, "kdcs": ["dc2"]},
    }
    directory = {**account, "domain": REALM.lower(), "kerberos": realm.port}
    member = {"id": "dc1", "name": NAME, "addresses": [HOST], "roles": ["domain-controller"], "winrm": winrm}
    kdc = {"id": "dc2", "name": f"dc2.{REALM.lower()}", "addresses": [KDC], "directory": directory}
    paper = {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [member | common, kdc | common],
        "clauses": [clause("§1", "dc1"), clause("§2", "dc2")],
    }
    return Desk(paper, credentials)


async def asked(desk: Desk, nursery: Nursery, **other: dict[str, Target]) -> tuple[Outcome, Heard]:
    """Ask Windows one question. targets: what the grant names; the host and its KDC where nothing is said."""
    member, kdc = desk.contract.targets["dc1"], desk.contract.targets["dc2"]
    ports = {"dc1": {"winrm": member.winrm.port}, "dc2": {"kerberos": kdc.directory.kerberos}}  # type: ignore[union-attr]
    addresses = {"dc1": HOST, "dc2": KDC}
    usual = {name: Target(addresses=(addresses[name],), ports=ports[name]) for name in ports}
    order = desk.order(job("dc1", QUESTION), targets=other.get("targets", usual))
    heard = await performed(desk.agent(nursery), order)
    (outcome,) = heard.outcomes.values()
    return outcome, heard


async def test_windows_is_asked_by_a_ticket_behind_both_walls(
    desk: Desk, nursery: Nursery, windows: OddWindows
) -> None:
    outcome, heard = await asked(desk, nursery)
    assert isinstance(outcome, Seen), outcome
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    assert (windows.heard.count("Create"), windows.heard.count("Delete")) == (1, 1)
    assert len(windows.tokens) == 1
    assert SECRET not in repr(heard.events)


async def test_a_wrong_password_ends_at_the_kdc(desk: Desk, nursery: Nursery, windows: OddWindows) -> None:
    (desk.credentials / "windows").write_text("Gelb-42-Kran")
    outcome, heard = await asked(desk, nursery)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.kind, outcome.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "KDC dc2: error 24" in outcome.detail
    assert windows.tokens == []
    assert "Gelb-42-Kran" not in repr(heard.events)


@pytest.mark.parametrize(
    ("clauses", "why"),
    [
        ([clause("§1", "dc1")], "no-clause"),
        ([clause("§1", "dc1"), clause("§2", "dc2") | {"diagnose": ["linux"]}], "area-not-covered"),
        (
            [
                clause("§1", "dc1"),
                clause("§2", "dc2", windows=[_ANOTHER_DAY]),
            ],
            "window-closed",
        ),
    ],
)
async def test_a_kdc_that_may_not_be_asked_now_refuses_the_log_in_and_nothing_is_opened(
    clauses: list[dict[str, Any]], why: str, desk: Desk, nursery: Nursery, windows: OddWindows
) -> None:
    desk.paper = {**desk.paper, "clauses": clauses}
    outcome, heard = await asked(desk, nursery)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.by) == (Hold.NO_KDC, "agent")
    assert f"dc2 ({why})" in outcome.detail
    assert heard.pids("worker") == []
    assert windows.tokens == []


@pytest.mark.parametrize("address", [None, "127.9.1.3"])
async def test_a_grant_opens_no_other_kdc_than_contract_and_agent_do(
    address: str | None, desk: Desk, nursery: Nursery, windows: OddWindows, realm: Realm
) -> None:
    targets = {"dc1": Target(addresses=(HOST,), ports={"winrm": windows.port})}
    if address:
        targets["dc2"] = Target(addresses=(address,), ports={"kerberos": realm.port})
    outcome, heard = await asked(desk, nursery, targets=targets)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Hold.NO_KDC
    assert "the grant does not name it" in outcome.detail
    assert heard.pids("worker") == []
