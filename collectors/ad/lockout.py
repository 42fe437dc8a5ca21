"""Where does the wrong password come in, and after how many is an account locked?

badPwdCount and badPasswordTime do not replicate (MS-ADTS 3.1.1.1.11): the controller on which they count is the one that
the wrong password reaches, which leads to the machine that sends it. After how many an account is locked is said by the
password settings that apply to it (MS-ADTS 3.1.1.4.5.36, msDS-ResultantPSO), else by the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors import About, Directory, Entry, Finding, collector, note, survey, warn
from collectors.ad.filters import who
from collectors.ad.members import once
from collectors.ad.names import rdn
from collectors.ad.place import place_of

__all__ = ["Lockout", "Tries", "lockout", "lockouts"]

COMES_IN = note(
    "ad.wrong-password-comes-in",
    "wrong passwords of {account} come in at {server}: {count} counted, the last one {last}",
    "falsche Kennwörter von {account} kommen bei {server} an: {count} gezählt, das letzte {last}",
)
NEARLY_LOCKED = warn(
    "ad.account-nearly-locked",
    "the account {account} will be locked by the next wrong password at {server} ({count} of {threshold})",
    "das nächste falsche Kennwort bei {server} sperrt das Konto {account} ({count} von {threshold})",
    do=(
        "Find the machine or service that has an old password stored, before the account is locked.",
        "Die Maschine oder den Dienst mit dem alten gespeicherten Kennwort finden, bevor das Konto gesperrt ist.",
    ),
)
STRICT = note(
    "ad.lockout-strict",
    "accounts are locked after {threshold} wrong passwords: one device with an old password is enough",
    "Konten werden nach {threshold} falschen Kennwörtern gesperrt: ein Gerät mit altem Kennwort genügt",
)
UNTIL_UNLOCKED = note(
    "ad.lockout-without-end",
    "a locked account stays locked until somebody unlocks it",
    "ein gesperrtes Konto bleibt gesperrt, bis es jemand entsperrt",
)

SETTINGS = note(
    "ad.password-settings-apply",
    "the password settings {settings} apply to {account}, not the domain's: locked after {threshold} wrong passwords (0: never)",
    "für {account} gelten die Kennworteinstellungen {settings}, nicht die der Domäne: Sperre nach {threshold} falschen (0: nie)",
)

_COUNTS = ("badPwdCount", "badPasswordTime", "msDS-ResultantPSO")
# Fewer are used up by a telephone that tries a few times by itself.
_STRICT = 5
_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """One account at one controller: wrong passwords counted there, and the last one (UTC).

    settings: the name of the password settings that apply to it, '' for the domain's. threshold, window: as they say;
    0 for never, None: unseen.
    """

    account: str
    count: int
    last: datetime | None
    settings: str = ""
    threshold: int | None = None
    window: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """threshold: 0 for never; None: unseen. duration: None for until somebody unlocks it. now: the controller's."""

    now: datetime
    threshold: int | None
    duration: timedelta | None
    window: timedelta | None
    tries: tuple[Tries, ...]


def judge(_seen: Lockout) -> Iterator[Finding]:
    """What one controller counts is judged beside the others."""
    yield from ()


@collector(
    "ad.lockout",
    asks=(
        "Where does the wrong password come in?",
        "Wo kommt das falsche Kennwort an?",
    ),
    judge=judge,
)
async def lockout(host: Directory, about: About) -> Lockout:
    """Read the domain's policy, and what is counted here for the accounts that the ticket speaks of."""
    place = await place_of(host)
    base = await host.entry(place.domain, "lockoutThreshold", "lockoutDuration", "lockOutObservationWindow")
    seen = Lockout(
        now=place.now,
        threshold=base.number("lockoutThreshold") if base else None,
        duration=base.span("lockoutDuration") if base else None,
        window=base.span("lockOutObservationWindow") if base else None,
        tries=(),
    )
    return replace(
        seen,
        tries=tuple(
            [
                await _tries(host, account, entry, seen)
                for account in about.accounts
                for entry in (await host.search(place.domain, who(account), *_COUNTS))[:1]
            ]
        ),
    )


async def _tries(host: Directory, account: str, entry: Entry, domain: Lockout) -> Tries:
    counted = Tries(
        account=account, count=entry.number("badPwdCount") or 0, last=entry.moment("badPasswordTime")
    )
    if "msDS-ResultantPSO" not in entry:
        return replace(counted, threshold=domain.threshold, window=domain.window)
    # Windows shows the settings themselves to administrators alone: then nobody knows the threshold.
    own = await host.entry(
        entry.text("msDS-ResultantPSO"), "msDS-LockoutThreshold", "msDS-LockoutObservationWindow"
    )
    return replace(
        counted,
        settings=rdn(entry.text("msDS-ResultantPSO")),
        threshold=own.number("msDS-LockoutThreshold") if own else None,
        window=own.span("msDS-LockoutObservationWindow") if own else None,
    )


@survey("ad.lockouts", over=lockout)
def lockouts(seen: Mapping[str, Lockout]) -> Iterator[Finding]:
    """The policy once; wrong passwords for each controller at which they come in."""
    for server, facts in sorted(seen.items()):
        for one in facts.tries:
            yield from _counted(server, facts, one)
    yield from once(
        SETTINGS(
            account=one.account,
            settings=one.settings,
            threshold="?" if one.threshold is None else one.threshold,
        )
        for facts in seen.values()
        for one in facts.tries
        if one.settings
    )
    thresholds = {facts.threshold for facts in seen.values()} - {None, 0}
    for threshold in sorted(one for one in thresholds if one is not None and one < _STRICT):
        yield STRICT(threshold=threshold)
    if thresholds and all(facts.duration is None for facts in seen.values()):
        yield UNTIL_UNLOCKED()


def _counted(server: str, facts: Lockout, one: Tries) -> Iterator[Finding]:
    if not one.count or one.last is None or facts.now - one.last > _LATELY:
        return
    last = f"{one.last:%Y-%m-%d %H:%M} UTC"
    yield COMES_IN(host=server, account=one.account, server=server, count=one.count, last=last)
    # Beyond the window the count begins anew with the next wrong password.
    is_counting = one.window is None or facts.now - one.last <= one.window
    if is_counting and one.threshold and one.count == one.threshold - 1:
        yield NEARLY_LOCKED(
            host=server, account=one.account, server=server, count=one.count, threshold=one.threshold
        )
