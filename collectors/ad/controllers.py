"""Are the controllers' own accounts as they must be? Place, flags, age of the password, last logon.

`AzureADKerberos` looks like a dead read-only controller and is none; an account of a read-only controller that was
prepared and never used is no dead one either. A controller of Samba keeps its password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Finding, collector, fault, survey, warn
from collectors.ad.members import CONTROLLER_ACCOUNTS, Forest, named, once, read_forest

__all__ = ["ControllerAccount", "ControllerFacts", "accounts_sound", "controllers"]

OUTSIDE = fault(
    "ad.controller-outside-ou",
    "the account of {controller} does not lie in 'Domain Controllers': the policies for controllers miss it",
    "das Konto von {controller} liegt nicht in „Domain Controllers“: die Richtlinien für Controller erreichen es nicht",
    do=(
        "Move it back to the OU 'Domain Controllers'.",
        "Es in die OU „Domain Controllers“ zurückverschieben.",
    ),
)
DISABLED = fault(
    "ad.controller-disabled",
    "the account of {controller} is disabled: nobody can log on to it, and no partner accepts it",
    "das Konto von {controller} ist deaktiviert: niemand kann sich dort anmelden, kein Partner nimmt es an",
    do=(
        "Enable it, if the controller is still in use; clean up its metadata if it is gone.",
        "Es aktivieren, falls der Controller noch dient; sonst seine Metadaten bereinigen.",
    ),
)
FLAGS = fault(
    "ad.controller-flags",
    "the account of {controller} has userAccountControl {flags}, and must have {wanted}",
    "das Konto von {controller} hat userAccountControl {flags}, und es muss {wanted} haben",
    do=(
        "Set it right: without the flags of a controller its tickets and its replication are refused.",
        "Richtigstellen: Ohne die Merkmale eines Controllers werden Tickets und Replikation abgewiesen.",
    ),
)
OLD_PASSWORD = warn(
    "ad.controller-password-old",
    "{controller} has not changed its machine password for {days} days, and does so every 30 when it is well",
    "{controller} hat sein Maschinenkennwort seit {days} Tagen nicht geändert; gesund tut er es alle 30",
    do=(
        "Is it still running? Then look at its Netlogon service and at the policy for machine passwords.",
        "Läuft er noch? Dann seinen Dienst Netlogon und die Richtlinie für Maschinenkennwörter ansehen.",
    ),
)
LONG_AWAY = warn(
    "ad.controller-long-away",
    "{controller} has not logged on for {days} days",
    "{controller} hat sich seit {days} Tagen nicht angemeldet",
    do=(
        "If it is gone for good, clean up its metadata. If it comes back past the lifetime of deleted objects, set it up anew.",
        "Ist er endgültig weg, seine Metadaten bereinigen. Kommt er nach der Aufbewahrungsfrist wieder, neu aufsetzen.",
    ),
)

# userAccountControl, MS-ADTS 2.2.16.
_DISABLED, _NO_PASSWORD, _SERVER, _DELEGATES, _NO_PREAUTH = 0x2, 0x20, 0x2000, 0x80000, 0x400000
_READ_ONLY, _WORKSTATION = 0x4000000, 0x1000
_READ_ONLY_GROUP = 521
_NO_CONTROLLER = "azureadkerberos$"
# lastLogonTimestamp may lag 14 days by design, hence no shorter bound.
_OLD, _AWAY = timedelta(days=45), timedelta(days=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerAccount:
    """place: its distinguished name. None: never."""

    account: str
    name: str
    place: str
    flags: int
    is_read_only: bool
    password_set: datetime | None
    last_logon: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerFacts:
    """What one controller tells of the accounts of all."""

    forest: Forest
    accounts: tuple[ControllerAccount, ...]


def judge(_: ControllerFacts) -> Iterator[Finding]:
    """Nothing for one alone: the survey says it once for all."""
    yield from ()


@collector(
    "ad.controllers",
    asks=("Are the controllers' accounts in order?", "Sind die Konten der Controller in Ordnung?"),
    judge=judge,
)
async def controllers(host: Directory, about: About) -> ControllerFacts:
    """Read the members of the two groups that are every controller's first."""
    forest = await read_forest(host, about)
    found = await host.search(
        forest.base,
        CONTROLLER_ACCOUNTS,
        "sAMAccountName",
        "dNSHostName",
        "userAccountControl",
        "primaryGroupID",
        "pwdLastSet",
        "lastLogonTimestamp",
    )
    return ControllerFacts(
        forest=forest,
        accounts=tuple(
            ControllerAccount(
                account=entry.text("sAMAccountName"),
                name=named(
                    entry.text("dNSHostName").lower() or entry.text("sAMAccountName").rstrip("$").lower()
                ),
                place=entry.dn,
                flags=entry.number("userAccountControl") or 0,
                is_read_only=entry.number("primaryGroupID") == _READ_ONLY_GROUP,
                password_set=entry.moment("pwdLastSet"),
                last_logon=entry.moment("lastLogonTimestamp"),
            )
            for entry in sorted(found, key=lambda entry: entry.dn)
        ),
    )


@survey("ad.accounts-sound", over=controllers)
def accounts_sound(seen: Mapping[str, ControllerFacts]) -> Iterator[Finding]:
    """Each account once; of what ages, the youngest view counts, as another's may lag behind."""
    yield from once(finding for facts in seen.values() for finding in _flags(facts))
    ages: dict[str, list[tuple[ControllerAccount, ControllerFacts]]] = {}
    for facts in seen.values():
        for one in facts.accounts:
            if not _is_none(one):
                ages.setdefault(one.place.lower(), []).append((one, facts))
    for views in ages.values():
        yield from _aged(views)


def _flags(seen: ControllerFacts) -> Iterator[Finding]:
    home = f",ou=domain controllers,{seen.forest.base}".lower()
    for one in seen.accounts:
        if _is_none(one):
            continue
        if not one.place.lower().endswith(home):
            yield OUTSIDE(controller=one.name)
        if one.flags & _DISABLED:
            yield DISABLED(controller=one.name)
        wanted = _WORKSTATION | _READ_ONLY if one.is_read_only else _SERVER | _DELEGATES
        unwanted = _NO_PASSWORD | _NO_PREAUTH | (_DELEGATES if one.is_read_only else _WORKSTATION)
        if one.flags & wanted != wanted or one.flags & unwanted:
            yield FLAGS(controller=one.name, flags=f"0x{one.flags:x}", wanted=f"0x{wanted:x}")


def _aged(views: list[tuple[ControllerAccount, ControllerFacts]]) -> Iterator[Finding]:
    now = max(facts.forest.now for _, facts in views)
    name = views[0][0].name
    changed = max((one.password_set for one, _ in views if one.password_set is not None), default=None)
    logged_on = max((one.last_logon for one, _ in views if one.last_logon is not None), default=None)
    if changed is not None and now - changed > _OLD and not any(f.forest.is_samba for _, f in views):
        yield OLD_PASSWORD(controller=name, days=(now - changed).days)
    if logged_on is not None and now - logged_on > _AWAY:
        yield LONG_AWAY(controller=name, days=(now - logged_on).days)


def _is_none(one: ControllerAccount) -> bool:
    """Whether it only looks like a controller's account."""
    is_prepared = one.is_read_only and bool(one.flags & _DISABLED) and one.last_logon is None
    return one.account.lower() == _NO_CONTROLLER or is_prepared
