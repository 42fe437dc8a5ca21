"""Does the controller answer at the ports that members of its domain need? Each is connected to, and left at once.

Source: Microsoft, 'Service overview and network port requirements for Windows'. Only ports that the contract names under
`client_ports` are tried, so a port that a site closes on purpose is not named there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import Finding, Kind, Knocker, Unanswered, collector, fault, warn

__all__ = ["Port", "Ports", "ports"]

CLOSED = fault(
    "ad.ports-closed",
    "at ports that members of the domain need nothing listens: {ports}",
    "an Ports, die Mitglieder der Domäne brauchen, lauscht nichts: {ports}",
    do=(
        "See which of the controller's services does not run, or listens at another address.",
        "Nachsehen, welcher Dienst des Controllers nicht läuft oder an einer anderen Adresse lauscht.",
    ),
)
SILENT = fault(
    "ad.ports-silent",
    "ports that members of the domain need stay silent, while others answer: {ports}",
    "Ports, die Mitglieder der Domäne brauchen, schweigen, während andere antworten: {ports}",
    do=(
        "A packet filter drops them: look at the controller's own firewall, then at those on the way.",
        "Ein Paketfilter verwirft sie: die Firewall des Controllers ansehen, dann die auf dem Weg.",
    ),
)
LESS = warn(
    "ad.ports-lacking",
    "services that few clients need do not answer: {ports}",
    "Dienste, die wenige Clients brauchen, antworten nicht: {ports}",
    do=(
        "Start them, or take the ports out of the contract where they are closed on purpose.",
        "Sie starten oder die Ports aus dem Vertrag nehmen, wo sie absichtlich zu sind.",
    ),
)

_NAMES = {
    53: "DNS",
    88: "Kerberos",
    135: "RPC",
    389: "LDAP",
    445: "SMB",
    464: "kpasswd",
    636: "LDAPS",
    3268: "GC",
    3269: "GC TLS",
    9389: "ADWS",
}
_FEW = frozenset({636, 3269, 9389})
# Whose first so many ports are all silent is not there.
_ENOUGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One TCP port. state: 'open', 'closed' when the host says that nothing listens, 'silent' when nobody says anything."""

    number: int
    state: Literal["open", "closed", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Those that the contract lets be tried."""

    ports: tuple[Port, ...]


def judge(seen: Ports) -> Iterator[Finding]:
    needed = [port for port in seen.ports if port.number not in _FEW]
    for tag, state in ((CLOSED, "closed"), (SILENT, "silent")):
        if found := [port for port in needed if port.state == state]:
            yield tag(ports=_told(found))
    if found := [port for port in seen.ports if port.number in _FEW and port.state != "open"]:
        yield LESS(ports=_told(found))


def _told(found: list[Port]) -> str:
    return ", ".join(f"{port.number} {_NAMES.get(port.number, '')}".strip() for port in found)


@collector(
    "ad.ports",
    asks=(
        "Does the controller answer at the ports that clients need?",
        "Antwortet der Controller an den Ports, die Clients brauchen?",
    ),
    judge=judge,
    role="client-ports",
)
async def ports(host: Knocker) -> Ports:
    """Try all of them, one after the other."""
    found: list[Port] = []
    for number in host.ports:
        found.append(await _try(host, number))
        # Then it is the host that nobody reaches, and no port of it: the others would only take their time.
        if len(found) >= min(_ENOUGH, len(host.ports)) and all(port.state == "silent" for port in found):
            raise Unanswered(Kind.TIMED_OUT, "no port answers")
    return Ports(ports=tuple(found))


async def _try(host: Knocker, number: int) -> Port:
    try:
        await host.knock(number)
    except Unanswered as reason:
        if reason.kind is Kind.REFUSED:
            return Port(number=number, state="closed")
        if reason.kind in {Kind.TIMED_OUT, Kind.UNREACHABLE}:
            return Port(number=number, state="silent")
        raise
    return Port(number=number, state="open")
