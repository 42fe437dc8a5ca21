"""Does every result have its place, and does the sentence say what is known and what is not?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.job import Broken, NoAnswer, Outcome, Refused, Seen
from agent.refusal import Hold
from collectors import Kind, Phase, Severity
from controller.diagnosis import Cause
from controller.reports.coverage import NOT_AS_USUAL, Coverage, State, coverage
from controller.reports.model import Report
from controller.reports.story import ruled_out, sentence, words_for
from controller.store.entries import What
from controller.work import NO_QUESTION
from inventory.approval import NotApproved
from inventory.decide import Reason
from inventory.grant import NotGranted
from inventory.signing import NotSigned
from tests.controller.reports.sample import REBOOTED, SERIAL_BEHIND, result, sample

_HUNG = NoAnswer(Kind.TIMED_OUT, Phase.ASK, "")


def _with(*outcomes: tuple[str, Outcome]) -> Report:
    results = tuple(result(host, "linux.disk", outcome) for host, outcome in outcomes)
    return replace(sample(), causes=(), findings=(), results=results, hosts={})


def _says(report: Report, language: str) -> str:
    return sentence(report, coverage(report), words_for(language), str)


def test_every_result_has_one_place() -> None:
    seen = coverage(sample())
    assert seen.total == len(sample().results)
    assert [seen.count(state) for state in State] == [7, 2, 1, 2, 0]
    assert seen.hosts(State.UNANSWERED) == ("db1",)


@pytest.mark.parametrize("reason", Reason)
def test_what_the_contract_does_not_cover_is_not_called_refused(reason: Reason) -> None:
    seen: Coverage = coverage(_with(("a", Refused(reason.value))))
    uncovered = {Reason.UNKNOWN_HOST, Reason.NO_CLAUSE, Reason.AREA_NOT_COVERED, Reason.NO_CONTRACT}
    assert seen.count(State.NOT_COVERED) == (reason in uncovered)
    assert seen.count(State.REFUSED) == (reason not in uncovered)


def test_hosts_without_a_question_are_named() -> None:
    report = replace(sample(), results=sample().results[:3])
    assert coverage(report).unasked == ("web2", "db1", "ns1", "ns2")


@pytest.mark.parametrize(
    ("outcomes", "english", "german"),
    [
        ([("a", Seen({}))], "No fault was found on 1 host.", "Auf 1 Host wurde kein Fehler gefunden."),
        (
            [("a", Seen({})), ("b", Seen({})), ("c", _HUNG)],
            "No fault was found on the 2 hosts that answered; answers from 1 host are missing.",
            "Auf den 2 Hosts, die geantwortet haben, wurde kein Fehler gefunden; von 1 Host fehlen Antworten.",
        ),
        (
            [("a", Refused("window-closed", ("3.4",))), ("b", Refused("window-closed", ("3.4",)))],
            "Nothing could be found out because the contract's time window was closed (2 hosts).",
            "Es ließ sich nichts feststellen, denn das Zeitfenster des Vertrags war geschlossen (2 Hosts).",
        ),
        (
            [("a", NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.LOGIN, ""))],
            "Nothing could be found out because the host rejected the credentials (1 host).",
            "Es ließ sich nichts feststellen, denn der Host hat die Zugangsdaten abgelehnt (1 Host).",
        ),
        (
            [("a", NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.CONNECT, "no such file"))],
            "Nothing could be found out because our own credentials for the host cannot be used (1 host).",
            "Es ließ sich nichts feststellen, denn unsere eigenen Zugangsdaten für den Host sind nicht brauchbar (1 Host).",
        ),
        (
            [("a", NoAnswer(Kind.REFUSED, Phase.LOGIN, "This account is not available."))],
            "Nothing could be found out because the host runs no commands for our account (1 host).",
            "Es ließ sich nichts feststellen, denn der Host führt für unser Konto keine Befehle aus (1 Host).",
        ),
        (
            [("a", Broken("KeyError"))],
            "Nothing could be found out because our own software failed (1 host).",
            "Es ließ sich nichts feststellen, denn unsere eigene Software ist gescheitert (1 Host).",
        ),
        (
            [],
            "Nothing could be found out because there was no question for the hosts in scope.",
            "Es ließ sich nichts feststellen, denn für die betroffenen Hosts gab es keine Frage.",
        ),
    ],
)
def test_the_sentence_never_takes_silence_for_health(
    outcomes: list[tuple[str, Outcome]], english: str, german: str
) -> None:
    assert _says(_with(*outcomes), "en") == english
    assert _says(_with(*outcomes), "de") == german


@pytest.mark.parametrize(
    ("tag", "begins"), [(SERIAL_BEHIND, "Nothing is down"), (REBOOTED, "No fault was found")]
)
def test_a_warning_is_not_called_a_cause_of_failure(tag: object, begins: str) -> None:
    finding = next(f for f in sample().findings if f.tag is tag)
    assert _says(replace(sample(), causes=(Cause(finding=finding),)), "en").startswith(begins)


def test_a_question_is_ruled_out_only_where_it_was_answered_without_a_finding() -> None:
    quiet = {item.collector: item.quiet for item in ruled_out(sample())}
    assert quiet["linux.disk"] == ("web2",)
    assert "db1" not in str(quiet)
    # The comparison of both servers found ns2 behind, although its own answer was in order.
    assert quiet["dns.zone"] == ("ns1",)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_code_has_its_words(language: str) -> None:
    words = words_for(language)
    codes = (*Reason, *Hold, *NotGranted, *NotSigned, *NotApproved)
    assert set(words.reasons) == {NO_QUESTION, *(reason.value for reason in codes)}
    assert len(codes) == len(set(codes))
    assert set(words.kinds) == {*(kind.value for kind in Kind), *NOT_AS_USUAL.values()}
    assert set(words.phases) == {phase.value for phase in Phase}
    assert set(words.deeds) == {what.value for what in What}
    assert set(words.severity) == set(Severity)
    assert set(words.state) == set(words.state_means) == set(State)
    assert all(words.severity.values())


def test_numbers_and_times_are_written_as_the_language_does() -> None:
    german, english = words_for("de"), words_for("en")
    assert german.number(1234567.5, 1) == "1.234.567,5"
    assert english.number(1234567.5, 1) == "1,234,567.5"
    assert german.seconds(0.038) == "38\u00a0ms"
    assert german.seconds(125) == "2\u00a0min 5\u00a0s"


def test_both_languages_have_the_same_places_to_fill() -> None:
    german, english = words_for("de"), words_for("en")
    for name in type(german).__slots__:
        one, other = getattr(german, name), getattr(english, name)
        assert one or name == "code"
        if isinstance(one, str) and "{" in one:
            assert _places(one) == _places(other), name


def _places(pattern: str) -> set[str]:
    return {part.partition("}")[0] for part in pattern.split("{")[1:]}
