"""How can one finding show that another explains it? What a rule of diagnosis looks at, in both."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from collectors import Finding

__all__ = [
    "Rule",
    "Sure",
    "Where",
    "asks_for_its_zone",
    "asks_it",
    "finds_not_its_zone",
    "lacks_its_zone",
    "lacks_no_more",
    "lies_in_its_zone",
    "looks_for_it",
    "names_as_well",
    "names_its_zone",
    "of_its_hosts",
    "one_of",
    "only_there",
    "parent_of_it",
    "required",
    "said_in",
    "same",
    "same_host",
    "same_server",
    "says",
]

Sure = Literal["certain", "likely"]
# Says how sure it is that the first explains the second; None when it does not.
Where = Callable[[Finding, Finding], Sure | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`cause` and `effects` are tags; '*' at the end of a tag stands for any.

    far: the rule also holds between different hosts; the others are only tried on one host's findings.
    """

    cause: str
    effects: tuple[str, ...]
    where: Where
    far: bool = False

    def fits(self, cause: str, effect: str) -> bool:
        """Say whether the rule speaks of these two tags."""
        return fnmatchcase(cause, self.cause) and any(
            fnmatchcase(effect, pattern) for pattern in self.effects
        )


# A service that says this has a reason of its own: its configuration, its rights, a port that is taken.
_OWN_REASON = re.compile(
    r"\.(?:conf|cnf|cfg|ini|ya?ml|toml|json|xml|properties)\b|address already in use|permission denied|"
    r"syntax error|no such file|unknown (?:option|directive|key)",
    re.IGNORECASE,
)


def same_host(cause: Finding, effect: Finding) -> Sure | None:
    """A guess, which no effect needs that names a reason of its own."""
    if not cause.host or cause.host != effect.host:
        return None
    return None if _OWN_REASON.search(str(effect.facts.get("reason", ""))) else "likely"


def says(*words: str) -> Where:
    """On the same host, when the effect's own words name the cause; each word is a pattern."""
    named = re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE)

    def where(cause: Finding, effect: Finding) -> Sure | None:
        if not cause.host or cause.host != effect.host:
            return None
        told = " ".join(str(value) for name, value in effect.facts.items() if name != "unit")
        return "certain" if named.search(told) else None

    return where


def said_in(*words: str) -> Where:
    """On the same host; certain when the effect's own words name the cause."""
    named = says(*words)
    return lambda cause, effect: named(cause, effect) or same_host(cause, effect)


def one_of(fact: str, *parts: str) -> Where:
    """On the same host, when a fact of the cause contains one of the parts."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        named = any(part in str(cause.facts.get(fact, "")) for part in parts)
        return "certain" if named and cause.host == effect.host else None

    return where


def required(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a service that requires the cause's."""
    is_it = cause.host == effect.host and cause.facts.get("unit") == effect.facts.get("by")
    return "certain" if is_it else None


def same(fact: str) -> Where:
    """When both speak of the same thing (a zone, a server)."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        value = cause.facts.get(fact)
        return "certain" if value is not None and value == effect.facts.get(fact) else None

    return where


def same_server(cause: Finding, effect: Finding) -> Sure | None:
    """Both are on one host and speak of one server that it asks."""
    return same("server")(cause, effect) if cause.host == effect.host else None


def asks_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect's `server` is one of the cause's addresses (or its id)."""
    named = next(
        (cause.facts[fact] for fact in ("addresses", "address", "server") if fact in cause.facts), ""
    )
    known = {cause.host, *str(named).replace(",", " ").split()}
    asked = set(str(effect.facts.get("server", effect.facts.get("servers", ""))).replace(",", " ").split())
    return "certain" if asked and asked & known else None


def lies_in_its_zone(cause: Finding, names: str) -> bool:
    zone = f".{cause.facts.get('zone', '')}"
    return any(f".{name}".endswith(zone) for name in names.split(", "))


def asks_for_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect asked the cause's server for a name of the cause's zone."""
    return asks_it(cause, effect) if lies_in_its_zone(cause, str(effect.facts.get("name", ""))) else None


def finds_not_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is on the same host, and does not find names of the cause's zone."""
    is_it = cause.host == effect.host and lies_in_its_zone(cause, str(effect.facts.get("names", "")))
    return "certain" if is_it else None


def looks_for_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver that did not find the cause's name."""
    return (
        "certain"
        if str(cause.facts.get("server")) in str(effect.facts.get("names", "")).split(", ")
        else None
    )


def _elsewhere(cause: Finding, effect: Finding) -> bool:
    return bool(effect.host) and cause.host != effect.host


def _names(finding: Finding) -> set[str]:
    return {name for name in str(finding.facts.get("names", "")).split(", ") if name}


def lacks_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver elsewhere that does not find the zone that the cause serves.

    It may send its questions there. Where the cause names no zone, it is the one that its own name lies in.
    """
    zone = str(cause.facts.get("zone", ""))
    server = f".{cause.facts.get('server', '')}"
    named = any(name == zone if zone else server.endswith(f".{name}") for name in _names(effect))
    return "likely" if named and _elsewhere(cause, effect) else None


def lacks_no_more(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver elsewhere that finds nothing less than the cause, and so may ask it."""
    lost = _names(effect)
    return "likely" if lost and lost <= _names(cause) and _elsewhere(cause, effect) else None


def names_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect, on whatever host, is about names of the cause's zone alone."""
    names = str(effect.facts.get("names", ""))
    inside = [lies_in_its_zone(cause, name) for name in names.split(", ") if name]
    return "certain" if inside and all(inside) else "likely" if any(inside) else None


def names_as_well(cause: Finding, effect: Finding) -> Sure | None:
    """Both are on one host, and the effect names what the cause names, or lies below it; perhaps more."""
    zones, lost = _names(cause), _names(effect)
    inside = {name for name in lost if any(f".{name}".endswith(f".{zone}") for zone in zones)}
    if cause.host != effect.host or not inside:
        return None
    return "certain" if inside == lost else "likely"


def parent_of_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is on the same host and speaks of a zone below the cause's."""
    is_it = cause.host == effect.host and lies_in_its_zone(cause, str(effect.facts.get("zone", "-")))
    return "certain" if is_it else None


def of_its_hosts(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is on one of the hosts that the cause counts."""
    return "certain" if effect.host in str(cause.facts.get("hosts", "")).split() else None


def only_there(cause: Finding, effect: Finding) -> Sure | None:
    """The effect was seen on the cause's server only, for the same zone where both name one."""
    zones = {cause.facts.get("zone"), effect.facts.get("zone")} - {None}
    servers = (
        str(effect.facts.get("servers", effect.facts.get("server", effect.host))).replace(",", " ").split()
    )
    mine = {cause.host, str(cause.facts.get("server", ""))}
    return "certain" if len(zones) <= 1 and servers and set(servers) <= mine else None
