"""Is a plan shown as it is: every operation, what takes it back, nothing that acts, and no secret?"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.job import Changed, NoAnswer, Outcome, Refused, UndoFailed, Undone, Unknown
from collectors import Kind, Phase
from controller.change.notes import approved_note, ended_note, made_note, rejected_note
from controller.change.phrases import ENGLISH, GERMAN, phrases_for
from controller.change.telling import differing, outcome_lines, plan_lines
from controller.reports.inert import inert_line
from controller.store.plans import Doing, PlanState, StoredPlan
from inventory.approval import Approved, Side
from inventory.contract import Redaction
from inventory.read import read
from inventory.schema import example
from playbooks.operation import Attributes, Command, Configure, Operation, Write
from playbooks.plan import Part, Plan, Step

CONTRACT = read(example())
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def plan_with(*steps: Step, host: str = "web1", **state: object) -> Plan:
    return Plan(
        playbook="linux.start_service",
        customer="musterbau",
        contract="0" * 64,
        revision=3,
        wanted={"unit": "cron.service"},
        tags=("linux.service-failed",),
        asked=("linux.services",),
        parts=(Part(host=host, state=state, steps=steps),),
    )


def stored(plan: Plan, *, shadow: bool = False) -> StoredPlan:
    return StoredPlan(
        id="p1",
        digest=plan.digest,
        text=plan.text,
        customer="musterbau",
        desk="builtin",
        ticket="7",
        playbook=plan.playbook,
        requested_by="Finn Fix",
        made=NOW,
        made_in="r0",
        shadow=shadow,
    )


def step(do: Operation, *undo: Operation, **more: bool) -> Step:
    return Step(why=("because", "darum"), do=do, undo=undo, **more)


def told(plan: Plan, language: str = "en") -> str:
    return "\n".join(plan_lines(stored(plan), plan, phrases_for(language)))


def test_every_operation_is_shown_with_what_takes_it_back() -> None:
    plan = plan_with(
        step(
            Write(path="/etc/resolv.conf", content="nameserver 10.0.0.2\nsearch x\n"),
            Write(path="/etc/resolv.conf", content="nameserver 10.0.0.1\nsearch x\n"),
        ),
        step(
            Attributes(entry="CN=bob,DC=x", values=(("userAccountControl", ("512",)), ("lockoutTime", ()))),
            Attributes(
                entry="CN=bob,DC=x", values=(("userAccountControl", ("514",)), ("lockoutTime", ("7",)))
            ),
        ),
        step(
            Configure(lines=("interface e1", "no shutdown")),
            Configure(lines=("interface e1", "shutdown")),
            cuts=True,
        ),
        step(Command(argv=("rndc", "flushname", "a b.example")), keeps=True),
        step(Write(path="/var/cache/x", content=None)),
    )
    text = told(plan)
    for words in (
        "do: /etc/resolv.conf (0644)",
        "do: -nameserver 10.0.0.1",
        "do: +nameserver 10.0.0.2",
        "userAccountControl: 514 → 512",
        "lockoutTime: 7 → nothing",
        "do: no shutdown",
        "back: shutdown",
        "touches the way to the host",
        "do: rndc flushname 'a b.example'",
        "nothing remains of it that could be taken back",
        "/var/cache/x: the file is removed",
        "CANNOT BE TAKEN BACK",
        "Gone must be then: linux.service-failed",
    ):
        assert words in text
    german = told(plan, "de")
    assert "NICHT ZURÜCKZUNEHMEN" in german
    assert "darum" in german
    assert "because" not in german


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_a_host_says_acts_in_a_terminal_or_ticket(name: str, said: str) -> None:
    plan = plan_with(host="web1", seen=said, also=name)
    lines = list(plan_lines(stored(plan), plan, ENGLISH))
    assert all(inert_line(line) == line for line in lines)
    note = made_note(CONTRACT, stored(plan), plan, (said,))
    assert all(inert_line(line) == line for line in note.text.split("\n"))


def test_no_secret_is_shown() -> None:
    plan = plan_with(
        step(Write(path="/etc/x.conf", content="password = hunter2\npre-shared-key: geheim99\n")),
        before="secret=s3cr3t-value",
    )
    note = made_note(CONTRACT, stored(plan), plan, ())
    for text in (told(plan), told(plan, "de"), note.text):
        assert "/etc/x.conf" in text
        assert not any(word in text for word in ("hunter2", "geheim99", "s3cr3t-value"))


def test_the_ticket_sees_what_the_contract_lets_it_see() -> None:
    hidden = CONTRACT.model_copy(
        update={
            "data": CONTRACT.data.model_copy(
                update={"redact": Redaction(accounts=True, addresses=True, names=True)}
            )
        }
    )
    plan = plan_with(step(Command(argv=("ping", "10.20.1.11"))), host="web1", owner="bob@musterbau.example")
    text = made_note(hidden, stored(plan), plan, ()).text
    assert not any(word in text for word in ("web1", "10.20.1.11", "bob@"))
    assert "host-" in text
    shown = rejected_note(hidden, stored(plan), "Eva Eng", "not on web1\x1b[31m", withdrawn=False).text
    assert "web1" not in shown
    assert "\x1b" not in shown


ENDS: tuple[tuple[Outcome, str, str], ...] = (
    (Changed({"runs": False, "load": "x"}, {"runs": True, "load": "x"}), "runs: no → yes", "runs: nein → ja"),
    (Undone(2, "it did not help", verified=False), "could not be looked at", "konnte danach nicht angesehen"),
    (UndoFailed(2, "no", {}), "A person must see to it", "Ein Mensch muss sich darum kümmern"),
    (Unknown(1, "lost"), "Verify first; nothing is done twice", "Erst prüfen; nichts wird zweimal getan"),
    (Refused("window-closed"), "refused (window-closed)", "abgelehnt (window-closed)"),
    (
        NoAnswer(Kind.UNREACHABLE, Phase.ASK, "gone"),
        "no answer (unreachable): gone",
        "keine Antwort (unreachable)",
    ),
)


@pytest.mark.parametrize(("outcome", "english", "german"), ENDS)
def test_an_end_is_told_with_before_and_after(outcome: Outcome, english: str, german: str) -> None:
    assert english in "\n".join(outcome_lines(outcome, ENGLISH))
    assert german in "\n".join(outcome_lines(outcome, GERMAN))
    plan = plan_with()
    note = ended_note(CONTRACT, stored(plan), Doing.APPLY, PlanState.FAILED, {"web1": outcome}).text
    assert german in note


def test_only_what_differs_is_told() -> None:
    assert differing({"a": 1, "b": [1]}, {"a": 1, "b": [2], "c": None}, ENGLISH) == ("b: [1] → [2]",)


def test_an_approval_is_told_in_the_customers_time() -> None:
    approved = Approved(id="x" * 16, person="Eva Eng", side=Side.COLLEAGUE, at=NOW, expires=NOW)
    plan = plan_with()
    assert (
        "Eva Eng hat Plan p1 zugestimmt, bis 2026-11-27 13:00."
        in approved_note(CONTRACT, stored(plan), approved).text
    )


def test_shadow_plans_are_told_as_such() -> None:
    plan = plan_with(step(Command(argv=("true",)), keeps=True))
    assert "Nur zum Vergleich" in made_note(CONTRACT, stored(plan, shadow=True), plan, ()).text
    assert "Nur zum Vergleich" not in made_note(CONTRACT, replace(stored(plan)), plan, ()).text


def test_both_languages_have_the_same_places() -> None:
    for field in fields(ENGLISH):
        one, other = getattr(ENGLISH, field.name), getattr(GERMAN, field.name)
        if isinstance(one, str):
            assert sorted(_places(one)) == sorted(_places(other)), field.name
        else:
            assert one.keys() == other.keys()
            for key in one:
                assert sorted(_places(one[key])) == sorted(_places(other[key])), (field.name, key)


def _places(pattern: str) -> list[str]:
    return [piece.split("}")[0] for piece in pattern.split("{")[1:]]
