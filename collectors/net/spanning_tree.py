"""Is spanning tree well on this switch? Everything that its SNMP agent says of its trees, in the one model.

One walk of BRIDGE-MIB holds the common tree; MSTP has a MIB of its own; Cisco's switches have one tree a VLAN, each in a
context of its own, which is asked for VLANs that are in use and for no others. Where the last change of the topology is
recent, the counter of changes is read twice more, a few seconds apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collectors import About, Kind, Oid, Snmp, Unanswered, collector
from collectors.net.bridge_mib import (
    CHANGES,
    ROOT,
    ROOT_COST,
    ROOT_PORT,
    SINCE_CHANGE,
    STP,
    Own,
    Told,
    instance_of,
)
from collectors.net.cisco_tree import NOBODY, Cisco, is_cisco, is_nxos, read_cisco, vlans_of
from collectors.net.columns import numbers, single
from collectors.net.mst_mib import read_mst
from collectors.net.path_cost import method_of
from collectors.net.ports import Port, Ports, read_ports
from collectors.net.spanning_tree_view import judge
from collectors.net.tree import Dirt, Instance, Protocol, Role, Tree, TreePort, addresses_of

__all__ = ["spanning_tree"]

_MODEL: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
_UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_HOST_UPTIME: Oid = (1, 3, 6, 1, 2, 1, 25, 1, 1, 0)
_ENGINE_TIME: Oid = (1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0)
_BASE_PORT: Oid = (1, 3, 6, 1, 2, 1, 17, 1, 4, 1)
_FLEETING = (SINCE_CHANGE, CHANGES, ROOT, ROOT_COST, ROOT_PORT)

# A change is recent for as long as it is announced with default timers and some; then two more looks, so far apart.
_RECENT = 60.0
_PAUSE = 10.0
# Each VLAN's tree is a walk of its own.
_MOST_VLANS = 64
_MOST_SILENCES = 2
_BY_VERSION: Mapping[int, Protocol] = {0: "stp", 2: "rstp", 3: "mstp"}


@collector(
    "net.spanning-tree",
    asks=("Is spanning tree well on this switch?", "Ist der Spanning Tree auf diesem Switch in Ordnung?"),
    judge=judge,
    deadline=180.0,
)
async def spanning_tree(host: Snmp, about: About) -> Tree:
    """Read all trees of a switch."""
    began = await host.get(_MODEL, _UPTIME, _HOST_UPTIME, _ENGINE_TIME)
    first = await single(host, *_FLEETING)
    said = {one.oid: one for one in began}
    named = said[_MODEL].value
    model = named if isinstance(named, tuple) else ()
    uptime = _longest(
        *(said[one].number for one in (_UPTIME, _HOST_UPTIME)), engine=said[_ENGINE_TIME].number
    )
    ports = await _ports(host)
    cisco = await read_cisco(host, ports) if is_cisco(model) else NOBODY
    own = _Own(ports=ports, cisco=cisco, uptime=uptime, is_cisco=is_cisco(model))
    common = instance_of(
        "", await host.walk(STP), own.of(0 if cisco.protocol == "mstp" else 1, ports.by_bridge_port)
    )
    common = _named(common, own)
    region, within = await read_mst(host, ports.by_bridge_port)
    per_vlan, silent = await _per_vlan(host, own, common) if own.has_contexts(model) else ((), ())
    told = [one for one in (common, *per_vlan) if one.is_on is not None or one.dirt]
    instances = [one.instance for one in told if one.instance is not None]
    looked = await _look_again(host, first, instances[:1]) if common.instance else _Looked()
    trees = (*looked.on(instances, common.instance), *within)
    return Tree(
        protocol=_protocol(cisco, common, within),
        is_on=_is_on(told),
        instances=tuple(own.dressed(one) for one in trees),
        region=region or cisco.region,
        cost_method=cisco.cost_method or method_of(_priced(trees, ports)),
        err_disabled=cisco.err_disabled,
        addresses=addresses_of(trees, *ports.macs),
        uptime=uptime,
        is_settling=looked.is_settling,
        plan=about.spanning_tree,
        dirt=(*_silent_bridge(told, ports), *(dirt for one in told for dirt in one.dirt), *silent),
    )


async def _ports(host: Snmp) -> Ports:
    """Its interfaces; a switch that lists none has a tree nevertheless."""
    try:
        return await read_ports(host)
    except Unanswered as reason:
        if reason.kind is not Kind.UNPARSABLE:
            raise
        return Ports(ports=())


def _longest(*ticks: int | None, engine: int | None) -> float | None:
    """How long it runs, in seconds: no clock counts longer than that, and each of them can begin anew."""
    known = [value / 100 for value in ticks if value is not None and value >= 0]
    if engine is not None and engine >= 0:
        known.append(float(engine))
    return max(known, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What is known of the switch before its trees are read."""

    ports: Ports
    cisco: Cisco
    uptime: float | None
    is_cisco: bool

    @property
    def is_per_vlan(self) -> bool:
        return self.is_cisco and self.cisco.protocol != "mstp"

    def has_contexts(self, model: Oid) -> bool:
        return self.is_per_vlan and not is_nxos(model)

    def of(self, number: int, ports: Mapping[int, Port]) -> Own:
        """For the instance of this number (of MSTP), or of this VLAN."""
        roles: dict[int, Role] = {
            port: role for (one, port), role in self.cisco.roles.items() if one == number
        }
        return Own(
            mac=self.ports.bridge, ports=ports, is_per_vlan=self.is_per_vlan, roles=roles, uptime=self.uptime
        )

    def dressed(self, instance: Instance) -> Instance:
        """With what Cisco says of its ports beside the tree."""
        number = int(instance.name.rpartition("-")[2] or 0)
        return replace(instance, ports=tuple(self._port(port, number) for port in instance.ports))

    def _port(self, port: TreePort, instance: int) -> TreePort:
        why = self.cisco.inconsistent.get((instance, port.number), port.inconsistent)
        guards = self.cisco.guards.get(port.number, port.guards)
        return replace(port, inconsistent=why, guards=guards)


