"""Does a bridge of this Linux host take part in spanning tree, who is its root, and which port does it hold back?

Everything comes from sysfs (Documentation/ABI/testing/sysfs-class-net in the kernel's sources), in one look. `ip -d link
show` gives the bridge's own identifier for the root's in some versions of iproute2, and is not asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from collectors import About, Kind, Ran, Shell, Unanswered, collector
from collectors.net.bridge_id import BridgeId, bridge_id_written, port_id_of_number
from collectors.net.host_bridges import (
    HostBridge,
    HostBridges,
    is_denied,
    is_missing,
    judge_bridges,
    planned,
    unparsable,
)
from collectors.net.tree import (
    Dirt,
    ErrDisabled,
    Guard,
    Inconsistency,
    Instance,
    State,
    Timers,
    Tree,
    TreePort,
    addresses_of,
    derived_role,
)

__all__ = ["linux_bridge"]

_NET, _UPTIME = "/sys/class/net", "/proc/uptime"
_BRIDGE = (
    "bridge_id",
    "root_id",
    "root_port",
    "root_path_cost",
    "stp_state",
    "max_age",
    "hello_time",
    "forward_delay",
)
_PORT = (
    "state",
    "port_no",
    "port_id",
    "path_cost",
    "designated_root",
    "designated_bridge",
    "designated_port",
    "designated_cost",
    "forward_delay_timer",
)
# Of newer kernels.
_GUARDS: dict[str, Guard] = {"root_block": "root-guard", "bpdu_guard": "bpdu-guard"}
_LINK = ("address", "carrier", "flags", "ifindex")
# Folders that lead to other devices, or back to where one came from.
_ASIDE = (
    *("device", "dsa", "master", "phy80211", "power", "queues", "statistics", "subsystem", "brport"),
    *("upper_*", "lower_*", "brif/*/bridge"),
)


def _any_of(*tests: str) -> tuple[str, ...]:
    """The words by which `find` knows a path of an interface that is one of these."""
    words = tuple(word for test in tests for word in ("-o", "-path", f"{_NET}/*/{test}"))
    return ("(", *words[1:], ")")


# Whatever is read stands before the host's uptime: where that line is missing, the end is.
_FIND = (
    *("find", "-L", _NET, _UPTIME, "-maxdepth", "4", *_any_of(*_ASIDE), "-prune", "-o", "-type", "f"),
    *("(", "-path", _UPTIME, "-o"),
    *_any_of(*(f"bridge/{name}" for name in _BRIDGE), *(f"brif/*/{name}" for name in (*_PORT, *_GUARDS))),
    *("-o", *_any_of(*_LINK), "!", "-path", f"{_NET}/*/*/*", ")"),
    *("-exec", "grep", "-H", ".", "{}", "+"),
)
_LINE = re.compile(
    rf"{_NET}/(?P<of>[^/\s]{{1,15}})/(?:bridge/(?P<bridge>[a-z_]+)|brif/(?P<port>[^/\s]{{1,15}})/(?P<ported>[a-z_]+)|(?P<own>[a-z]+))"
    r":(?P<value>\S+)"
)
_END = re.compile(rf"{_UPTIME}:(?P<seconds>[0-9]{{1,12}}\.[0-9]{{2}}) [0-9]{{1,14}}\.[0-9]{{2}}")
_STATES: Mapping[str, State] = {
    "0": "disabled",
    "1": "listening",
    "2": "learning",
    "3": "forwarding",
    "4": "blocking",
}
_OFF, _BY_KERNEL = "0", "1"
_IS_UP = 1
# In hundredths of a second. A greeting more than a second apart from a look's interval costs a timer less than that; one
# that runs down loses at least two seconds between two looks.
_RUN_DOWN = 150


@dataclass(slots=True)
class _Seen:
    """What stands in the files, by their names. ports: by bridge, and then by port."""

    links: dict[str, dict[str, str]] = field(default_factory=dict)
    bridges: dict[str, dict[str, str]] = field(default_factory=dict)
    ports: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    uptime: float = 0.0
    errors: str = ""


@collector(
    "net.linux-bridge",
    asks=(
        "Do this host's bridges take part in spanning tree, and what do they hold back?",
        "Nehmen die Bridges dieses Hosts am Spanning Tree teil, und was sperren sie?",
    ),
    judge=judge_bridges,
    platform="linux",
    role="network",
)
async def linux_bridge(host: Shell, about: About) -> HostBridges:
    """Read all bridges and their ports in one look, in a second one where they changed meanwhile."""
    return planned(await _asked(host), about.spanning_tree)


async def _asked(host: Shell) -> HostBridges:
    try:
        seen = _seen(await host.run(*_FIND))
        found = _trees(seen)
    except Unanswered as reason:
        if reason.kind is not Kind.UNPARSABLE:
            raise
        seen = _seen(await host.run(*_FIND))
        found = _trees(seen)
    if not (waits := [port for bridge in found.bridges for port in _perhaps_held(bridge.tree)]):
        return found
    await host.pause(math.ceil(max(waits)) + 1)
    later = _seen(await host.run(*_FIND))
    return _trees(later, before=seen)


def _perhaps_held(tree: Tree) -> Iterator[float]:
    """Seconds from one greeting of a neighbour to the next, for each port that may be kept from its root."""
    for one in tree.instances:
        for port in one.ports:
            if one.timers is not None and "root-guard" in port.guards and port.state == "listening":
                yield one.timers.hello


def _trees(seen: _Seen, *, before: _Seen | None = None) -> HostBridges:
    """A tree a bridge. before: an earlier look. Raises Unanswered for a file that is not as it must be."""
    try:
        return HostBridges(
            bridges=tuple(
                HostBridge(name=name, tree=_tree(name, seen, before))
                for name in sorted({*seen.bridges, *seen.ports})
            )
        )
    except KeyError as missing:
        if is_denied(seen.errors):
            raise Unanswered(
                Kind.REFUSED, f"the account may not read the bridges: {seen.errors[:200]}"
            ) from None
        raise unparsable(f"a bridge or a port has no {missing.args[0]}", seen.errors) from None


def _seen(ran: Ran) -> _Seen:
    """Turn 'path:content' lines into tables. Raises Unanswered for a line that is no such line."""
    if is_missing(ran):
        raise unparsable(f"the host has no command {ran.argv[0]}", ran.stderr)
    # Files of an interface that is switched off refuse to be read: find and grep then end with 1 or 2.
    lines = ran.stdout.split("\n")
    end = _END.fullmatch(lines[-2]) if len(lines) > 1 and not lines[-1] else None
    if end is None or ran.code not in {0, 1, 2}:
        raise unparsable("the look at the bridges does not come to its end", ran.stderr or ran.stdout[-200:])
    seen = _Seen(uptime=float(end["seconds"]), errors=ran.stderr)
    for line in lines[:-2]:
        found = _LINE.fullmatch(line)
        if found is None:
            raise unparsable("this is no file of a bridge", line)
        if found["bridge"]:
            table, key = seen.bridges.setdefault(found["of"], {}), found["bridge"]
        elif found["ported"]:
            ports = seen.ports.setdefault(found["of"], {})
            table, key = ports.setdefault(found["port"], {}), found["ported"]
        else:
            table, key = seen.links.setdefault(found["of"], {}), found["own"]
        if key in table:
            raise unparsable("a file of a bridge is told twice", line)
        table[key] = found["value"]
    if not seen.links:
        raise unparsable(f"{_NET} shows no interface", ran.stderr)
    return seen


def _tree(name: str, seen: _Seen, before: _Seen | None) -> Tree:
    said, link, ports = seen.bridges[name], seen.links[name], seen.ports.get(name, {})
    is_on = bool(_hex(link["flags"]) & _IS_UP) and said["stp_state"] != _OFF
    # Where a program in user space runs the tree, what the kernel says of the root is nobody's word.
    is_told = is_on and said["stp_state"] == _BY_KERNEL
    instance = Instance(bridge=_bridge_id(said["bridge_id"]))
    if is_told:
        instance = _told_of_root(instance, said, ports)
    read = [_port(one, told, seen.links[one], instance, is_on=is_on) for one, told in ports.items()]
    if before is not None:
        was = before.ports.get(name, {})
        read = [replace(one, inconsistent=_held(one, ports[one.name], was.get(one.name))) for one in read]
    instance = replace(instance, ports=tuple(sorted(read, key=lambda port: port.number)))
    return Tree(
        protocol="stp" if is_told else "unknown",
        is_on=is_on,
        instances=(instance,),
        err_disabled=tuple(
            ErrDisabled(port=one.name, cause="bpduguard") for one in instance.ports if _is_shut(one)
        ),
        addresses=addresses_of((instance,), link["address"], *(seen.links[one]["address"] for one in ports)),
        uptime=seen.uptime,
        dirt=(Dirt(kind="silent", what="root", why="a program outside the kernel runs the tree"),)
        if is_on and not is_told
        else (),
    )


def _told_of_root(instance: Instance, said: dict[str, str], ports: dict[str, dict[str, str]]) -> Instance:
    numbers = {_hex(one["port_no"]): _hex(one["port_id"]) & 0xFFF for one in ports.values()}
    number = _whole(said["root_port"])
    if number and number not in numbers:
        raise KeyError(f"port {number}, which leads to the root")
    return replace(
        instance,
        root=_bridge_id(said["root_id"]),
        root_cost=_whole(said["root_path_cost"]),
        root_port=numbers.get(number, 0),
        timers=_timers(said),
    )


def _port(name: str, said: dict[str, str], link: dict[str, str], of: Instance, *, is_on: bool) -> TreePort:
    own = port_id_of_number(_hex(said["port_id"])) or _lacking("port_id")
    # The carrier of an interface that is switched off cannot be read.
    port = TreePort(
        name=name,
        number=own.number,
        index=_whole(link["ifindex"]),
        priority=own.priority,
        state=_STATES.get(said["state"]) or _lacking("state"),
        cost=_whole(said["path_cost"]),
        is_up=link.get("carrier") == "1" and bool(_hex(link["flags"]) & _IS_UP),
        is_running=is_on,
        guards=tuple(guard for file, guard in _GUARDS.items() if said.get(file) == "1"),
    )
    if of.root is None:
        return port
    # What a port heard before it was switched off still stands in its files.
    return replace(port, role="disabled") if port.state == "disabled" else _told_of_link(port, said, of)


def _told_of_link(port: TreePort, said: dict[str, str], of: Instance) -> TreePort:
    """What the best message on the port's link says, and what that makes of the port."""
    bridge, root = _bridge_id(said["designated_bridge"]), _bridge_id(said["designated_root"])
    designated = port_id_of_number(_whole(said["designated_port"])) or _lacking("designated_port")
    role = derived_role(
        port.number,
        port.priority,
        bridge=of.bridge,
        root_port=of.root_port,
        designated_bridge=bridge,
        designated_port=designated,
        is_up=port.is_up,
        state=port.state,
    )
    return replace(
        port,
        role=role,
        designated_root=root,
        designated_cost=_whole(said["designated_cost"]),
        designated_bridge=bridge,
        designated_port=designated,
    )


