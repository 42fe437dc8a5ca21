"""Does the agent ask Windows behind both of its walls? The real agent and workers, against the stand-in."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.capability import function_of, scripts
from agent.job import NoAnswer, Outcome, Refused, Seen
from agent.nursling import Nursery
from agent.refusal import Hold
from collectors import Kind, Phase, Script
from inventory.grant import Target
from tests.agent.odd_psrp import Called, OddEndpoint, line
from tests.agent.odd_wsman import OddWindows, Said, leaves
from tests.agent.orders import Desk, Heard, job, performed
from tests.agent.over_windows import NAME, SECRET, serving
from tests.collectors.case import cases
from tests.tls import Authority, authority

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

HOME = "127.9.0.1"
QUESTIONS = ("ad.windows-services", "ad.time-source", "ad.sysvol-state")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    return authority(tmp_path / "tls", "ad")


@pytest.fixture
def windows(trusted: Authority, tmp_path: Path) -> Iterator[OddWindows]:
    with serving(trusted.issue(NAME), tmp_path, HOME) as server:
        server.plays = as_recorded
        yield server


def as_recorded(script: str, _data: Mapping[str, Any]) -> Said:
    return leaves(*healthy(script))


def healthy(script: str) -> list[Mapping[str, Any]]:
    """What a healthy controller of the cases leaves, found by the script's own text."""
    for filed in cases():
        for one in filed.case.script if filed.path.name == "healthy.toml" else ():
            if (Path("collectors") / one.name).read_text("utf-8") == script:
                return list(json.loads(one.objects))
    raise AssertionError("no case knows this script")


@pytest.fixture
def desk(windows: OddWindows, trusted: Authority, tmp_path: Path) -> Desk:
    return desk_for(windows, trusted, tmp_path)


def desk_for(windows: OddWindows, trusted: Authority, tmp_path: Path, **further: str) -> Desk:
    """The contract names the stand-in; further: what else it says of the way in."""
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    password = credentials / "windows"
    password.touch(mode=0o600)
    password.write_text(f"{SECRET}\r\n")
    reach = {
        "port": windows.port,
        "user": "AD\\reader",
        "credential": "file:windows",
        "authorities": [trusted.root.read_text("ascii")],
        **further,
    }
    host = {
        "id": "dc1",
        "name": NAME,
        "addresses": [HOME],
        "site": "here",
        "environment": "server",
        "platform": "windows",
        "roles": ["domain-controller"],
        "winrm": reach,
    }
    paper = {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [host],
        "clauses": [{"id": "§1", "text": "AD", "hosts": ["dc1"], "diagnose": ["ad"]}],
    }
    return Desk(paper, credentials)


async def asked(desk: Desk, nursery: Nursery, windows: OddWindows, *names: str, **doors: int) -> Heard:
    jobs = tuple(job("dc1", name) for name in names or QUESTIONS)
    targets = {"dc1": Target(addresses=(HOME,), ports=doors or {"winrm": windows.port})}
    return await performed(desk.agent(nursery), desk.order(*jobs, targets=targets))


def only(heard: Heard) -> Outcome:
    (outcome,) = heard.outcomes.values()
    return outcome


async def test_all_questions_are_asked_over_one_shell_behind_both_walls(
    desk: Desk, nursery: Nursery, windows: OddWindows
) -> None:
    heard = await asked(desk, nursery, windows)
    assert {name: type(outcome) for name, outcome in heard.outcomes.items()} == {
        f"dc1/{name}": Seen for name in QUESTIONS
    }
    assert not any(outcome.findings for outcome in heard.outcomes.values() if isinstance(outcome, Seen))
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    assert (windows.heard.count("Create"), windows.heard.count("Delete")) == (1, 1)
    assert windows.shells == {}
    assert SECRET not in repr(heard.events)


async def test_a_stop_closes_the_shell_on_the_host(desk: Desk, nursery: Nursery, windows: OddWindows) -> None:
    windows.plays = lambda *_: Said(habit="hangs")
    agent, heard = desk.agent(nursery), Heard()
    targets = {"dc1": Target(addresses=(HOME,), ports={"winrm": windows.port})}
    order = desk.order(job("dc1", QUESTIONS[0]), targets=targets)
    work = asyncio.create_task(agent.perform(order, heard.tell))
    async with asyncio.timeout(20):
        while "Receive" not in windows.heard:  # noqa: ASYNC110 - what is waited for happens in another process.
            await asyncio.sleep(0.02)
    await agent.stop()
    await work
    told = only(heard)
    assert isinstance(told, NoAnswer)
    assert told.kind is Kind.STOPPED
    assert windows.heard[-1] == "Delete"
    assert windows.shells == {}


async def test_a_password_that_windows_does_not_take_is_its_rejection(
    desk: Desk, nursery: Nursery, windows: OddWindows
) -> None:
    (desk.credentials / "windows").write_text("Gelb-42-Kran")
    heard = await asked(desk, nursery, windows, QUESTIONS[0])
    told = only(heard)
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "Gelb-42-Kran" not in repr(heard.events)


async def test_without_an_authority_nobody_logs_in(desk: Desk, nursery: Nursery, windows: OddWindows) -> None:
    (host,) = desk.paper["hosts"]
    mute = host | {"winrm": {**host["winrm"], "authorities": []}}
    desk.paper = {**desk.paper, "hosts": [mute]}
    told = only(await asked(desk, nursery, windows, QUESTIONS[0]))
    assert isinstance(told, Refused)
    assert told.reason is Hold.NOT_PINNED
    assert windows.heard == []


async def test_a_constrained_endpoint_is_asked_by_its_functions_behind_both_walls(
    nursery: Nursery, trusted: Authority, tmp_path: Path
) -> None:
    with OddEndpoint(HOME, trusted.issue(NAME), "Secondline", folder=tmp_path) as server:
        server.admit("AD", "reader", SECRET)
        os.environ["NTLM_USER_FILE"] = str(server.users)
        for script in scripts():
            server.functions[function_of(script.name)] = offered(script)
        desk = desk_for(server, trusted, tmp_path, endpoint="Secondline")
        heard = await asked(desk, nursery, server)
        assert {name: type(outcome) for name, outcome in heard.outcomes.items()} == {
            f"dc1/{name}": Seen for name in QUESTIONS
        }, heard.outcomes
        assert [event.detail for event in heard.events if event.what == "blocked"] == []
        assert SECRET not in repr(heard.events)


def offered(script: Script) -> Callable[[Mapping[str, Any]], Called]:
    """What the endpoint's copy of a script leaves on a healthy controller."""
    return lambda _: line(script.digest, *healthy(script.text))
