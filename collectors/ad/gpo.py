"""Which group policies does the directory know, and in which version? As this controller has it (MS-GPOL 2.2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from collectors import About, Directory, Finding, Kind, Unanswered, collector, fault, warn
from collectors.ad.place import place_of

__all__ = ["Policies", "Policy", "gpo"]

NO_PATH = fault(
    "ad.policy-without-files",
    "the group policy {policy} says nowhere where its files are",
    "die Gruppenrichtlinie {policy} sagt nicht, wo ihre Dateien liegen",
    do=("Restore it from a backup, or delete it.", "Aus einer Sicherung wiederherstellen oder löschen."),
)
DEFAULT_GONE = warn(
    "ad.default-policy-missing",
    "the directory has no {policy}",
    "im Verzeichnis fehlt die {policy}",
    do=("Restore it (dcgpofix on Windows).", "Wiederherstellen (dcgpofix unter Windows)."),
)

# Their names are the same in every domain (MS-GPOL 1.3.3.1).
_DEFAULTS = {
    "{31B2F340-016D-11D2-945F-00C04FB984F9}": "Default Domain Policy",
    "{6AC1786C-016F-11D2-945F-00C04FB984F9}": "Default Domain Controllers Policy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy. guid: with braces, in capitals; user, computer: the two halves of its version; changed: UTC."""

    guid: str
    name: str
    user: int
    computer: int
    path: str
    changed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """asked: when, by the controller's own clock."""

    controller: str
    policies: tuple[Policy, ...]
    asked: datetime


def judge(seen: Policies) -> Iterator[Finding]:
    for policy in seen.policies:
        if not policy.path:
            yield NO_PATH(policy=policy.name)
    known = {policy.guid for policy in seen.policies}
    for guid, name in _DEFAULTS.items():
        if guid not in known:
            yield DEFAULT_GONE(policy=name)


@collector(
    "ad.gpo",
    asks=(
        "Which group policies does the directory know?",
        "Welche Gruppenrichtlinien kennt das Verzeichnis?",
    ),
    judge=judge,
)
async def gpo(host: Directory, about: About) -> Policies:
    """Read every policy of the domain."""
    place = await place_of(host)
    found = await host.search(
        f"CN=Policies,CN=System,{place.domain}",
        "(objectClass=groupPolicyContainer)",
        "cn",
        "displayName",
        "versionNumber",
        "gPCFileSysPath",
        "whenChanged",
    )
    if not found:
        raise Unanswered(
            Kind.UNPARSABLE, "no group policy can be seen: every domain has two, our account sees none"
        )
    policies = []
    for entry in found:
        # User part high word, computer part low word (MS-GPOL 2.2.4).
        user, computer = divmod(entry.number("versionNumber") or 0, 0x10000)
        guid = entry.text("cn").upper()
        policies.append(
            Policy(
                guid=guid,
                name=entry.text("displayName") or guid,
                user=user,
                computer=computer,
                path=entry.text("gPCFileSysPath"),
                changed=entry.moment("whenChanged"),
            )
        )
    return Policies(
        controller=about.id, policies=tuple(sorted(policies, key=lambda one: one.guid)), asked=place.now
    )
