"""Is WireGuard alive? `wg show` is asked piece by piece: its `dump` would show private and shared keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from ipaddress import ip_address

from collectors import About, Shell, Unanswered, collector
from collectors.plain import plain
from collectors.vpn.rights import allowed, unparsable
from collectors.vpn.wireguard_judge import judge
from collectors.vpn.wireguard_model import Interface, Peer, Wireguard

__all__ = ["wireguard"]

_WG = ("/usr/bin/wg", "show", "all")
_WAIT = 12
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
_NAME = re.compile(r"[\w.=-]{1,15}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
# The configuration without its keys.
_PATTERN = r"^[[:space:]]*(\[|(PublicKey|Endpoint)[[:space:]]*=)"
_Rows = Mapping[tuple[str, str], tuple[str, ...]]


@collector(
    "vpn.wireguard",
    asks=("Are the WireGuard tunnels alive?", "Leben die WireGuard-Tunnel?"),
    judge=judge,
    platform="linux",
    role="vpn-gateway",
    deadline=90.0,
)
async def wireguard(host: Shell, about: About) -> Wireguard:
    """Ask for interfaces and peers, and look at their counters twice."""
    tunnels = tuple(tunnel for tunnel in about.tunnels if tunnel.kind == "wireguard")
    ran = await allowed(host, *_WG, "public-key")
    if ran is None:
        if tunnels:
            raise unparsable("the host has no tool to ask WireGuard with: there is no /usr/bin/wg")
        began = (await host.run("date", "+%s")).began
        return Wireguard(host=about.id, asked=began.astimezone(UTC), is_installed=False)
    if ran.code:
        raise unparsable("wg shows nothing", ran.stderr)
    keys = {row[0]: row[1] for row in _rows(ran.stdout, 2)}
    seen = Wireguard(host=about.id, asked=ran.began.astimezone(UTC), tunnels=tunnels)
    if not keys:
        return seen
    ports = {row[0]: row[1] for row in await _show(host, "listen-port", 2)}
    parts = {what: await _by_peer(host, what) for what in ("endpoints", "allowed-ips", "latest-handshakes")}
    parts["keepalive"] = await _by_peer(host, "persistent-keepalive")
    first = second = await _by_peer(host, "transfer")
    if tunnels:
        await host.pause(_WAIT)
        second, parts["latest-handshakes"] = (
            await _by_peer(host, "transfer"),
            await _by_peer(host, "latest-handshakes"),
        )
    clock = await host.run("date", "+%s")
    if not clock.stdout.strip().isdecimal():
        raise unparsable("the host does not show its clock", clock.stdout)
    interfaces = tuple(
        Interface(
            name=name,
            key=key if _KEY.fullmatch(key) else "",
            port=_number(ports.get(name, "0")),
            peers=tuple(_peer(at, parts, first, second) for at in parts["endpoints"] if at[0] == name),
        )
        for name, key in keys.items()
    )
    seen = replace(seen, now=int(clock.stdout), seconds=_WAIT if tunnels else 0, interfaces=interfaces)
    return await _named(host, seen)


async def _show(host: Shell, what: str, width: int) -> list[list[str]]:
    ran = await allowed(host, *_WG, what)
    if ran is None or ran.code:
        raise unparsable(f"wg shows no {what}", ran.stderr if ran else "")
    return _rows(ran.stdout, width)


def _rows(text: str, width: int) -> list[list[str]]:
    """Rows of words between tabs. Raises Unanswered for what is none."""
    found: list[list[str]] = []
    for line in text.splitlines():
        words = line.split("\t")
        if found and _KEY.fullmatch(words[0]):
            # Of endpoints, wg names the interface at the first peer only.
            words = [found[-1][0], *words]
        if len(words) < width or not _NAME.fullmatch(words[0]):
            raise unparsable("this is no line of wg's", line)
        found.append(words)
    return found


async def _by_peer(host: Shell, what: str) -> _Rows:
    rows = await _show(host, what, 3)
    if wrong := next((row for row in rows if not _KEY.fullmatch(row[1])), None):
        raise unparsable("wg shows a peer without a key", " ".join(wrong))
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def _peer(at: tuple[str, str], parts: Mapping[str, _Rows], first: _Rows, second: _Rows) -> Peer:
    def word(rows: _Rows, number: int = 0) -> str:
        words = rows.get(at, ())
        return words[number] if len(words) > number else ""

    got, sent = ((_number(word(first, number)), _number(word(second, number))) for number in (0, 1))
    return Peer(
        key=at[1],
        endpoint=_endpoint(word(parts["endpoints"])),
        networks=tuple(net for net in plain(word(parts["allowed-ips"]), 4000).split() if net != "(none)"),
        handshake=_number(word(parts["latest-handshakes"])),
        got=got,
        sent=sent,
        keepalive=_number(word(parts["keepalive"])),
    )


def _number(text: str) -> int:
    """A count; 0 for 'off' and what is not there. Raises Unanswered."""
    if text in {"", "off"}:
        return 0
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise unparsable("this is no count of wg's", text)
    return int(text)


def _endpoint(text: str) -> tuple[str, int]:
    """'192.0.2.1:51820', '[2001:db8::1]:51820' or '(none)'. Raises Unanswered."""
    if text in {"", "(none)"}:
        return "", 0
    address, _, port = text.rpartition(":")
    try:
        return str(ip_address(address.strip("[]").partition("%")[0])), _number(port)
    except ValueError:
        raise unparsable("this is no endpoint of wg's", text) from None


async def _named(host: Shell, seen: Wireguard) -> Wireguard:
    """Add what the configuration calls the endpoints, and what these names lead to today, where that may be read."""
    interfaces = []
    planned = {place[0].name for tunnel in seen.tunnels if (place := seen.place(tunnel))}
    for one in seen.interfaces:
        names = await _names(host, one.name) if one.name in planned else {}
        peers = [
            replace(peer, named=names[peer.key], now=await _addresses(host, names[peer.key]))
            if peer.key in names
            else peer
            for peer in one.peers
        ]
        interfaces.append(replace(one, peers=tuple(peers)))
    return replace(seen, interfaces=tuple(interfaces))


async def _names(host: Shell, interface: str) -> dict[str, str]:
    """Peers' keys, and the names of their endpoints."""
    try:
        ran = await allowed(host, "/usr/bin/grep", "-hsE", _PATTERN, f"/etc/wireguard/{interface}.conf")
    except Unanswered:
        # It only adds to the answer.
        return {}
    found: dict[str, str] = {}
    key = name = ""
    for line in ran.stdout.splitlines() if ran is not None else ():
        what, _, value = (part.strip() for part in line.partition("="))
        if what.startswith("["):
            key = name = ""
        elif what == "PublicKey":
            key = value
        elif what == "Endpoint":
            name = value.rpartition(":")[0]
        if _KEY.fullmatch(key) and _HOST.fullmatch(name) and re.search(r"[A-Za-z]", name):
            found[key] = name
    return found


async def _addresses(host: Shell, name: str) -> tuple[str, ...]:
    ran = await host.run("getent", "ahosts", name, deadline=10.0)
    words = (line.split() for line in ran.stdout.splitlines())
    return tuple(dict.fromkeys(plain(one[0], 45) for one in words if one)) if ran.code == 0 else ()
