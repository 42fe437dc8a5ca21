"""What does a switch's agent say of one tree? BRIDGE-MIB and RSTP-MIB (RFC 4188, RFC 4318), and what of it can be so.

One walk of dot1dStp holds it whole. Agents say much that cannot be: it is left out and named, never taken for a state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from collectors import Oid, Varbind, rows
from collectors.net.bridge_id import BridgeId
from collectors.net.bridge_octets import are_swapped, identifier_in, port_identifier_in
from collectors.net.path_cost import HIGHEST, SATURATED
from collectors.net.ports import Port
from collectors.net.timers import timers_of
from collectors.net.tree import Dirt, Instance, Role, State, TreePort, derived_role

__all__ = ["CHANGES", "ROOT", "ROOT_COST", "ROOT_PORT", "SINCE_CHANGE", "STP", "Own", "Told", "instance_of"]

STP: Oid = (1, 3, 6, 1, 2, 1, 17, 2)
SINCE_CHANGE: Oid = (*STP, 3, 0)
CHANGES: Oid = (*STP, 4, 0)
ROOT: Oid = (*STP, 5, 0)
ROOT_COST: Oid = (*STP, 6, 0)
ROOT_PORT: Oid = (*STP, 7, 0)
_PORT: Oid = (*STP, 15, 1)
_EXTENDED: Oid = (*STP, 19, 1)
_STATES: Mapping[int, State] = {
    1: "disabled",
    2: "blocking",
    3: "listening",
    4: "learning",
    5: "forwarding",
    6: "broken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is known of the switch before its tree is read.

    mac: dot1dBaseBridgeAddress, '' for none. ports: by bridge port. is_per_vlan: its system ids are VLANs. roles: by bridge
    port, where it tells them. uptime: seconds.
    """

    mac: str = ""
    ports: Mapping[int, Port]
    is_per_vlan: bool = False
    roles: Mapping[int, Role]
    uptime: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """is_on: as in `Tree`. version: dot1dStpVersion, None when not told."""

    is_on: bool | None
    instance: Instance | None = None
    version: int | None = None
    dirt: tuple[Dirt, ...] = ()


def instance_of(name: str, said: Iterable[Varbind], own: Own) -> Told:
    """Read what a walk of dot1dStp gave. Nothing at all is neither on nor off."""
    found = tuple(said)
    scalars = {one.oid[len(STP)]: one for one in found if len(one.oid) == len(STP) + 2}
    table = {index[0]: row for index, row in rows(found, _PORT).items() if len(index) == 1}
    extended = {index[0]: row for index, row in rows(found, _EXTENDED).items() if len(index) == 1}
    version = scalars[16].number if 16 in scalars else None
    if not scalars and not table:
        return Told(is_on=None)
    root = identifier_in(scalars[5].octets if 5 in scalars else None)
    if root.found is None:
        return Told(is_on=None, version=version, dirt=(_no_root(scalars),))
    if root.found.is_zero:
        return _nobody(scalars, table, version)
    if _is_garbage(scalars) or not root.found.is_station:
        dirt = Dirt(kind="row", what="dot1dStp", why="costs, timers or the root's address cannot be so")
        return Told(is_on=None, version=version, dirt=(dirt,))
    read = _Reading(own=own, scalars=scalars, table=table, extended=extended)
    instance, dirt_found = read.instance(name, root.found, is_text=root.is_text)
    return Told(is_on=True, instance=instance, version=version, dirt=dirt_found)


def _no_root(scalars: Mapping[int, Varbind]) -> Dirt:
    said = scalars[5].text[:40] if 5 in scalars else ""
    return Dirt(
        kind="no-id", what="designated root", why=f"{said!r} is no identifier" if said else "not told"
    )


