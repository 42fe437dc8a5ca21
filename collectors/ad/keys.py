"""Which accounts will Kerberos refuse once RC4 is gone, and how old is the key of all tickets? (CVE-2026-20833)

Since July 2026 controllers give no RC4 tickets to accounts that do not ask for them. Source: MS-KILE 2.2.7
(msDS-SupportedEncryptionTypes), Microsoft KB 5073381.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors import Directory, Finding, collector, note, survey, warn
from collectors.ad.place import place_of

__all__ = ["KeyFacts", "keys", "keys_of_all"]

RC4_ONLY = warn(
    "ad.rc4-only",
    "services of {accounts} take RC4 tickets only: controllers that are up to date refuse them, or will",
    "die Dienste von {accounts} nehmen nur RC4-Tickets: aktuelle Controller verweigern sie oder werden es tun",
    do=(
        "Allow AES for the account (msDS-SupportedEncryptionTypes 24), set its password again, renew keytabs.",
        "AES für das Konto zulassen (msDS-SupportedEncryptionTypes 24), Kennwort neu setzen, Keytabs erneuern.",
    ),
)
NO_AES_KEY = warn(
    "ad.no-aes-key",
    "the passwords of {accounts} are older than AES in this domain: there are RC4 keys only for their services",
    "die Kennwörter von {accounts} sind älter als AES in dieser Domäne: für ihre Dienste gibt es nur RC4-Schlüssel",
    do=("Set the passwords again.", "Die Kennwörter neu setzen."),
)
KRBTGT_OLD = warn(
    "ad.krbtgt-old",
    "the key of all tickets (krbtgt) has not been changed for {days} days",
    "der Schlüssel aller Tickets (krbtgt) wurde seit {days} Tagen nicht gewechselt",
    do=(
        "Change it twice, with replication and the longest ticket's life between.",
        "Zweimal wechseln, mit Replikation und der längsten Ticketlaufzeit dazwischen.",
    ),
)
KRBTGT_AGES = note(
    "ad.krbtgt-ages",
    "the key of all tickets (krbtgt) has not been changed for {days} days",
    "der Schlüssel aller Tickets (krbtgt) wurde seit {days} Tagen nicht gewechselt",
)

# MS-KILE 2.2.7: AES128 and AES256, and their session keys' flag counts for no ticket.
_RC4, _AES = 0x4, 0x8 | 0x10
_DISABLED = 0x2
_OLD, _AGES = 366, 180
# The group of read-only controllers (RID 521) comes with the first controller that knows AES (MS-SAMR 2.2.1.14).
_READ_ONLY_CONTROLLERS = 521
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """rc4_only, no_aes: accounts with services. krbtgt: when its password was set; None: unseen. now: the controller's."""

    rc4_only: tuple[str, ...]
    no_aes: tuple[str, ...]
    krbtgt: datetime | None
    now: datetime


def judge(_seen: KeyFacts) -> Iterator[Finding]:
    """What one controller has is judged beside the others."""
    yield from ()


@collector(
    "ad.keys",
    asks=(
        "Which services lose their tickets with RC4?",
        "Welche Dienste verlieren mit RC4 ihre Tickets?",
    ),
    judge=judge,
    deadline=60.0,
)
async def keys(host: Directory) -> KeyFacts:
    """Read the key types of every account with a service, and the age of krbtgt."""
    place = await place_of(host)
    found = await host.search(
        place.domain,
        "(&(objectClass=user)(servicePrincipalName=*))",
        "sAMAccountName",
        "msDS-SupportedEncryptionTypes",
        "userAccountControl",
        "pwdLastSet",
        most=100_000,
    )
    base = await host.entry(place.domain, "objectSid")
    sid = base.sid("objectSid") if base else ""
    since = None
    if sid:
        groups = await host.search(place.domain, f"(objectSid={sid}-{_READ_ONLY_CONTROLLERS})", "whenCreated")
        since = groups[0].moment("whenCreated") if groups else None
    tickets = await host.search(place.domain, "(&(objectClass=user)(sAMAccountName=krbtgt))", "pwdLastSet")
    rc4, old = [], []
    for entry in found:
        control = entry.number("userAccountControl")
        if control is None or control & _DISABLED:
            continue
        types, name = entry.number("msDS-SupportedEncryptionTypes") or 0, entry.text("sAMAccountName")
        set_at = entry.moment("pwdLastSet")
        if types & _RC4 and not types & _AES:
            rc4.append(name)
        elif since is not None and set_at is not None and set_at < since:
            old.append(name)
    return KeyFacts(
        rc4_only=tuple(sorted(rc4)),
        no_aes=tuple(sorted(old)),
        krbtgt=tickets[0].moment("pwdLastSet") if tickets else None,
        now=place.now,
    )


@survey("ad.keys-of-all", over=keys)
def keys_of_all(seen: Mapping[str, KeyFacts]) -> Iterator[Finding]:
    """The same on every controller is said once."""
    rc4 = sorted({name for facts in seen.values() for name in facts.rc4_only})
    old = sorted({name for facts in seen.values() for name in facts.no_aes})
    if rc4:
        yield RC4_ONLY(accounts=_listed(rc4))
    if old:
        yield NO_AES_KEY(accounts=_listed(old))
    ages = [(facts.now - facts.krbtgt).days for facts in seen.values() if facts.krbtgt is not None]
    days = min(ages, default=0)
    if days > _OLD:
        yield KRBTGT_OLD(days=days)
    elif days > _AGES:
        yield KRBTGT_AGES(days=days)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")
