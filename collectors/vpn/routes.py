"""Does what belongs into a tunnel go into it, and does it fit through? The gateway's routes and the sizes of its devices.

Routes are those of ip-route(8), in all tables. How much a tunnel adds to a packet: RFC 4303 with AES-GCM in UDP (RFC 3948) 62
bytes over IPv4, WireGuard 60 over IPv4 and 80 over IPv6 (wireguard.com/papers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import About, Finding, Shell, TunnelFacts, collector
from collectors.plain import plain
from collectors.vpn.networks import missing, network_of
from collectors.vpn.rights import unparsable
from collectors.vpn.tags import MTU_TOO_LARGE, ROUTE_ELSEWHERE

__all__ = ["Device", "Route", "Routes", "routes"]

_TUNNEL = re.compile(r"(?:ipsec|tun|tap|wg|xfrm|vti|gre|ipip|ppp)[\w.-]*")
# Who else may be wrapped there is another matter.
_OF_IPSEC = re.compile(r"ipsec|xfrm|vti")
_KIND = re.compile(r"\\ {4}(?:tun type|wireguard|xfrm|vti6?|gre|ipip|sit) ")
_LINK = re.compile(
    r"\d+: (?P<name>[^\s:@]+)(?:@\S+)?: <(?P<flags>[A-Z_,0-9-]*)> mtu (?P<mtu>\d{1,6}) (?P<rest>.*)"
)
_SORT = re.compile(
    r"(?:(?P<sort>unicast|local|broadcast|multicast|anycast|throw|unreachable|prohibit|blackhole|nat) )?(?P<to>\S+)(?P<rest>.*)"
)
_LOSES = {"unreachable", "prohibit", "blackhole"}
_NOBODY = {"broadcast", "multicast", "anycast", "throw", "nat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """is_tunnel: its packets go through something else."""

    name: str
    mtu: int
    is_tunnel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """to: 'address/length'. device: '' where packets are thrown away. is_near: the network is on the device, with no gateway between."""

    to: str
    device: str
    sort: str
    is_near: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Over which device a far end is reached, and how large a packet may be there, 0 where untold."""

    tunnel: str
    address: str
    device: str
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """ways: to the far ends of tunnels. picked: where a network's packets go now, by 'tunnel network'."""

    routes: tuple[Route, ...] = ()
    devices: tuple[Device, ...] = ()
    ways: tuple[Way, ...] = ()
    picked: tuple[tuple[str, str, str], ...] = ()
    tunnels: tuple[TunnelFacts, ...] = ()

    def device(self, name: str) -> Device | None:
        return next((one for one in self.devices if one.name == name), None)

    def is_tunnel(self, name: str) -> bool:
        device = self.device(name)
        return device is not None and device.is_tunnel


def judge(seen: Routes) -> Iterator[Finding]:
    for tunnel in seen.tunnels:
        far = tunnel.there.networks if tunnel.there else tunnel.users.pools if tunnel.users else ()
        for network in far:
            yield from _goes(seen, tunnel, network)
        if tunnel.there is not None:
            yield from _fits(seen, tunnel)


def _into(seen: Routes, network: str) -> set[str]:
    """The tunnel devices that a route sends a whole network into."""
    return {one.device for one in seen.routes if seen.is_tunnel(one.device) and _is_part(network, one.to)}


def _is_part(inner: str, outer: str) -> bool:
    one = network_of(outer)
    return one is not None and one.prefixlen > 0 and not missing((inner,), (outer,))


def _goes(seen: Routes, tunnel: TunnelFacts, network: str) -> Iterator[Finding]:
    """Parts of a network that are sent elsewhere than the rest, or all of it."""
    devices = _into(seen, network)
    picked = next((device for id_, net, device in seen.picked if (id_, net) == (tunnel.id, network)), "")
    if not devices and tunnel.kind != "ipsec" and tunnel.there is not None:
        if picked and not seen.is_tunnel(picked):
            yield ROUTE_ELSEWHERE(tunnel=tunnel.id, network=network, part=network, device=picked)
        return
    others = [net for one in seen.tunnels if one.id != tunnel.id and one.there for net in one.there.networks]
    ends = {address for one in seen.tunnels if one.there for address in one.there.addresses}
    said: list[Route] = []
    for route in sorted(seen.routes, key=lambda one: int(one.to.partition("/")[2] or 0)):
        inside = not missing((route.to,), (network,))
        if not inside or route.sort in _NOBODY or route.device in devices:
            continue
        if route.to.partition("/")[0] in ends or not missing((route.to,), others):
            continue
        # Where no device leads into the tunnel, a policy picks its packets, whatever way they would go; only who is on the
        # gateway's own network, or nowhere, is lost to it. The same network behind a gateway is then just the way out.
        takes = route.sort in _LOSES or route.sort == "local" or route.is_near
        if not devices and not takes:
            continue
        if route.to == network and devices and not takes:
            continue
        # Within a network that was named, its own addresses are no news.
        is_new = all(one.device != route.device or missing((route.to,), (one.to,)) for one in said)
        if is_new and not seen.is_tunnel(route.device):
            said.append(route)
            yield ROUTE_ELSEWHERE(
                tunnel=tunnel.id, network=network, part=route.to, device=route.device or route.sort
            )


