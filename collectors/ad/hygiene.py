"""What has gathered in the domain that nobody looks after? Counts of accounts; asked only when somebody names it.

Source: MS-ADTS 2.2.16 (userAccountControl); bounds as PingCastle and Testimo have them: 90 days for accounts that nobody
uses. lastLogonTimestamp lags 14 days by design (MS-ADA1 2.351), which is far below that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import Directory, Finding, Kind, Unanswered, collector, note, survey
from collectors.ad.place import place_of
from collectors.entry import EPOCH

__all__ = ["Hygiene", "hygiene", "looked_after"]

UNUSED_USERS = note(
    "ad.users-unused",
    "{count} enabled user accounts were not used for 90 days",
    "{count} aktive Benutzerkonten wurden seit 90 Tagen nicht benutzt",
)
UNUSED_COMPUTERS = note(
    "ad.computers-unused",
    "{count} enabled computer accounts were not used for 90 days",
    "{count} aktive Computerkonten wurden seit 90 Tagen nicht benutzt",
)
ENDLESS = note(
    "ad.passwords-endless",
    "the passwords of {count} enabled user accounts never expire",
    "die Kennwörter von {count} aktiven Benutzerkonten laufen nie ab",
)
EMPTY = note(
    "ad.passwords-not-needed",
    "{count} enabled user accounts need no password",
    "{count} aktive Benutzerkonten brauchen kein Kennwort",
)
READABLE = note(
    "ad.accounts-reversible",
    "the passwords of {count} enabled accounts are kept so that they can be read again",
    "die Kennwörter von {count} aktiven Konten werden wieder lesbar aufbewahrt",
)
ROASTABLE = note(
    "ad.accounts-without-preauth",
    "for {count} enabled accounts anybody gets a ticket to guess the password with: they need no pre-authentication",
    "für {count} aktive Konten erhält jeder ein Ticket zum Erraten des Kennworts: ohne Vorauthentifizierung",
)
DELEGATES = note(
    "ad.accounts-delegating",
    "{count} accounts that are no controllers may log on elsewhere as anybody (unconstrained delegation)",
    "{count} Konten, die keine Controller sind, dürfen sich anderswo als jeder anmelden (uneingeschränkte Delegierung)",
)
DES = note(
    "ad.accounts-des-only",
    "{count} enabled accounts may use DES keys only, which no controller has any more",
    "{count} aktive Konten dürfen nur DES-Schlüssel nutzen, die kein Controller mehr kennt",
)
PROTECTED = note(
    "ad.accounts-privileged",
    "{count} enabled user accounts are or were administrators (adminCount)",
    "{count} aktive Benutzerkonten sind oder waren Administratoren (adminCount)",
)
ANYBODY_JOINS = note(
    "ad.anybody-joins",
    "every user may join {count} computers to the domain (ms-DS-MachineAccountQuota)",
    "jeder Benutzer darf {count} Computer in die Domäne aufnehmen (ms-DS-MachineAccountQuota)",
)

_UNUSED = timedelta(days=90)
_BIT = "userAccountControl:1.2.840.113556.1.4.803:="
_USER, _COMPUTER = "(&(objectCategory=person)(objectClass=user))", "(objectCategory=computer)"
_ENABLED = f"(!({_BIT}2))"
_NO_CONTROLLER = f"(!({_BIT}8192))(!({_BIT}67108864))"
# What is counted beyond this is 'more'.
_MOST = 5000
_BY_NAME = {
    "users-unused": UNUSED_USERS,
    "computers-unused": UNUSED_COMPUTERS,
    "passwords-endless": ENDLESS,
    "passwords-not-needed": EMPTY,
    "accounts-reversible": READABLE,
    "accounts-without-preauth": ROASTABLE,
    "accounts-delegating": DELEGATES,
    "accounts-des-only": DES,
    "accounts-privileged": PROTECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """counts: by what is counted; -1 for more than are counted. quota: computers a user may join; None: unseen."""

    counts: dict[str, int]
    quota: int | None


def judge(_seen: Hygiene) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.hygiene",
    asks=("What has gathered that nobody looks after?", "Was hat sich angesammelt, das niemand pflegt?"),
    judge=judge,
    on_request=True,
)
async def hygiene(host: Directory) -> Hygiene:
    """Count; no name is looked at."""
    place = await place_of(host)
    base = await host.entry(place.domain, "ms-DS-MachineAccountQuota")
    counts = {}
    for name, where in _filters(place.now - _UNUSED).items():
        counts[name] = await _count(host, place.domain, where)
    return Hygiene(counts=counts, quota=base.number("ms-DS-MachineAccountQuota") if base else None)


def _filters(before: datetime) -> dict[str, str]:
    day = before.replace(hour=0, minute=0, second=0, microsecond=0)
    old = int((day - EPOCH).total_seconds()) * 10_000_000
    unused = f"(lastLogonTimestamp<={old}){_ENABLED}"
    return {
        "users-unused": f"(&{_USER}{unused})",
        "computers-unused": f"(&{_COMPUTER}{unused})",
        "passwords-endless": f"(&{_USER}{_ENABLED}({_BIT}65536))",
        "passwords-not-needed": f"(&{_USER}{_ENABLED}({_BIT}32))",
        "accounts-reversible": f"(&(objectClass=user){_ENABLED}({_BIT}128))",
        "accounts-without-preauth": f"(&(objectClass=user){_ENABLED}({_BIT}4194304))",
        "accounts-delegating": f"(&(objectClass=user){_ENABLED}({_BIT}524288){_NO_CONTROLLER})",
        "accounts-des-only": f"(&(objectClass=user){_ENABLED}({_BIT}2097152))",
        "accounts-privileged": f"(&{_USER}{_ENABLED}(adminCount=1))",
    }


async def _count(host: Directory, base: str, where: str) -> int:
    try:
        return len(await host.search(base, where, "objectClass", most=_MOST))
    except Unanswered as reason:
        if reason.kind is not Kind.CUT_OFF:
            raise
        return -1


@survey("ad.looked-after", over=hygiene)
def looked_after(seen: Mapping[str, Hygiene]) -> Iterator[Finding]:
    """The largest count of all controllers; what is older at one is the same account."""
    for name, tag in _BY_NAME.items():
        counts = {facts.counts.get(name, 0) for facts in seen.values()}
        if -1 in counts:
            yield tag(count=f"> {_MOST}")
        elif any(counts):
            yield tag(count=max(counts))
    quotas = {facts.quota for facts in seen.values()} - {None, 0}
    for quota in quotas:
        yield ANYBODY_JOINS(count=quota or 0)
