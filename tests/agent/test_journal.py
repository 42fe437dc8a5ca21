"""Does the journal say how far a change had come, also when the machine stopped while a line was written?"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from agent.journal import Entry, Journal, What, undoable
from agent.lock import only_one
from agent.refusal import Hold, HoldError
from controller.settings import controller_pin
from inventory.read import read
from inventory.schema import example
from tests.home import run_command
from tests.law import agents_for

pytestmark = pytest.mark.slow


def line(what: What, step: int = 0, detail: str = "", **other: Any) -> Entry:  # noqa: ANN401 - any field.
    return Entry(
        what=what,
        customer="k",
        host=other.pop("host", "h"),
        plan="0" * 64,
        playbook="linux.start_service",
        step=step,
        detail=detail,
        **other,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.mark.parametrize(
    ("lines", "is_open", "undo"),
    [
        ((line("begin"),), True, ()),
        ((line("begin"), line("doing", 1)), True, (1,)),
        ((line("begin"), line("doing", 1), line("done", 1), line("doing", 2)), True, (2, 1)),
        ((line("begin"), line("doing", 1), line("undoing", 1), line("undone", 1)), True, ()),
        ((line("begin"), line("doing", 1), line("done", 1), line("end", 0, "changed")), False, (1,)),
        ((line("begin"), line("doing", 1), line("lost", 1), line("end", 1, "unknown")), True, (1,)),
        ((line("begin"), line("doing", 1), line("end", 0, "undo-failed")), True, (1,)),
        ((line("begin"), line("doing", 1), line("looked", 0, "anna")), False, (1,)),
        ((line("begin"), line("doing", 1), line("end", 0, "changed"), line("begin")), True, ()),
    ],
)
def test_how_far_a_change_has_come(
    lines: tuple[Entry, ...], is_open: bool, undo: tuple[int, ...], journal: Journal
) -> None:
    for one in lines:
        journal.write(one)
    standing = journal.standing("k", "h")
    assert standing is not None
    assert standing.is_open is is_open
    assert undoable(standing.entries) == undo
    assert bool(journal.open()) is is_open
    assert journal.standing("k", "other") is None


def test_it_is_nobody_elses(journal: Journal, tmp_path: Path) -> None:
    journal.write(line("begin"))
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 5, 40, 9_999])
def test_a_line_that_a_crash_has_torn_was_never_acted_upon(
    journal: Journal, tmp_path: Path, cut: int
) -> None:
    journal.write(line("begin", detail="x" * 9_000))
    whole = (tmp_path / "journal").read_bytes()
    journal.write(line("doing", 1, "y" * 10_000))
    torn = (tmp_path / "journal").read_bytes()[:-cut]
    (tmp_path / "journal").write_bytes(torn)
    assert [one.what for one in journal.entries()] == ["begin"]
    journal.write(line("doing", 1))
    assert [one.what for one in journal.entries()] == ["begin", "doing"]
    assert (tmp_path / "journal").read_bytes().startswith(whole)


def test_a_journal_that_somebody_has_spoilt_holds_every_change_back(journal: Journal, tmp_path: Path) -> None:
    journal.write(line("begin"))
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'{"what": "end"}\n')
    with pytest.raises(HoldError, match="cannot be used") as caught:
        journal.standing("k", "h")
    assert caught.value.reason == Hold.NO_JOURNAL


def test_one_plan_at_a_time_for_each_address(tmp_path: Path) -> None:
    with only_one(tmp_path, "k", ("h", "10.0.0.1")):
        with (
            pytest.raises(HoldError, match=r"10\.0\.0\.1") as caught,
            only_one(tmp_path, "k", ("g", "10.0.0.1")),
        ):
            pass
        assert caught.value.reason == Hold.UNDER_WAY
        with only_one(tmp_path, "other", ("h", "10.0.0.1")):
            pass
    with only_one(tmp_path, "k", ("g", "10.0.0.1")):
        pass


def test_a_person_says_what_was_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    contract = read(example())
    posts = agents_for(tmp_path, contract, controller=(controller_pin(tmp_path),))
    name, post = next(iter(posts.items()))
    kept = Journal(post.journal)
    kept.write(line("begin", host="web1"))
    kept.write(line("doing", 1, host="web1"))
    shown = run_command(tmp_path, "agent", "journal", name)
    assert shown.returncode == 0, shown.stderr
    assert f"secondline agent verify {name} k web1" in shown.stdout
    done = run_command(tmp_path, "agent", "verify", name, "k", "web1", "--found", "läuft")
    assert done.returncode == 0, done.stderr
    assert "at step 1 (doing)" in done.stdout
    assert kept.open() == ()
    assert kept.entries()[-1].detail.endswith(": läuft")
    again = run_command(tmp_path, "agent", "verify", name, "k", "web1", "--found", "läuft")
    assert again.returncode
    assert "waits for anybody" in again.stderr
