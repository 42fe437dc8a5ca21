"""Does a ticket become a run exactly when a rule says so?"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.desks.desk import Ticket
from controller.settings import SettingsError
from controller.triggers.classify import Classification, Complaint
from controller.triggers.decide import Ignore, Start, Wait, decide_trigger
from controller.triggers.rules import limits_from, rules_from
from controller.triggers.source import Arrived

_CASES = tomllib.loads(Path(__file__).with_name("cases").joinpath("rules.toml").read_text("utf-8"))["case"]
_OPENED = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)


def _arrived(told: dict[str, Any]) -> Arrived:
    desk = told.pop("desk", "builtin")
    ticket = Ticket(
        id="1",
        customer=told.pop("customer", "musterbau"),
        subject="s",
        text="t",
        state=told.pop("state", "new"),
        requester="r",
        created=_OPENED,
        changed=_OPENED,
        url="",
        tags=tuple(told.pop("tags", ())),
        **told,
    )
    return Arrived(desk=desk, ticket=ticket)


def _said(told: list[Any] | None) -> Classification:
    if told is None:
        return Classification()
    return Classification((Complaint(symptom=told[0], confidence=told[1], words=("Tunnel", "weg")),))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_a_rule_decides(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["now"]) if "now" in case else _OPENED
    rules = rules_from(case.get("rules", []))
    verdict = decide_trigger(rules, _arrived(dict(case.get("ticket", {}))), _said(case.get("says")), now)
    match verdict:
        case Start(rule=rule, symptom=symptom):
            assert symptom == case.get("start")
            assert rule == case.get("rule", rule)
        case Wait(rule=rule, until=until):
            assert until == datetime.fromisoformat(case.get("wait", "0001-01-01T00:00:00+00:00"))
            assert until > now
            assert rule == case.get("rule", rule)
        case Ignore(reason=reason):
            assert reason.value == case.get("ignore")
    assert verdict.why


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({}, "name"),
        ({"name": "A b"}, "name"),
        ({"name": "a", "symptom": "headache"}, "headache"),
        ({"name": "a", "from": "18:00", "until": "07:00"}, "two rules for a night"),
        ({"name": "a", "days": []}, "days is empty"),
        ({"name": "a", "days": ["monday"]}, "days"),
        ({"name": "a", "timezone": "Mars/Phobos"}, "Mars/Phobos"),
        ({"name": "a", "handed_over": {}}, "unknown_for"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "may": "change"}, "may"),
    ],
)
def test_a_rule_that_is_not_right_is_told(table: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        rules_from([table])


def test_two_rules_of_one_name_are_a_mistake() -> None:
    with pytest.raises(SettingsError, match="two triggers"):
        rules_from([{"name": "a"}, {"name": "a"}])


def test_limits_have_bounds() -> None:
    assert limits_from({}).at_once >= limits_from({}).at_once_each
    with pytest.raises(SettingsError, match="at_once"):
        limits_from({"at_once": 0})
