"""Is every change whole: its words, what it treats and asks, its parameters, and its cases?"""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any

import pytest
from pydantic import TypeAdapter

from collectors.catalogue import catalogue
from playbooks.catalogue import playbook_catalogue, remedies
from playbooks.playbook import Playbook, WantedError
from tests.playbooks.case import cases

_ALL = sorted(playbook_catalogue().items())
# What no parameter may hold, whatever it is for.
_HOSTILE = (
    "--help",
    "-a",
    "a\nb",
    "a;b",
    "a b`c`",
    "$(id)",
    "a|b",
    "a&b",
    "../../etc/shadow",
    "a\0b",
    "",
    "a'b",
    'a"b',
)
# Changes for which no state is unfit: what they do is right or done already.
_ALWAYS_FIT = {"ad.enable_connection"}
# Changes that always have something to do: they start what ends by itself, and look at nothing that it changes.
_NEVER_DONE = {"dns.fetch_zone", "dns.notify_secondaries", "dns.flush_name", "linux.drop_blackhole"}

playbooks = pytest.mark.parametrize("playbook", [one for _, one in _ALL], ids=[name for name, _ in _ALL])


@playbooks
def test_it_says_in_two_languages_what_it_does_and_what_users_notice(playbook: Playbook[Any, Any]) -> None:
    for english, german in (playbook.does, playbook.notices):
        assert english
        assert german
        assert english != german
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", playbook.name)


@playbooks
def test_it_treats_known_findings_that_it_asks_for_again(playbook: Playbook[Any, Any]) -> None:
    known = catalogue()
    assert playbook.treats
    assert not set(playbook.treats) - known.tags.keys()
    assert playbook.asked
    assert not set(playbook.asked) - known.collectors.keys()
    for tag in playbook.treats:
        assert playbook in remedies(tag)
        # Who says it is among those that are asked whether it has gone.
        said_by = known.said_by.get(tag, ())
        assert not said_by or set(playbook.asked) & set(said_by), f"nobody who is asked afterwards says {tag}"


@playbooks
def test_it_has_cases_of_each_kind(playbook: Playbook[Any, Any]) -> None:
    own = [filed.case for filed in cases() if filed.playbook == playbook.name]
    assert any(case.steps for case in own), "a case in which it does something"
    assert playbook.name in _NEVER_DONE or any(case.nothing for case in own), "a case with nothing to do"
    assert playbook.name in _ALWAYS_FIT or any(case.unfit for case in own), "a case that it is not for"


@playbooks
def test_its_parameters_take_no_signs_that_a_program_obeys(playbook: Playbook[Any, Any]) -> None:
    hints = typing.get_type_hints(playbook.wanted, include_extras=True)
    for field in dataclasses.fields(playbook.wanted):
        adapter = TypeAdapter(hints[field.name])
        for hostile in _HOSTILE:
            for value in (hostile, [hostile]):
                with pytest.raises(ValueError, match=r".+"):
                    adapter.validate_python(value)


def test_a_parameter_that_it_does_not_have_is_an_error() -> None:
    for _, playbook in _ALL:
        with pytest.raises(WantedError, match="no parameter"):
            playbook.read({"shell": "/bin/sh"})


def test_every_case_is_of_a_change_that_there_is() -> None:
    assert {filed.playbook for filed in cases()} <= playbook_catalogue().keys()
