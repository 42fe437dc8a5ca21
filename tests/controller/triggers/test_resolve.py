"""Does a ticket's text choose among the contract's hosts, and only among them, and is it asked where it is not clear?"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.triggers.resolve import Ambiguous, Named, NothingNamed, resolve
from controller.triggers.telling import asking_back
from tests.controller.triggers.paper import contract

_CASES = tomllib.loads(Path(__file__).with_name("cases").joinpath("hosts.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["text"][:40])
def test_the_hosts_that_are_meant_are_found(case: dict[str, Any]) -> None:
    match resolve(contract(), "Störung", case["text"]):
        case Named(found) as named:
            assert sorted(named.hosts) == sorted(case.get("hosts", []))
            assert found[0].why.value == case.get("why", found[0].why.value)
        case Ambiguous(_, candidates):
            assert sorted(candidates) == sorted(case.get("ambiguous", []))
        case NothingNamed():
            assert not case.keys() & {"hosts", "ambiguous"}


@given(st.text(alphabet="web12 .-filesKiel10.3:§\n,", max_size=60))
def test_whatever_is_written_nobody_outside_the_contract_is_meant(text: str) -> None:
    match resolve(contract(), "", text):
        case Named() as named:
            assert named.hosts
            assert set(named.hosts) <= contract().targets.keys()
        case Ambiguous(_, candidates):
            assert candidates
            assert set(candidates) <= contract().targets.keys()
        case NothingNamed():
            pass


@pytest.mark.parametrize(("language", "word"), [("de", "Welches"), ("en", "Which")])
def test_who_is_asked_back_sees_the_candidates_and_where_they_stand(language: str, word: str) -> None:
    unclear = resolve(contract(), "", "Der Switch in Hamburg spinnt.")
    assert isinstance(unclear, Ambiguous)
    text = asking_back(contract(), unclear, language)
    assert word in text
    assert "Switch" in text
    assert "sw1.musterbau.example" in text
    assert "Hamburg" in text


def test_very_many_candidates_are_counted_and_not_listed() -> None:
    many = Ambiguous("Switch", tuple(contract().targets))
    text = asking_back(contract(), many, "de")
    assert text.count("musterbau.example") < len(many.candidates)
    assert f"{len(many.candidates) - text.count('musterbau.example')} weitere" in text
