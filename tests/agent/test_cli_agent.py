"""Does the agent ask network devices behind both of its walls? The real agent and workers, against the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.job import Broken, NoAnswer, Outcome, Refused, Seen
from agent.nursling import Nursery
from agent.refusal import Hold
from collectors import Kind, Phase
from tests.agent.odd_cli import PLATFORMS, Device, Terminal, device_at
from tests.agent.orders import Desk, Heard, job, performed
from tests.agent.over_cli import until_left

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

SECRET, SECOND = "Gelb-42-Kran", "Blau-77-Turm"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery("tests.agent.cli_questions") as ready:
        yield ready


def hangs(at: Terminal) -> None:
    at.say("half a screen\r\n")
    while at.key() != "\x03":
        pass


@pytest.fixture
def device() -> Device:
    return Device(
        PLATFORMS["cisco-ios"],
        answers={"show clock": "noon\n"},
        habits={"show version": hangs},
        enable=SECOND,
    )


@pytest.fixture
def desk(device: Device, tmp_path: Path) -> Iterator[Desk]:
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    for name, secret in (("switches", SECRET), ("enable", SECOND)):
        file = credentials / name
        file.touch(mode=0o600)
        file.write_text(f"{secret}\n")
    with device_at(device) as (address, port, way):
        host = {
            "id": "sw1",
            "name": "sw1.fleet.test",
            "addresses": [address],
            "site": "here",
            "environment": "network",
            "platform": "cisco-ios",
            "ssh": {
                "port": port,
                "user": "reader",
                "credential": "file:switches",
                "host_keys": list(way.host_keys),
                "enable": "file:enable",
            },
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
        yield Desk(paper, credentials)


def changed(desk: Desk, ssh: Mapping[str, object] = {}, **host: object) -> None:
    """Let the contract say something else of the device."""
    (before,) = desk.paper["hosts"]
    desk.paper = {**desk.paper, "hosts": [{**before, **host, "ssh": {**before["ssh"], **ssh}}]}


async def asked(desk: Desk, nursery: Nursery, *names: str) -> Heard:
    return await performed(desk.agent(nursery), desk.order(*(job("sw1", name) for name in names)))


def only(heard: Heard) -> Outcome:
    (outcome,) = heard.outcomes.values()
    return outcome


async def test_all_questions_are_asked_over_one_terminal_behind_both_walls(
    desk: Desk, nursery: Nursery, device: Device
) -> None:
    heard = await asked(desk, nursery, "net.plain", "net.legacy-ssh")
    seen: dict[str, Any] = {
        name: dict(outcome.reading) if isinstance(outcome, Seen) else outcome
        for name, outcome in heard.outcomes.items()
    }
    assert seen["sw1/net.plain"] == {"text": "noon\n"}
    assert seen["sw1/net.legacy-ssh"]["mac"] == ""
    assert [event.detail for event in heard.events if event.what == "blocked"] == []
    (walls,) = [event.detail for event in heard.events if event.what == "walls"]
    assert walls.startswith("python, seccomp, landlock")
    await until_left(device)
    assert [line for line in device.heard if line.startswith("login")] == ["login reader"]
    assert device.heard[-1] == "exit"
    assert SECRET not in repr(heard.events)
    assert SECOND not in repr(heard.events)


async def test_a_question_whose_time_runs_out_leaves_the_device_to_the_next(
    desk: Desk, nursery: Nursery
) -> None:
    heard = await asked(desk, nursery, "net.slow", "net.plain")
    late, told = heard.outcomes["sw1/net.slow"], heard.outcomes["sw1/net.plain"]
    assert isinstance(late, NoAnswer)
    assert (late.kind, late.phase) == (Kind.TIMED_OUT, Phase.ASK)
    assert isinstance(told, Seen)


async def test_what_is_not_surely_shown_is_a_defect_of_the_question(
    desk: Desk, nursery: Nursery, device: Device
) -> None:
    told = only(await asked(desk, nursery, "net.wants-more"))
    assert isinstance(told, Broken)
    assert "running-config" in told.error
    assert not any("run" in line for line in device.heard)


async def test_a_stop_leaves_the_device(desk: Desk, nursery: Nursery, device: Device) -> None:
    agent, heard = desk.agent(nursery), Heard()
    work = asyncio.create_task(agent.perform(desk.order(job("sw1", "net.slow")), heard.tell))
    async with asyncio.timeout(20):
        while "show version" not in device.heard:  # noqa: ASYNC110 - it happens in another process.
            await asyncio.sleep(0.02)
    await agent.stop()
    await work
    told = only(heard)
    assert isinstance(told, NoAnswer)
    assert told.kind is Kind.STOPPED
    await until_left(device)


async def test_a_second_password_that_is_wrong_or_missing_is_told_as_that(
    desk: Desk, nursery: Nursery, device: Device
) -> None:
    (desk.credentials / "enable").write_text("Rot-1")
    told = only(await asked(desk, nursery, "net.plain"))
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "Rot-1" not in told.detail
    (desk.credentials / "enable").unlink()
    device.heard.clear()
    told = only(await asked(desk, nursery, "net.plain"))
    assert isinstance(told, NoAnswer)
    assert (told.kind, told.phase) == (Kind.CREDENTIALS_REJECTED, Phase.CONNECT)
    assert device.heard == []


async def test_a_device_whose_key_nobody_pinned_is_not_logged_in_to(
    desk: Desk, nursery: Nursery, device: Device
) -> None:
    changed(desk, {"host_keys": []})
    told = only(await asked(desk, nursery, "net.plain"))
    assert isinstance(told, Refused)
    assert told.reason is Hold.NOT_PINNED
    assert device.heard == []


async def test_a_platform_that_nobody_knows_is_refused_in_plain_words(
    desk: Desk, nursery: Nursery, device: Device
) -> None:
    (before,) = desk.paper["hosts"]
    ssh = {name: value for name, value in before["ssh"].items() if name != "enable"}
    desk.paper = {**desk.paper, "hosts": [{**before, "platform": "cisco-catos", "ssh": ssh}]}
    told = only(await asked(desk, nursery, "net.plain"))
    assert isinstance(told, Refused)
    assert "'cisco-catos' is no network device that is known" in told.detail
    assert device.heard == []