def _nobody(
    scalars: Mapping[int, Varbind], table: Mapping[int, Mapping[int, Varbind]], version: int | None
) -> Told:
    """Nobody is the root: spanning tree is off, unless the agent knows changes, or other bridges at its ports."""
    changes = scalars[4].number if 4 in scalars else None
    bridges = (identifier_in(row[8].octets if 8 in row else None).found for row in table.values())
    runs = bool(changes) or any(one is not None and one.is_station for one in bridges)
    dirt = Dirt(kind="zero-root", what="designated root", why="all zeros")
    return Told(is_on=None if runs else False, version=version, dirt=(dirt,))


def _is_garbage(scalars: Mapping[int, Varbind]) -> bool:
    """Values that no bridge can have: the agent's row is shifted, or was never filled."""
    cost = scalars[6].number if 6 in scalars else None
    timers = [scalars[arc].number for arc in (8, 9, 11, 12, 13, 14) if arc in scalars]
    return (cost is not None and not 0 <= cost <= HIGHEST) or any(
        value is not None and not 0 <= value <= 4_000 for value in timers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    own: Own
    scalars: Mapping[int, Varbind]
    table: Mapping[int, Mapping[int, Varbind]]
    extended: Mapping[int, Mapping[int, Varbind]]

    def instance(self, name: str, root: BridgeId, *, is_text: bool) -> tuple[Instance, tuple[Dirt, ...]]:
        dirt: list[Dirt] = []
        if is_text:
            dirt.append(Dirt(kind="text-id", what="identifiers", why="written as text"))
        ports = [
            self._port(number, row, dirt)
            for number, row in sorted(self.table.items())
            if not self._is_part(number)
        ]
        said = (
            root,
            *(one for port in ports for one in (port.designated_root, port.designated_bridge) if one),
        )
        priority = self._number(2)
        if are_swapped(said, mac=self.own.mac, priority=priority, may_be_a_vlan=self.own.is_per_vlan):
            dirt.append(
                Dirt(kind="swapped-id", what="identifiers", why="the priority's octets are turned round")
            )
            root = root.swapped
            ports = [_turned(port) for port in ports]
        bridge = self._bridge(root, ports, priority)
        root_port = self._root_port(root, bridge, ports, dirt)
        timers, units = timers_of([self._number(arc) for arc in (8, 9, 11)])
        own, _ = timers_of([self._number(arc) for arc in (12, 13, 14)])
        if timers is None:
            dirt.append(Dirt(kind="timers", what="timers in force", why="not those of a bridge"))
        elif units == 1:
            dirt.append(Dirt(kind="seconds", what="timers", why="in seconds"))
        cost = self._number(6)
        instance = Instance(
            name=name,
            bridge=bridge,
            root=root,
            root_cost=cost,
            root_port=root_port,
            timers=timers,
            own=own,
            changes=self._number(4),
            since_change=self._since(units, dirt),
            ports=tuple(self._with_role(port, bridge, root_port) for port in ports),
        )
        return instance, tuple(dict.fromkeys(dirt))

    def _is_part(self, number: int) -> bool:
        """A port that an aggregate has taken in is none of the tree's, whatever state some agents show for it."""
        known = self.own.ports.get(number)
        joined = known is not None and known.aggregate is not None and known.is_attached is not False
        return joined and number != self._number(7)

    def _number(self, arc: int) -> int | None:
        return self.scalars[arc].number if arc in self.scalars else None

    def _since(self, units: int, dirt: list[Dirt]) -> float | None:
        """Who tells timers in seconds may tell this so as well: the longer time is the one that alarms nobody."""
        ticks = self._number(3)
        if ticks is None:
            return None
        since = ticks / (units or 100)
        if ticks == 0 and self._number(4):
            dirt.append(Dirt(kind="time", what="time since the last change", why="always zero"))
            return None
        if self.own.uptime is not None and since > self.own.uptime + 60:
            dirt.append(
                Dirt(kind="time", what="time since the last change", why="longer than the agent runs")
            )
        return since

    def _bridge(self, root: BridgeId, ports: list[TreePort], priority: int | None) -> BridgeId | None:
        """The switch's own identifier: the one with which it speaks on its ports, else its priority and its address."""
        mac = self.own.mac
        speaks = Counter(
            port.designated_bridge
            for port in ports
            if port.designated_bridge is not None and port.designated_bridge.is_station
        )
        mine = [one for one, _ in speaks.most_common() if one.mac == mac]
        if mine:
            return mine[0]
        if mac and root.mac == mac:
            return root
        if self._number(6) == 0 and self._number(7) == 0:
            return root
        heard = {port.designated_bridge for port in ports if port.number == self._number(7)}
        sent = [
            one
            for one, _ in speaks.most_common()
            if one not in heard and any(port.designated_bridge == one and _is_its_own(port) for port in ports)
        ]
        if sent:
            return sent[0]
        if mac and priority is not None and 0 <= priority <= 0xFFFF:
            return BridgeId(priority & 0xF000, priority & 0xFFF, mac)
        return None

    def _root_port(
        self, root: BridgeId, bridge: BridgeId | None, ports: list[TreePort], dirt: list[Dirt]
    ) -> int | None:
        number = self._number(7)
        if root == bridge:
            if number and self._number(6):
                dirt.append(Dirt(kind="cost", what="root cost", why="the root itself has a cost to the root"))
            return 0
        if number and any(port.number == number for port in ports):
            return number
        return None

    def _with_role(self, port: TreePort, bridge: BridgeId | None, root_port: int | None) -> TreePort:
        given = self.own.roles.get(port.number)
        role = given or derived_role(
            port.number,
            port.priority,
            bridge=bridge,
            root_port=root_port,
            designated_bridge=port.designated_bridge,
            designated_port=port.designated_port,
            is_up=port.is_up,
            state=port.state,
        )
        return replace(port, role=role)

    def _port(self, number: int, row: Mapping[int, Varbind], dirt: list[Dirt]) -> TreePort:
        value = {column: one.number for column, one in row.items()}
        octets = {column: one.octets for column, one in row.items()}
        more = {column: one.number for column, one in self.extended.get(number, {}).items()}
        known = self.own.ports.get(number)
        state = value.get(3)
        running = value.get(4)
        return TreePort(
            name=known.name if known else "",
            number=number,
            index=known.index if known else 0,
            priority=_within(value.get(2), 255),
            state=_STATES.get(state, "unknown") if state is not None else "unknown",
            cost=_cost(number, value, dirt if known is None or known.is_up else []),
            designated_root=_station(octets.get(6)),
            designated_cost=_within(value.get(7), HIGHEST),
            designated_bridge=_station(octets.get(8)),
            designated_port=port_identifier_in(octets.get(9)),
            is_up=known.is_up if known else None,
            is_running={1: True, 2: False}.get(running) if running is not None else None,
            is_edge=_truth(more.get(3)),
            is_point_to_point=_truth(more.get(5)),
            changes=_within(value.get(10), 0xFFFFFFFF),
        )


def _station(octets: bytes | None) -> BridgeId | None:
    found = identifier_in(octets).found
    return found if found is not None and found.is_station else None


def _is_its_own(port: TreePort) -> bool:
    return port.designated_port is not None and port.designated_port.number == port.number & 0xFFF


def _turned(port: TreePort) -> TreePort:
    root, bridge = port.designated_root, port.designated_bridge
    return replace(
        port,
        designated_root=root.swapped if root else None,
        designated_bridge=bridge.swapped if bridge else None,
    )


def _cost(number: int, value: Mapping[int, int | None], dirt: list[Dirt]) -> int | None:
    """The cost in 32 bits where there is one (column 11), and where 16 bits do not show it."""
    short, long = value.get(5), value.get(11)
    if long is not None and 0 < long <= HIGHEST and short in {None, 0, SATURATED, long}:
        return long
    if short == SATURATED:
        dirt.append(Dirt(kind="saturated", what=f"cost of port {number}", why="it does not fit in 16 bits"))
        return None
    return short if short is not None and 0 < short <= HIGHEST else None


def _within(value: int | None, most: int) -> int | None:
    return value if value is not None and 0 <= value <= most else None


def _truth(value: int | None) -> bool | None:
    return {1: True, 2: False}.get(value) if value is not None else None
