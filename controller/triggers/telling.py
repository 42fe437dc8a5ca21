"""What does a ticket read of all this? What was begun by itself and why, what it was joined to, and what is asked back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from controller.reports.inert import clip, inert_line
from controller.symptoms import SYMPTOMS
from controller.triggers.resolve import Ambiguous
from inventory.contract import Contract, Host

__all__ = ["asking_back", "begun", "joined"]

_MOST = 8
_LONGEST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phrases:
    title: Literal[0, 1]
    ask: str
    choose: str
    more: str
    begun: str
    joined: str
    why: str
    everything: str


_PHRASES: Mapping[str, _Phrases] = {
    "en": _Phrases(
        title=0,
        ask='Which system do you mean by "{words}"? It may be one of these:',
        choose="Please answer with the name of the one that is meant. Until then nothing is examined by itself.",
        more="… and {count} more",
        begun="A diagnosis was begun by itself: {title}.",
        joined='This ticket tells of the same as ticket {lead} ("{title}"). It is examined once for all of them; the report '
        "comes to ticket {lead}.",
        why='Rule "{rule}"; the words that led to it: {words}.',
        everything="everything that the contract allows",
    ),
    "de": _Phrases(
        title=1,
        ask="Welches System meinen Sie mit „{words}“? Es kann eines von diesen sein:",
        choose="Bitte antworten Sie mit dem Namen dessen, das gemeint ist. Bis dahin wird von selbst nichts untersucht.",
        more="… und {count} weitere",
        begun="Eine Diagnose hat von selbst begonnen: {title}.",
        joined="Dieses Ticket meldet dasselbe wie Ticket {lead} („{title}“). Untersucht wird es einmal für alle; der Bericht "
        "kommt an Ticket {lead}.",
        why="Regel „{rule}“; die Wörter, die dazu führten: {words}.",
        everything="alles, was der Vertrag erlaubt",
    ),
}


def asking_back(contract: Contract, unclear: Ambiguous, language: str) -> str:
    """The question to whoever wrote the ticket, with the candidates of their own contract."""
    say = _PHRASES[language]
    sites = {site.id: site.name for site in contract.sites}
    lines = [say.ask.format(words=clip(inert_line(unclear.words), _LONGEST)), ""]
    for one in unclear.candidates[:_MOST]:
        target = contract.targets[one]
        place = f", {sites[target.site]}" if isinstance(target, Host) else ""
        lines.append(f"- {one} ({target.name}{place})")
    if (left := len(unclear.candidates) - _MOST) > 0:
        lines.append(say.more.format(count=left))
    return "\n".join((*lines, "", say.choose))


def begun(symptom: str, rule: str, words: Sequence[str], language: str) -> str:
    """The note on the ticket for which a run was begun."""
    say = _PHRASES[language]
    return "\n".join((say.begun.format(title=_title(say, symptom)), _why(say, rule, words)))


def joined(lead: str, symptom: str, rule: str, words: Sequence[str], language: str) -> str:
    """The note on a ticket that tells of what is examined already."""
    say = _PHRASES[language]
    first = say.joined.format(lead=inert_line(lead), title=_title(say, symptom))
    return "\n".join((first, _why(say, rule, words)))


def _title(say: _Phrases, symptom: str) -> str:
    return SYMPTOMS[symptom].title[say.title] if symptom in SYMPTOMS else say.everything


def _why(say: _Phrases, rule: str, words: Sequence[str]) -> str:
    shown = ", ".join(clip(inert_line(word), _LONGEST) for word in words) or "–"  # noqa: RUF001 - a dash for none.
    return say.why.format(rule=inert_line(rule), words=shown)
