"""A fallen controller, or a courier that lies: what the agent refuses by its own knowledge, over the real run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from controller.reports.model import Touch
from tests.escape.lab import Lab, Watched
from tests.escape.orders import ORDERS, REVISION, customer_of
from tests.escape.places import Spot
from tests.law import ANNA, BOB

pytestmark = pytest.mark.lab
NUMBERS = {name: number for number, name in enumerate(ORDERS, start=1)}


@dataclass(frozen=True, slots=True)
class Answered:
    """The report of each attempt, the ledger of its run, and what was seen meanwhile."""

    reports: Mapping[str, Mapping[str, Any]]
    entries: Mapping[str, Sequence[Touch]]
    saw: Watched


@pytest.fixture(scope="session")
def answered(lab: Lab) -> Answered:
    for number in NUMBERS.values():
        document = lab.books.honest(customer_of(number), number, revision=REVISION)
        lab.books.enter(document)
        lab.books.agents(document)
    elsewhere = lab.books.honest("crooked", 250)
    elsewhere["sites"] = [{"id": "here", "name": "Anderswo", "agent": "crooked-elsewhere"}]
    lab.books.agents(elsewhere)
    signers = lab.state / "signers.json"
    signers.touch(mode=0o600)
    signers.write_text(json.dumps({"anna": dict(ANNA), "bob": dict(BOB)}), "ascii")
    trial = lab.program("tests.escape.crooked", "lies", str(signers))
    entries = {name: lab.ledger(report["run"]) for name, report in trial.said.items()}
    return Answered(trial.said, entries, trial.saw)


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_is_refused_with_its_reason_in_report_and_ledger(name: str, answered: Answered) -> None:
    (result,) = answered.reports[name]["results"]
    attempt = ORDERS[name]
    assert (result["state"], result.get("reason"), result.get("by")) == (
        "refused",
        attempt.reason,
        attempt.by,
    )
    assert any(
        entry.what == "decided-refused" and attempt.reason in entry.about for entry in answered.entries[name]
    )


@pytest.mark.parametrize("name", ORDERS)
def test_nobody_is_reached_by_it(name: str, answered: Answered) -> None:
    spot = Spot(NUMBERS[name])
    for cell, where in (
        ("other", spot.other),
        ("proxy", spot.proxy),
        ("foreign", spot.foreign),
        ("web", spot.web),
    ):
        assert not answered.saw.moved(cell, where)
    # The permitted host was asked where an honest order came first, and by no other.
    assert bool(answered.saw.asked(spot.web)) == ORDERS[name].after_an_honest_one


def test_nothing_else_moved(answered: Answered) -> None:
    assert not answered.saw.escaped


def test_no_worker_was_begun_for_any_of_them(answered: Answered) -> None:
    begun = {
        name for name, entries in answered.entries.items() if any(e.what == "worker-started" for e in entries)
    }
    assert begun <= {name for name, attempt in ORDERS.items() if attempt.by == "worker"}
