"""Why can this user not log on? Asked of every controller, as they may say different things.

Nobody's password is tried: each try counts towards a lockout. What is read is the state of the accounts that the
ticket speaks of, and of no others. Source: MS-ADTS 3.1.1.4.5.17 (msDS-User-Account-Control-Computed), MS-SAMR 2.2.1.12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors import (
    About,
    Directory,
    Entry,
    Finding,
    Kind,
    Tag,
    Unanswered,
    collector,
    fault,
    note,
    survey,
    warn,
)
from collectors.ad.filters import who
from collectors.ad.place import place_of

__all__ = ["AccountState", "Logons", "logon", "logons"]

_AT = "on {servers}"
_AUF = "auf {servers}"
MISSING = fault(
    "ad.account-missing",
    f"there is no account {{account}} {_AT}, or ours may not see it",
    f"es gibt kein Konto {{account}} {_AUF}, oder unseres darf es nicht sehen",
    do=(
        "Is the name right? Was it renamed or deleted?",
        "Stimmt der Name? Wurde es umbenannt oder gelöscht?",
    ),
)
DISABLED = fault(
    "ad.account-disabled",
    f"the account {{account}} is disabled {_AT}",
    f"das Konto {{account}} ist deaktiviert {_AUF}",
    do=(
        "Ask who disabled it, and why, before it is enabled.",
        "Erst klären, wer es warum deaktiviert hat, dann aktivieren.",
    ),
)
LOCKED = fault(
    "ad.account-locked",
    f"the account {{account}} is locked since {{since}} {_AT}",
    f"das Konto {{account}} ist seit {{since}} gesperrt {_AUF}",
    do=(
        "Find where the wrong password comes from before unlocking it: it would be locked again.",
        "Vor dem Entsperren feststellen, woher das falsche Kennwort kommt: sonst ist es gleich wieder gesperrt.",
    ),
)
EXPIRED = fault(
    "ad.account-expired",
    f"the account {{account}} ended on {{until}} {_AT}",
    f"das Konto {{account}} ist am {{until}} abgelaufen {_AUF}",
    do=(
        "Ask whether it shall go on, then set a later end.",
        "Klären, ob es weiter gelten soll, dann das Ende neu setzen.",
    ),
)
MUST_CHANGE = fault(
    "ad.password-must-change",
    f"the password of {{account}} must be changed at the next log-on {_AT}",
    f"das Kennwort von {{account}} muss bei der nächsten Anmeldung geändert werden {_AUF}",
    do=(
        "Let the user change it where that can be done: VPN and many applications cannot.",
        "Den Benutzer es dort ändern lassen, wo das geht: VPN und viele Anwendungen können es nicht.",
    ),
)
PASSWORD_EXPIRED = fault(
    "ad.password-expired",
    f"the password of {{account}} expired {{since}} {_AT}",
    f"das Kennwort von {{account}} ist abgelaufen ({{since}}) {_AUF}",
    do=("Let the user change it, or reset it.", "Den Benutzer es ändern lassen oder zurücksetzen."),
)
NOT_NOW = fault(
    "ad.account-outside-hours",
    f"the account {{account}} may not log on at this hour {_AT}",
    f"das Konto {{account}} darf sich zu dieser Stunde nicht anmelden {_AUF}",
    do=("Look at its logon hours.", "Seine Anmeldezeiten ansehen."),
)
EXPIRES_SOON = warn(
    "ad.password-expires-soon",
    f"the password of {{account}} expires {{until}} {_AT}",
    f"das Kennwort von {{account}} läuft am {{until}} ab {_AUF}",
)
ONLY_FROM = note(
    "ad.account-only-from",
    f"the account {{account}} may log on from {{stations}} only {_AT}",
    f"das Konto {{account}} darf sich nur von {{stations}} anmelden {_AUF}",
)
SMARTCARD = note(
    "ad.account-smartcard",
    f"the account {{account}} can log on with a smart card only {_AT}",
    f"das Konto {{account}} kann sich nur mit Smartcard anmelden {_AUF}",
)
FINE = note(
    "ad.account-may-log-on",
    f"nothing keeps the account {{account}} from logging on {_AT}",
    f"nichts hindert das Konto {{account}} an der Anmeldung {_AUF}",
)
SOME_LOCKED = note(
    "ad.accounts-locked",
    "{count} accounts of the domain are locked at this moment",
    "{count} Konten der Domäne sind in diesem Augenblick gesperrt",
)

# userAccountControl, MS-SAMR 2.2.1.13, and the computed bits, MS-ADTS 3.1.1.4.5.17.
_DISABLED, _SMARTCARD, _LOCKED, _PASSWORD_EXPIRED = 0x2, 0x40000, 0x10, 0x800000
_SOON_DAYS = 3
_HOURS = 24 * 7


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One account as one controller has it. found: False when it is not there. Moments: UTC."""

    account: str
    found: bool
    disabled: bool = False
    locked: bool = False
    locked_since: datetime | None = None
    ended: datetime | None = None
    must_change: bool = False
    password_expired: bool = False
    password_until: datetime | None = None
    hours: str = ""
    stations: str = ""
    smartcard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Logons:
    """asked: when, by the controller's own clock. locked: how many accounts of the whole domain are locked."""

    asked: datetime
    accounts: tuple[AccountState, ...]
    locked: int


