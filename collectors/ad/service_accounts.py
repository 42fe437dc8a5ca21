"""Do managed service accounts get their passwords? Who may read them, and whether somebody does.

A group managed service account (MS-ADTS 3.1.1.4.5.39) has no password that anybody typed: the machines that may read it
fetch it from a controller, which changes it when it is fetched after its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import Directory, Entry, Finding, Kind, Unanswered, collector, note, survey, warn
from collectors.ad.descriptor import read_dacl
from collectors.ad.members import once
from collectors.ad.place import place_of

__all__ = ["ManagedAccounts", "managed_accounts", "service_accounts"]

NOBODY_MAY = warn(
    "ad.managed-account-unreadable",
    "no machine may read the password of the managed service account {account}: no service can log on with it",
    "keine Maschine darf das Kennwort des verwalteten Dienstkontos {account} lesen: kein Dienst kann sich damit anmelden",
    do=(
        "Set-ADServiceAccount -PrincipalsAllowedToRetrieveManagedPassword: name the machines, or their group.",
        "Set-ADServiceAccount -PrincipalsAllowedToRetrieveManagedPassword: die Maschinen oder ihre Gruppe nennen.",
    ),
)
NOT_FETCHED = note(
    "ad.managed-account-unused",
    "nobody has fetched the password of the managed service account {account} for {days} days: is it still in use?",
    "seit {days} Tagen hat niemand das Kennwort des verwalteten Dienstkontos {account} geholt: wird es noch genutzt?",
)
KEY_TO_COME = warn(
    "ad.root-key-not-yet",
    "the only root key for managed service accounts can be used from {since} on: none can be made before",
    "der einzige Stammschlüssel für verwaltete Dienstkonten gilt erst ab {since}: vorher lässt sich keines anlegen",
    do=(
        "Wait: the ten hours let every controller learn the key.",
        "Warten: in den zehn Stunden lernt jeder Controller den Schlüssel.",
    ),
)

_KEYS = "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services"
_DISABLED = 0x2
# Days between two passwords, and more than anybody means.
_USUAL, _LONGEST = 30, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """readers: how many principals may read the password; None: our account may not see that. interval: days."""

    account: str
    readers: int | None
    changed: datetime | None
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedAccounts:
    """keys: from when on each root key can be used, as far as our account may see them."""

    now: datetime
    accounts: tuple[Managed, ...]
    keys: tuple[datetime, ...]


def judge(_seen: ManagedAccounts) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.service-accounts",
    asks=(
        "Do managed service accounts get their passwords?",
        "Bekommen verwaltete Dienstkonten ihre Kennwörter?",
    ),
    judge=judge,
)
async def service_accounts(host: Directory) -> ManagedAccounts:
    """Read the accounts, and the root keys of the forest."""
    place = await place_of(host)
    configuration = (await host.root("configurationNamingContext")).text("configurationNamingContext")
    found = await host.search(
        place.domain,
        "(objectClass=msDS-GroupManagedServiceAccount)",
        "sAMAccountName",
        "userAccountControl",
        "pwdLastSet",
        "msDS-ManagedPasswordInterval",
        "msDS-GroupMSAMembership",
    )
    try:
        keys = await host.search(
            f"{_KEYS},{configuration}", "(objectClass=msKds-ProvRootKey)", "msKds-UseStartTime", scope="one"
        )
    except Unanswered as reason:
        if reason.kind is not Kind.NOT_THERE:
            raise
        keys = ()
    since = [entry.moment("msKds-UseStartTime") for entry in keys]
    return ManagedAccounts(
        now=place.now,
        accounts=tuple(
            _managed(entry)
            for entry in sorted(found, key=lambda entry: entry.dn)
            if not (entry.number("userAccountControl") or 0) & _DISABLED
        ),
        keys=tuple(sorted(one for one in since if one is not None)),
    )


def _managed(entry: Entry) -> Managed:
    raw = entry.raw("msDS-GroupMSAMembership")
    dacl = read_dacl(raw[0]) if raw else None
    interval = entry.number("msDS-ManagedPasswordInterval") or _USUAL
    if not 0 < interval < _LONGEST:
        raise Unanswered(Kind.UNPARSABLE, f"a password cannot be changed every {interval} days")
    return Managed(
        account=entry.text("sAMAccountName"),
        readers=None if dacl is None else len({ace.sid for ace in dacl if ace.allows}),
        changed=entry.moment("pwdLastSet"),
        interval=interval,
    )


@survey("ad.managed-accounts", over=service_accounts)
def managed_accounts(seen: Mapping[str, ManagedAccounts]) -> Iterator[Finding]:
    """Each account once; a password that one controller has changed was fetched."""
    yield from once(
        NOBODY_MAY(account=one.account)
        for facts in seen.values()
        for one in facts.accounts
        if one.readers == 0
    )
    newest: dict[str, tuple[datetime, int]] = {}
    for facts in seen.values():
        for one in facts.accounts:
            if one.changed is not None:
                before = newest.get(one.account)
                changed = one.changed if before is None else max(before[0], one.changed)
                newest[one.account] = (changed, one.interval)
    now = max((facts.now for facts in seen.values()), default=None)
    for account, (changed, interval) in sorted(newest.items()):
        if now is not None and now - changed > timedelta(days=2 * interval):
            yield NOT_FETCHED(account=account, days=(now - changed).days)
    keys = {key for facts in seen.values() for key in facts.keys}
    if keys and now is not None and min(keys) > now:
        yield KEY_TO_COME(since=f"{min(keys):%Y-%m-%d %H:%M} UTC")
