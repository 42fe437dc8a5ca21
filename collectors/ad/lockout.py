"""Where does the wrong password come in, and after how many is an account locked?

badPwdCount and badPasswordTime do not replicate (MS-ADTS 3.1.1.1.11): the controller on which they count is the one that
the wrong password reaches, which leads to the machine that sends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Finding, collector, note, survey, warn
from collectors.ad.filters import who
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

# Fewer are used up by a telephone that tries a few times by itself.
_STRICT = 5
_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """One account at one controller: wrong passwords counted there, and the last one (UTC)."""

    account: str
    count: int
    last: datetime | None


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
    tries = []
    for account in about.accounts:
        for entry in (await host.search(place.domain, who(account), "badPwdCount", "badPasswordTime"))[:1]:
            count, last = entry.number("badPwdCount") or 0, entry.moment("badPasswordTime")
            tries.append(Tries(account=account, count=count, last=last))
    return Lockout(
        now=place.now,
        threshold=base.number("lockoutThreshold") if base else None,
        duration=base.span("lockoutDuration") if base else None,
        window=base.span("lockOutObservationWindow") if base else None,
        tries=tuple(tries),
    )


@survey("ad.lockouts", over=lockout)
def lockouts(seen: Mapping[str, Lockout]) -> Iterator[Finding]:
    """The policy once; wrong passwords for each controller at which they come in."""
    for server, facts in sorted(seen.items()):
        for one in facts.tries:
            yield from _counted(server, facts, one)
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
    is_counting = facts.window is None or facts.now - one.last <= facts.window
    if is_counting and facts.threshold and one.count == facts.threshold - 1:
        yield NEARLY_LOCKED(
            host=server, account=one.account, server=server, count=one.count, threshold=facts.threshold
        )