def _fits(seen: Routes, tunnel: TunnelFacts) -> Iterator[Finding]:
    """Is a packet that the tunnel's device takes still small enough once it is wrapped? OpenVPN sees to that itself."""
    if tunnel.kind == "openvpn" or tunnel.there is None:
        return
    inner = {
        name
        for network in tunnel.there.networks
        for name in _into(seen, network)
        if (tunnel.kind == "ipsec") == bool(_OF_IPSEC.match(name)) and not name.startswith(("tun", "tap"))
    }
    for way in seen.ways:
        below = seen.device(way.device)
        if way.tunnel != tunnel.id or below is None or below.is_tunnel:
            continue
        adds = (80 if ":" in way.address else 60) if tunnel.kind == "wireguard" else 62
        least = min(below.mtu, way.mtu or below.mtu)
        for device in (one for name in sorted(inner) if (one := seen.device(name))):
            if device.mtu > least - adds:
                yield MTU_TOO_LARGE(
                    tunnel=tunnel.id,
                    device=device.name,
                    mtu=device.mtu,
                    underlay=way.device,
                    below=least,
                    fits=least - adds,
                )


@collector(
    "vpn.routes",
    asks=(
        "Does everything go into the tunnel that belongs there?",
        "Geht alles in den Tunnel, was hineingehört?",
    ),
    judge=judge,
    platform="linux",
    role="vpn-gateway",
)
async def routes(host: Shell, about: About) -> Routes:
    """Read all routes and devices, and ask the kernel for the way to each far end."""
    tunnels = about.tunnels
    if not tunnels:
        return Routes()
    table = await _shown(host, "-o", "route", "show", "table", "all")
    table6 = await _shown(host, "-6", "-o", "route", "show", "table", "all")
    links = await _shown(host, "-o", "-d", "link", "show")
    ways = [
        Way(tunnel=tunnel.id, address=address, device=device, mtu=mtu)
        for tunnel in tunnels
        if tunnel.there
        for address in tunnel.there.addresses[:4]
        for device, mtu in [await _way(host, address)]
    ]
    picked = [
        (tunnel.id, network, (await _way(host, _within(network)))[0])
        for tunnel in tunnels
        if tunnel.there
        for network in tunnel.there.networks[:16]
    ]
    return Routes(
        routes=tuple(dict.fromkeys((*_table(table), *_table(table6)))),
        devices=tuple(_devices(links)),
        ways=tuple(ways),
        picked=tuple(picked),
        tunnels=tunnels,
    )


async def _shown(host: Shell, *words: str) -> str:
    ran = await host.run("ip", *words)
    if ran.code:
        raise unparsable("ip shows nothing", ran.stderr or ran.stdout)
    return ran.stdout


async def _way(host: Shell, address: str) -> tuple[str, int]:
    """The device to an address, and the size that fits there, 0 where the kernel knows none but the device's."""
    ran = await host.run("ip", "-o", "route", "get", address)
    device = re.search(r" dev (\S+)", ran.stdout)
    mtu = re.search(r" mtu (?:lock )?(\d{2,6})\b", ran.stdout)
    if ran.code or device is None:
        return "", 0
    return plain(device[1], 15), int(mtu[1]) if mtu else 0


def _within(network: str) -> str:
    """An address in the middle of a network: the first ones are often gateways of their own."""
    one = network_of(network)
    return str(ip_address(int(one.network_address) + one.num_addresses // 2)) if one else network


def _table(text: str) -> Iterator[Route]:
    for line in text.splitlines():
        match = _SORT.fullmatch(line.strip())
        network = network_of(match["to"]) if match and match["to"] != "default" else None
        if match is None or network is None:
            continue
        device = re.search(r"(?:^| )dev (\S+)", match["rest"])
        sort = match["sort"] or "unicast"
        yield Route(
            to=str(network),
            device=plain(device[1], 15) if device and sort not in _LOSES else "",
            sort=sort,
            is_near=" via " not in match["rest"]
            and " nexthop " not in match["rest"]
            and "scope link" in match["rest"],
        )


def _devices(text: str) -> Iterator[Device]:
    found = [match for line in text.splitlines() if (match := _LINK.fullmatch(line.strip()))]
    if not found:
        raise unparsable("ip shows no devices", text)
    for match in found:
        is_tunnel = bool(_TUNNEL.fullmatch(match["name"]) or _KIND.search(match["rest"]))
        yield Device(name=plain(match["name"], 15), mtu=int(match["mtu"]), is_tunnel=is_tunnel)
