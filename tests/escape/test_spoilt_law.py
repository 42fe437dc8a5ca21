"""Agents whose folder was spoilt, or says no: one run asks them all, and only the sound one asks its host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from controller.reports.model import Touch
from tests.escape.lab import Lab, Watched
from tests.escape.places import Spot
from tests.escape.spoilt import CUSTOMER, SOUND, SPOILT, Folder, document

pytestmark = pytest.mark.lab
NUMBERS = {name: number for number, name in enumerate((*SPOILT, SOUND), start=1)}


@dataclass(frozen=True, slots=True)
class Asked:
    results: Mapping[str, Mapping[str, Any]]
    entries: Sequence[Touch]
    saw: Watched


@pytest.fixture(scope="session")
def asked(lab: Lab) -> Asked:
    paper = document(lab.books)
    text = lab.books.enter(paper)
    posts = lab.books.agents(paper)
    for name, attempt in SPOILT.items():
        agent = f"{CUSTOMER}-s{NUMBERS[name]}"
        attempt.spoil(Folder(path=posts[agent].folder, name=agent, text=text))
    with lab.watched() as saw:
        done = lab.diagnosed(lab.books.ticket(CUSTOMER), "--question", "linux.load")
    report = json.loads(done.stdout)
    results = {result["host"]: result for result in report["results"]}
    return Asked(results, lab.ledger(report["run"]), saw[0])


@pytest.mark.parametrize("name", SPOILT)
def test_it_is_refused_with_its_reason_in_report_and_ledger(name: str, asked: Asked) -> None:
    host, reason = f"h{NUMBERS[name]}", SPOILT[name].reason
    assert (asked.results[host]["state"], asked.results[host].get("reason")) == ("refused", reason)
    assert any(
        entry.what == "decided-refused" and entry.host == host and reason in entry.about
        for entry in asked.entries
    )


@pytest.mark.parametrize("name", SPOILT)
def test_nobody_is_reached(name: str, asked: Asked) -> None:
    spot = Spot(NUMBERS[name])
    assert not asked.saw.moved("other", spot.other)
    assert not asked.saw.asked(spot.web)


def test_the_sound_one_asked_its_host_and_nothing_else_moved(asked: Asked) -> None:
    assert asked.results[f"h{NUMBERS[SOUND]}"]["state"] == "seen"
    assert asked.saw.asked(Spot(NUMBERS[SOUND]).web)
    assert not asked.saw.escaped
