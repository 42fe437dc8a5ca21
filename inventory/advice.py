"""What do I write to the customer, so that this may be done? A remedy in words, German or English, and in YAML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from inventory.amendment import Amendment, Approve, Enlist, Extend, Lift, NewClause, NewHost, Renew, Wait
from inventory.contract import Clause
from inventory.decide import Deed, Diagnose, deed_name
from inventory.explain import DAYS, Language, beyond_words
from inventory.word import plain

__all__ = ["advise", "few", "moment", "snippet"]


def advise(step: Amendment, language: Language) -> str:
    """One step in a sentence or two; the text of a new clause is apart, in `snippet`.

    >>> advise(Extend(clause="3.1", deed=Diagnose("dns"), host="web1"), "en")
    "Add 'dns' to 'diagnose' of clause 3.1, which names web1 alone."
    """
    return _english(step) if language == "en" else _german(step)


def moment(when: datetime, language: Language) -> str:
    """A moment of the contract's local time, with its offset in an hour that comes twice.

    >>> moment(datetime(2026, 12, 1, 19, 0), "de")
    'Di 01.12.2026 19:00'
    """
    day = DAYS[language][when.weekday()]
    form = {"de": "%d.%m.%Y %H:%M", "en": "%Y-%m-%d %H:%M"}[language]
    twice = when.utcoffset() != when.replace(fold=1 - when.fold).utcoffset()
    return f"{day} {when:{form}{'%z' if twice else ''}}"


def snippet(clause: Clause) -> str:
    """A clause as it stands in a contract's file, below 'clauses:', and its number to be chosen."""
    lines = [f"id: {json.dumps(clause.id, ensure_ascii=False)}", f"text: {_word(clause.text)}"]
    lists = {
        "hosts": clause.hosts,
        "roles": clause.roles,
        "outside": clause.outside,
        "diagnose": clause.diagnose,
        "change": clause.change,
    }
    lines += [f"{key}: [{', '.join(map(_word, words))}]" for key, words in lists.items() if words]
    if clause.windows:
        lines.append("windows:")
    for window in clause.windows:
        days, span = ", ".join(window.days), f'from: "{window.start:%H:%M}", until: "{window.until:%H:%M}"'
        lines.append(f"  - {{days: [{days}], {span}}}")
    if clause.change:
        lines.append(f"approval: {clause.approval}")
    return "\n".join(f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines))


def _word(text: str) -> str:
    """A word as every reader of YAML reads it: in quotes, where it could mean something else."""
    safe = text.replace("-", "").replace(".", "").replace(" ", "").isalnum() and text[0].isalnum()
    return text if safe and plain(text) == (text, None) else json.dumps(text, ensure_ascii=False)


def _english(step: Amendment) -> str:
    match step:
        case Wait(clause=clause, opens=opens):
            return f"Clause {clause} allows it from {moment(opens, 'en')} on."
        case Extend(clause=clause, deed=deed, host=host):
            return f"Add '{deed_name(deed)}' to '{_key(deed)}' of clause {clause}, which names {host} alone."
        case Enlist(clause=clause, deed=deed, hosts=hosts, outside=outside):
            key = "outside" if outside else "hosts"
            return f"Add {few(hosts)} to '{key}' of clause {clause}, which permits '{deed_name(deed)}' alone."
        case NewHost(hosts=hosts):
            return f"Add {few(hosts)} under 'hosts', with name, addresses, site, environment and platform."
        case Renew(until=until):
            return f"The contract must be renewed: 'valid: until' {until} or later."
        case Approve(revision=revision):
            return f"Revision {revision} would allow it: it waits for a second person, `secondline contract approve`."
        case Lift(beyond=""):
            return "The agent that serves the host needs a ceiling that can be read."
        case Lift(beyond=beyond):
            return f"The ceiling at the agent must allow it too, which the customer's IT keeps: {beyond}."
        case NewClause(deed=deed, near=near):
            return _english_clause(deed_name(deed), near)


def _english_clause(name: str, near: Clause | None) -> str:
    if near is None:
        return f"No clause is near to it. A new one is needed for '{name}'; without 'windows' it holds at any time:"
    whom = _whom(near, "hosts with the role", "or", "and")
    new = "A new clause is needed, with the same windows:" if near.windows else "A new clause is needed:"
    if name in (*near.diagnose, *near.change):
        return f"Clause {near.id} permits '{name}', but only for {whom}. {new}"
    return f"Clause {near.id} holds for {whom}: with '{name}' added, it would permit too much. {new}"


def _german(step: Amendment) -> str:
    match step:
        case Wait(clause=clause, opens=opens):
            return f"Klausel {clause} erlaubt es ab {moment(opens, 'de')}."
        case Extend(clause=clause, deed=deed, host=host):
            return f"In Klausel {clause} unter '{_key(deed)}' '{deed_name(deed)}' ergänzen: Sie nennt nur {host}."
        case Enlist(clause=clause, deed=deed, hosts=hosts, outside=outside):
            key = "outside" if outside else "hosts"
            return f"In Klausel {clause} unter '{key}' {few(hosts, 'de')} ergänzen: Sie erlaubt nur '{deed_name(deed)}'."
        case NewHost(hosts=hosts):
            return f"{few(hosts, 'de')} unter 'hosts' aufnehmen, mit name, addresses, site, environment und platform."
        case Renew(until=until):
            return f"Der Vertrag muss verlängert werden: 'valid: until' {until} oder später."
        case Approve(revision=revision):
            return f"Revision {revision} würde es erlauben: Sie wartet auf eine zweite Person, `secondline contract approve`."
        case Lift(beyond=""):
            return "Der zuständige Agent braucht eine lesbare Obergrenze."
        case Lift(beyond=beyond):
            said = beyond_words(beyond, "de")
            return f"Auch die Obergrenze am Agenten muss es erlauben, die die IT des Kunden pflegt: {said}."
        case NewClause(deed=deed, near=near):
            return _german_clause(deed_name(deed), near)


def _german_clause(name: str, near: Clause | None) -> str:
    if near is None:
        return f"Keine Klausel kommt dem nahe. Für '{name}' ist eine neue nötig; ohne 'windows' gilt sie jederzeit:"
    whom = _whom(near, "Hosts mit der Rolle", "oder", "und")
    new = (
        "Nötig ist eine neue Klausel mit denselben Zeitfenstern:"
        if near.windows
        else "Nötig ist eine neue Klausel:"
    )
    if name in (*near.diagnose, *near.change):
        return f"Klausel {near.id} erlaubt '{name}', aber nur für {whom}. {new}"
    return f"Klausel {near.id} gilt für {whom}: Mit '{name}' würde sie zu viel erlauben. {new}"


def _key(deed: Deed) -> str:
    return "diagnose" if isinstance(deed, Diagnose) else "change"


def _whom(clause: Clause, role: str, either: str, both: str) -> str:
    """Whom a clause names, in words."""
    named = _listed((*clause.hosts, *clause.outside), both)
    roles = f"{role} {_listed(clause.roles, either)}" if clause.roles else ""
    return f" {both} ".join(part for part in (named, roles) if part)


def few(hosts: Sequence[str], language: Language = "en") -> str:
    """The ids of some hosts, all of them where they are not too many to be read."""
    more = {"en": "and {} more", "de": "und {} weitere"}[language]
    return ", ".join(hosts) if len(hosts) <= 8 else f"{', '.join(hosts[:7])} {more.format(len(hosts) - 7)}"


def _listed(words: Sequence[str], last: str) -> str:
    shown = [*words[:5], "…"] if len(words) > 6 else list(words)
    return f" {last} ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)
