"""Which DHCP servers may give addresses in this forest? A Windows server that is not authorised gives none.

Source: MS-ADSC (class dHCPClass), MS-ADA1 (dhcpServers: 'i' ADDRESS '$r' NAME '$f' FLAGS '$s' NAME '$').
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Directory, Entry, Finding, Kind, Unanswered, collector, note, survey
from collectors.ad.members import named, once
from collectors.ad.place import contexts_of

__all__ = ["Authorised", "DhcpServer", "authorised", "dhcp"]

ON_CONTROLLER = note(
    "ad.dhcp-on-controller",
    "the controller {controller} gives out addresses as well (DHCP)",
    "der Controller {controller} vergibt auch Adressen (DHCP)",
)
LEFT_OVER = note(
    "ad.dhcp-left-over",
    "{server} ({address}) may give out addresses, and no computer of the forest has this name",
    "{server} ({address}) darf Adressen vergeben, und kein Computer der Gesamtstruktur heißt so",
)
OTHER_ADDRESS = note(
    "ad.dhcp-address-differs",
    "{server} may give out addresses as {address}, and the contract knows it as {known}",
    "{server} darf als {address} Adressen vergeben, der Vertrag kennt ihn als {known}",
)

_SERVER = re.compile(r"i([0-9]{1,3}(?:\.[0-9]{1,3}){3})\$r(?:cn=)?([^$,]+)[^$]*\$")
_ROOT = "dhcproot"


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpServer:
    """is_known: a computer account has this DNS name; None: it cannot be, as its domain is another."""

    name: str
    address: str
    is_known: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """known_as: the addresses of the contract's controllers, by name."""

    servers: tuple[DhcpServer, ...]
    known_as: Mapping[str, tuple[str, ...]]


def judge(_seen: Authorised) -> Iterator[Finding]:
    """What the directory has is said once for all controllers."""
    yield from ()


@collector(
    "ad.dhcp",
    asks=("Which DHCP servers are authorised?", "Welche DHCP-Server sind autorisiert?"),
    judge=judge,
    on_request=True,
)
async def dhcp(host: Directory, about: About) -> Authorised:
    """Read the authorised servers of the forest; where nobody ever authorised one, there are none."""
    domain, configuration = await contexts_of(host)
    try:
        found = await host.search(
            f"CN=NetServices,CN=Services,{configuration}", "(objectClass=dHCPClass)", "cn", "dhcpServers"
        )
    except Unanswered as reason:
        if reason.kind is not Kind.NOT_THERE:
            raise
        found = ()
    servers = {server for entry in found for server in _servers(entry)}
    own = ".".join(label.partition("=")[2] for label in domain.split(",")).lower()
    controllers = about.domain.controllers if about.domain else ()
    return Authorised(
        servers=tuple(
            [
                DhcpServer(name=name, address=address, is_known=await _is_known(host, domain, own, name))
                for name, address in sorted(servers)
            ]
        ),
        known_as={one.name.lower(): one.addresses for one in controllers},
    )


def _servers(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.text("cn").lower() == _ROOT:
        return
    for text in entry.texts("dhcpServers"):
        match = _SERVER.match(text)
        if match is None:
            raise Unanswered(Kind.UNPARSABLE, f"dhcpServers of {entry.dn} names no server: {text[:80]!r}")
        yield named(match[2].rstrip(".").lower()), match[1]


async def _is_known(host: Directory, base: str, domain: str, name: str) -> bool | None:
    if not name.endswith(f".{domain}") or name.removesuffix(f".{domain}").count("."):
        return None
    if not re.fullmatch(r"[a-z0-9._-]+", name):
        return False
    return bool(await host.search(base, f"(&(objectCategory=computer)(dNSHostName={name}))", "cn"))


@survey("ad.authorised-dhcp", over=dhcp)
def authorised(seen: Mapping[str, Authorised]) -> Iterator[Finding]:
    """What is in the directory, every controller tells: it is said once."""
    yield from once(finding for facts in seen.values() for finding in _judged(facts))


def _judged(facts: Authorised) -> Iterator[Finding]:
    for server in facts.servers:
        known = facts.known_as.get(server.name, ())
        if known:
            yield ON_CONTROLLER(controller=server.name)
        if known and server.address not in known:
            yield OTHER_ADDRESS(server=server.name, address=server.address, known=", ".join(known))
        if server.is_known is False and not known:
            yield LEFT_OVER(server=server.name, address=server.address)
