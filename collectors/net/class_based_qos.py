"""Does this router send voice first, and does it lose any? By CISCO-CLASS-BASED-QOS-MIB, looked at twice.

Indexes are the agent's own and move when it restarts: ports and classes are found by name, and a counter says something
only where its index still belongs to the same configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from collectors import About, Oid, Snmp, Varbind, collector, rows
from collectors.net.columns import column, numbers, single, texts
from collectors.net.mqc import CLASS_DEFAULT, marks_of, ports_with_queues, way_of_voice
from collectors.net.qos import Counts, Direction, Policy, Qos, QosClass
from collectors.net.qos_judge import judge
from collectors.net.qos_text import unparsable
from collectors.plain import plain

_MIB: Oid = (1, 3, 6, 1, 4, 1, 9, 9, 166, 1)
_UPTIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_IF: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_IFX: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
# cbQosObjectsType.
_POLICY, _CLASS, _MATCH, _QUEUE, _RED, _SHAPE, _POLICE, _SET = range(1, 9)
_DROP, _CONTROL_PLANE = 5, 5
_IP_DSCP = 0x80
# cbQosQueueingCfgBandwidthUnits: what a number is multiplied with, of the whole where that is a part of it.
_KBPS, _PARTS = 1, {2: 100, 5: 1000, 6: 1_000_000}
# Agents of many lines fill these tables anew only every ten seconds.
_WAIT = 11
_DEEPEST = 8

# cbQosPolicyIndex and cbQosObjectsIndex.
Index = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Object:
    """config: what it was configured as; kind: cbQosObjectsType; parent: the index of the object above."""

    config: int
    kind: int
    parent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """What is configured, by cbQosConfigIndex."""

    classes: Mapping[int, str]
    is_any: Mapping[int, int]
    matches: Mapping[int, str]
    match_sorts: Mapping[int, int]
    queues: Mapping[Oid, Mapping[int, Varbind]]
    shapes: Mapping[int, int]
    polices: Mapping[int, int]
    exceeds: Mapping[int, int]
    sets: Mapping[Oid, Mapping[int, Varbind]]

    def queue(self, config: int, number: int) -> int | None:
        return _number(self.queues.get((config,), {}), number)

    def dscp(self, config: int) -> int | None:
        """What it writes into the code point, if it does."""
        row = self.sets.get((config,), {})
        features = row[1].octets if 1 in row else None
        return _number(row, 2) if features and features[0] & _IP_DSCP else None


@collector(
    "net.class-based-qos",
    asks=(
        "Do the service policies of this router send voice first, without loss?",
        "Senden die Service-Policies dieses Routers Sprache zuerst und ohne Verlust?",
    ),
    judge=judge,
    platform="cisco-ios",
    deadline=90.0,
)
async def class_based_qos(host: Snmp, about: About) -> Qos:
    """Read policies, classes and their counters, and the counters again later."""
    attached = rows(await host.walk((*_MIB, 1, 1, 1)), (*_MIB, 1, 1, 1))
    names = await _names(host)
    if not attached:
        ports = ports_with_queues(names, (), shows_all=False)
        return Qos(seconds=0.0, ports=ports, policies=(), uplinks=about.uplinks)
    objects, config = await _objects(host), await _config(host)
    began, first = await _uptime(host), await _counts(host, objects, config)
    await host.pause(_WAIT)
    ended, second = await _uptime(host), await _counts(host, objects, config)
    again = await _objects(host)
    gone = frozenset(index for index, one in objects.items() if again.get(index) != one)
    looks = _Looks(
        objects=objects, config=config, first=first, second=second, gone=gone, children=_children(objects)
    )
    policies = tuple(_policies(attached, looks, names))
    return Qos(
        # An agent that was restarted, or whose clock began anew, counts nothing that can be compared.
        seconds=max(0, ended - began) / 100,
        ports=ports_with_queues(names, policies, shows_all=bool(policies)),
        policies=policies,
        uplinks=about.uplinks,
    )


async def _uptime(host: Snmp) -> int:
    found = (await single(host, _UPTIME)).get(_UPTIME)
    if found is None or found.number is None:
        raise unparsable("the agent does not say since when it runs")
    return found.number


async def _names(host: Snmp) -> Mapping[object, tuple[tuple[str, ...], int | None]]:
    """By ifIndex: all names of a port, and its speed in bit/s."""
    descrs, short = await texts(host, _IF, 2), await texts(host, _IFX, 1)
    speeds = await numbers(host, _IFX, 15)
    return {
        index: (
            tuple(dict.fromkeys(name for name in (descrs.get(index), short.get(index)) if name)),
            mbits * 1_000_000 if (mbits := speeds.get(index)) and mbits > 0 else None,
        )
        for index in sorted({*descrs, *short})
    }


async def _objects(host: Snmp) -> Mapping[Index, _Object]:
    entry = (*_MIB, 5, 1, 1)
    parts = [await column(host, entry, number) for number in (2, 3, 4)]
    found: dict[Index, _Object] = {}
    for index, one in parts[0].items():
        values = [part[index].number if index in part else None for part in parts]
        if len(index) == 2 and one.number is not None and values[1] is not None and values[2] is not None:
            found[index[0], index[1]] = _Object(one.number, values[1], values[2])
    if not found:
        raise unparsable("the agent shows policies without any object")
    return found


async def _config(host: Snmp) -> _Config:
    queueing, sets = (*_MIB, 9, 1, 1), (*_MIB, 14, 1, 1)
    return _Config(
        classes=await texts(host, (*_MIB, 7, 1, 1), 1),
        is_any=await numbers(host, (*_MIB, 7, 1, 1), 3),
        matches=await texts(host, (*_MIB, 8, 1, 1), 1),
        match_sorts=await numbers(host, (*_MIB, 8, 1, 1), 2),
        queues=rows(await host.walk(queueing), queueing),
        shapes=await numbers(host, (*_MIB, 13, 1, 1), 1),
        polices=await numbers(host, (*_MIB, 12, 1, 1), 1),
        exceeds=await numbers(host, (*_MIB, 12, 1, 1), 6),
        sets=rows(await host.walk(sets), sets),
    )


async def _counts(host: Snmp, objects: Mapping[Index, _Object], config: _Config) -> Mapping[Index, Counts]:
    """What each class has counted so far; its policer counts at an object of its own."""
    stats, police = (*_MIB, 15, 1, 1), (*_MIB, 17, 1, 1)
    packets, sizes, drops = [await _count(host, stats, number) for number in (3, 6, 14)]
    exceeded = await _count(host, police, 10)
    policed = {
        (policy, one.parent): exceeded[policy, index]
        for (policy, index), one in objects.items()
        # What is over the rate and is only marked otherwise is not lost.
        if one.kind == _POLICE
        and (policy, index) in exceeded
        and config.exceeds.get(one.config, _DROP) == _DROP
    }
    return {
        index: Counts(packets=many, bytes=sizes[index], drops=drops[index], policed=policed.get(index))
        for index, many in packets.items()
        if index in sizes and index in drops
    }


async def _count(host: Snmp, entry: Oid, number: int) -> Mapping[Index, int]:
    return {
        (index[0], index[1]): value
        for index, one in (await column(host, entry, number)).items()
        if len(index) == 2 and (value := one.number) is not None and value >= 0
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looks:
    """Everything that was read. gone: objects that are others at the second look."""

    objects: Mapping[Index, _Object]
    config: _Config
    first: Mapping[Index, Counts]
    second: Mapping[Index, Counts]
    gone: frozenset[Index]
    children: Mapping[tuple[int, int, int], list[tuple[int, _Object]]]

    def below(self, policy: int, parent: int, kind: int) -> list[tuple[int, _Object]]:
        """The objects of a kind directly below another, in the order of their indexes."""
        return self.children.get((policy, parent, kind), [])


def _children(objects: Mapping[Index, _Object]) -> Mapping[tuple[int, int, int], list[tuple[int, _Object]]]:
    found: dict[tuple[int, int, int], list[tuple[int, _Object]]] = {}
    for (policy, index), one in sorted(objects.items()):
        found.setdefault((policy, one.parent, one.kind), []).append((index, one))
    return found


def _policies(
    attached: Mapping[Oid, Mapping[int, Varbind]],
    looks: _Looks,
    names: Mapping[object, tuple[tuple[str, ...], int | None]],
) -> Iterator[Policy]:
    for index, row in sorted(attached.items()):
        # What a member of a bundle only repeats has the policy of the bundle as its parent.
        if len(index) != 1 or _number(row, 12):
            continue
        is_control = _number(row, 2) == _CONTROL_PLANE
        called, speed = names.get(_number(row, 4), ((), None))
        if not (is_control or called):
            continue
        direction: Direction = "control-plane" if is_control else "in" if _number(row, 3) == 1 else "out"
        port = "control-plane" if is_control else called[0]
        classes = tuple(_classes(looks, index[0], _Place(parent=0, path="", whole=speed)))
        if not classes:
            continue
        goes, is_certain = way_of_voice(classes)
        yield Policy(
            port=port,
            direction=direction,
            kind="service-policy",
            classes=classes,
            voice_goes=goes,
            is_certain=is_certain,
        )


def _number(row: Mapping[int, Varbind], number: int) -> int | None:
    return row[number].number if number in row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in the tree: the object above, the path of its class, and the bit/s that percents are of."""

    parent: int
    path: str
    whole: int | None
    depth: int = 0


