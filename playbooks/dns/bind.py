"""What does BIND say of a zone that it serves, and how are records changed in it? By dynamic update (RFC 2136), on the server itself.

`nsupdate -l` needs `update-policy local` in the zone, and raises the serial and tells the secondaries by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors import Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.playbook import UnfitError

__all__ = ["Records", "Replacing", "change", "closest_zone", "must_take_updates", "records", "replacing"]

_CODES = {"NXDOMAIN", "NOERROR"}
_TTL = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the server has at one name. kind: of the zone ('primary', 'secondary', '' for none); frozen: it takes no updates now.

    values: with their TTL, 'SECONDS DATA', in order.
    """

    kind: str
    is_dynamic: bool
    is_frozen: bool
    values: tuple[str, ...]

    @property
    def data(self) -> tuple[str, ...]:
        """The values without their TTL."""
        return tuple(value.partition(" ")[2] for value in self.values)


async def records(host: Shell, zone: str, name: str, rtype: str) -> Records:
    """Ask the server on the host itself. Raises Unanswered."""
    status = await host.run("rndc", "zonestatus", zone)
    if status.code and "no matching zone" not in status.stderr + status.stdout:
        raise Unanswered(Kind.UNPARSABLE, f"rndc does not tell of {zone}: {status.stderr.strip()[:100]}")
    said = dict(line.split(": ", 1) for line in status.stdout.splitlines() if ": " in line)
    asked = await host.run("dig", "+norecurse", "+time=3", "+tries=2", "@127.0.0.1", f"{name}.", rtype)
    if asked.code or not any(f"status: {code}" in asked.stdout for code in _CODES):
        raise Unanswered(Kind.UNPARSABLE, f"the server does not answer for {name}")
    rows = [line.split(None, 4) for line in asked.stdout.splitlines() if line and not line.startswith(";")]
    # A delegated name has its records in the sections after the answer.
    found = [
        row for row in rows if len(row) == 5 and row[0].lower() == f"{name}.".lower() and row[3] == rtype
    ]
    return Records(
        kind={"master": "primary", "slave": "secondary"}.get(said.get("type", ""), said.get("type", "")),
        is_dynamic=said.get("dynamic") == "yes",
        is_frozen=said.get("frozen") == "yes",
        values=tuple(sorted({f"{row[1]} {row[4]}" for row in found})),
    )


def must_take_updates(seen: Records, zone: str) -> None:
    """Raises UnfitError where the zone cannot be changed by update on this server."""
    if seen.kind != "primary":
        raise UnfitError(
            f"{zone} is not kept here ({seen.kind or 'no such zone'}): change it on its primary",
            f"{zone} wird nicht hier gepflegt ({seen.kind or 'keine solche Zone'}): auf ihrem Primary ändern",
        )
    if not seen.is_dynamic or seen.is_frozen:
        raise UnfitError(
            f"{zone} takes no dynamic updates: enter the record in its file, or where that is made from",
            f"{zone} nimmt keine dynamischen Änderungen an: den Eintrag in der Datei vornehmen oder dort, woraus sie entsteht",
        )


def change(zone: str, *, add: Sequence[str] = (), delete: Sequence[str] = ()) -> Command:
    """All of it or nothing. add: 'NAME TTL TYPE DATA', delete: 'NAME TYPE DATA', names with their last dot."""
    lines = [
        f"zone {zone}.",
        *(f"update delete {one}" for one in delete),
        *(f"update add {one}" for one in add),
    ]
    return Command(argv=("nsupdate", "-4", "-l"), stdin="\n".join([*lines, "send", ""]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """What enters one record in the place of what stands there, and what puts that back with the TTL that it had."""

    do: Command
    undo: tuple[Command, ...]


def replacing(seen: Records, zone: str, name: str, rtype: str, data: str) -> Replacing:
    """One record at a name (without its last dot), with the TTL of the one before it, else of an hour."""
    head = f"{name}."
    ttl = seen.values[0].partition(" ")[0] if seen.values else f"{_TTL}"
    old = tuple(f"{head} {value.replace(' ', f' {rtype} ', 1)}" for value in seen.values)
    gone = tuple(f"{head} {rtype} {one}" for one in seen.data)
    return Replacing(
        do=change(zone, add=(f"{head} {ttl} {rtype} {data}",), delete=gone),
        undo=(change(zone, add=old, delete=(f"{head} {rtype} {data}",)),),
    )


def closest_zone(name: str, zones: Sequence[str]) -> str:
    """The longest of these zones that a name lies in; empty when it lies in none.

    >>> closest_zone("dc1.ad.musterbau.test", ("musterbau.test", "ad.musterbau.test"))
    'ad.musterbau.test'
    """
    fitting = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    return max(fitting, key=len, default="")
