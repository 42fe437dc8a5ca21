"""Why may this not be done? A decision in words, German or English.

The words name what was asked and the clause that stands in the way, so that nobody has to know a reason code by
heart. What would have to change in the contract is said by `inventory.outlook.remedy`, which knows the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from inventory.contract import Day, Window
from inventory.decide import Allowed, Change, Decision, Diagnose, Reason, Refused, Request

__all__ = ["DAYS", "Language", "beyond_words", "explain", "hours"]

Language = Literal["de", "en"]

DAYS: Mapping[Language, tuple[str, ...]] = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}

_TO = "\N{EN DASH}"

# The words see: host, what (the deed), clauses, hours, customer.
_ENGLISH: Mapping[Reason, str] = {
    Reason.NO_CONTRACT: "There is no contract that can be read. Add one with `secondline contract add`.",
    Reason.OTHER_CUSTOMER: "{host} was asked for under another customer's contract ({customer}). "
    "Correct the customer in the ticket.",
    Reason.NO_TIME_ZONE: "The moment was given without a time zone, so no window can be judged. "
    "This is a defect of Secondline: report it.",
    Reason.NOT_YET_VALID: "The contract does not hold yet.",
    Reason.EXPIRED: "The contract has ended.",
    Reason.UNKNOWN_HOST: "The contract knows no host {host}. Correct the name, if it is wrong.",
    Reason.NO_CLAUSE: "{host} is in the contract, but no clause covers it.",
    Reason.AREA_NOT_COVERED: "No clause lets us {what} on {host}, only other things ({clauses}).",
    Reason.PLAYBOOK_NOT_COVERED: "No clause lets us {what} on {host}, only other things ({clauses}).",
    Reason.OUTSIDE_IS_READ_ONLY: "{host} stands outside the customer's network: it may be asked ({clauses}), "
    "never changed. Turn to whoever runs it.",
    Reason.WINDOW_CLOSED: "{clauses} would let us {what} on {host}, but not at this time: {hours} (the "
    "contract's local time).",
    Reason.NO_CEILING: "{clauses} would let us {what} on {host}, but the agent that serves it has no ceiling that can "
    "be read, so nothing may be touched from there. See `secondline agent doctor`.",
    Reason.ABOVE_CEILING: "{clauses} would let us {what} on {host}, but {beyond} lies above the ceiling that the "
    "customer's IT has set at the agent. Ask them whether 'ceiling.toml' shall allow it.",
    Reason.RESOLVER_NOT_COVERED: "{host} is known by name only, and the contract does not let us ask who is to look "
    "the name up: {beyond}. A clause must cover it for 'dns'.",
    Reason.RESOLVES_INSIDE: "The name of {host} leads into the customer's own network, or back to us: {beyond}. "
    "Nothing is asked there. Look at who answers for the name.",
    Reason.RESOLVERS_DISAGREE: "The servers that look up the name of {host} agree on no address. Compare their answers.",
}

_GERMAN: Mapping[Reason, str] = {
    Reason.NO_CONTRACT: "Es gibt keinen lesbaren Vertrag. Mit `secondline contract add` hinzufügen.",
    Reason.OTHER_CUSTOMER: "{host} wurde unter dem Vertrag eines anderen Kunden angefragt ({customer}). "
    "Den Kunden im Ticket berichtigen.",
    Reason.NO_TIME_ZONE: "Der Zeitpunkt kam ohne Zeitzone, daher ist kein Zeitfenster zu beurteilen. "
    "Das ist ein Fehler von Secondline: bitte melden.",
    Reason.NOT_YET_VALID: "Der Vertrag gilt noch nicht.",
    Reason.EXPIRED: "Der Vertrag ist abgelaufen.",
    Reason.UNKNOWN_HOST: "Der Vertrag kennt keinen Host {host}. Den Namen berichtigen, falls er falsch ist.",
    Reason.NO_CLAUSE: "{host} steht im Vertrag, aber keine Klausel deckt ihn ab.",
    Reason.AREA_NOT_COVERED: "Keine Klausel erlaubt, auf {host} {what}, nur anderes ({clauses}).",
    Reason.PLAYBOOK_NOT_COVERED: "Keine Klausel erlaubt, auf {host} {what}, nur anderes ({clauses}).",
    Reason.OUTSIDE_IS_READ_ONLY: "{host} steht außerhalb des Kundennetzes: Fragen ist erlaubt ({clauses}), "
    "Ändern nie. An den Betreiber wenden.",
    Reason.WINDOW_CLOSED: "Nach {clauses} ist es erlaubt, auf {host} {what}, aber nicht zu dieser Zeit: {hours} "
    "(Ortszeit des Vertrags).",
    Reason.NO_CEILING: "Nach {clauses} ist es erlaubt, auf {host} {what}, aber der zuständige Agent hat keine lesbare "
    "Obergrenze; von dort darf nichts berührt werden. Siehe `secondline agent doctor`.",
    Reason.ABOVE_CEILING: "Nach {clauses} ist es erlaubt, auf {host} {what}, aber {beyond} liegt über der Obergrenze, "
    "die die IT des Kunden am Agenten gesetzt hat. Dort fragen, ob 'ceiling.toml' es erlauben soll.",
    Reason.RESOLVER_NOT_COVERED: "{host} ist nur dem Namen nach bekannt, und der Vertrag erlaubt nicht, den zu fragen, "
    "der den Namen auflösen soll: {beyond}. Eine Klausel muss ihn für 'dns' abdecken.",
    Reason.RESOLVES_INSIDE: "Der Name von {host} führt in das eigene Netz des Kunden oder zu uns zurück: {beyond}. "
    "Dort wird nichts gefragt. Prüfen, wer für den Namen antwortet.",
    Reason.RESOLVERS_DISAGREE: "Die Server, die den Namen von {host} auflösen, nennen keine gemeinsame Adresse. "
    "Ihre Antworten vergleichen.",
}

_WORDS: Mapping[Language, Mapping[Reason, str]] = {"de": _GERMAN, "en": _ENGLISH}


def explain(decision: Decision, language: Language) -> str:
    """Say in a sentence or two what was decided, and by which clause.

    >>> explain(Refused(Reason.EXPIRED), "en")
    'The contract has ended.'
    """
    match decision:
        case Allowed(clause):
            said = {"en": "Allowed by clause", "de": "Erlaubt durch Klausel"}[language]
            return f"{said} {clause.id}: {clause.text}"
        case Refused():
            return _WORDS[language][decision.reason].format_map(_facts(decision, language))


def hours(windows: Iterable[Window], language: Language) -> str:
    """Windows as people write them.

    >>> hours([Window.model_validate({"days": ["mo", "tu", "we", "sa"], "from": "07:00"})], "en")
    'Mon–Wed, Sat 07:00–23:59'
    """  # noqa: RUF002 - an en dash, as people write it.
    return "; ".join(f"{_days(window.days, language)} {_span(window)}" for window in windows)


def _span(window: Window) -> str:
    return f"{window.start:%H:%M}{_TO}{window.until:%H:%M}"


def _days(days: tuple[Day, ...], language: Language) -> str:
    """Days of the week, with three or more in a row drawn together."""
    names, order = DAYS[language], list(Day)
    runs: list[list[int]] = []
    for number in sorted(order.index(day) for day in days):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        f"{names[run[0]]}{_TO}{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run)
        for run in runs
    )


def _facts(refused: Refused, language: Language) -> Mapping[str, str]:
    request = refused.request
    clauses = {"en": "clause", "de": "Klausel"}[language]
    return {
        "host": request.host if request else {"en": "the host", "de": "der Host"}[language],
        "customer": request.customer if request else "?",
        "clauses": f"{clauses} {', '.join(_few(refused.clauses))}",
        "hours": hours(refused.windows, language) or "?",
        "beyond": beyond_words(refused.beyond, language),
        "what": _what(request, language),
    }


_BEYOND = {
    "customer": "Kunde",
    "address": "Adresse",
    "port": "Port",
    "area": "Bereich",
    "playbook": "Playbook",
    "name": "Name",
    "resolver": "Resolver",
}


def beyond_words(what: str, language: Language) -> str:
    kind, _, which = what.partition(" ")
    return f"{_BEYOND.get(kind, kind)} {which}" if language == "de" else what or "?"


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if len(names) <= 6 else (*names[:6], "…")


def _what(request: Request | None, language: Language) -> str:
    german = language == "de"
    match request.deed if request else None:
        case Diagnose(area):
            return f"den Bereich '{area}' zu untersuchen" if german else f"diagnose '{area}'"
        case Change(playbook):
            return f"'{playbook}' auszuführen" if german else f"run '{playbook}'"
        case None:
            return "dies zu tun" if german else "do this"