def _held(port: TreePort, now: dict[str, str], before: dict[str, str] | None) -> Inconsistency:
    """Whether root_block keeps a better root out: with each of its greetings the port begins to wait anew.

    A port that only just came up waits as well, but its time runs down.
    """
    if before is None or "root-guard" not in port.guards or port.state != "listening":
        return ""
    left, was_left = (_whole(look["forward_delay_timer"]) for look in (now, before))
    waits_anew = left > 0 and left > was_left - _RUN_DOWN
    return "root" if before["state"] == now["state"] and waits_anew else ""


def _is_shut(port: TreePort) -> bool:
    """The kernel switches a port with bpdu_guard off as soon as a bridge speaks through it; its link stays up."""
    is_off = port.is_up is True and port.state == "disabled"
    return is_off and port.is_running is True and "bpdu-guard" in port.guards


def _timers(said: dict[str, str]) -> Timers:
    """Hundredths of a second."""
    age, hello, delay = (_whole(said[file]) / 100 for file in ("max_age", "hello_time", "forward_delay"))
    return Timers(max_age=age, hello=hello, forward_delay=delay)


def _bridge_id(text: str) -> BridgeId:
    return bridge_id_written(text) or _lacking(f"identifier: {text}")


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else _lacking(f"number: {text}")


def _hex(text: str) -> int:
    return int(text, 16) if re.fullmatch(r"0x[0-9a-f]{1,8}", text) else _lacking(f"number: {text}")


def _lacking(what: str) -> NoReturn:
    raise KeyError(what)
