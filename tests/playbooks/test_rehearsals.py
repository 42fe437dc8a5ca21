"""Does each change do in the lab what it says, and can it be taken back? One lab, one fault after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from playbooks.catalogue import playbook_catalogue
from tests.lab.lab import Lab
from tests.playbooks.asking import Asking, asking
from tests.playbooks.book import platforms_of, read
from tests.playbooks.rehearsals import REHEARSALS, Rehearsal
from tests.playbooks.trial import rehearsed

_AREAS = [one.playbook.partition(".")[0] for one in REHEARSALS]


def _marks(at: int) -> list[pytest.MarkDecorator]:
    """All need the lab; the first of each area is marked as that."""
    marks = [pytest.mark.lab, pytest.mark.slow, pytest.mark.rehearsal]
    return [*marks, pytest.mark.first] if at == _AREAS.index(_AREAS[at]) else marks


_EACH = [
    pytest.param(one, marks=_marks(at), id=f"{one.playbook}-{one.fault.name}")
    for at, one in enumerate(REHEARSALS)
]


@pytest.fixture(scope="module")
def product(lab: Lab) -> Iterator[Asking]:
    lab.learn_contract()
    lab.wait_healthy()
    with asking(lab) as one:
        yield one
    lab.wait_healthy()


@pytest.mark.parametrize("one", _EACH)
def test_it_treats_the_fault_and_can_be_taken_back(one: Rehearsal, lab: Lab, product: Asking) -> None:
    out = rehearsed(lab, product, playbook_catalogue()[one.playbook], one.fault, one.host)
    assert out.is_well, "; ".join(out.wrong)
    assert out.steps


def test_the_book_tells_of_no_rehearsal_that_there_is_not() -> None:
    there = platforms_of(REHEARSALS)
    for name, platforms in read().items():
        assert set(platforms) <= set(there.get(name, ())), f"{name} has no rehearsal on {platforms}"


@pytest.mark.slow
def test_every_change_that_is_rehearsed_is_in_the_book() -> None:
    told = read()
    for name, platforms in platforms_of(REHEARSALS).items():
        assert set(platforms) <= set(told.get(name, ())), (
            f"{name}: run 'python -m tests.playbooks --write {name}'"
        )
