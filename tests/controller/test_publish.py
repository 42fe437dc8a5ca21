"""Is the end of a run written down and handed over, whatever its size?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.ledger import touches
from controller.outbox import deliveries
from controller.publish import publish
from controller.store.blobs import MAX_BLOB
from controller.store.letters import action_from
from controller.store.runs import Run, RunState, create_run, get_run
from controller.store.server import Server
from controller.store.store import Store, open_store
from inventory.read import read
from inventory.schema import example
from tests.controller.reports.sample import sample


@pytest.fixture
def store(tmp_path: Path, server: Server | None) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", server)
    report = sample()
    create_run(
        opened,
        Run(
            id=report.run,
            ticket=report.ticket,
            desk="d",
            customer=report.customer,
            contract="c" * 64,
            revision=1,
            asked_by="anna",
            state=RunState.RUNNING,
            began=report.began,
        ),
    )
    yield opened
    opened.close()


def test_a_run_ends_with_its_report_in_the_outbox_and_an_entry_in_the_ledger(store: Store) -> None:
    published = publish(store, sample(), read(example()), "de")
    (letter,) = deliveries(store)
    action = action_from(store, letter.action)
    assert action.html == published.page.read_text(encoding="utf-8")
    assert [file.name for file in action.files] == ["report.json"]
    assert (get_run(store, sample().run).state, get_run(store, sample().run).ended) == (
        RunState.DONE,
        sample().ended,
    )
    assert [touch.what for touch in touches(store, sample().run)] == ["run-ended"]


@pytest.mark.slow
def test_a_report_that_no_ticket_can_hold_is_told_where_it_is(store: Store) -> None:
    """Only the list of findings grows here; on the page as well as in the data."""
    report = sample()
    first = report.findings[0]
    many = tuple(
        replace(first, host=f"h{n}", facts={**first.facts, "mount": "/x" * 120}) for n in range(13_000)
    )
    published = publish(store, replace(report, findings=many), read(example()), "de")
    assert published.page.stat().st_size > MAX_BLOB
    (letter,) = deliveries(store)
    action = action_from(store, letter.action)
    assert (action.html, action.files) == (None, ())
    assert f"secondline report write {report.run}" in action.text
    assert len(action.text) <= 2_000 + len("\n")
