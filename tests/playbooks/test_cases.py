"""Does each change plan what its cases say, to the letter?"""

from __future__ import annotations

import pytest

from collectors import Unanswered
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import PLAN, Plan, differences
from playbooks.playbook import UnfitError
from tests.playbooks.case import Filed, cases, part_of, said


def _name(filed: Filed) -> str:
    return f"{filed.playbook}/{filed.path.stem}"


def _with(what: str) -> list[Filed]:
    return [filed for filed in cases() if getattr(filed.case, what)]


@pytest.mark.parametrize("filed", cases(), ids=_name)
def test_a_case_says_one_thing(filed: Filed) -> None:
    assert filed.case.is_one_thing, "steps, nothing, unfit or unanswered: exactly one of them"
    assert filed.playbook in playbook_catalogue()


@pytest.mark.parametrize("filed", _with("steps"), ids=_name)
def test_these_steps_are_planned(filed: Filed) -> None:
    found = part_of(filed).steps
    assert [said(step.do) for step in found] == [step.do for step in filed.case.steps]
    assert [tuple(map(said, step.undo)) for step in found] == [step.undo for step in filed.case.steps]
    assert [(step.keeps, step.cuts) for step in found] == [
        (step.keeps, step.cuts) for step in filed.case.steps
    ]


@pytest.mark.parametrize("filed", _with("steps"), ids=_name)
def test_a_plan_of_it_survives_its_way_and_holds_while_nothing_changes(filed: Filed) -> None:
    part = part_of(filed)
    plan = Plan(
        playbook=filed.playbook,
        customer="musterbau",
        contract="0" * 64,
        revision=1,
        wanted=filed.case.wanted,
        tags=(),
        asked=(),
        parts=(part,),
    )
    assert PLAN.validate_json(plan.text).digest == plan.digest
    assert list(differences(part, part_of(filed))) == []


@pytest.mark.parametrize("filed", _with("nothing"), ids=_name)
def test_what_is_so_already_is_left_alone(filed: Filed) -> None:
    assert part_of(filed).steps == ()


@pytest.mark.parametrize("filed", _with("unfit"), ids=_name)
def test_a_person_is_told_why_it_is_not_for_this_state(filed: Filed) -> None:
    with pytest.raises(UnfitError) as raised:
        part_of(filed)
    english, german = raised.value.words
    assert filed.case.unfit in english
    assert german
    assert german != english


@pytest.mark.parametrize("filed", _with("no_answer"), ids=_name)
def test_what_could_not_be_seen_is_no_state(filed: Filed) -> None:
    with pytest.raises(Unanswered) as raised:
        part_of(filed)
    assert raised.value.kind is filed.case.no_answer
