"""What does the contract say, in words that need no explanation? Made of the contract itself: nothing that could differ from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from inventory.contract import Approval, Clause, Contract, Window
from playbooks.catalogue import playbook_catalogue

__all__ = ["AREAS", "Promise", "promises", "uncovered"]

Language = Literal["de", "en"]

AREAS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ad": ("directory and log-on (Active Directory)", "Verzeichnis und Anmeldung (Active Directory)"),
        "dns": ("name resolution (DNS)", "Namensauflösung (DNS)"),
        "linux": ("Linux servers", "Linux-Server"),
        "net": ("network: switches, links, queues", "Netzwerk: Switches, Leitungen, Warteschlangen"),
        "voip": ("telephony", "Telefonie"),
        "vpn": ("tunnels and remote access (VPN)", "Tunnel und Fernzugang (VPN)"),
    }
)
_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_ORDER = ("mo", "tu", "we", "th", "fr", "sa", "su")
_APPROVAL = {
    Approval.NONE: ("nobody has to agree beforehand", "niemand muss vorher zustimmen"),
    Approval.COLLEAGUE: (
        "a second engineer of ours has to agree",
        "eine zweite Person bei uns muss zustimmen",
    ),
    Approval.CUSTOMER: ("you have to agree", "Sie müssen zustimmen"),
    Approval.BOTH: (
        "a second engineer of ours and you have to agree",
        "eine zweite Person bei uns und Sie müssen zustimmen",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One clause in plain words. systems: the hosts that it covers today, by name; looks, changes: what for."""

    id: str
    text: str
    systems: tuple[str, ...]
    outside: tuple[str, ...]
    looks: tuple[str, ...]
    changes: tuple[str, ...]
    approval: str
    when: tuple[str, ...]
    at_once: int


def promises(contract: Contract, language: Language) -> tuple[Promise, ...]:
    """The clauses, in the order of the paper."""
    return tuple(_promise(contract, clause, language) for clause in contract.clauses)


def uncovered(contract: Contract) -> tuple[str, ...]:
    """Names of the hosts that no clause covers: nothing at all may be done there."""
    covered = {host for clause in contract.clauses for host in _hosts(contract, clause)}
    return tuple(host.name for host in contract.hosts if host.id not in covered)


def _promise(contract: Contract, clause: Clause, language: Language) -> Promise:
    german = language == "de"
    known = playbook_catalogue()
    names = {host.id: host.name for host in contract.hosts}
    return Promise(
        id=clause.id,
        text=clause.text,
        systems=tuple(names[host] for host in _hosts(contract, clause)),
        outside=tuple(clause.outside),
        looks=tuple(AREAS[area][german] if area in AREAS else area for area in clause.diagnose),
        changes=tuple(known[name].does[german] if name in known else name for name in clause.change),
        approval=_APPROVAL[clause.approval][german] if clause.change else "",
        when=tuple(_when(clause.windows, language)),
        at_once=clause.at_once,
    )


def _hosts(contract: Contract, clause: Clause) -> Iterator[str]:
    for host in contract.hosts:
        if host.id in clause.hosts or set(host.roles) & set(clause.roles):
            yield host.id


def _when(windows: tuple[Window, ...], language: Language) -> Iterator[str]:
    if not windows:
        yield "jederzeit" if language == "de" else "at any time"
    for window in windows:
        hours = _hours(window, language)
        yield f"{_days(window, language)}, {hours}" if hours else _days(window, language)


def _days(window: Window, language: Language) -> str:
    """Days that follow each other as a span.

    >>> _days(Window(days=("mo", "tu", "we", "su")), "en")
    'Monday to Wednesday, Sunday'
    """
    places = sorted(_ORDER.index(day) for day in window.days)
    if len(places) == len(_ORDER):
        return "täglich" if language == "de" else "every day"
    to = "bis" if language == "de" else "to"
    spans: list[list[int]] = []
    for place in places:
        if spans and spans[-1][-1] == place - 1:
            spans[-1].append(place)
        else:
            spans.append([place])
    name: Callable[[int], str] = _DAYS[language].__getitem__
    return ", ".join(
        f"{name(span[0])} {to} {name(span[-1])}" if len(span) > 2 else ", ".join(map(name, span))
        for span in spans
    )


def _hours(window: Window, language: Language) -> str:
    if f"{window.start:%H:%M}-{window.until:%H:%M}" == "00:00-23:59":
        return ""
    if language == "de":
        return f"{window.start:%H:%M} bis {window.until:%H:%M} Uhr"
    return f"{window.start:%H:%M} to {window.until:%H:%M}"
