"""Hostile and naive collectors inside a worker: what each reaches without the product, and what with it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from _pytest.mark import ParameterSet

from agent.refusal import Hold
from tests.escape.catalogue import ways
from tests.escape.lab import Held, Lab, Trial
from tests.escape.papers import number_of
from tests.escape.places import RESOLVER, Spot
from tests.escape.third_party.hostile.way import Way

pytestmark = pytest.mark.lab


def _each(known: Callable[[Way], str] = lambda _: "") -> list[ParameterSet]:
    """Every attempt. known: what is wrong with the product as yet; as soon as it is not, the test says so."""
    return [
        pytest.param(
            way,
            id=f"{way.name}: {way.how}",
            marks=[pytest.mark.xfail(reason=known(way))] if known(way) else [],
        )
        for way in ways().values()
    ]


def _names(spot: Spot) -> set[str]:
    """What nobody's resolver hears when an attempt asks it."""
    backwards = ".".join(reversed(spot.other.split("."))) + ".in-addr.arpa"
    return {spot.name, f"turning.{spot.name}", backwards}


@pytest.mark.parametrize("way", _each())
def test_it_gets_out_when_nothing_holds_it(way: Way, unheld: Trial) -> None:
    """Without this, an empty counter would prove nothing: the attempt may just be wrong."""
    spot = Spot(number_of(way.name))
    match way.target(spot):
        case None:
            assert unheld.said[way.name]
        case (_, where) if where == RESOLVER:
            assert unheld.saw.names & _names(spot)
        case (cell, where):
            assert unheld.saw.moved(cell, where)


def test_the_capture_sees_what_the_counter_at_the_agent_sees(unheld: Trial) -> None:
    left = {where for where in unheld.saw.seen["agent"].escaped if not where.startswith("ff02:")}
    assert len(left) > 80
    assert left <= unheld.saw.strangers.keys()


@pytest.mark.parametrize("way", _each())
def test_it_does_not_get_out_of_a_worker(way: Way, held: Held) -> None:
    spot = Spot(number_of(way.name))
    if target := way.target(spot):
        assert not held.saw.moved(*target)
    assert not held.saw.names & _names(spot)
    assert way.name not in {f["host"] for f in held.findings if f["tag"] == "hostile.reached"}


@pytest.mark.parametrize("way", _each(lambda way: way.untold))
def test_it_ends_as_refused_with_its_reason_in_report_and_ledger(way: Way, held: Held) -> None:
    result = held.results[way.name]
    assert result["state"] == way.ends, result
    if way.ends == "broken":
        # The worker has ended itself, or was ended as one that does not keep to its vocabulary.
        assert result["detail"] == "the worker ended before it answered"
        return
    assert result["reason"] == Hold.WALL
    assert [
        entry.what
        for entry in held.entries
        if entry.host == way.name and entry.what == "decided-refused" and Hold.WALL in entry.about
    ] == ["decided-refused"]


@pytest.mark.parametrize("way", _each())
def test_its_permitted_host_was_asked_meanwhile(way: Way, held: Held) -> None:
    """Nothing came through, and not because nothing was tried."""
    spot = Spot(number_of(way.name))
    assert held.saw.asked(spot.web) + held.saw.asked(spot.names)


def test_nothing_else_moved_either(held: Held) -> None:
    """Not a frame at any machine that is not named, not one more than permitted at those that are."""
    assert not held.saw.escaped


def test_the_ledger_holds_and_shows_what_was_held(lab: Lab, held: Held) -> None:
    assert sum(entry.what == "wall-held" for entry in held.entries) >= len(ways()) - 20
    verified = lab.command("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    shown = json.loads(lab.command("ledger", "show", held.runs[0], "--json").stdout)
    assert [(entry["number"], entry["what"]) for entry in shown] == [
        (entry.number, entry.what) for entry in lab.ledger(held.runs[0])
    ]
