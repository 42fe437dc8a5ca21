from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.codec import finding_from, finding_json, outcome_from, outcome_json
from agent.job import (
    AlreadySo,
    Broken,
    Changed,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from collectors import Finding, Kind, Phase, Severity, Tag

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Seen, st.dictionaries(st.text(), _VALUES)),
    st.builds(Refused, st.text(), st.lists(st.text()).map(tuple), st.sampled_from(["controller", "agent"])),
    st.builds(NoAnswer, st.sampled_from(Kind), st.sampled_from(Phase), st.text()),
    st.builds(Broken, st.text()),
    st.builds(Planned, st.dictionaries(st.text(), _VALUES)),
    st.builds(Unfit, st.text(), st.text(), st.dictionaries(st.text(), _VALUES)),
    st.builds(Changed, st.dictionaries(st.text(), _VALUES), st.dictionaries(st.text(), _VALUES)),
    st.builds(AlreadySo),
    st.builds(Undone, st.integers(0, 99), st.text(), st.booleans()),
    st.builds(UndoFailed, st.integers(0, 99), st.text(), st.dictionaries(st.text(), _VALUES)),
    st.builds(Unknown, st.integers(0, 99), st.text()),
)


@given(_OUTCOMES)
def test_every_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    assert outcome_from(json.loads(json.dumps(outcome_json(outcome)))) == outcome


_NAMES = st.text(alphabet="abc_{}!:.- ", min_size=1, max_size=6)
_FACTS = st.dictionaries(_NAMES, st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))


@given(st.text(min_size=1), st.sampled_from(Severity), _FACTS, st.text())
def test_a_finding_with_an_unknown_tag_stays_readable(
    name: str, severity: Severity, facts: dict[str, str | int | float], host: str
) -> None:
    old = Finding(Tag(f"gone.{name}", severity, "", ""), MappingProxyType(facts), host)
    read = finding_from(json.loads(json.dumps(finding_json(old))))
    assert (read.tag.name, read.severity, dict(read.facts), read.host) == (
        old.tag.name,
        severity,
        facts,
        host,
    )
    assert read.text("de").startswith(old.tag.name)
    assert read.advice("en") == ""


def test_a_severity_that_is_not_known_yet_hurts_a_little() -> None:
    stored = {"tag": "later.thing", "severity": "catastrophe", "facts": {}, "host": "h"}
    assert finding_from(stored).severity is Severity.WARN


@pytest.mark.parametrize("stored", [{}, {"is": "seen"}, {"is": "guessed"}, {"is": "broken", "error": 5}])
def test_what_is_not_an_outcome_is_an_error(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a stored outcome"):
        outcome_from(stored)