def judge(_seen: Logons) -> Iterator[Finding]:
    """What one controller says is judged beside the others."""
    yield from ()


@collector(
    "ad.logon",
    asks=(
        "Why can this user not log on?",
        "Warum kann sich dieser Benutzer nicht anmelden?",
    ),
    judge=judge,
)
async def logon(host: Directory, about: About) -> Logons:
    """Read the state of the accounts that the ticket speaks of."""
    place = await place_of(host)
    states = tuple([await _state(host, place.domain, account) for account in about.accounts])
    maybe = await host.search(
        place.domain, "(&(objectClass=user)(lockoutTime>=1))", "msDS-User-Account-Control-Computed"
    )
    locked = sum(bool((entry.number("msDS-User-Account-Control-Computed") or 0) & _LOCKED) for entry in maybe)
    return Logons(asked=place.now, accounts=states, locked=locked)


async def _state(host: Directory, base: str, account: str) -> AccountState:
    found = await host.search(
        base,
        who(account),
        "userAccountControl",
        "msDS-User-Account-Control-Computed",
        "lockoutTime",
        "accountExpires",
        "pwdLastSet",
        "msDS-UserPasswordExpiryTimeComputed",
        "logonHours",
        "userWorkstations",
    )
    if not found:
        return AccountState(account=account, found=False)
    entry = found[0]
    control = entry.number("userAccountControl")
    computed = entry.number("msDS-User-Account-Control-Computed")
    if control is None or computed is None:
        raise Unanswered(Kind.REFUSED, f"our account may not see the state of {account}")
    return AccountState(
        account=account,
        found=True,
        disabled=bool(control & _DISABLED),
        smartcard=bool(control & _SMARTCARD),
        locked=bool(computed & _LOCKED),
        locked_since=entry.moment("lockoutTime"),
        ended=entry.moment("accountExpires"),
        must_change="pwdLastSet" in entry and entry.number("pwdLastSet") == 0,
        password_expired=bool(computed & _PASSWORD_EXPIRED),
        password_until=entry.moment("msDS-UserPasswordExpiryTimeComputed"),
        hours=_hours(entry),
        stations=entry.text("userWorkstations"),
    )


def _hours(entry: Entry) -> str:
    """21 bytes, a bit an hour from Sunday 0 UTC on (MS-SAMR 2.2.5.1), as hexadecimal; '' for no limit."""
    raw = entry.raw("logonHours")
    return raw[0].hex() if raw and len(raw[0]) * 8 == _HOURS else ""


def _is_open(hours: str, at: datetime) -> bool:
    """Whether a log-on is allowed at this moment.

    >>> _is_open("ff" * 21, datetime.max), _is_open("00" * 21, datetime.max)
    (True, False)
    """
    if not hours:
        return True
    number = (at.isoweekday() % 7) * 24 + at.hour
    return bool(bytes.fromhex(hours)[number // 8] >> number % 8 & 1)


@survey("ad.logons", over=logon)
def logons(seen: Mapping[str, Logons]) -> Iterator[Finding]:
    """For each account every reason, once, with the controllers that say so."""
    said: dict[tuple[Tag, str, str, str], list[str]] = {}
    for server, facts in seen.items():
        for state in facts.accounts:
            for tag, word in _reasons(state, facts.asked):
                said.setdefault((tag, state.account, *word), []).append(server)
    for (tag, account, name, value), servers in said.items():
        yield tag(account=account, servers=", ".join(sorted(servers)), **({name: value} if name else {}))
    if any(facts.accounts for facts in seen.values()):
        return
    most = max(facts.locked for facts in seen.values())
    if most:
        yield SOME_LOCKED(count=most)


def _reasons(state: AccountState, at: datetime) -> Iterator[tuple[Tag, tuple[str, str]]]:
    """What keeps an account out, the first that a controller would look at before the others."""
    plain = ("", "")
    if not state.found:
        yield MISSING, plain
        return
    reasons = list(_hard_reasons(state, at))
    yield from reasons or [(FINE, plain)]
    if not state.must_change and not state.password_expired and state.password_until is not None:
        days = (state.password_until - at).days
        if 0 <= days < _SOON_DAYS:
            yield EXPIRES_SOON, ("until", _day(state.password_until))
    if state.stations:
        yield ONLY_FROM, ("stations", state.stations.replace(",", ", "))
    if state.smartcard:
        yield SMARTCARD, plain


def _hard_reasons(state: AccountState, at: datetime) -> Iterator[tuple[Tag, tuple[str, str]]]:
    plain = ("", "")
    if state.disabled:
        yield DISABLED, plain
    if state.locked:
        yield LOCKED, ("since", _day(state.locked_since))
    if state.ended is not None and state.ended <= at:
        yield EXPIRED, ("until", _day(state.ended))
    if state.must_change:
        yield MUST_CHANGE, plain
    elif state.password_expired:
        yield PASSWORD_EXPIRED, ("since", _day(state.password_until))
    if not _is_open(state.hours, at):
        yield NOT_NOW, plain


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "-"