def _classes(looks: _Looks, policy: int, place: _Place) -> Iterator[QosClass]:
    """The classes of the policy that hangs at a place, and those below them."""
    if place.depth > _DEEPEST:
        return
    for map_index, _ in looks.below(policy, place.parent, _POLICY):
        for index, found in looks.below(policy, map_index, _CLASS):
            one = _class(looks, (policy, index), found, place)
            yield one
            inner = _Place(
                parent=index, path=one.path, whole=one.ceiling or place.whole, depth=place.depth + 1
            )
            yield from _classes(looks, policy, inner)


def _class(looks: _Looks, index: Index, found: _Object, place: _Place) -> QosClass:
    config, own = looks.config, {kind: looks.below(*index, kind) for kind in range(_MATCH, _SET + 1)}
    name = plain(config.classes.get(found.config, "")) or f"class {index[1]}"
    shape, police, queue, sets = (
        next((one.config for _, one in own[kind]), 0) for kind in (_SHAPE, _POLICE, _QUEUE, _SET)
    )
    made = QosClass(
        path=f"{place.path}/{name}" if place.path else name,
        name=name,
        parent=place.path,
        rate=_rate(config, queue, place.whole),
        ceiling=config.shapes.get(shape) or None,
        police=config.polices.get(police) or None,
        is_priority=config.queue(queue, 4) == 1,
        is_default=name == CLASS_DEFAULT,
        drops_early=bool(own[_RED]),
        marks=_marks(config, found.config, [one.config for _, one in own[_MATCH]]),
        sets=config.dscp(sets),
    )
    is_same = index not in looks.gone
    return replace(made, was=looks.first.get(index), now=looks.second.get(index) if is_same else None)


def _rate(config: _Config, queue: int, whole: int | None) -> int | None:
    """What a queue is promised, in bit/s; None for what depends on the others."""
    amount, unit = config.queue(queue, 1), config.queue(queue, 2)
    if not amount or amount < 0:
        return None
    if unit == _KBPS:
        return amount * 1000
    parts = _PARTS.get(unit or 0)
    return whole * amount // parts if parts and whole else None


def _marks(config: _Config, class_: int, matches: list[int]) -> tuple[int, ...] | None:
    # 2 is 'match not', which takes everything else.
    if any(config.match_sorts.get(one) == 2 for one in matches):
        return None
    said = [config.matches.get(one, "") for one in matches]
    return marks_of(said, is_all=config.is_any.get(class_) != 3)
