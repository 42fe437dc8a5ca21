"""Does a ticket's symptom lead to its answer, step by step, and are hosts spared what nobody needs to know?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.fault import Fault, heal
from tests.faults.matrix import FAULTS
from tests.lab.lab import Lab
from tests.lab.places import EDGE, TRIANGLE

pytestmark = pytest.mark.lab

BY_NAME = {fault.name: fault for fault in FAULTS}
LOCKED = ("bob wieder gesperrt", "Das Konto MUSTERBAU\\bob ist schon wieder gesperrt.")


@contextmanager
def broken(lab: Lab, name: str) -> Iterator[Fault]:
    lab.learn_contract()
    lab.wait_healthy()
    fault = BY_NAME[name]
    try:
        fault.inject(lab)
        yield fault
    finally:
        heal(lab, [fault])


def asked(lab: Lab, subject: str, text: str, *words: str) -> dict[str, Any]:
    made = lab.product(
        "ticket", "new", "--customer", "musterbau", "--subject", subject, "--text", text, "--json"
    )
    ticket = str(json.loads(made.stdout)["id"])
    done = lab.product("diagnose", "--ticket", ticket, "--json", *words)
    assert done.returncode in {0, 1}, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def states(told: dict[str, Any]) -> list[str]:
    return [stage["state"] for stage in told["path"]["stages"]]


def first_cause(told: dict[str, Any]) -> tuple[str, str]:
    return told["causes"][0]["tag"], told["causes"][0]["host"]


def test_the_first_step_answers_and_nobody_else_is_asked(lab: Lab) -> None:
    with broken(lab, "ad-account-locked"):
        told = asked(lab, *LOCKED)
    assert told["path"]["symptom"] == "locked-again"
    assert states(told)[0] == "found"
    assert told["causes"][0]["tag"] in BY_NAME["ad-account-locked"].tags
    # Those who have nothing to do with the domain were left in peace.
    assert not {"web1", "web2", "db1"} & {result["host"] for result in told["results"]}


def test_what_explains_the_answer_is_asked_elsewhere(lab: Lab) -> None:
    """One of two controllers is stopped: the other is asked as well, and says what follows."""
    with broken(lab, "ad-dc-stopped") as fault:
        told = asked(lab, "Kein Domänencontroller", "Es sind keine Anmeldeserver verfügbar.")
    assert told["path"]["symptom"] == "no-controller"
    assert "found" in states(told)
    assert told["path"]["beyond"]
    assert fault.names(*first_cause(told))
    page = (lab.place.home / "runs" / told["run"] / "report.html").read_text("utf-8")
    # Who was not heard is drawn as such, beside the controller that was.
    assert 'class="node unheard"' in page
    assert 'id="mesh"' in page


def test_a_step_that_finds_nothing_is_ruled_out(lab: Lab) -> None:
    with broken(lab, "ad-gpo-version-differs") as fault:
        told = asked(lab, "Laufwerk fehlt", "Das Netzlaufwerk fehlt seit heute, Richtlinien wirken nicht.")
    assert told["path"]["symptom"] == "policy"
    at = states(told).index("found")
    assert set(states(told)[:at]) <= {"ruled-out", "nobody"}
    assert fault.names(*first_cause(told))


def test_a_symptom_that_misleads_costs_no_finding(lab: Lab) -> None:
    """The disk has nothing to do with a log-on: no step answers, and everything is asked."""
    with broken(lab, "full-disk") as fault:
        told = asked(lab, "Anmeldung", "MUSTERBAU\\bob kann sich nicht anmelden.")
    assert told["path"]["symptom"] == "logon"
    assert "found" not in states(told)
    assert fault.names(*first_cause(told))


def test_whoever_says_so_asks_everything_at_once(lab: Lab) -> None:
    lab.learn_contract()
    lab.wait_healthy()
    whole = asked(lab, *LOCKED, "--symptom", "none")
    assert whole["path"] is None
    picked = asked(lab, "Frage", "Bitte ansehen.", "--symptom", "clock")
    assert picked["path"]["symptom"] == "clock"
    # All answered, and nothing is wrong; but hosts of the customer's may not be asked for their clock: hr1, and the
    # network's devices that have a shell.
    (stage,) = picked["path"]["stages"]
    without = 1 + len(TRIANGLE) + len(EDGE)
    assert (stage["state"], stage["answered"], stage["refused"]) == ("open", stage["asked"], without)
    # Nothing was found, so both have asked the same in the end.
    assert picked["coverage"]["total"] == whole["coverage"]["total"] > 100
