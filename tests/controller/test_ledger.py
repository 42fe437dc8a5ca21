from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError

from controller.ledger import Entry, LedgerFact, Problem, What, append, append_many, head_of, touches, verify
from controller.store.chain import hash_of, write_heads
from controller.store.errors import LedgerBrokenError
from controller.store.schema import ledger
from controller.store.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "home")
    yield opened
    opened.close()


def _entries(count: int, run: str = "r1") -> list[Entry]:
    facts: dict[str, LedgerFact] = {"session": "shell", "question": "cat /etc/größe", "took": 0.1}
    return [
        Entry(what=What.QUESTION_SENT, who="agent-1", run=run, host=f"h{i}", clause="2.1", facts=facts)
        for i in range(count)
    ]


def _forge(store: Store, *statements: str, number: int = 0) -> None:
    """Change the database as somebody would who can write the file: the triggers are no wall for that."""
    with sqlite3.connect(store.home / "secondline.sqlite3") as connection:
        for trigger in ("ledger_keeps_rows", "ledger_keeps_words", "ledger_only_grows"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement, {"number": number})
    connection.close()


def _rehash(store: Store, number: int) -> None:
    """Make one entry fit its own content again."""
    with sqlite3.connect(store.home / "secondline.sqlite3") as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM ledger WHERE number = ?", (number,)).fetchone())
        row["facts"] = json.loads(row["facts"])
        row["at"] = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
        digest = hash_of(row["previous"], row)
        connection.execute("UPDATE ledger SET hash = ? WHERE number = ?", (digest, number))
    connection.close()


def _verdict(store: Store) -> tuple[Problem | None, int]:
    verdict = verify(store)
    return verdict.problem, verdict.number


def test_what_was_appended_holds(store: Store) -> None:
    assert verify(store).holds
    append_many(store, _entries(30))
    head = append(store, Entry(what=What.CANCELLED, who="anna", run="r2", facts={"reason": "Mittag"}))
    verdict = verify(store)
    assert (verdict.holds, verdict.entries, verdict.head) == (True, 31, head)
    assert head_of(store) == head
    assert append_many(store, ()) == head


def test_a_touch_says_what_it_was_about_and_nothing_that_a_host_said(store: Store) -> None:
    facts: dict[str, LedgerFact] = {
        "session": "shell",
        "collector": "linux.disk",
        "question": "cat /home/anna",
    }
    refused: dict[str, LedgerFact] = {"deed": "diagnose linux", "reason": "no-clause", "by": "controller"}
    append_many(
        store,
        [
            Entry(what=What.QUESTION_SENT, who="a", run="r", facts=facts),
            Entry(what=What.DECIDED_REFUSED, who="a", run="r", facts=refused),
            Entry(what=What.NOTE_FAILED, who="a", run="r", facts={"error": "anna was here", "ticket": "7"}),
        ],
    )
    assert [touch.about for touch in touches(store, "r")] == ["linux.disk", "diagnose linux no-clause", ""]


def test_the_touches_of_a_run_are_its_entries_in_order(store: Store) -> None:
    append_many(store, _entries(3) + _entries(2, "r2"))
    assert [(t.number, t.host, t.what, t.clause) for t in touches(store, "r2")] == [
        (4, "h0", "question-sent", "2.1"),
        (5, "h1", "question-sent", "2.1"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        update(ledger).values(who="nobody"),
        delete(ledger).where(ledger.c.number == 2),
        text("INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE number = 2"),
        text(
            "INSERT INTO ledger SELECT 9, at, run, who, what, host, clause, facts, previous, hash FROM ledger LIMIT 1"
        ),
    ],
)
def test_the_database_itself_refuses_to_rewrite(store: Store, statement: object) -> None:
    append_many(store, _entries(3))
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(statement)  # type: ignore[call-overload] # each is an executable statement.
    assert verify(store).holds


def test_a_changed_entry_is_found(store: Store) -> None:
    append_many(store, _entries(9))
    _forge(store, "UPDATE ledger SET host = 'other' WHERE number = 5")
    assert _verdict(store) == (Problem.CHANGED, 5)


@pytest.mark.parametrize("number", [1, 5, 9])
def test_a_changed_entry_with_a_fitting_hash_is_found(store: Store, number: int) -> None:
    append_many(store, _entries(9))
    _forge(store, "UPDATE ledger SET clause = '9.9' WHERE number = :number", number=number)
    _rehash(store, number)
    assert _verdict(store) == (Problem.CHANGED, number)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["facts", "at", "who"])
@pytest.mark.parametrize("value", ["'{'", "''", "'yesterday'", "x'ff00'", "'{\"hosts\": NaN}'", "'[1]'", "7"])
def test_an_entry_that_is_none_any_more_is_found(store: Store, column: str, value: str) -> None:
    append_many(store, _entries(9))
    _forge(store, f"UPDATE ledger SET {column} = {value} WHERE number = 5")  # noqa: S608 - the table above.
    assert _verdict(store) == (Problem.CHANGED, 5)


@pytest.mark.parametrize("number", [1, 5])
def test_a_missing_entry_is_found(store: Store, number: int) -> None:
    append_many(store, _entries(9))
    _forge(store, "DELETE FROM ledger WHERE number = :number", number=number)
    assert _verdict(store) == (Problem.MISSING, number)


