"""Does every plan follow from its state alone, and does its undo take back just what it does?

Two looks at it: the cases as they are written, and states that nobody thought of (Hypothesis).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.catalogue import playbook_catalogue
from playbooks.plan import Part, Step
from playbooks.playbook import Playbook, UnfitError
from tests.playbooks.case import Filed, cases, part_of, said
from tests.playbooks.model import Host, sets

_ALL = sorted(playbook_catalogue().items())
_TREATED = [filed for filed in cases() if filed.case.steps]

playbooks = pytest.mark.parametrize("playbook", [one for _, one in _ALL], ids=[name for name, _ in _ALL])
treated = pytest.mark.parametrize("filed", _TREATED, ids=[f"{f.playbook}/{f.path.stem}" for f in _TREATED])


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield str(value)


def _may_stay(step: Step) -> bool:
    return step.keeps or step.is_final


def _is_taken_back(part: Part) -> None:
    """What the steps set, the undo sets as well, and nothing else; in the end nothing has the value of a step."""
    host = Host()
    for step in part.steps:
        host.do(step.do)
    changed = {name for step in part.steps if not _may_stay(step) for name, _ in sets(step.do)}
    new = {name: host.settings[name] for name in changed}
    for one in part.undo:
        host.do(one)
    undone = {name for one in part.undo for name, _ in sets(one)}
    assert undone == changed
    assert not {name for name, value in new.items() if host.settings[name] == value}


@treated
def test_an_undo_takes_back_what_was_done_and_nothing_else(filed: Filed) -> None:
    _is_taken_back(part_of(filed))


@treated
def test_a_second_undo_changes_nothing_more(filed: Filed) -> None:
    part, host = part_of(filed), Host()
    for one in (*(step.do for step in part.steps), *part.undo):
        host.do(one)
    once = dict(host.settings)
    for one in part.undo:
        host.do(one)
    assert host.settings == once


@treated
def test_texts_that_an_undo_writes_were_seen(filed: Filed) -> None:
    part = part_of(filed)
    seen = set(_leaves(part.state))
    for one in part.undo:
        if one.kind == "write":
            assert one.content is None or one.content in seen
        if one.kind == "attributes":
            assert (
                all(value in seen for _, values in one.values for value in values)
                or "connection" in filed.playbook
            )


def _states(playbook: Playbook[Any, Any]) -> list[dict[str, Any]]:
    """The states of its cases: what the others are made from."""
    own = [filed for filed in cases() if filed.playbook == playbook.name and filed.case.state is not None]
    return [filed.case.state or {} for filed in own]


@st.composite
def _changed(draw: st.DrawFn, states: list[dict[str, Any]]) -> dict[str, Any]:
    """A state of a case, with values of others in its place."""
    first, second = draw(st.sampled_from(states)), draw(st.sampled_from(states))
    return {name: draw(st.sampled_from([first[name], second.get(name, first[name])])) for name in first}


@playbooks
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_seen_the_plan_is_the_same_twice_and_can_be_taken_back(
    playbook: Playbook[Any, Any], data: st.DataObject
) -> None:
    own = [filed.case for filed in cases() if filed.playbook == playbook.name]
    state = playbook.state_adapter.validate_python(data.draw(_changed(_states(playbook))))
    wanted = playbook.read(data.draw(st.sampled_from([case.wanted for case in own])))
    try:
        part = playbook.part_of("web1", state, wanted)
    except UnfitError:
        return
    again = playbook.part_of(
        "web1", playbook.state_adapter.validate_python(json.loads(json.dumps(part.state))), wanted
    )
    assert [said(step.do) for step in part.steps] == [said(step.do) for step in again.steps]
    assert part == again
    _is_taken_back(part)
