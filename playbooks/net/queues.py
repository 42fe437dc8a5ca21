"""How is what leaves a Linux router's port queued, and what did the customer buy there? What the changes of queues look at.

Counters are left out: a state holds settings alone, each class as `tc` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from collectors import About, Kind, Shell, Unanswered
from collectors.net.rates import call_rate
from collectors.net.tc_text import read_classes, read_filters
from playbooks.operation import Command
from playbooks.playbook import UnfitError
from playbooks.wanted import Interface

__all__ = ["EF", "Class", "Queues", "Uplink", "change_class", "queues", "spare", "top", "voice"]

# Expedited forwarding (RFC 3246), as the whole octet.
EF = 0xB8
# What calls need beside their speech: headers of the link, and signalling that goes with them.
_SPARE = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """port: to a provider, as the device calls it."""

    port: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class of HTB. rate, ceil: in bit/s; setting: the words that set it as it is (tc-htb(8))."""

    id: str
    parent: str
    prio: int
    rate: int
    ceil: int
    setting: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """root: kind and handle of the discipline at the port, '' for no such port; filters: value, mask and class, by their order.

    bought: in bit/s, 0 where the contract says nothing of the port; needed: what its calls take, in bit/s.
    """

    root: tuple[str, str]
    classes: tuple[Class, ...]
    filters: tuple[tuple[int, int, str], ...]
    bought: int
    needed: int

    def below(self, parent: str) -> tuple[Class, ...]:
        return tuple(one for one in self.classes if one.parent == parent)

    @property
    def leaves(self) -> tuple[Class, ...]:
        return tuple(one for one in self.classes if not self.below(one.id))


async def queues(host: Shell, about: About, port: str) -> Queues:
    """Ask `tc`, and the contract. Raises Unanswered."""
    bought = next((one for one in about.uplinks if one.port == port), None)
    shown = await host.run("tc", "-j", "qdisc", "show", "dev", port)
    if shown.code and "annot find device" in shown.stderr:
        return Queues(root=("", ""), classes=(), filters=(), bought=0, needed=0)
    try:
        rows = json.loads(shown.stdout or "[]")
        roots = [(str(row["kind"]), str(row["handle"])) for row in rows if row.get("root")]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unanswered(Kind.UNPARSABLE, "tc printed no list of disciplines") from None
    root = roots[0] if roots else ("noqueue", "0:")
    told = await host.run("tc", "-s", "class", "show", "dev", port)
    lines = {
        line.split()[2]: line.split() for line in told.stdout.splitlines() if line.startswith("class htb ")
    }
    filters = await host.run("tc", "filter", "show", "dev", port, "parent", root[1]) if lines else None
    return Queues(
        root=root,
        classes=tuple(
            Class(
                id=one.id,
                parent=one.parent,
                prio=one.prio,
                rate=one.rate,
                ceil=one.ceil,
                setting=_setting(dict(pairwise(lines[one.id]))),
            )
            for one in sorted(read_classes(told.stdout), key=lambda one: one.id)
        ),
        filters=tuple(
            (one.tos[0], one.tos[1], one.goes)
            for one in sorted(read_filters(filters.stdout), key=lambda one: one.pref)
        )
        if filters
        else (),
        bought=bought.mbits * 1_000_000 if bought else 0,
        needed=round(bought.calls * call_rate(bought.codec, bought.packet_ms)) if bought else 0,
    )


def _setting(said: Mapping[str, str]) -> tuple[str, ...]:
    names = ("prio", "rate", "ceil", "burst", "cburst")
    return tuple(word for name in names if name in said for word in (name, said[name]))


def top(seen: Queues) -> Class:
    """The one class that everything leaves through. Raises UnfitError."""
    if not seen.bought:
        raise UnfitError("the contract says nothing of this port", "der Vertrag sagt nichts zu diesem Port")
    tops = seen.below("")
    if len(tops) != 1:
        raise UnfitError(
            "the port has not one class that everything leaves through: look at its queues",
            "der Port hat nicht eine Klasse, durch die alles geht: die Warteschlangen ansehen",
        )
    return tops[0]


def voice(seen: Queues) -> Class | None:
    """The class that speech goes into, by its mark; None when no filter takes it."""
    goes = next((goes for value, mask, goes in seen.filters if mask and EF & mask == value & mask), "")
    return next((one for one in seen.classes if one.id == goes), None)


def change_class(port: str, one: Class, *setting: str) -> Command:
    parent = one.parent or f"{one.id.partition(':')[0]}:"
    words = ("tc", "class", "change", "dev", port, "parent", parent, "classid", one.id, "htb")
    return Command(argv=(*words, *setting))


def spare(needed: int) -> int:
    """What is kept for calls that need so much, in bit/s."""
    return round(needed * _SPARE)