def test_a_missing_entry_is_found_when_the_others_close_the_gap(store: Store) -> None:
    append_many(store, _entries(9))
    _forge(
        store, "DELETE FROM ledger WHERE number = 5", "UPDATE ledger SET number = number - 1 WHERE number > 5"
    )
    problem, number = _verdict(store)
    assert problem in {Problem.REORDERED, Problem.CHANGED}
    assert number == 5


def test_entries_that_changed_places_are_found(store: Store) -> None:
    append_many(store, _entries(9))
    _forge(
        store,
        "UPDATE ledger SET number = 100 WHERE number = 4",
        "UPDATE ledger SET number = 4 WHERE number = 6",
        "UPDATE ledger SET number = 6 WHERE number = 100",
    )
    assert _verdict(store) == (Problem.REORDERED, 4)


def test_entries_taken_from_the_end_are_found(store: Store) -> None:
    append_many(store, _entries(9))
    _forge(store, "DELETE FROM ledger WHERE number > 6")
    assert _verdict(store) == (Problem.TRUNCATED, 7)
    _forge(store, "DELETE FROM ledger")
    assert _verdict(store) == (Problem.TRUNCATED, 1)


def test_an_entry_appended_from_elsewhere_is_found(store: Store) -> None:
    append_many(store, _entries(9))
    _forge(
        store,
        "INSERT INTO ledger SELECT 10, at, run, who, what, host, clause, facts, hash, '' FROM ledger WHERE number = 9",
    )
    _rehash(store, 10)
    assert _verdict(store) == (Problem.FOREIGN, 10)
    with pytest.raises(LedgerBrokenError, match="entry 10"):
        append_many(store, _entries(1))


def test_a_whole_chain_made_anew_is_found(store: Store, tmp_path: Path) -> None:
    append_many(store, _entries(4))
    head_file = (store.home / "ledger.head").read_text()
    other = open_store(tmp_path / "other")
    append_many(other, _entries(6))
    other.close()
    store.close()
    for end in ("", "-wal", "-shm"):
        path = tmp_path / "other" / f"secondline.sqlite3{end}"
        mine = store.home / path.name
        mine.unlink(missing_ok=True)
        if path.exists():
            path.rename(mine)
    assert (store.home / "ledger.head").read_text() == head_file
    assert _verdict(store) == (Problem.CHANGED, 4)


def test_a_ledger_that_was_set_back_whole_lacks_the_head_that_somebody_kept(
    store: Store, tmp_path: Path
) -> None:
    """Both files come from a backup: sound in themselves, and older than what is known."""
    append_many(store, _entries(4))
    backup = tmp_path / "backup"
    with sqlite3.connect(store.home / "secondline.sqlite3") as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    connection.close()
    heads = (store.home / "ledger.head").read_text()
    early = head_of(store)
    kept = append_many(store, _entries(3))
    assert verify(store, kept.hash).holds
    store.close()
    for end in ("-wal", "-shm"):
        (store.home / f"secondline.sqlite3{end}").unlink(missing_ok=True)
    backup.replace(store.home / "secondline.sqlite3")
    (store.home / "ledger.head").write_text(heads)
    assert verify(store).holds
    assert verify(store, early.hash).holds
    verdict = verify(store, kept.hash)
    assert (verdict.problem, verdict.number) == (Problem.SET_BACK, 4)


def test_without_the_head_file_nothing_is_vouched_for_or_added(store: Store) -> None:
    append_many(store, _entries(2))
    (store.home / "ledger.head").unlink()
    assert _verdict(store) == (Problem.NO_HEAD, 2)
    with pytest.raises(LedgerBrokenError):
        append_many(store, _entries(1))


def test_nothing_is_added_over_a_truncated_ledger(store: Store) -> None:
    append_many(store, _entries(3))
    _forge(store, "DELETE FROM ledger WHERE number = 3")
    with pytest.raises(LedgerBrokenError):
        append_many(store, _entries(1))
    assert _verdict(store) == (Problem.TRUNCATED, 3)


def test_a_crash_on_either_side_of_the_commit_is_no_forgery(store: Store) -> None:
    before = append_many(store, _entries(3))
    after = append_many(store, _entries(2))
    write_heads(store.home, before, after)
    assert verify(store).holds
    _forge(store, "DELETE FROM ledger WHERE number > 3")
    assert verify(store).holds
    append_many(store, _entries(1))
    assert verify(store).holds


_APPENDS = """
import sys
from pathlib import Path
from controller.ledger import Entry, What, append
from controller.store.store import open_store
store = open_store(Path(sys.argv[1]))
for number in range(25):
    append(store, Entry(what=What.ASKED, who=sys.argv[2], run=sys.argv[2], facts={"hosts": number}))
"""


@pytest.mark.slow
def test_processes_that_append_at_once_keep_one_chain(store: Store) -> None:
    argv = [sys.executable, "-W", "ignore", "-c", _APPENDS, str(store.home)]
    writers = [subprocess.Popen([*argv, name]) for name in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert verify(store).holds
    assert [len(touches(store, name)) for name in ("a", "b", "c")] == [25, 25, 25]


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        (What.SESSION_OPENED, {"password": "hunter2"}),
        (What.ASKED, {"hosts": "many"}),
        (What.CANCELLED, {"reason": 5}),
    ],
)
def test_only_known_facts_get_in(what: What, facts: dict[str, str | int]) -> None:
    with pytest.raises(TypeError):
        Entry(what=what, who="anna", facts=facts)
