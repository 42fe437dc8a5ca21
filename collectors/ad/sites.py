"""Does every network of the domain belong to a site, and every site to a controller? Else clients log on far away.

Source: MS-ADTS 6.1.1.2.2 (sites and subnets) and 6.3.5 (which site a client is in).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from collectors import About, Directory, Finding, collector, note, warn
from collectors.ad.members import read_forest
from collectors.ad.names import rdn

__all__ = ["SiteFacts", "sites"]

NO_SUBNET = warn(
    "ad.subnet-missing",
    "no subnet of the directory holds {addresses} ({hosts}): they look for a controller anywhere",
    "kein Subnetz des Verzeichnisses enthält {addresses} ({hosts}): sie suchen ihren Controller irgendwo",
    do=(
        "Add the subnet and give it its site (Active Directory Sites and Services, or samba-tool sites subnet create).",
        "Das Subnetz anlegen und seinem Standort zuweisen (Standorte und Dienste, oder samba-tool sites subnet create).",
    ),
)
NO_SITE = warn(
    "ad.subnet-without-site",
    "the subnet {subnet} belongs to no site",
    "das Subnetz {subnet} gehört zu keinem Standort",
    do=("Give it its site.", "Ihm seinen Standort zuweisen."),
)
NO_CONTROLLER = note(
    "ad.site-without-controller",
    "the site {site} has subnets and no controller: its clients log on elsewhere",
    "der Standort {site} hat Subnetze und keinen Controller: seine Clients melden sich anderswo an",
)
ELSEWHERE = warn(
    "ad.controller-at-other-site",
    "the controller {controller} stands at site {site}, and its address belongs to site {other}",
    "der Controller {controller} steht am Standort {site}, seine Adresse gehört zum Standort {other}",
    do=(
        "Move the server object to the right site, or correct the subnet.",
        "Das Serverobjekt an den richtigen Standort verschieben oder das Subnetz berichtigen.",
    ),
)
BAD_SUBNET = note(
    "ad.subnet-unreadable",
    "the subnet object {subnet} names no network",
    "das Subnetzobjekt {subnet} nennt kein Netz",
)

_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """subnets: network -> site, '' for none. standing: controller's name -> site. hosts: id -> addresses, of the contract.

    names: controller's name -> id in the contract.
    """

    sites: tuple[str, ...]
    subnets: dict[str, str]
    standing: dict[str, str]
    hosts: dict[str, tuple[str, ...]]
    names: dict[str, str]


def judge(seen: SiteFacts) -> Iterator[Finding]:
    networks = {}
    for text, site in seen.subnets.items():
        network = _network(text)
        if network is None:
            yield BAD_SUBNET(subnet=text)
        elif not site:
            yield NO_SITE(subnet=text)
        else:
            networks[network] = site
    placed = {host: _site_of(addresses, networks) for host, addresses in seen.hosts.items()}
    lost = [host for host, site in placed.items() if site is None]
    if lost:
        addresses = [address for host in lost for address in seen.hosts[host][:1]]
        yield NO_SUBNET(addresses=_listed(addresses), hosts=_listed(lost))
    for name, site in seen.standing.items():
        other = placed.get(seen.names.get(name, ""))
        if other is not None and other.lower() != site.lower():
            yield ELSEWHERE(controller=name, site=site, other=other)
    held = {site.lower() for site in seen.standing.values()}
    for site in sorted(set(networks.values())):
        if site.lower() not in held:
            yield NO_CONTROLLER(site=site)


def _listed(words: list[str]) -> str:
    return ", ".join(words[:_FEW]) + (", …" if len(words) > _FEW else "")


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _site_of(addresses: tuple[str, ...], networks: dict[IPv4Network | IPv6Network, str]) -> str | None:
    """The site of the narrowest subnet that holds one of the addresses."""
    inside = [network for network in networks for address in addresses if ip_address(address) in network]
    return networks[max(inside, key=lambda network: network.prefixlen)] if inside else None


@collector(
    "ad.sites",
    asks=(
        "Does every network belong to a site with a controller?",
        "Gehört jedes Netz zu einem Standort mit einem Controller?",
    ),
    judge=judge,
)
async def sites(host: Directory, about: About) -> SiteFacts:
    """Read sites and subnets, and where the controllers stand."""
    forest = await read_forest(host, about)
    top = f"CN=Sites,{forest.configuration}"
    found = await host.search(top, "(objectClass=site)", "cn", scope="one")
    subnets = await host.search(f"CN=Subnets,{top}", "(objectClass=subnet)", "cn", "siteObject")
    domain = about.domain
    ours = domain.hosts if domain else ()
    return SiteFacts(
        sites=tuple(sorted(entry.text("cn") for entry in found)),
        subnets={e.text("cn"): rdn(e.text("siteObject")) if "siteObject" in e else "" for e in subnets},
        standing={one.name: one.site for one in forest.members if one.settings},
        hosts={server.id: server.addresses for server in ours},
        names={server.name: server.id for server in (domain.controllers if domain else ())},
    )
