"""Does this Linux router send voice first, and does it lose any? What `tc` counts, looked at twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors import About, Ran, Shell, Unanswered, collector
from collectors.net.dscp import EF
from collectors.net.netfilter_marks import Rewrite, rules_of
from collectors.net.qos import Policy, PolicyPort, Qos, QosClass, Remark
from collectors.net.qos_judge import judge
from collectors.net.qos_text import unparsable
from collectors.net.tc_text import (
    Goes,
    HtbClass,
    Qdisc,
    TcFilter,
    classify,
    read_classes,
    read_filters,
    read_qdiscs,
)
from collectors.plain import plain

# Ordinary accounts have no folder for programs of the system in their search path.
_TC, _NFT = ("tc", "/usr/sbin/tc", "/sbin/tc"), ("nft", "/usr/sbin/nft")
_MISSING = frozenset({126, 127})
_PORTS = (
    *("find", "-L", "/sys/class/net", "-mindepth", "2", "-maxdepth", "2"),
    *("(", "-name", "speed", "-o", "-name", "ifindex", ")", "-exec", "grep", "-H", ".", "{}", "+"),
    *("-o", "-name", "lower_*", "-print"),
)
_PORT = re.compile(r"/sys/class/net/([^/\s]{1,15})/(?:(speed|ifindex):(-?[0-9]{1,9})|lower_\S+)")
_FIFOS = frozenset({"pfifo", "bfifo", "pfifo_head_drop"})
_EARLY = frozenset({"red", "gred", "sfb"})
_WAIT = 4
_MOST_DEVICES = 16
# From so many packets on, a class that never saw one is not only waiting for its first.
_LIVED = 1000


@collector(
    "net.traffic-control",
    asks=(
        "Do the queues of this router send voice first, without loss?",
        "Senden die Warteschlangen dieses Routers Sprache zuerst und ohne Verlust?",
    ),
    judge=judge,
    platform="linux",
    role="network",
)
async def traffic_control(host: Shell, about: About) -> Qos:
    """Read disciplines, classes and filters, and the classes again some seconds later. It needs no rights."""
    ran = await _first(host, _TC, "-s", "-j", "qdisc", "show")
    qdiscs, tc = read_qdiscs(_printed(ran)), ran.argv[0]
    devices = _shaping(qdiscs)
    ports: tuple[PolicyPort, ...] = ()
    if devices or about.uplinks:
        ports = _ports(await host.run(*_PORTS), qdiscs)
    if not devices:
        return Qos(seconds=0.0, ports=ports, policies=(), uplinks=about.uplinks)
    filters = {name: await _filters(host, tc, name, handle) for name, handle in devices.items()}
    rules = await _rules(host)
    first, began = await _look(host, tc, devices)
    await host.pause(_WAIT)
    second, ended = await _look(host, tc, devices)
    found = [
        _policy(name, qdiscs, _Looks(first[name], second[name]), filters[name], rules) for name in devices
    ]
    return Qos(
        seconds=max(0.0, (ended - began).total_seconds()),
        ports=ports,
        policies=tuple(found),
        remarks=_remarks(rules),
        uplinks=about.uplinks,
    )


async def _first(host: Shell, programs: Sequence[str], *argv: str) -> Ran:
    """What the first of these programs says that is there."""
    for program in programs[:-1]:
        ran = await host.run(program, *argv)
        if ran.code not in _MISSING:
            return ran
    return await host.run(programs[-1], *argv)


def _printed(ran: Ran) -> str:
    if ran.code in _MISSING:
        raise unparsable(f"the host has no command {ran.argv[0]}")
    if ran.code or "\x00" in ran.stdout or "\x1b" in ran.stdout:
        raise unparsable(f"{' '.join(ran.argv[:5])} failed with status {ran.code}", ran.stderr or ran.stdout)
    return ran.stdout


def _shaping(qdiscs: Sequence[Qdisc]) -> Mapping[str, str]:
    """The devices with one HTB, and its handle."""
    found: dict[str, list[str]] = {}
    for one in qdiscs:
        if one.kind == "htb":
            found.setdefault(one.device, []).append(one.handle)
    # Several of them on one device are under a discipline that is not read here.
    single = {name: handles[0] for name, handles in found.items() if len(handles) == 1}
    return dict(sorted(single.items())[:_MOST_DEVICES])


def _ports(ran: Ran, qdiscs: Sequence[Qdisc]) -> tuple[PolicyPort, ...]:
    speeds: dict[str, int | None] = {}
    above: set[str] = set()
    for line in ran.stdout.split("\n"):
        if match := _PORT.fullmatch(line):
            name, what, value = match.groups()
            if what is None:
                above.add(name)
            elif what == "ifindex":
                speeds.setdefault(name, None)
            elif int(value) > 0:
                speeds[name] = int(value) * 1_000_000
    if not speeds:
        raise unparsable("/sys/class/net shows no interface", ran.stderr or ran.stdout)
    kinds: dict[str, set[str]] = {}
    for one in qdiscs:
        kinds.setdefault(one.device, set()).add(one.kind)
    return tuple(
        PolicyPort(
            names=(plain(name, 15),),
            speed=speed,
            has_queues=_has_queues(kinds.get(name, set()), stands_on_another=name in above),
        )
        for name, speed in sorted(speeds.items())
    )


def _has_queues(kinds: set[str], *, stands_on_another: bool) -> bool | None:
    kinds = kinds - {"ingress", "clsact"}
    if "htb" in kinds:
        return True
    if kinds and kinds <= {*_FIFOS, "tbf"}:
        return False
    # Without a queue of its own a VLAN or a bridge leaves it to the device below.
    return False if kinds == {"noqueue"} and not stands_on_another else None


async def _filters(host: Shell, tc: str, name: str, handle: str) -> tuple[TcFilter, ...]:
    return read_filters(_printed(await host.run(tc, "filter", "show", "dev", name, "parent", handle)))


async def _rules(host: Shell) -> tuple[Rewrite, ...]:
    """What netfilter does, where the account may see it."""
    try:
        ran = await _first(host, _NFT, "list", "ruleset")
    except Unanswered:
        return ()
    return () if ran.code else rules_of(ran.stdout)


async def _look(
    host: Shell, tc: str, devices: Mapping[str, str]
) -> tuple[Mapping[str, tuple[HtbClass, ...]], datetime]:
    """The classes of all devices, and when they were asked for."""
    found: dict[str, tuple[HtbClass, ...]] = {}
    began: datetime | None = None
    for name in devices:
        ran = await host.run(tc, "-s", "class", "show", "dev", name)
        found[name], began = read_classes(_printed(ran)), began or ran.began
    if began is None:
        raise unparsable("there is no class to look at")
    return found, began


@dataclass(frozen=True, slots=True)
class _Looks:
    """The classes of one device at two moments."""

    first: Sequence[HtbClass]
    again: Sequence[HtbClass]

    @property
    def second(self) -> Mapping[str, HtbClass]:
        """The classes that are still the same: one with another rate or parent is another, whatever its number."""
        again = {one.id: one for one in self.again}
        return {
            one.id: now
            for one in self.first
            if (now := again.get(one.id))
            and (now.parent, now.rate, now.ceil) == (one.parent, one.rate, one.ceil)
        }

    @property
    def leaves(self) -> frozenset[str]:
        above = {one.parent for one in self.first}
        return frozenset(one.id for one in self.first if one.id not in above)


@dataclass(frozen=True, slots=True)
class _Sorting:
    """What puts packets into the classes of one device. default: the class of all others."""

    device: str
    leaves: frozenset[str]
    default: str
    filters: Sequence[TcFilter]
    rules: Sequence[Rewrite]

    def way(self, dscp: int, *, is_sure: bool) -> Goes:
        """Where a code point leads: surely, or by what is meant for it."""
        own = [rule for rule in self.rules if rule.dscp == dscp and rule.port in {"", self.device}]
        # A class that netfilter picked comes before all filters.
        if goes := next((rule.goes for rule in own if rule.goes in self.leaves), ""):
            return Goes(goes)
        mark = next((rule.mark for rule in own if rule.mark is not None), None)
        return classify(
            dscp, self.filters, leaves=self.leaves, default=self.default, mark=mark, is_sure=is_sure
        )


def _policy(
    device: str, qdiscs: Sequence[Qdisc], looks: _Looks, filters: Sequence[TcFilter], rules: Sequence[Rewrite]
) -> Policy:
    own = [one for one in qdiscs if one.device == device]
    default = next((one.default for one in own if one.kind == "htb"), "")
    sorting = _Sorting(device, looks.leaves, default, filters, rules)
    ways = {dscp: sorting.way(dscp, is_sure=False) for dscp in range(64)}
    second, below = looks.second, {one.parent: one.kind for one in own if one.parent}
    lowest = max((one.prio for one in looks.first if one.id in looks.leaves), default=0)
    classes = [
        QosClass(
            path=one.id,
            name=one.id,
            parent=one.parent,
            rate=one.rate,
            ceiling=one.ceil,
            is_priority=one.id in looks.leaves and one.prio < lowest,
            # Where unmarked packets go is for everything, whether a filter says so or none does.
            is_default=one.id in {default, ways[0].path},
            drops_early=below.get(one.id, "") in _EARLY,
            marks=_marks(one.id, ways),
            was=one.counts,
            now=now.counts if (now := second.get(one.id)) else None,
            # Packets and drops are counted in 32 bits.
            bits=32,
        )
        for one in looks.first
    ]
    goes = sorting.way(EF, is_sure=True).path
    return Policy(
        port=plain(device, 15),
        direction="out",
        kind="htb",
        shape=next((one.rate for one in own if one.kind == "tbf" and one.rate), None),
        classes=tuple(classes),
        voice_goes=goes,
        is_certain=_is_certain(classes, sorting, goes),
    )


def _marks(path: str, ways: Mapping[int, Goes]) -> tuple[int, ...] | None:
    """The marks that lead into a class; None when there is none, and some could."""
    certain = tuple(dscp for dscp, way in ways.items() if way.path == path)
    return certain if certain or all(way.path for way in ways.values()) else None


def _is_certain(classes: Sequence[QosClass], sorting: _Sorting, goes: str) -> bool:
    """Whether nothing but these filters sorts packets: a class that none of them names never saw one."""
    named = {sorting.default, *(one.goes for one in sorting.filters)}
    unnamed = [one for one in classes if one.path in sorting.leaves - named]
    common = next((one for one in classes if one.path == goes), None)
    lived = common is not None and common.was is not None and common.was.packets >= _LIVED
    return lived and not any(one.now is None or one.now.packets for one in unnamed)


def _remarks(rules: Sequence[Rewrite]) -> tuple[Remark, ...]:
    return tuple(
        Remark(where=f"nft {plain(rule.where)}", port=plain(rule.port) or "*", dscp=rule.dscp, to=rule.to)
        for rule in rules
        if rule.to is not None
    )
