"""How strong must passwords be in this domain, and for how long are they good? The domain's own policy.

Which other settings apply to an account is asked by `lockout`. Source: MS-SAMR 3.1.1.7 (minPwdLength, pwdHistoryLength,
pwdProperties, maxPwdAge). What is weak is named by the bounds of the BSI's IT-Grundschutz
(ORP.4.A22, ORP.4.A23) as far as it gives a number; ending passwords by the calendar is no longer asked for there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors import Directory, Finding, Kind, Unanswered, collector, note, survey, warn
from collectors.ad.members import once
from collectors.ad.place import place_of

__all__ = ["PasswordPolicy", "password_policies", "password_policy"]

REVERSIBLE = warn(
    "ad.passwords-reversible",
    "the domain keeps passwords so that they can be read again",
    "die Domäne bewahrt Kennwörter so auf, dass sie wieder lesbar sind",
    do=(
        "Switch off 'Store passwords using reversible encryption', then let all passwords be changed.",
        "„Kennwörter mit umkehrbarer Verschlüsselung speichern“ ausschalten, dann alle Kennwörter ändern lassen.",
    ),
)
SHORT = note(
    "ad.passwords-short",
    "passwords of {length} characters are enough in this domain",
    "Kennwörter mit {length} Zeichen genügen in dieser Domäne",
)
NEVER_LOCKED = note(
    "ad.lockout-off",
    "no number of wrong passwords locks an account of this domain",
    "keine Zahl falscher Kennwörter sperrt ein Konto dieser Domäne",
)
DIFFERS = note(
    "ad.password-policy-differs",
    "controllers say different things about the password policy (length/history/age/lockout): {servers}",
    "Controller sagen Verschiedenes über die Kennwortrichtlinie (Länge/Chronik/Alter/Sperre): {servers}",
    do=(
        "See whether they replicate; the policy of the domain is read from the directory, not from files.",
        "Nachsehen, ob sie replizieren; die Richtlinie der Domäne steht im Verzeichnis, nicht in Dateien.",
    ),
)

_REVERSIBLE = 0x10
_SHORT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """length: characters. maximum_age: None for without end. threshold: wrong passwords until a lockout, 0 for never."""

    length: int
    history: int
    properties: int
    maximum_age: timedelta | None
    threshold: int


def judge(_seen: PasswordPolicy) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.password-policy",
    asks=("How strong must passwords be?", "Wie stark müssen Kennwörter sein?"),
    judge=judge,
)
async def password_policy(host: Directory) -> PasswordPolicy:
    """Read the domain's own entry."""
    place = await place_of(host)
    found = await host.entry(
        place.domain, "minPwdLength", "pwdHistoryLength", "pwdProperties", "maxPwdAge", "lockoutThreshold"
    )
    length = found.number("minPwdLength") if found else None
    properties = found.number("pwdProperties") if found else None
    threshold = found.number("lockoutThreshold") if found else None
    if found is None or length is None or properties is None or threshold is None:
        raise Unanswered(Kind.REFUSED, "our account may not see the domain's password policy")
    return PasswordPolicy(
        length=length,
        history=found.number("pwdHistoryLength") or 0,
        properties=properties,
        maximum_age=found.span("maxPwdAge"),
        threshold=threshold,
    )


@survey("ad.password-policies", over=password_policy)
def password_policies(seen: Mapping[str, PasswordPolicy]) -> Iterator[Finding]:
    """The policy once, and that it is not the same everywhere."""
    yield from once(finding for facts in seen.values() for finding in _weak(facts))
    if len(set(seen.values())) > 1:
        yield DIFFERS(servers=", ".join(f"{server}: {_brief(one)}" for server, one in sorted(seen.items())))


def _weak(facts: PasswordPolicy) -> Iterator[Finding]:
    if facts.properties & _REVERSIBLE:
        yield REVERSIBLE()
    if facts.length < _SHORT:
        yield SHORT(length=facts.length)
    if not facts.threshold:
        yield NEVER_LOCKED()


def _brief(one: PasswordPolicy) -> str:
    age = "∞" if one.maximum_age is None else f"{one.maximum_age.days} d"
    return f"{one.length}/{one.history}/{age}/{one.threshold}"
