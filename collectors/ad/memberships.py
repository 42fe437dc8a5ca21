"""Is this account in too many groups? Every group, also through others, is a number in each of its tickets.

Beyond 1,010 Windows refuses the log-on (MS-SAMR and Microsoft KB 328889: 1,015 with those it adds itself). Long before, a
ticket is larger than what carries it: 1,200 + 40 bytes a group (KB 327825, counting each as the largest kind) pass
12,000 bytes, the bound of Windows before 2012, and, written in base64, the 16 kB that IIS reads of a header (KB 2020943).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Finding, collector, fault, survey, warn
from collectors.ad.filters import who
from collectors.ad.place import place_of

__all__ = ["Memberships", "memberships", "tokens"]

TOO_MANY = fault(
    "ad.account-in-too-many-groups",
    "the account {account} is in {count} groups: Windows lets nobody log on with more than 1,010",
    "das Konto {account} ist in {count} Gruppen: mit mehr als 1.010 lässt Windows niemanden anmelden",
    do=(
        "Take it out of groups it does not need, those that lie in others first.",
        "Es aus Gruppen nehmen, die es nicht braucht, zuerst aus geschachtelten.",
    ),
)
MANY = warn(
    "ad.account-token-large",
    "the account {account} is in {count} groups: its Kerberos tickets have up to {size} bytes",
    "das Konto {account} ist in {count} Gruppen: seine Kerberos-Tickets haben bis zu {size} Bytes",
    do=(
        "Web servers answer it with 'Bad Request', older programs refuse it: fewer groups, or larger limits there.",
        "Webserver antworten mit „Bad Request“, ältere Programme lehnen ab: weniger Gruppen oder dort höhere Grenzen.",
    ),
)

_MOST = 1010
_FIXED, _EACH = 1200, 40
_LARGE = 12_000


@dataclass(frozen=True, slots=True)
class Memberships:
    """Account -> how many groups it is in, also through others, as this controller reckons."""

    groups: dict[str, int]


def judge(_seen: Memberships) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.memberships",
    asks=("Is the account in too many groups?", "Ist das Konto in zu vielen Gruppen?"),
    judge=judge,
)
async def memberships(host: Directory, about: About) -> Memberships:
    """The directory itself follows groups in groups (tokenGroups, MS-ADTS 3.1.1.4.5.19)."""
    groups: dict[str, int] = {}
    if about.accounts:
        place = await place_of(host)
        for account in about.accounts:
            for found in (await host.search(place.domain, who(account), "cn"))[:1]:
                entry = await host.entry(found.dn, "tokenGroups")
                # Every account is in one group at least: none means that ours may not see them.
                if entry is not None and "tokenGroups" in entry:
                    groups[account] = len(entry.raw("tokenGroups"))
    return Memberships(groups)


@survey("ad.tokens", over=memberships)
def tokens(seen: Mapping[str, Memberships]) -> Iterator[Finding]:
    """The largest number that a controller reckons: another may not know the newest group yet."""
    largest: dict[str, int] = {}
    for facts in seen.values():
        for account, count in facts.groups.items():
            largest[account] = max(count, largest.get(account, 0))
    for account, count in sorted(largest.items()):
        size = _FIXED + _EACH * count
        if count > _MOST:
            yield TOO_MANY(account=account, count=count)
        elif size > _LARGE:
            yield MANY(account=account, count=count, size=size)
