"""What may our own account see in this directory, and is it allowed more than it should be?

So that "may not see" is never taken for "none": each probe looks for something that every directory has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, Kind, Unanswered, collector, note, survey, warn
from collectors.ad.filters import who
from collectors.ad.place import place_of

__all__ = ["Rights", "rights", "rights_everywhere"]

UNSEEN = note(
    "ad.rights-lacking",
    "our account may not see {what}: what rests on it is unanswered, and not in order",
    "unser Konto darf {what} nicht sehen: was darauf beruht, ist unbeantwortet und nicht in Ordnung",
)
TOO_MIGHTY = warn(
    "ad.rights-too-many",
    "our account is a member of {groups}: to read, a plain account is enough",
    "unser Konto ist Mitglied von {groups}: zum Lesen genügt ein einfaches Konto",
    do=(
        "Take the account out of these groups, and rehearse what a diagnosis still sees.",
        "Das Konto aus diesen Gruppen nehmen und prüfen, was eine Diagnose dann noch sieht.",
    ),
)

# The last parts of the identifiers of groups that may change a domain (MS-DTYP 2.4.2.4).
_MIGHTY = {
    "-512": "Domain Admins",
    "-518": "Schema Admins",
    "-519": "Enterprise Admins",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-548": "Account Operators",
    "S-1-5-32-549": "Server Operators",
    "S-1-5-32-551": "Backup Operators",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """unseen: what the probes did not find, by its name in LDAP. groups: mighty ones, by their English names."""

    unseen: tuple[str, ...]
    groups: tuple[str, ...]


def judge(_seen: Rights) -> Iterator[Finding]:
    """What one controller says is said once for all."""
    yield from ()


@collector(
    "ad.rights",
    asks=(
        "What may our own account see?",
        "Was darf unser eigenes Konto sehen?",
    ),
    judge=judge,
)
async def rights(host: Directory, about: About) -> Rights:
    """Look for what must be there."""
    place = await place_of(host)
    own = await _own(host, place.domain, about.account)
    base = await host.entry(place.domain, "lockoutThreshold")
    descriptors = await host.search(
        place.domain, "(objectClass=*)", "nTSecurityDescriptor", scope="base", also="descriptors"
    )
    settings = await host.entry(f"CN=Password Settings Container,CN=System,{place.domain}", "cn")
    names = await host.entry(f"CN=MicrosoftDNS,DC=DomainDnsZones,{place.domain}", "cn")
    account = await host.entry(own, "msDS-User-Account-Control-Computed", "pwdLastSet", "tokenGroups")
    seen = {
        "lockoutThreshold": base is not None and "lockoutThreshold" in base,
        "nTSecurityDescriptor": any("nTSecurityDescriptor" in one for one in descriptors),
        "CN=Password Settings Container": settings is not None,
        "CN=MicrosoftDNS,DC=DomainDnsZones": names is not None,
        "msDS-User-Account-Control-Computed": account is not None
        and "msDS-User-Account-Control-Computed" in account,
        "pwdLastSet": account is not None and "pwdLastSet" in account,
    }
    sids = account.sids("tokenGroups") if account else ()
    return Rights(
        unseen=tuple(name for name, is_seen in seen.items() if not is_seen),
        groups=tuple(sorted({name for end, name in _MIGHTY.items() if any(s.endswith(end) for s in sids)})),
    )


async def _own(host: Directory, base: str, account: str) -> str:
    """The distinguished name of our own account. Raises Unanswered."""
    if "=" in account:
        return account
    found = await host.search(base, who(account.rpartition("\\")[2]), "cn")
    if not found and "@" in account:
        # Not every account has a user principal name of its own: then the first part is its short name.
        found = await host.search(base, who(account.partition("@")[0]), "cn")
    if len(found) != 1:
        raise Unanswered(Kind.UNPARSABLE, "our own account is not to be found in the directory")
    return found[0].dn


@survey("ad.rights-everywhere", over=rights)
def rights_everywhere(seen: Mapping[str, Rights]) -> Iterator[Finding]:
    """What is unseen on any controller, and how mighty the account is, once."""
    unseen = sorted({name for one in seen.values() for name in one.unseen})
    groups = sorted({name for one in seen.values() for name in one.groups})
    if unseen:
        yield UNSEEN(what=", ".join(unseen))
    if groups:
        yield TOO_MIGHTY(groups=", ".join(groups))
