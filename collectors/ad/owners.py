"""Whose are the controllers' accounts? Who owns one may give everybody any right on it, and so become the controller.

Source: MS-ADTS 5.1.3.3.2 (an owner reads and writes the rights), MS-DTYP 2.4.6, 2.4.2.4 (well-known identifiers). An
account keeps as its owner who joined the machine to the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, Kind, Unanswered, collector, survey, warn
from collectors.ad.descriptor import read_owner
from collectors.ad.members import CONTROLLER_ACCOUNTS, named, once
from collectors.ad.place import place_of

__all__ = ["Owned", "Owners", "owners", "owners_agree"]

OWNER = warn(
    "ad.controller-owner",
    "the account of the controller {controller} is owned by {account}, who is no administrator of the domain",
    "das Konto des Controllers {controller} gehört {account}, und das ist kein Administrator der Domäne",
    do=(
        "Make 'Domain Admins' its owner (its security, advanced), and see which rights were given on it meanwhile.",
        "„Domänen-Admins“ als Besitzer eintragen (Sicherheit, Erweitert) und nachsehen, welche Rechte inzwischen vergeben sind.",
    ),
)

# Administrators, the system itself, 'Enterprise Domain Controllers'.
_SYSTEM = frozenset({"S-1-5-32-544", "S-1-5-18", "S-1-5-9"})
# By the last part: Administrator, Domain Admins, Domain Controllers, Enterprise Admins.
_ADMINISTRATORS = ("-500", "-512", "-516", "-519")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """owner: its SID. account: its name where the directory knows one of those that are no administrators', else ''."""

    controller: str
    owner: str
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The controllers whose owner may be seen. unseen: the others, by name."""

    seen: tuple[Owned, ...]
    unseen: tuple[str, ...] = ()


def judge(_seen: Owners) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.owners",
    asks=("Whose are the controllers' accounts?", "Wem gehören die Konten der Controller?"),
    judge=judge,
)
async def owners(host: Directory, about: About) -> Owners:
    """Read the owner of every controller's account."""
    place = await place_of(host)
    found = await host.search(
        place.domain,
        CONTROLLER_ACCOUNTS,
        "sAMAccountName",
        "nTSecurityDescriptor",
        also="descriptors",
    )
    if not found:
        raise Unanswered(Kind.UNPARSABLE, f"{about.name} shows no controller's account, not even its own")
    seen, unseen = [], []
    for entry in sorted(found, key=lambda entry: entry.dn):
        name = named(entry.text("sAMAccountName").rstrip("$").lower())
        raw = entry.raw("nTSecurityDescriptor")
        owner = read_owner(raw[0]) if raw else ""
        if not owner:
            unseen.append(name)
            continue
        account = "" if _may(owner) else await _name_of(host, place.domain, owner)
        seen.append(Owned(controller=name, owner=owner, account=account))
    if not seen:
        raise Unanswered(Kind.REFUSED, "our account may not see who owns the controllers' accounts")
    return Owners(seen=tuple(seen), unseen=tuple(unseen))


def _may(owner: str) -> bool:
    return owner in _SYSTEM or (owner.startswith("S-1-5-21-") and owner.endswith(_ADMINISTRATORS))


async def _name_of(host: Directory, base: str, sid: str) -> str:
    found = await host.search(base, f"(objectSid={sid})", "sAMAccountName")
    return named(found[0].text("sAMAccountName")) if found else ""


@survey("ad.owners-agree", over=owners)
def owners_agree(seen: Mapping[str, Owners]) -> Iterator[Finding]:
    """Each account once, whichever controller tells of it."""
    yield from once(
        OWNER(controller=one.controller, account=one.account or one.owner)
        for facts in seen.values()
        for one in facts.seen
        if not _may(one.owner)
    )
