"""A change that cuts the agent off: does the host find its own way back, and is it left alone when we still get in?"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent import deadman
from agent.job import Changed, Job, Outcome, Planned, Undone
from agent.nursling import Nursery
from inventory.read import digest
from playbooks.catalogue import playbook_catalogue
from playbooks.operation import Attributes, Command, Write
from playbooks.plan import PART, Part, Plan
from tests.agent.changes import Bed
from tests.agent.orders import Desk, performed
from tests.agent.routed import Routed
from tests.fleet import PORT

pytestmark = pytest.mark.slow

asynchronous = pytest.mark.asyncio(loop_scope="module")
BOOK = "linux.set_gateway"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routed]:
    if os.getuid():
        pytest.skip("needs root, for the network namespaces")
    with Routed(tmp_path_factory.mktemp("routed")) as running:
        yield running


def bed_over(host: Routed, folder: Path, gateway: str) -> Bed:
    """A contract that names this gateway for the host's site."""
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    for name in ("read.key", "change.key"):
        key = credentials / name
        key.touch(mode=0o600)
        key.write_text(host.private_key)
    paper: dict[str, Any] = {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1", "gateways": [gateway]}],
        "hosts": [
            {
                "id": "h0",
                "name": "h0.fleet.test",
                "addresses": [host.address],
                "site": "here",
                "environment": "server",
                "roles": ["linux"],
                "platform": "linux",
                "ssh": {
                    "port": PORT,
                    "user": "root",
                    "credential": "file:read.key",
                    "host_keys": [host.host_key],
                    "change": {"user": "root", "credential": "file:change.key"},
                },
            }
        ],
        "clauses": [
            {
                "id": "§1",
                "text": "Linux",
                "roles": ["linux"],
                "diagnose": ["linux"],
                "change": [BOOK],
                "approval": "none",
            }
        ],
    }
    bed = Bed.__new__(Bed)
    bed.desk = Desk(paper, credentials)
    return bed


async def planned(bed: Bed, nursery: Nursery) -> Part:
    job = Job(id="p", host="h0", collector=BOOK, wanted={})
    outcome = (await performed(bed.desk.agent(nursery), bed.desk.order(job))).outcomes["p"]
    assert isinstance(outcome, Planned), outcome
    return PART.validate_python(outcome.part)


async def applied(bed: Bed, nursery: Nursery, part: Part, way_back: float) -> tuple[Outcome, list[str]]:
    book = playbook_catalogue()[BOOK]
    plan = Plan(
        playbook=BOOK,
        customer="fleet",
        contract=digest(bed.desk.text),
        revision=1,
        wanted={},
        tags=book.treats,
        asked=book.asked,
        parts=(part,),
    )
    heard = await performed(bed.agent(nursery, way_back=way_back), bed.order(plan))
    return heard.outcomes["h0"], [one.detail for one in heard.events if one.what == "step"]


@pytest.mark.slow
@asynchronous
async def test_a_route_that_cuts_us_off_is_taken_back_by_the_host(
    host: Routed, tmp_path: Path, nursery: Nursery
) -> None:
    bed = bed_over(host, tmp_path, host.nobody)
    part = await planned(bed, nursery)
    assert [step.cuts for step in part.steps] == [True]
    began = time.monotonic()
    told, steps = await applied(bed, nursery, part, 8.0)
    assert isinstance(told, Undone), (told, steps)
    assert told.verified
    assert "the host has taken its own way back" in told.why
    assert host.gateway in host.route()
    assert time.monotonic() - began < 90
    assert [one.split()[0] for one in steps if one.startswith(("arm", "doing", "undone"))] == [
        "arm",
        "doing",
        "undone",
    ]


@pytest.mark.slow
@asynchronous
async def test_a_route_that_leaves_us_a_way_stays(host: Routed, tmp_path: Path, nursery: Nursery) -> None:
    host.keep_a_way_to_us()
    bed = bed_over(host, tmp_path, host.nobody)
    told, steps = await applied(bed, nursery, await planned(bed, nursery), 6.0)
    assert "disarm 1" in steps
    assert isinstance(told, Changed), told
    await asyncio.sleep(7)
    assert host.nobody in host.route()


# --- The sleeper itself, on this machine.


def _sleeps(undo: tuple[Command | Write, ...], mark: str, seconds: float) -> None:
    argv = deadman.arming(undo, mark, seconds, systemd=False)
    subprocess.run(argv, check=True, timeout=5, stdin=subprocess.DEVNULL)
    end = time.monotonic() + 3
    while subprocess.run(deadman.is_armed(mark), check=False).returncode:
        assert time.monotonic() < end


@pytest.mark.skipif(os.getuid() != 0, reason="its file lies in /run")
def test_what_was_not_disarmed_is_taken_back_word_by_word(tmp_path: Path) -> None:
    mark = f"t{os.getpid()}a"
    file, odd = tmp_path / "f", tmp_path / "a b$(touch x);'\"*"
    undo = (
        Command(argv=("touch", "--", str(odd))),
        Write(path=f"{tmp_path.resolve()}/f", content="alt\n", mode=0o600),
        Command(argv=("false",)),
        Command(argv=("touch", "--", str(tmp_path / "last"))),
    )
    file.write_text("neu\n")
    for kept in deadman.saved(undo, mark):
        Path(kept.path).write_text(kept.content or "")
    _sleeps(undo, mark, 1)
    end = time.monotonic() + 5
    while subprocess.run(deadman.has_fired(mark), check=False).returncode:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([odd.name, "f", "last"])
    assert file.read_text() == "alt\n"
    assert subprocess.run(deadman.disarming(mark), check=False, capture_output=True).returncode
    for rest in Path("/run").glob(f"secondline-back-{mark}*"):
        rest.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="its file lies in /run")
def test_what_was_disarmed_never_happens(tmp_path: Path) -> None:
    mark = f"t{os.getpid()}b"
    _sleeps((Command(argv=("touch", "--", str(tmp_path / "x"))),), mark, 1)
    subprocess.run(deadman.disarming(mark), check=True)
    time.sleep(1.5)
    assert not list(tmp_path.iterdir())
    assert subprocess.run(deadman.has_fired(mark), check=False).returncode
    for rest in Path("/run").glob(f"secondline-back-{mark}*"):
        rest.unlink()


def test_no_way_back_is_armed_where_none_is_known() -> None:
    with pytest.raises(deadman.BackError, match="attributes"):
        deadman.arming((Attributes(entry="CN=x", values=(("info", ("a",)),)),), "m", 5, systemd=True)
    with pytest.raises(deadman.BackError, match="nothing is known"):
        deadman.arming((), "m", 5, systemd=True)
