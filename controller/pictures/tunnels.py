"""Which tunnels shall there be, and what does each end say of its own?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from agent.job import Result, Seen
from collectors import Finding, TunnelFacts
from collectors.collector import Collector
from collectors.vpn.gateway import ipsec
from collectors.vpn.ipsec import Ipsec
from collectors.vpn.openvpn import openvpn
from collectors.vpn.openvpn_model import Openvpn
from collectors.vpn.wireguard import wireguard
from collectors.vpn.wireguard_model import Wireguard
from controller.pictures.drawing import Arrow, Drawing, Mark, Spot, mark_of
from controller.reports.words import Words

__all__ = ["tunnel_map"]

R = TypeVar("R")
# Reject-After-Time of WireGuard: keys that are older carry nothing (seconds).
_ENDS = 180
_KINDS = {"ipsec": "IPsec", "openvpn": "OpenVPN", "wireguard": "WireGuard"}
_UNITS = {"packets": "", "bytes": " B"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one end says of a tunnel. is_up: None where it cannot tell. out, back: what it sent and got, in `unit`."""

    tunnel: TunnelFacts
    is_up: bool | None
    out: int = 0
    back: int = 0
    unit: Literal["packets", "bytes"] = "packets"


def tunnel_map(
    results: Iterable[Result], findings: Iterable[Finding], words: Words, say: Callable[[str], str]
) -> Drawing | None:
    """Draw the tunnels as the gateways told them; None when no gateway was heard.

    say: redaction, which every name passes.
    """
    views = _views(list(results))
    if not views:
        return None
    found = [finding for finding in findings if finding.tag.name.startswith("vpn.")]
    tunnels: dict[str, TunnelFacts] = {}
    for host in sorted(views):
        for one in views[host]:
            tunnels.setdefault(one.tunnel.id, one.tunnel)
    heard = views.keys()
    spots: dict[str, Spot] = {
        host: Spot(host, say(host), mark_of(f for f in found if f.host == host and "tunnel" not in f.facts))
        for host in sorted(heard)
    }
    arrows, rows = [], []
    for id_, tunnel in sorted(tunnels.items()):
        far = tunnel.there.host or tunnel.there.name if tunnel.there else f"{id_} users"
        name = tunnel.there.name if tunnel.there else words.tunnel_users
        if far not in spots:
            kind = "box" if tunnel.there and tunnel.there.host else "round"
            spots[far] = Spot(far, say(name), Mark.UNHEARD, (words.marks[Mark.UNHEARD],), kind=kind)
        ends = (tunnel.here.host, far)
        said = [next((one for one in views.get(end, ()) if one.tunnel.id == id_), None) for end in ends]
        mark = mark_of(f for f in found if f.facts.get("tunnel") == id_)
        if mark is Mark.FINE and any(one is None or one.is_up is None for one in said) and tunnel.there:
            # What one end alone says is not sure.
            mark = Mark.UNHEARD
        state = " / ".join(_state(one, words) for one in said)
        arrows.append(Arrow(*ends, mark, f"{say(id_)} {_KINDS[tunnel.kind]}: {state}", is_one_way=False))
        rows.append((_row(tunnel, name, said, words, say), mark))
    return Drawing(
        id="tunnels",
        title=words.tunnels,
        intro=words.tunnels_intro,
        spots=tuple(spots.values()),
        arrows=tuple(arrows),
        heading=(*words.tunnels_columns, words.state_column),
        rows=tuple(rows),
    )


def _row(
    tunnel: TunnelFacts, name: str, said: list[View | None], words: Words, say: Callable[[str], str]
) -> tuple[str, ...]:
    pools = tunnel.users.pools if tunnel.users else ()
    networks = (", ".join(tunnel.here.networks), ", ".join(tunnel.there.networks if tunnel.there else pools))
    cells: list[str] = [f"{say(tunnel.id)} ({_KINDS[tunnel.kind]})"]
    for end, network, one in zip((tunnel.here.host, name), networks, said, strict=True):
        cells += [f"{say(end)}: {say(network)}" if network else say(end), _told(one, words)]
    return tuple(cells)


def _state(one: View | None, words: Words) -> str:
    if one is None or one.is_up is None:
        return words.marks[Mark.UNHEARD]
    return words.tunnel_up if one.is_up else words.tunnel_down


def _told(one: View | None, words: Words) -> str:
    """'up, 120 out, 118 back': what the end says, in words and numbers."""
    if one is None or one.is_up is None:
        return _state(one, words)
    unit = _UNITS[one.unit]
    return f"{_state(one, words)}; ↑ {words.number(one.out)}{unit}, ↓ {words.number(one.back)}{unit}"


def _read(results: list[Result], question: Collector[R]) -> Mapping[str, R]:
    return {
        r.job.host: question.adapter.validate_python(r.outcome.reading)
        for r in results
        if r.job.collector == question.name and isinstance(r.outcome, Seen)
    }


def _views(results: list[Result]) -> dict[str, list[View]]:
    found: dict[str, list[View]] = {}
    for host, gateway in _read(results, ipsec).items():
        found.setdefault(host, []).extend(_of_ipsec(gateway))
    for host, server in _read(results, openvpn).items():
        found.setdefault(host, []).extend(_of_openvpn(server))
    for host, guard in _read(results, wireguard).items():
        found.setdefault(host, []).extend(_of_wireguard(guard))
    return {host: views for host, views in found.items() if views}


def _of_ipsec(seen: Ipsec) -> Iterator[View]:
    for tunnel in seen.tunnels:
        connection = seen.connection(tunnel)
        sas = seen.associations_of(connection) if connection else ()
        children = [child for one in sas if one.is_up for child in one.children if child.is_up]
        counts = [child.later or child.packets for child in children]
        yield View(
            tunnel=tunnel,
            is_up=bool(children),
            out=sum(out for out, _ in counts),
            back=sum(back for _, back in counts),
        )


def _of_openvpn(seen: Openvpn) -> Iterator[View]:
    for tunnel in seen.tunnels:
        service = seen.service(tunnel)
        if service is None:
            yield View(tunnel=tunnel, is_up=False, unit="bytes")
        elif service.is_server and service.status is not None and tunnel.there is not None:
            client = seen.client(tunnel, service)
            out, back = (client.sent, client.got) if client else (0, 0)
            yield View(tunnel=tunnel, is_up=client is not None, out=out, back=back, unit="bytes")
        elif service.is_server and service.status is not None:
            clients = service.status.clients
            out, back = sum(one.sent for one in clients), sum(one.got for one in clients)
            yield View(tunnel=tunnel, is_up=True, out=out, back=back, unit="bytes")
        else:
            state = service.state
            back, out = (service.status.counts if service.status is not None else None) or (0, 0)
            is_up = None if state is None else state.name == "CONNECTED"
            yield View(tunnel=tunnel, is_up=is_up, out=out, back=back, unit="bytes")


def _of_wireguard(seen: Wireguard) -> Iterator[View]:
    for tunnel in seen.tunnels:
        place = seen.place(tunnel) if tunnel.there else None
        if tunnel.there is None:
            peers = [peer for one in seen.interfaces for peer in one.peers]
        else:
            peers = [place[1]] if place else []
        lives = [peer for peer in peers if peer.handshake and seen.now - peer.handshake <= _ENDS]
        yield View(
            tunnel=tunnel,
            is_up=bool(lives),
            out=sum(peer.sent[1] for peer in peers),
            back=sum(peer.got[1] for peer in peers),
            unit="bytes",
        )
