"""Does a bridge of Open vSwitch on this host take part in spanning tree, who is its root, and which port does it hold back?

Identifiers, roles and states stand in the database (ovs-vswitchd.conf.db(5)), timers, costs and the way to the root are
told by the daemon (`rstp/show`, `stp/show`, ovs-vswitchd(8)). The database keeps the last word of a daemon that has
ended: where spanning tree is on and the daemon does not answer, nothing of it is taken for the present.
"""

from __future__ import annotations

from dataclasses import replace

from collectors import About, Kind, Ran, Shell, Unanswered, collector
from collectors.net.bridge_id import bridge_id_written, port_id_of_number
from collectors.net.host_bridges import (
    HostBridge,
    HostBridges,
    is_denied,
    is_missing,
    judge_bridges,
    planned,
    unparsable,
)
from collectors.net.ovs_database import Bridge, Database, Port, database_of
from collectors.net.ovs_show import Shown, ShownPort, shown_of
from collectors.net.tree import Instance, Protocol, Role, State, Tree, TreePort, addresses_of

__all__ = ["open_vswitch"]

_BRIDGES = "name,datapath_id,stp_enable,rstp_enable,status,rstp_status,ports"
_PORTS = "_uuid,name,interfaces,status,rstp_status"
_INTERFACES = "_uuid,name,ifindex,link_state,type,mac_in_use"
_DATABASE = (
    *("ovs-vsctl", "--timeout=10", "-f", "json"),
    *("--", f"--columns={_BRIDGES}", "list", "bridge"),
    *("--", f"--columns={_PORTS}", "list", "port"),
    *("--", f"--columns={_INTERFACES}", "list", "interface"),
)
_STATES: dict[str, State] = {
    one: one for one in ("disabled", "discarding", "blocking", "listening", "learning", "forwarding")
}
_ROLES: dict[str, Role] = {
    one: one for one in ("root", "designated", "alternate", "backup", "master", "disabled")
}


@collector(
    "net.open-vswitch",
    asks=(
        "Do the bridges of Open vSwitch take part in spanning tree, and what do they hold back?",
        "Nehmen die Bridges von Open vSwitch am Spanning Tree teil, und was sperren sie?",
    ),
    judge=judge_bridges,
    platform="linux",
    role="network",
)
async def open_vswitch(host: Shell, about: About) -> HostBridges:
    """Read the database and what the daemon shows; both once more where they changed in between."""
    return planned(await _read(host), about.spanning_tree)


async def _read(host: Shell) -> HostBridges:
    ran = await host.run(*_DATABASE)
    if is_missing(ran):
        return HostBridges()
    try:
        return await _asked(host, database_of(_printed(ran)))
    except Unanswered as reason:
        if reason.kind is not Kind.UNPARSABLE:
            raise
    return await _asked(host, database_of(_printed(await host.run(*_DATABASE))))


async def _asked(host: Shell, database: Database) -> HostBridges:
    shown: dict[Protocol, dict[str, Shown]] = {}
    for protocol in sorted({one.protocol for one in database.bridges} & {"rstp", "stp"}):
        shown[protocol] = shown_of(_printed(await host.run("ovs-appctl", f"{protocol}/show")))
    return HostBridges(
        bridges=tuple(
            HostBridge(name=one.name, tree=_tree(one, shown.get(one.protocol, {}).get(one.name)))
            for one in sorted(database.bridges, key=lambda one: one.name)
        )
    )


def _printed(ran: Ran) -> str:
    """What a command of Open vSwitch printed. Raises Unanswered, and tells apart who is not there from who may not ask."""
    said = (ran.stderr or ran.stdout).strip()
    if is_missing(ran):
        raise unparsable(f"the host has no command {ran.argv[0]}", said)
    if ran.code and is_denied(said):
        raise Unanswered(Kind.REFUSED, f"the account may not ask Open vSwitch: {said[-200:]}")
    if ran.code and ("No such file" in said or "Connection refused" in said):
        raise Unanswered(Kind.NOT_THERE, f"Open vSwitch is installed and does not run: {said[-200:]}")
    if ran.code:
        raise unparsable(f"{ran.argv[0]} failed with status {ran.code}", said)
    return ran.stdout


def _tree(bridge: Bridge, shown: Shown | None) -> Tree:
    macs = (bridge.mac, *(mac for port in bridge.ports for mac in port.macs))
    if bridge.protocol == "unknown":
        ports = tuple(_port(port, None, Instance()) for port in bridge.ports)
        return Tree(is_on=False, instances=(Instance(ports=ports),), addresses=addresses_of((), *macs))
    if shown is None:
        raise unparsable(f"Open vSwitch shows no tree of {bridge.name}")
    told = {port.name for port in bridge.ports if port.status}
    if told != shown.ports.keys():
        raise unparsable(
            f"the daemon and the database speak of other ports of {bridge.name}",
            " ".join(sorted(told ^ shown.ports.keys())),
        )
    instance = _told(bridge, shown)
    ports = tuple(_port(port, shown.ports.get(port.name), instance) for port in bridge.ports)
    instance = replace(instance, ports=tuple(sorted(ports, key=lambda port: (port.number, port.name))))
    return Tree(
        protocol=bridge.protocol,
        is_on=True,
        instances=(instance,),
        addresses=addresses_of((instance,), *macs),
        is_settling=instance.root_cost != bridge.root_cost
        or any(_differs(port, shown.ports[port.name]) for port in bridge.ports if port.status),
    )


def _differs(port: Port, shown: ShownPort) -> bool:
    """Whether a port moved between the two answers; the database is written a moment later."""
    written = (port.says("role"), port.says("state"))
    return written != (shown.role.lower(), shown.state.lower())


def _told(bridge: Bridge, shown: Shown) -> Instance:
    """The tree as the daemon shows it just now."""
    number = 0
    if shown.root_port:
        if shown.root_port not in shown.ports:
            raise unparsable(f"the root port of {bridge.name} is none of its ports", shown.root_port)
        number = shown.ports[shown.root_port].number
    return Instance(
        bridge=shown.bridge,
        root=shown.root,
        root_cost=shown.root_cost,
        root_port=number,
        timers=shown.timers,
        own=shown.own,
    )


def _port(port: Port, shown: ShownPort | None, of: Instance) -> TreePort:
    """A port that takes no part (a bond, or one that is told to keep out) has no number of its own."""
    found = TreePort(
        name=port.name, number=0, index=port.index, is_up=port.is_up, is_running=shown is not None
    )
    if shown is None:
        return found
    state, role = _STATES.get(shown.state.lower()), _ROLES.get(shown.role.lower())
    if state is None or role is None:
        raise unparsable(f"{port.name} has a role or a state that is none", f"{shown.role} {shown.state}")
    found = replace(
        found, number=shown.number, priority=shown.priority, state=state, role=role, cost=shown.cost
    )
    # '1.000.028800000101': four bits of priority, twelve of the system, and the address, all in hexadecimal.
    bridge = bridge_id_written(port.status.get("rstp_designated_bridge_id", "").replace(".", "", 1))
    if bridge is None or bridge.is_zero or state == "disabled" or role == "disabled":
        return found
    designated, cost = port.designated
    return replace(
        found,
        designated_root=of.root,
        designated_bridge=bridge,
        designated_port=port_id_of_number(designated),
        designated_cost=cost,
    )
