"""Which devices does a Linux host hear on its ports? What lldpd knows there (`lldpcli -f json0`, lldpcli(8)).

A host without lldpd hears nobody, which is nothing wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from collectors import About, Finding, Kind, Shell, Unanswered, collector
from collectors.net.columns import address_in
from collectors.net.lldp import ip_in
from collectors.net.neighbour import Announced, Capability, Neighbour, Source
from collectors.net.neighbours import NeighboursSeen
from collectors.net.ports import Port, Ports
from collectors.plain import plain

__all__ = ["linux_neighbours"]

_ETHERNET = 6
_NOT_FOUND, _CLOSED = 127, 126
_CAPABILITIES: dict[str, Capability] = {
    "Bridge": "bridge",
    "Router": "router",
    "Wlan": "access-point",
    "Repeater": "repeater",
    "Tel": "phone",
    "Docsis": "docsis",
    "Station": "station",
}


def judge(seen: NeighboursSeen) -> Iterator[Finding]:
    """One host alone says nothing that could be wrong."""
    del seen
    yield from ()


@collector(
    "net.lldpd",
    asks=("Which devices does the Linux host hear?", "Welche Geräte hört der Linux-Host?"),
    judge=judge,
    platform="linux",
    role="network",
)
async def linux_neighbours(host: Shell, about: About) -> NeighboursSeen:
    """Ask lldpd for its neighbours and for what it announces itself."""
    heard = await _told(host, "neighbors")
    if heard is None:
        return NeighboursSeen(ports=Ports(ports=()), known_as=about.name, addresses=about.addresses)
    own, chassis = await _told(host, "interfaces") or {}, await _told(host, "chassis") or {}
    interfaces = [one for part in _each(own, "lldp") for one in _each(part, "interface")]
    me = next((c for part in _each(chassis, "local-chassis") for c in _each(part, "chassis")), {})
    announced = [(plain(_text(one, "name")), _id(one, "port")) for one in interfaces]
    return NeighboursSeen(
        ports=Ports(
            name=plain(_value(me, "name")),
            chassis=address_in(_id_of(me)),
            ports=tuple(
                Port(index=number, name=name, type=_ETHERNET, mac=address_in(said), is_up=True)
                for number, (name, said) in enumerate(announced, start=1)
                if name
            ),
        ),
        neighbours=tuple(_neighbours(heard)),
        announced=tuple(
            Announced(id=address_in(said) or plain(said), port=name)
            for name, said in announced
            if name and said
        ),
        known_as=about.name,
        addresses=about.addresses,
    )


async def _told(host: Shell, what: str) -> dict[str, object] | None:
    """What lldpcli shows; None where no lldpd is, or runs. Raises Unanswered."""
    ran = await host.run("lldpcli", "-f", "json0", "show", what)
    said = ran.stderr.lower()
    if ran.code == _NOT_FOUND or ("unable to connect" in said and "no such file" in said):
        return None
    if ran.code == _CLOSED or "permission denied" in said:
        raise Unanswered(Kind.UNPARSABLE, "the account may not ask lldpd")
    try:
        told = json.loads(ran.stdout)
    except (ValueError, RecursionError):
        told = None
    if ran.code or not isinstance(told, dict):
        raise Unanswered(Kind.UNPARSABLE, f"lldpcli shows no {what}: {plain(ran.stderr or ran.stdout, 120)}")
    return told


def _neighbours(heard: dict[str, object]) -> Iterator[Neighbour]:
    rows = (row for part in _each(heard, "lldp") for row in _each(part, "interface"))
    for row in rows:
        chassis = next(iter(_each(row, "chassis")), {})
        port = next(iter(_each(row, "port")), {})
        via = _text(row, "via")
        source: Source | None = "lldp" if via == "LLDP" else "cdp" if via.startswith("CDP") else None
        mac, far = address_in(_id_of(chassis)), _id_of(port)
        name = plain(_value(chassis, "name"))
        if source is None or not (mac or name or _id_of(chassis)):
            continue
        ips = [ip for one in _each(chassis, "mgmt-ip") if (ip := ip_in(_text(one, "value")))]
        yield Neighbour(
            source=source,
            port=plain(_text(row, "name")),
            index=None,
            chassis=mac,
            other_id="" if mac else plain(_id_of(chassis)),
            name=name,
            system=plain(_value(chassis, "descr")),
            far_port=address_in(far) or plain(far),
            far_descr=plain(_value(port, "descr")),
            addresses=tuple(sorted(ips)),
            capabilities=_capabilities(chassis),
        )


def _capabilities(chassis: dict[str, object]) -> tuple[Capability, ...]:
    able = [(_text(one, "type"), one.get("enabled") is True) for one in _each(chassis, "capability")]
    chosen = [name for name, is_on in able if is_on] or [name for name, _ in able]
    return tuple(dict.fromkeys(_CAPABILITIES[name] for name in chosen if name in _CAPABILITIES))


def _each(told: dict[str, object], key: str) -> list[dict[str, object]]:
    found = told.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(told: dict[str, object], key: str) -> str:
    found = told.get(key)
    return found if isinstance(found, str) else ""


def _value(told: dict[str, object], key: str) -> str:
    return next((_text(one, "value") for one in _each(told, key)), "")


def _id_of(told: dict[str, object]) -> str:
    return _value(told, "id")


def _id(told: dict[str, object], key: str) -> str:
    return next((_id_of(one) for one in _each(told, key)), "")
