"""What does Open vSwitch's database say of its bridges and ports? Tables as `ovs-vsctl -f json` prints them.

A value is written as RFC 7047, section 5.1, has it: ["map", …], ["set", …], ["uuid", …], or the plain thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from collectors.net.bridge_id import mac_of
from collectors.net.host_bridges import unparsable
from collectors.net.tree import Protocol

__all__ = ["Bridge", "Database", "Port", "database_of"]

_Row = Mapping[str, object]
_KEYS = {"role": ("rstp_port_role", "stp_role"), "state": ("rstp_port_state", "stp_state")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a bridge; of a bond, the members count together. status: of whichever tree runs on it, empty for none."""

    name: str
    index: int
    is_up: bool | None
    macs: tuple[str, ...]
    status: Mapping[str, str]

    def says(self, what: str) -> str:
        """Its role, or its state, in lower case."""
        return next((self.status[key].lower() for key in _KEYS[what] if key in self.status), "")

    @property
    def designated(self) -> tuple[int, int | None]:
        """The identifier of the designated port, and the cost of its way to the root."""
        port = self.status.get("rstp_designated_port_id", "")
        cost = self.status.get("rstp_designated_path_cost", "")
        if not re.fullmatch(r"[0-9a-f]{1,4}", port):
            raise unparsable(f"the designated port of {self.name} is none", port)
        return int(port, 16), int(cost) if re.fullmatch(r"[0-9]{1,10}", cost) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """protocol: 'unknown' where no tree runs. mac: 'aa:bb:…', '' where it is not told."""

    name: str
    protocol: Protocol
    mac: str
    root_cost: int | None
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """All bridges."""

    bridges: tuple[Bridge, ...]


def database_of(text: str) -> Database:
    """Read the tables of bridges, ports and interfaces. Raises Unanswered for anything else, and for a part of them."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise unparsable("Open vSwitch's database gives no three tables", text[-200:])
    bridges, ports, interfaces = (_table(line) for line in lines[:3])
    try:
        by_id = {_id(row["_uuid"]): row for row in interfaces}
        ports_by_id = {_id(row["_uuid"]): row for row in ports}
        if len(by_id) != len(interfaces) or len(ports_by_id) != len(ports):
            raise unparsable("a row of Open vSwitch's database stands there twice", text[:200])
        return Database(bridges=tuple(_bridge(row, ports_by_id, by_id) for row in bridges))
    except KeyError as missing:
        raise unparsable(f"Open vSwitch's database lacks {missing.args[0]}") from None


def _table(line: str) -> list[_Row]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise unparsable("a table of Open vSwitch's database is no JSON", line[-200:]) from None
    match told:
        case {"headings": list(headings), "data": list(rows)} if all(
            isinstance(row, list) and len(row) == len(headings) for row in rows
        ) and all(isinstance(heading, str) for heading in headings):
            return [dict(zip(headings, row, strict=True)) for row in rows]
        case _:
            raise unparsable("a table of Open vSwitch's database is none", line)


def _bridge(row: _Row, ports: Mapping[str, _Row], interfaces: Mapping[str, _Row]) -> Bridge:
    name = _text(row["name"])
    speaks: tuple[tuple[Protocol, str, str], ...] = (
        ("rstp", "rstp_enable", "rstp_status"),
        ("stp", "stp_enable", "status"),
    )
    # Where both are asked for, the faster one runs.
    protocol, column = next(
        ((one, says) for one, is_on, says in speaks if row[is_on] is True), ("unknown", "")
    )
    status = _map(row[column]) if column else {}
    cost = status.get("rstp_root_path_cost", status.get("stp_root_path_cost", ""))
    mac = _text(row["datapath_id"])[-12:] if row["datapath_id"] != ["set", []] else ""
    return Bridge(
        name=name,
        protocol=protocol,
        mac=mac_of(bytes.fromhex(mac)) if re.fullmatch(r"[0-9a-f]{12}", mac) else "",
        root_cost=int(cost) if re.fullmatch(r"[0-9]{1,10}", cost) else None,
        ports=tuple(
            _port(port, column, interfaces)
            for port in (ports[one] for one in _ids(row["ports"]))
            # The bridge's own way into the host.
            if port["name"] != name
        ),
    )


def _port(row: _Row, column: str, interfaces: Mapping[str, _Row]) -> Port:
    members = [interfaces[one] for one in _ids(row["interfaces"])]
    links = [one["link_state"] for one in members]
    index = members[0]["ifindex"] if len(members) == 1 else 0
    return Port(
        name=_text(row["name"]),
        index=index if isinstance(index, int) and index > 0 else 0,
        is_up=True if "up" in links else False if "down" in links else None,
        macs=tuple(mac for one in members if isinstance(mac := one["mac_in_use"], str)),
        status=_map(row[column]) if column else {},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise unparsable("this is no text in Open vSwitch's database", str(value))
    return value


def _id(value: object) -> str:
    match value:
        case ["uuid", str(one)]:
            return one
        case _:
            raise unparsable("this names no row of Open vSwitch's database", str(value))


def _ids(value: object) -> list[str]:
    match value:
        case ["set", list(members)]:
            return [_id(one) for one in members]
        case _:
            return [_id(value)]


def _map(value: object) -> dict[str, str]:
    match value:
        case ["map", list(pairs)]:
            found: dict[str, str] = {}
            for pair in pairs:
                match pair:
                    case [str(key), str(said)]:
                        found[key] = said
                    case _:
                        raise unparsable("this is no pair in Open vSwitch's database", str(pair))
            return found
        case _:
            raise unparsable("this is no map in Open vSwitch's database", str(value))
