"""Does each service principal name belong to one account alone? Else Kerberos encrypts for the wrong one.

Source: MS-ADTS 3.1.1.5.1.3 (uniqueness), MS-KILE 3.3.5.1; names are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, collector, fault, survey
from collectors.ad.members import read_forest

__all__ = ["Principals", "principals", "principals_unique"]

DUPLICATE = fault(
    "ad.spn-duplicate",
    "the service {spn} belongs to {count} accounts at once ({accounts}): nobody gets a working ticket for it",
    "der Dienst {spn} gehört {count} Konten zugleich ({accounts}): niemand bekommt ein brauchbares Ticket dafür",
    do=(
        "Find out under which account the service runs, and remove the name from the others (setspn -D).",
        "Klären, unter welchem Konto der Dienst läuft, und den Namen bei den anderen entfernen (setspn -D).",
    ),
)
CONTROLLER_LACKS = fault(
    "ad.controller-spn-missing",
    "the controller {controller} lacks the service names {spns}: others cannot talk to it by Kerberos",
    "dem Controller {controller} fehlen die Dienstnamen {spns}: andere können nicht per Kerberos mit ihm sprechen",
    do=(
        "Let Netlogon (or samba_spnupdate) register them again.",
        "Sie von Netlogon (oder samba_spnupdate) neu eintragen lassen.",
    ),
)

# What each controller needs (MS-ADTS 6.3.2.2, MS-DRSR 2.2.3.2), by its host's name.
_VITAL = ("ldap/{name}", "host/{name}")
_DRS = "e3514235-4b06-11d1-ab04-00c04fc2dcd2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """twice: name in small letters -> accounts, where there are several. lacking: controller -> names that it needs."""

    twice: dict[str, tuple[str, ...]]
    lacking: dict[str, tuple[str, ...]]


def judge(_seen: Principals) -> Iterator[Finding]:
    """What one controller has is judged beside the others."""
    yield from ()


@collector(
    "ad.principals",
    asks=(
        "Does each service name belong to one account alone?",
        "Gehört jeder Dienstname nur einem Konto?",
    ),
    judge=judge,
    deadline=60.0,
)
async def principals(host: Directory, about: About) -> Principals:
    """Read every service principal name of the domain."""
    forest = await read_forest(host, about)
    found = await host.search(
        forest.base,
        "(servicePrincipalName=*)",
        "sAMAccountName",
        "servicePrincipalName",
        "userAccountControl",
        most=100_000,
    )
    owners: dict[str, list[str]] = {}
    names: dict[str, set[str]] = {}
    for entry in found:
        account = entry.text("sAMAccountName") or entry.dn
        spns = {spn.lower() for spn in entry.texts("servicePrincipalName")}
        names[entry.dn.lower()] = spns
        for spn in spns:
            owners.setdefault(spn, []).append(account)
    lacking = {}
    for one in forest.serving:
        held = names.get(one.account.lower())
        if held is None:
            continue
        needed = [*(pattern.format(name=one.name) for pattern in _VITAL), f"{_DRS}/{one.guid}/"]
        gone = tuple(spn for spn in needed if not any(have.startswith(spn) for have in held))
        if gone:
            lacking[one.name] = gone
    return Principals(
        twice={spn: tuple(sorted(who)) for spn, who in sorted(owners.items()) if len(who) > 1},
        lacking=lacking,
    )


@survey("ad.principals-unique", over=principals)
def principals_unique(seen: Mapping[str, Principals]) -> Iterator[Finding]:
    """The same on every controller is said once."""
    twice = {(spn, who) for facts in seen.values() for spn, who in facts.twice.items()}
    for spn, who in sorted(twice):
        yield DUPLICATE(spn=spn, count=len(who), accounts=", ".join(who))
    lacking = {(name, spns) for facts in seen.values() for name, spns in facts.lacking.items()}
    for name, spns in sorted(lacking):
        yield CONTROLLER_LACKS(controller=name, spns=", ".join(spns))
