"""Do frames get lost on a port: a half that thinks it is alone, a bad cable, an aggregate that lacks a member?

Errors since the start say nothing of today: the counters are read twice, and only what rises between is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Snmp, collector, fault, warn
from collectors.net.counters import Rise, has_errors, look, rises
from collectors.net.ports import Port, Ports, read_ports

__all__ = ["PortsSeen", "ports"]

LATE = fault(
    "net.late-collisions",
    "port {port} counts late collisions ({count} while it was watched): the two ends of the cable do not use the same duplex",
    "Port {port} zählt späte Kollisionen ({count} während der Beobachtung): die beiden Enden des Kabels nutzen nicht denselben Duplex",
    do=(
        "Set the speed and duplex of both ends of port {port} to automatic, the far end first.",
        "Geschwindigkeit und Duplex an beiden Enden von Port {port} auf automatisch stellen, das ferne Ende zuerst.",
    ),
)
HEAVY = fault(
    "net.port-errors-heavy",
    "port {port} receives broken frames: {share} % of those that came while it was watched",
    "Port {port} empfängt defekte Frames: {share} % derer, die während der Beobachtung kamen",
    do=(
        "Change the cable or the optic at port {port}; compare the duplex of both ends.",
        "Kabel oder Transceiver an Port {port} tauschen; den Duplex beider Enden vergleichen.",
    ),
)
ERRORS = warn(
    "net.port-errors",
    "port {port} receives some broken frames: {share} % of those that came while it was watched",
    "Port {port} empfängt einzelne defekte Frames: {share} % derer, die während der Beobachtung kamen",
    do=(
        "Watch port {port}; clean or change the cable or the optic when it goes on.",
        "Port {port} beobachten; Kabel oder Transceiver reinigen oder tauschen, wenn es anhält.",
    ),
)
HALF = warn(
    "net.half-duplex",
    "port {port} can do a gigabit and runs at {mbits} Mbit/s and half duplex: it found nobody to negotiate with",
    "Port {port} kann ein Gigabit und läuft mit {mbits} Mbit/s und Halbduplex: die Aushandlung mit der Gegenseite misslang",
    do=(
        "Set the far end of port {port} to automatic speed and duplex.",
        "Das ferne Ende von Port {port} auf automatische Geschwindigkeit und Duplex stellen.",
    ),
)
MEMBER_DOWN = warn(
    "net.lag-member-down",
    "port {port} of the aggregate {aggregate} has no link; {up} of {all} members carry it",
    "Port {port} des Aggregats {aggregate} hat keinen Link; {up} von {all} Mitgliedern tragen es",
    do=(
        "Check the cable, the optic and the far end of port {port}.",
        "Kabel, Transceiver und Gegenseite von Port {port} prüfen.",
    ),
)
MEMBER_OUT = warn(
    "net.lag-member-out",
    "port {port} has a link but takes no part in the aggregate {aggregate}",
    "Port {port} hat Link, nimmt aber am Aggregat {aggregate} nicht teil",
    do=(
        "Compare LACP, speed, duplex and VLANs of port {port} with the other members, at both ends.",
        "LACP, Geschwindigkeit, Duplex und VLANs von Port {port} mit den anderen Mitgliedern vergleichen, an beiden Enden.",
    ),
)

# Rules of operation, not of a standard.
_FEW = 10
_SOME = 0.001
_HEAVY = 0.01
_LATE_ONES = 2
_GIGABIT = re.compile(r"(gi|ge|te|xe|xg|tw|fo|hu)[a-z]*[ -]?[0-9]|.*gigabit", re.IGNORECASE)
# How long counters are watched: many agents renew them every five to ten seconds.
_WATCH = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortsSeen:
    """The ports, and what rose on them between two looks (by ifIndex)."""

    ports: Ports
    rises: tuple[Rise, ...] = ()


def judge(seen: PortsSeen) -> Iterator[Finding]:
    known = seen.ports.by_index
    for rise in seen.rises:
        if (port := known.get(rise.index)) is not None and port.is_up is not False and port.is_ethernet:
            yield from _of_rise(port, rise)
    yield from _of_halves(seen.ports)
    yield from _of_aggregates(seen.ports)


def _of_rise(port: Port, rise: Rise) -> Iterator[Finding]:
    # At full duplex there are no collisions: an agent that counts some there counts something else.
    if rise.late >= _LATE_ONES and port.duplex != "full":
        yield LATE(port=port.name, count=rise.late)
        return
    share = rise.share
    if share is None or rise.wrong < _FEW or share < _SOME:
        return
    tag = HEAVY if share >= _HEAVY else ERRORS
    yield tag(port=port.name, share=round(share * 100, 1 if share >= _HEAVY else 2))


def _of_halves(seen: Ports) -> Iterator[Finding]:
    if not seen.tells_duplex:
        return
    for port in seen.ports:
        is_half = port.is_up and port.is_ethernet and port.duplex == "half"
        if is_half and port.mbits in {10, 100} and _GIGABIT.match(port.name):
            yield HALF(port=port.name, mbits=port.mbits)


def _of_aggregates(seen: Ports) -> Iterator[Finding]:
    known = seen.by_index
    for index, members in sorted(seen.aggregates.items()):
        aggregate = known.get(index)
        up = [port for port in members if port.is_up]
        if aggregate is None or not aggregate.is_up or not up:
            continue
        takes_part = any(port.is_attached for port in up)
        for port in members:
            if port.is_enabled and port.is_up is False:
                yield MEMBER_DOWN(port=port.name, aggregate=aggregate.name, up=len(up), all=len(members))
            elif port.is_up and port.is_attached is False and takes_part:
                yield MEMBER_OUT(port=port.name, aggregate=aggregate.name)


@collector(
    "net.ports",
    asks=(
        "Do the ports of the device carry frames without losing any?",
        "Tragen die Ports des Geräts alle Frames ohne Verlust?",
    ),
    judge=judge,
    deadline=180.0,
)
async def ports(host: Snmp) -> PortsSeen:
    """Read the interfaces (IF-MIB, EtherLike-MIB, 802.3ad), and where errors were counted their counters twice."""
    before = await look(host)
    seen = await read_ports(host)
    if not has_errors(before):
        return PortsSeen(ports=seen, rises=())
    await host.pause(_WATCH)
    return PortsSeen(ports=seen, rises=rises(before, await look(host)))