def _named(common: Told, own: _Own) -> Told:
    """Where each VLAN has a tree, the one without a context is that of the VLAN in its identifier."""
    one = common.instance
    if one is None or not own.is_per_vlan or one.bridge is None or not one.bridge.system:
        return common
    vlan = one.bridge.system
    return replace(common, instance=replace(one, name=f"vlan-{vlan}", vlans=(vlan,)))


async def _per_vlan(host: Snmp, own: _Own, common: Told) -> tuple[tuple[Told, ...], tuple[Dirt, ...]]:
    """The trees of VLANs that are in use, but for the one that is known already."""
    known = common.instance.vlans if common.instance else ()
    wanted = [vlan for vlan in await vlans_of(host) if vlan not in known]
    found: list[Told] = []
    dirt: list[Dirt] = []
    if len(wanted) > _MOST_VLANS:
        dirt.append(
            Dirt(kind="silent", what="trees of VLANs", why=f"{len(wanted) - _MOST_VLANS} were not asked for")
        )
    silent = 0
    for vlan in wanted[:_MOST_VLANS]:
        context = f"vlan-{vlan}"
        try:
            said = await host.walk(STP, context=context)
            indexes = await numbers(host, _BASE_PORT, 2, context=context) if said else {}
        except Unanswered as reason:
            if reason.kind is Kind.STOPPED:
                raise
            dirt.append(Dirt(kind="silent", what=f"tree of VLAN {vlan}", why="its context is not answered"))
            silent += 1
            # Each further context would be one more failed log-in to a switch that does not know them.
            if silent >= _MOST_SILENCES:
                break
            continue
        silent = 0
        ports = own.ports.by_index
        mine = {number: ports[index] for number, index in indexes.items() if index in ports}
        told = instance_of(context, said, own.of(vlan, mine))
        if told.instance is not None:
            told = replace(told, instance=replace(told.instance, vlans=(vlan,)))
        found.append(told)
    return tuple(found), tuple(dirt)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What looking again at the common tree gave."""

    looks: tuple[int, ...] = ()
    apart: float | None = None
    is_settling: bool = False

    def on(self, instances: Sequence[Instance], common: Instance | None) -> tuple[Instance, ...]:
        return tuple(
            replace(one, looks=self.looks, apart=self.apart) if one is common and self.looks else one
            for one in instances
        )


async def _look_again(host: Snmp, first: Mapping[Oid, object], instances: Sequence[Instance]) -> _Looked:
    """Two more looks where the last change is recent, and one that says whether the tree moved meanwhile."""
    looks: list[int] = []
    times: list[float] = []
    recent = any(one.since_change is not None and one.since_change < _RECENT for one in instances)
    last = first
    for _ in range(3 if recent else 1):
        if looks:
            await host.pause(_PAUSE)
        now = await single(host, *_FLEETING, _UPTIME)
        changes, uptime = (now[one].number if one in now else None for one in (CHANGES, _UPTIME))
        if changes is None or uptime is None:
            break
        looks.append(changes)
        times.append(uptime / 100)
        last = now
    apart = times[-1] - times[0] if len(times) > 1 else None
    return _Looked(
        looks=tuple(looks) if apart else (),
        apart=apart if apart and apart > 0 else None,
        is_settling=any(first.get(one) != last.get(one) for one in (ROOT, ROOT_COST, ROOT_PORT)),
    )


def _priced(trees: Sequence[Instance], ports: Ports) -> Iterator[tuple[int, int]]:
    """Cost and speed (kbit/s) of the ports that have a link."""
    known = ports.by_index
    for one in trees:
        for port in one.ports:
            mbits = known[port.index].mbits if port.index in known else None
            if port.is_up and port.cost and mbits:
                yield port.cost, 1000 * mbits


def _protocol(cisco: Cisco, common: Told, within: Sequence[Instance]) -> Protocol:
    if cisco.protocol != "unknown":
        return cisco.protocol
    if within:
        return "mstp"
    if common.instance is not None and common.instance.name.startswith("vlan-"):
        return "pvst"
    return _BY_VERSION.get(common.version, "unknown") if common.version is not None else "unknown"


def _is_on(told: Sequence[Told]) -> bool | None:
    """On where any tree is, off where all are."""
    states = {one.is_on for one in told}
    return True if True in states else False if states == {False} else None


def _silent_bridge(told: Sequence[Told], ports: Ports) -> tuple[Dirt, ...]:
    """A bridge whose agent says nothing of spanning tree is not one that runs none."""
    if told or not ports.by_bridge_port:
        return ()
    return (Dirt(kind="silent", what="spanning tree", why="the agent says nothing of it"),)
