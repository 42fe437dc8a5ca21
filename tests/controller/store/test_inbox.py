"""Is what waits found among much, page by page, and never another customer's?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from controller.store.inbox import Sight, Wanted, inbox, last_good, waiting
from controller.store.runs import Run, RunState, get_run
from controller.store.schema import outbox, run
from controller.store.store import Store, open_store

_NOW = datetime.now(UTC)
_ALL = Sight(customers=frozenset(), others=True)


def put(store: Store, number: int, **more: object) -> str:
    """A diagnosis that ended so many minutes ago."""
    run_id = f"r{number:04}"
    values = {
        "id": run_id,
        "ticket": str(number),
        "desk": "builtin",
        "customer": "k",
        "contract": "0" * 64,
        "revision": 1,
        "asked_by": "eva",
        "state": RunState.DONE.value,
        "began": _NOW - timedelta(minutes=number),
        "summary": {},
        "faults": 0,
    }
    with store.write() as connection:
        connection.execute(insert(run).values(**values | more))
    return run_id


def ids(runs: tuple[Run, ...]) -> list[str]:
    return [one.id for one in runs]


def test_pages_follow_each_other_without_a_gap_or_a_double(store: Store) -> None:
    for number in range(25):
        put(store, number, began=_NOW - timedelta(minutes=number // 4))
    seen, after = list[str](), None
    while True:
        page = inbox(store, _ALL, Wanted(), after=after, limit=7)
        seen += ids(page.runs)
        after = page.next
        if after is None:
            break
    assert len(seen) == 25
    assert sorted(seen) == sorted({*seen})
    moments = [get_run(store, one).began for one in seen]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("sight", "found"),
    [
        (_ALL, {"r0001", "r0002", "r0003"}),
        (Sight(customers=frozenset({"k"})), {"r0001", "r0003"}),
        (Sight(customers=frozenset(), others=True, barred=frozenset({"k"})), {"r0002"}),
        (Sight(customers=frozenset()), set()),
    ],
)
def test_nobody_sees_another_customers(store: Store, sight: Sight, found: set[str]) -> None:
    put(store, 1, faults=2)
    put(store, 2, customer="other", faults=1)
    put(store, 3, faults=1)
    assert set(ids(inbox(store, sight, Wanted()).runs)) == found
    assert set(ids(waiting(store, sight, _NOW).faults)) == found
    assert {one for one in ("k", "other") if sight.has(one)} == {
        get_run(store, one).customer for one in found
    }


def test_it_is_narrowed_by_what_people_know(store: Store) -> None:
    put(store, 1, subject="Drucker 100% kaputt", symptom="logon")
    put(store, 2, subject="Drucker", state=RunState.RUNNING.value, asked_by="finn")
    put(store, 3, faults=3)
    put(store, 4, kind="plan")

    def found(wanted: Wanted) -> list[str]:
        return ids(inbox(store, _ALL, wanted).runs)

    assert found(Wanted()) == ["r0001", "r0002", "r0003"]
    assert found(Wanted(text="drucker")) == ["r0001", "r0002"]
    # A percent sign is one, and stands for nothing else.
    assert found(Wanted(text="0%")) == ["r0001"]
    assert found(Wanted(text="3")) == ["r0003"]
    assert found(Wanted(state="under-way")) == ["r0002"]
    assert found(Wanted(state="faults")) == ["r0003"]
    assert found(Wanted(symptom="logon")) == ["r0001"]
    assert found(Wanted(by=("finn",))) == ["r0002"]
    assert found(Wanted(customer="other")) == []


def test_a_fault_waits_until_somebody_looked_again(store: Store) -> None:
    put(store, 9, ticket="7", faults=2)
    assert ids(waiting(store, _ALL, _NOW).faults) == ["r0009"]
    # A look for a plan is no answer to it; another diagnosis is.
    put(store, 8, ticket="7", kind="plan")
    assert ids(waiting(store, _ALL, _NOW).faults) == ["r0009"]
    put(store, 7, ticket="7", faults=0)
    assert waiting(store, _ALL, _NOW).count == 0


def test_a_note_that_did_not_arrive_waits(store: Store) -> None:
    run_id = put(store, 1)
    letter = {"desk": "rt", "ticket": "1", "action": {"kind": "note"}, "tries": 1, "next_at": _NOW}
    more = {"last_error": "no", "reference": "", "run": run_id}
    with store.write() as connection:
        for number, state in enumerate(("failed", "done", "waiting", "partly")):
            connection.execute(insert(outbox).values(marker=f"m{number}", state=state, **letter, **more))
    assert [one.state.value for one in waiting(store, _ALL, _NOW).letters] == ["partly", "failed"]


def test_more_than_can_be_shown_is_said(store: Store) -> None:
    for number in range(25):
        put(store, number, faults=1)
    waits = waiting(store, _ALL, _NOW)
    assert (len(waits.faults), waits.more) == (20, frozenset({"faults"}))


def test_the_last_good_run_is_the_nearest_alike(store: Store) -> None:
    bad = get_run(store, put(store, 1, ticket="7", symptom="logon", faults=2))
    assert last_good(store, bad) is None
    put(store, 2, customer="other")
    put(store, 3)
    assert ids((found,)) == ["r0003"] if (found := last_good(store, bad)) else False
    put(store, 4, symptom="logon")
    assert ids((found,)) == ["r0004"] if (found := last_good(store, bad)) else False
    put(store, 5, ticket="7", expired=_NOW)
    put(store, 6, ticket="7")
    assert ids((found,)) == ["r0006"] if (found := last_good(store, bad)) else False


def test_a_page_is_found_by_an_index(tmp_path: Path) -> None:
    """However many runs there are: no sort, and no way through all of them. Of a file: a server plans by what it has."""
    store = open_store(tmp_path / "home")
    asked = "EXPLAIN QUERY PLAN SELECT * FROM run WHERE customer = 'k' AND kind IN ('diagnose') ORDER BY began DESC"
    with store.read() as connection:
        steps = [row.detail for row in connection.execute(text(f"{asked} LIMIT 41"))]
    assert any("ix_run_customer_began" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
    store.close()
