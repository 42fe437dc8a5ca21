"""Is every run ended in the end, whenever its process dies, and is none ended whose process lives?"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.job import Broken, Job, NoAnswer, Result, Seen
from collectors import Kind
from controller.ledger import touches, verify
from controller.outbox import Action, ActionKind, DeliveryState, deliveries, post
from controller.settle import settle
from controller.store.jobs import results
from controller.store.living import abandoned, held
from controller.store.runs import Run, RunState, create_run, get_run, runs
from controller.store.store import Store, open_store
from inventory.contract import Contract
from tests.fleet import Fleet
from tests.home import command, contract_over, home_for, run_command

pytestmark = pytest.mark.slow

BEGAN = datetime.now(UTC) - timedelta(hours=5)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """One host that answers, and one that never does."""
    with Fleet(1, hanging=1) as running:
        yield running


@pytest.fixture
def home(fleet: Fleet, tmp_path: Path) -> Path:
    return home_for(tmp_path / "home", fleet, contract_over(fleet))


def started(home: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [command(), "diagnose", "--ticket", "1", "--question", "linux.limits", "--quiet", *words],
        env={**os.environ, "SECONDLINE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def quiet(fleet: Fleet) -> socket.socket:
    """The host that never answers, at which nobody waits any more."""
    (listener,) = fleet.silent
    while select.select([listener], [], [], 0)[0]:
        listener.accept()[0].close()
    return listener


def listed(home: Path) -> list[dict[str, Any]]:
    """The runs as the command lists them; whatever else it says goes to standard error."""
    done = run_command(home, "report", "list", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def notes(home: Path, run: str) -> list[dict[str, Any]]:
    shown = json.loads(run_command(home, "ticket", "show", "1", "--json").stdout)
    return [note for note in shown["notes"] if run in note["text"]]


# --- The real command.


def test_a_run_whose_process_was_killed_is_ended_by_the_next_command_and_told_to_its_ticket(
    home: Path, fleet: Fleet
) -> None:
    listener = quiet(fleet)
    with started(home) as running:
        assert select.select([listener], [], [], 60)[0]
        assert [row["state"] for row in listed(home)] == ["running"], "who lives is left alone"
        os.killpg(running.pid, signal.SIGKILL)
    done = run_command(home, "report", "list", "--json")
    (row,) = json.loads(done.stdout)
    assert row["state"] == "failed"
    assert row["run"] in done.stderr
    (note,) = notes(home, row["run"])
    assert "endete vorher" in note["text"]
    assert set(note["files"]) == {"report.html", "report.json"}
    assert run_command(home, "report", "list").stderr == "", "it is said once"
    assert len(notes(home, row["run"])) == 1
    store = open_store(home)
    assert [touch.what for touch in touches(store, row["run"])][-2:] == ["run-ended", "note-delivered"]
    assert verify(store).holds
    store.close()
    assert not list((home / "locks").iterdir())


@pytest.mark.slow
def test_a_ctrl_c_at_any_moment_leaves_no_run_open(home: Path, fleet: Fleet) -> None:
    """Once, or twice at once as an impatient hand does it, from the first import until the host is asked."""
    listener = quiet(fleet)
    began = time.monotonic()
    with started(home) as running:
        assert select.select([listener], [], [], 60)[0]
        asked = time.monotonic() - began
        running.send_signal(signal.SIGINT)
    for number in range(20):
        with started(home) as running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(asked * (0.3 + number * 0.05))
            running.send_signal(signal.SIGINT)
            if number % 2:
                running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
            assert b"Traceback" not in said
            assert b"ignored" not in said
    rows = listed(home)
    # Where the machine has become faster since the first, a run may have ended by itself before the signal.
    states = {row["state"] for row in rows}
    assert states <= {"stopped", "failed", "done"}
    assert "stopped" in states
    for row in rows:
        assert len(notes(home, row["run"])) == 1
    assert run_command(home, "ledger", "verify").returncode == 0


def test_a_desk_that_cannot_be_used_keeps_no_other_from_getting_its_own(home: Path) -> None:
    store = open_store(home)
    note = Action(kind=ActionKind.NOTE, text="hello there")
    for desk in ("gone", "helpdesk", "builtin"):
        post(store, desk=desk, ticket="1", action=note, now=datetime.now(UTC))
    (home / "settings.toml").write_text(
        '[desks.helpdesk]\nkind = "rt"\nurl = "https://127.0.0.1:1"\ncredential = "file:none.token"\n'
    )
    done = run_command(home, "outbox", "deliver")
    assert done.returncode == 1
    assert "there is no desk 'gone'" in done.stderr
    assert "none.token" in done.stderr
    assert "2 still wait" in done.stdout
    assert [(d.desk, d.state) for d in deliveries(store) if d.state.over] == [("builtin", DeliveryState.DONE)]
    store.close()


# --- By parts.


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


def contract() -> Contract:
    host = {"id": "h", "name": "h.k.test", "addresses": ["192.0.2.1"], "site": "s", "environment": "server"}
    return Contract.model_validate(
        {
            "contract": "K-1",
            "customer": "k",
            "name": "K",
            "revision": 1,
            "valid": {"from": "2026-01-01", "until": "2099-12-31"},
            "sites": [{"id": "s", "name": "S", "agent": "a"}],
            "hosts": [host | {"platform": "linux", "dns": {"port": 53}}],
            "clauses": [{"id": "1", "text": "x", "hosts": ["h"], "diagnose": ["linux"]}],
        }
    )


JOBS = tuple(Job(id=f"h/linux.{name}", host="h", collector=f"linux.{name}") for name in ("disk", "load"))


def begun(store: Store, state: RunState = RunState.RUNNING) -> Run:
    """A run of two questions, of which one was answered before everything ended."""
    fresh = Run(
        id="r1",
        ticket="7",
        desk="builtin",
        customer="k",
        contract="c" * 64,
        revision=1,
        asked_by="anna",
        state=state,
        began=BEGAN,
        subject="Webshop langsam",
    )
    answered = Result(job=JOBS[0], outcome=Seen({}), began=BEGAN, took=2.0)
    create_run(store, fresh, JOBS, [answered])
    return fresh


def test_what_was_answered_stays_and_the_rest_is_told_as_lost(store: Store) -> None:
    left = begun(store)
    run = settle(store, left.id, lambda _: contract())
    assert run is not None
    assert (run.state, run.summary) == (
        RunState.FAILED,
        {"seen": 1, "unanswered": 0, "refused": 0, "broken": 1},
    )
    assert run.ended == BEGAN + timedelta(seconds=2), "it did not take until somebody looked"
    first, second = results(store, "r1")
    assert first.outcome == Seen({})
    assert isinstance(second.outcome, Broken)
    (letter,) = deliveries(store, run_id="r1")
    assert "K-1" in letter.action["text"]
    assert settle(store, left.id, lambda _: contract()) is None
    assert len(deliveries(store)) == 1


def test_a_run_that_was_being_stopped_is_stopped(store: Store) -> None:
    run = settle(store, begun(store, RunState.STOPPING).id, lambda _: contract())
    assert run is not None
    assert run.state is RunState.STOPPED
    lost = results(store, "r1")[1].outcome
    assert isinstance(lost, NoAnswer)
    assert lost.kind is Kind.STOPPED


def test_without_a_contract_that_can_be_read_nothing_is_shown_to_anybody(store: Store) -> None:
    run = settle(store, begun(store).id, lambda _: None)
    assert run is not None
    assert run.state is RunState.FAILED
    assert deliveries(store) == ()
    assert [touch.what for touch in touches(store, "r1")] == ["run-ended"]


def test_a_run_at_which_somebody_works_is_left_alone(store: Store) -> None:
    left = begun(store)
    with held(store.home, "r1"):
        assert settle(store, left.id, lambda _: contract()) is None
    with abandoned(store.home, "r1") as nobody:
        assert nobody
        assert settle(store, left.id, lambda _: contract()) is None, "somebody else takes it up"
    assert get_run(store, "r1").state is RunState.RUNNING
    assert runs(store)[0].subject == "Webshop langsam"
