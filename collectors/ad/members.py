"""Which controllers does the directory know, with which databases? The servers of its configuration.

Source: MS-ADTS 6.1.1.2.2.1.2 (server and nTDSDSA objects).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors import About, Directory, Entry, Finding, Kind, Unanswered
from collectors.ad.names import parent, rdn, same_dn, site_of

__all__ = [
    "CONTROLLER_ACCOUNTS",
    "IS_CATALOGUE",
    "NO_INBOUND",
    "NO_OUTBOUND",
    "SETTLING",
    "Forest",
    "Member",
    "is_deleted_name",
    "members",
    "named",
    "once",
    "read_forest",
    "read_lifetime",
    "settled",
]

# Finds the accounts of the controllers: members of the two groups that are every controller's first.
CONTROLLER_ACCOUNTS = "(&(objectCategory=computer)(|(primaryGroupID=516)(primaryGroupID=521)))"
_LONGEST = 120
# tombstoneLifetime when it is not there, and more than anybody means (100 years).
_DEFAULT_LIFETIME, _LONGEST_LIFETIME = 60, 36_500
# How the name of a deleted object, and that of the loser of two equal names, goes on (MS-ADTS 3.1.1.5.5.1.1).
_DELETED = re.compile(r"(?:\n|\\0A)DEL:", re.IGNORECASE)
# nTDSDSA options, MS-ADTS 6.1.1.2.2.1.2.1.1.
IS_CATALOGUE, NO_INBOUND, NO_OUTBOUND = 1, 2, 4
# The topology is computed every 15 minutes, and its result must replicate as well.
SETTLING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A controller as the directory knows it.

    guid, invocation: of its NTDS settings, '' when it has none (then it is a server alone). name: its DNS name, or
    the short one. contexts: the naming contexts that it holds to write. created: of its NTDS settings.
    """

    guid: str
    invocation: str
    name: str
    site: str
    settings: str
    server: str
    account: str
    options: int
    created: datetime | None
    contexts: tuple[str, ...]
    is_read_only: bool

    @property
    def is_catalogue(self) -> bool:
        return bool(self.options & IS_CATALOGUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """What a controller says of itself and of the others. now: its own clock. base: of its domain; root_base: of the
    forest's first.

    known_as: the contract's ids of the domain's controllers, by name.
    """

    now: datetime
    own: str
    base: str
    root_base: str
    configuration: str
    contexts: tuple[str, ...]
    highest_usn: int
    is_samba: bool
    members: tuple[Member, ...]
    known_as: Mapping[str, str]

    @property
    def serving(self) -> tuple[Member, ...]:
        """The controllers that hold the whole domain to write, in order of their names."""
        ours = (one for one in self.members if any(same_dn(held, self.base) for held in one.contexts))
        return tuple(sorted((one for one in ours if not one.is_read_only), key=lambda one: one.name))

    def id_of(self, name: str) -> str:
        """The contract's id of a controller, '' when it is not in the contract."""
        short = name.partition(".")[0]
        return self.known_as.get(name) or self.known_as.get(short) or ""

    @property
    def me(self) -> Member | None:
        return next((one for one in self.members if same_dn(one.settings, self.own)), None)


def named(text: str) -> str:
    r"""Text of a directory, fit for a report.

    >>> named("DC9\nDEL:1")
    'DC9?DEL:1'
    """
    return "".join(c if c.isprintable() else "?" for c in text[:_LONGEST])


def is_deleted_name(dn: str) -> bool:
    r"""Say whether it names a deleted object.

    >>> is_deleted_name(r"CN=NTDS Settings\0ADEL:6dca,CN=DC9"), is_deleted_name("CN=Model")
    (True, False)
    """
    return _DELETED.search(dn) is not None


def settled(one: Member, now: datetime) -> bool:
    """Say whether a controller is there for long enough that everything about it must be in place."""
    return one.created is not None and now - one.created > SETTLING


def members(entries: Iterable[Entry]) -> tuple[Member, ...]:
    """Bring server objects and their NTDS settings together."""
    found = tuple(entries)
    settings = {parent(entry.dn).lower(): entry for entry in found if "nTDSDSA" in entry.texts("objectClass")}
    return tuple(
        _member(entry, settings.get(entry.dn.lower()))
        for entry in sorted(found, key=lambda entry: entry.dn)
        if "server" in entry.texts("objectClass")
    )


def _member(server: Entry, settings: Entry | None) -> Member:
    about = settings or Entry("", {})
    held = about.texts("msDS-hasMasterNCs") or about.texts("hasMasterNCs")
    return Member(
        guid=about.guid("objectGUID"),
        invocation=about.guid("invocationId"),
        name=named(server.text("dNSHostName").lower() or rdn(server.dn).lower()),
        site=named(site_of(server.dn)),
        settings=about.dn,
        server=server.dn,
        account=server.text("serverReference"),
        options=about.number("options") or 0,
        created=about.moment("whenCreated"),
        contexts=tuple(sorted(held)),
        is_read_only="nTDSDSARO" in about.texts("objectClass"),
    )


async def read_forest(host: Directory, about: About) -> Forest:
    """Ask a controller about itself and its like. Raises Unanswered."""
    root = await host.root(
        "currentTime",
        "dsServiceName",
        "defaultNamingContext",
        "configurationNamingContext",
        "namingContexts",
        "highestCommittedUSN",
        "vendorName",
        "rootDomainNamingContext",
    )
    now, configuration = root.moment("currentTime"), root.text("configurationNamingContext")
    highest_usn = root.number("highestCommittedUSN") or 0
    if now is None or not configuration or "dsServiceName" not in root or not 0 <= highest_usn < 2**63:
        raise Unanswered(Kind.UNPARSABLE, "the server does not say which controller it is")
    found = await host.search(
        f"CN=Sites,{configuration}",
        "(|(objectClass=server)(objectClass=nTDSDSA))",
        "objectClass",
        "objectGUID",
        "invocationId",
        "dNSHostName",
        "serverReference",
        "options",
        "whenCreated",
        "msDS-hasMasterNCs",
        "hasMasterNCs",
    )
    return Forest(
        now=now,
        own=root.text("dsServiceName"),
        base=root.text("defaultNamingContext"),
        root_base=root.text("rootDomainNamingContext") or root.text("defaultNamingContext"),
        configuration=configuration,
        contexts=root.texts("namingContexts"),
        highest_usn=highest_usn,
        is_samba="samba" in root.text("vendorName").lower(),
        members=members(found),
        known_as={one.name.lower(): one.id for one in about.domain.controllers} if about.domain else {},
    )


async def read_lifetime(host: Directory, forest: Forest) -> int:
    """For how many days deleted objects are kept (MS-ADTS 6.1.1.2.4.1.1). Raises Unanswered."""
    service = f"CN=Directory Service,CN=Windows NT,CN=Services,{forest.configuration}"
    settings = await host.entry(service, "tombstoneLifetime")
    days = (settings.number("tombstoneLifetime") if settings else None) or _DEFAULT_LIFETIME
    if not 0 < days < _LONGEST_LIFETIME:
        raise Unanswered(Kind.UNPARSABLE, f"tombstoneLifetime cannot be {days} days")
    return days


def once(found: Iterable[Finding]) -> Iterator[Finding]:
    """Each statement once: what is in the directory, every controller tells."""
    said = set()
    for finding in found:
        key = (finding.tag.name, finding.host, tuple(sorted(finding.facts.items())))
        if key not in said:
            said.add(key)
            yield finding
