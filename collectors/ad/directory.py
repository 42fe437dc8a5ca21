"""What does a domain controller say about itself? Whose it is, how new, and whether it is ready to serve.

Source: the rootDSE, MS-ADTS 3.1.1.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding, Kind, Unanswered, collector, fault, note, warn
from collectors.ad.names import domain_of

__all__ = ["RootFacts", "directory"]

OTHER_DOMAIN = fault(
    "ad.other-domain",
    "the controller serves {served}, and the contract says {domain}",
    "der Controller bedient {served}, im Vertrag steht {domain}",
    do=(
        "Correct the contract, or find out which machine answers at this address.",
        "Den Vertrag berichtigen oder klären, welche Maschine unter dieser Adresse antwortet.",
    ),
)
OTHER_NAME = warn(
    "ad.other-controller",
    "the controller calls itself {own}, and the contract calls it {name}",
    "der Controller nennt sich {own}, im Vertrag heißt er {name}",
    do=(
        "Correct the contract, or the controller's name.",
        "Den Vertrag oder den Namen des Controllers berichtigen.",
    ),
)
NOT_SYNCHRONISED = fault(
    "ad.not-synchronised",
    "the controller has not yet taken over the directory from a partner, and is not ready to serve",
    "der Controller hat das Verzeichnis noch von keinem Partner übernommen und ist nicht bereit",
    do=("Look at its inbound replication.", "Seine eingehende Replikation ansehen."),
)
OLD_LEVEL = note(
    "ad.old-level",
    "the forest works at functional level {level}, which belongs to an unsupported Windows",
    "die Gesamtstruktur arbeitet auf Funktionsebene {level}, die zu einem nicht mehr unterstützten Windows gehört",
)

# msDS-Behavior-Version, MS-ADTS 6.1.4.3. The last whose Windows (2012 R2) is out of support.
_LAST_OLD = 6
_LEVELS = {
    0: "2000",
    1: "2003 interim",
    2: "2003",
    3: "2008",
    4: "2008 R2",
    5: "2012",
    6: "2012 R2",
    7: "2016",
    10: "2025",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFacts:
    """Names in small letters; levels as msDS-Behavior-Version; None: the server does not say."""

    name: str
    contract_name: str
    domain: str
    contract_domain: str
    is_synchronised: bool | None
    is_catalogue_ready: bool | None
    forest_level: int | None
    domain_level: int | None
    controller_level: int | None
    highest_usn: int | None


def judge(seen: RootFacts) -> Iterator[Finding]:
    if seen.domain != seen.contract_domain:
        yield OTHER_DOMAIN(served=seen.domain, domain=seen.contract_domain)
    if seen.name != seen.contract_name:
        yield OTHER_NAME(own=seen.name, name=seen.contract_name)
    if seen.is_synchronised is False:
        yield NOT_SYNCHRONISED()
    # Samba provisions the level of 2008 R2 and is none of these Windows.
    if seen.forest_level is not None and seen.forest_level < _LAST_OLD - 2:
        yield OLD_LEVEL(level=_LEVELS.get(seen.forest_level, str(seen.forest_level)))


@collector(
    "ad.directory",
    asks=(
        "Whose controller is it, and is it ready?",
        "Wessen Controller ist er, und ist er bereit?",
    ),
    judge=judge,
)
async def directory(host: Directory, about: About) -> RootFacts:
    """Read the rootDSE."""
    root = await host.root(
        "dnsHostName",
        "defaultNamingContext",
        "isSynchronized",
        "isGlobalCatalogReady",
        "forestFunctionality",
        "domainFunctionality",
        "domainControllerFunctionality",
        "highestCommittedUSN",
    )
    domain = domain_of(root.text("defaultNamingContext"))
    if not domain:
        raise Unanswered(Kind.UNPARSABLE, "the server names no domain: it is no domain controller")
    return RootFacts(
        name=root.text("dnsHostName").lower(),
        contract_name=about.name,
        domain=domain,
        contract_domain=about.domain.name if about.domain else "",
        is_synchronised=root.flag("isSynchronized"),
        is_catalogue_ready=root.flag("isGlobalCatalogReady"),
        forest_level=root.number("forestFunctionality"),
        domain_level=root.number("domainFunctionality"),
        controller_level=root.number("domainControllerFunctionality"),
        highest_usn=root.number("highestCommittedUSN"),
    )
