"""Does this host know the way to its gateway and its resolvers, and is it the way it should take?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from collectors import About, Finding, Shell, collector, fault
from collectors.linux.output import printed, unparsable

MISSING = fault(
    "linux.route-missing",
    "the host has no route to {target}",
    "der Host hat keine Route zu {target}",
    do=(
        "Restore the route; check the network configuration and whether its interface is up.",
        "Die Route wiederherstellen; Netzkonfiguration prüfen und ob die Schnittstelle aktiv ist.",
    ),
)
WRONG = fault(
    "linux.gateway-wrong",
    "the default route goes over {gateway}; the contract names {expected}",
    "die Standardroute geht über {gateway}; der Vertrag nennt {expected}",
    do=(
        "Find who set the route to {gateway}: DHCP, a VPN, or a change by hand.",
        "Klären, wer die Route über {gateway} gesetzt hat: DHCP, ein VPN oder eine Änderung von Hand.",
    ),
)
_HEX = "[0-9A-Fa-f]"
_V4 = re.compile(
    rf"\S+\t({_HEX}{{8}})\t({_HEX}{{8}})\t({_HEX}{{4}})\t\d+\t\d+\t(\d{{1,10}})\t({_HEX}{{8}})\t.*"
)
_V6 = re.compile(
    rf"({_HEX}{{32}}) ({_HEX}{{2}}) {_HEX}{{32}} {_HEX}{{2}} ({_HEX}{{32}}) ({_HEX}{{8}}) \w+ \w+ ({_HEX}{{8}}) +\S+"
)
_REJECT = 0x0200
_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
# Addresses that nobody has, kept for documents: the way there is the way to anywhere.
_ANYWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A row of the main table. via: the gateway, empty when the network is on the link."""

    to: str
    via: str
    metric: int
    rejects: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The table, what the contract expects, and the targets that the host has no way to."""

    routes: tuple[Route, ...]
    gateways: tuple[str, ...]
    unreached: tuple[str, ...]


def judge(seen: Routes) -> Iterator[Finding]:
    for version, to in _DEFAULT.items():
        gateways = [g for g in seen.gateways if ip_address(g).version == version]
        defaults = [r for r in seen.routes if r.to == to and not r.rejects]
        if gateways and defaults:
            best = min(r.metric for r in defaults)
            for route in defaults:
                if route.metric == best and _is_foreign(route.via, gateways):
                    yield WRONG(gateway=route.via, expected=", ".join(gateways))
    for target in seen.unreached:
        yield MISSING(target=target)


def _is_foreign(via: str, gateways: list[str]) -> bool:
    # A point-to-point line has no gateway; IPv6 routers announce themselves by link-local addresses.
    return (
        bool(via) and not ip_address(via).is_link_local and ip_address(via) not in map(ip_address, gateways)
    )


@collector(
    "linux.routes",
    asks=(
        "Does the host know the way to gateways and resolvers?",
        "Kennt der Host den Weg zu Gateways und Resolvern?",
    ),
    judge=judge,
    platform="linux",
)
async def routes(host: Shell, about: About) -> Routes:
    """Read the main routing table and look for the way to gateways and resolvers in it."""
    text = printed(await host.run("cat", "--", "/proc/net/route", "/proc/net/ipv6_route"), codes=(0, 1))
    if not text.startswith("Iface\tDestination\tGateway"):
        raise unparsable("/proc/net/route is no routing table", text)
    lines = text.splitlines()
    table = (
        *_v4([row for line in lines if (row := _V4.fullmatch(line.rstrip()))]),
        *_v6([row for line in lines if (row := _V6.fullmatch(line.rstrip()))]),
    )
    own = {*about.addresses, "127.0.0.1", "::1"}
    gateways = () if own & set(about.gateways) else about.gateways
    wanted: list[tuple[str, ...]] = [(address,) for address in gateways]
    wanted += [server.addresses for server in about.resolvers if not own & set(server.addresses)]
    lost = [choice for choice in wanted if not any(_leads(table, address) for address in choice)]
    unreached = [choice[0] for choice in dict.fromkeys(lost) if await _is_cut_off(host, choice)]
    lacking = _lacking(table, gateways)
    if lacking and await _is_cut_off(host, (_ANYWHERE[lacking],)):
        unreached.insert(0, f"{_DEFAULT[lacking]} (default)")
    return Routes(routes=table, gateways=gateways, unreached=tuple(unreached))


def _lacking(table: tuple[Route, ...], gateways: tuple[str, ...]) -> int:
    """Give the IP version whose default route is missing in the main table; 0 when none is that must be there."""
    versions = [ip_address(gateway).version for gateway in gateways]
    # Where the contract has gateways of both, IPv4 is what the host cannot do without.
    version = min(versions, default=0)
    has_default = any(row.to == _DEFAULT.get(version) and not row.rejects for row in table)
    return 0 if has_default else version


def _v4(rows: list[re.Match[str]]) -> Iterator[Route]:
    """Read IPv4 rows; their numbers are in the host's byte order, which only the masks betray."""
    for order in (-1, 1):
        masks = [int.from_bytes(bytes.fromhex(row[5])[::order], "big") for row in rows]
        if all(_is_mask(mask) for mask in masks):
            return (_v4_route(row, mask, order) for row, mask in zip(rows, masks, strict=True))
    raise unparsable("/proc/net/route has masks that are none")


def _is_mask(mask: int) -> bool:
    gap = mask ^ 0xFFFFFFFF
    return gap & (gap + 1) == 0


def _v4_route(row: re.Match[str], mask: int, order: int) -> Route:
    to, via = (IPv4Address(bytes.fromhex(row[column])[::order]) for column in (1, 2))
    # A blackhole belongs to no interface and bears no flag for that it rejects.
    flags = int(row[3], 16) | (_REJECT if row[0].startswith("*") else 0)
    return _route(f"{to}/{mask.bit_count()}", via, int(row[4]), flags)


def _v6(rows: list[re.Match[str]]) -> Iterator[Route]:
    for row in rows:
        to, via = (IPv6Address(bytes.fromhex(row[column])) for column in (1, 3))
        yield _route(f"{to}/{int(row[2], 16)}", via, int(row[4], 16), int(row[5], 16))


def _route(to: str, via: IPv4Address | IPv6Address, metric: int, flags: int) -> Route:
    return Route(to=to, via=str(via) if int(via) else "", metric=metric, rejects=bool(flags & _REJECT))


def _leads(table: tuple[Route, ...], address: str) -> bool:
    """Say whether the row that fits best leads anywhere."""
    target = ip_address(address)
    fitting = [(ip_network(row.to, strict=False), row) for row in table]
    found = [(-net.prefixlen, row.metric, row.rejects) for net, row in fitting if target in net]
    return bool(found) and not min(found)[2]


async def _is_cut_off(host: Shell, server: tuple[str, ...]) -> bool:
    """Ask the kernel itself: rules and further tables may know a way that the main table does not."""
    for address in server:
        ran = await host.run("ip", "route", "get", address)
        if ran.code == 0 and not re.match(r"(?:unreachable|prohibit|blackhole) ", ran.stdout):
            return False
    return True
