"""Which two ports face each other, and in which trees? Several switches' trees laid over the links between them.

Links come from what switches say of their neighbours, and from the trees themselves: a port that is not designated names
the bridge and the port at its other end. Whoever has two trees that are one at the border (VLAN 1 of PVST and the common
tree of the standard) has one here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from collectors.net.bridge_id import BridgeId, PortId
from collectors.net.links import End, Link
from collectors.net.loops import components
from collectors.net.tree import Instance, Tree, TreePort, is_calm, tree_label

__all__ = ["Pair", "Side", "Site", "common_name", "host_of"]

# Marks a number without its priority beside whole identifiers of 16 bits.
_LOOSE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A switch in one tree. is_calm: as in `tree.is_calm`; way: its port that leads to the root."""

    host: str
    tree: Tree
    one: Instance
    is_calm: bool
    way: TreePort | None

    @property
    def knows_edges(self) -> bool:
        """Whether its edge flags mean something: some agents set them on every port, or on ports that hear BPDUs."""
        up = [port for port in self.one.ports if port.is_up]
        heard = any(port.is_edge and port.role in {"root", "alternate", "backup"} for port in up)
        return not heard and not all(port.is_edge for port in up)

    @property
    def adds_up(self) -> bool:
        """Whether it counts its way to the root hop by hop: within a region of MSTP some say what came from outside."""
        if self.one.is_root:
            return self.one.root_cost == 0
        if self.way is None or self.way.cost is None or self.way.designated_cost is None:
            return False
        return self.way.cost > 0 and self.one.root_cost == self.way.designated_cost + self.way.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One end of a link in one tree."""

    seat: Seat
    port: TreePort

    @property
    def host(self) -> str:
        return self.seat.host

    @property
    def tree(self) -> Tree:
        return self.seat.tree

    @property
    def one(self) -> Instance:
        return self.seat.one

    @property
    def shown(self) -> str:
        return f"{self.host} {self.port.name}"

    @property
    def is_root_way(self) -> bool:
        return self.port.role == "root" or (
            bool(self.one.root_port) and self.port.number == self.one.root_port
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both ends of a link in one tree."""

    name: str
    a: Side
    b: Side
    link: Link

    @property
    def label(self) -> str:
        return tree_label(self.name)

    @property
    def is_calm(self) -> bool:
        """Both at rest: what was read at two instants may be held against each other."""
        return self.a.seat.is_calm and self.b.seat.is_calm

    @property
    def sides(self) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
        return (self.a, self.b), (self.b, self.a)

    @property
    def is_heard(self) -> bool:
        """One end names the other as the bridge that speaks on the link: BPDUs pass, whatever else is said."""
        return any(
            other.one.bridge is not None and side.port.designated_bridge == other.one.bridge
            for side, other in self.sides
            if side.one.bridge != other.one.bridge
        )

    @property
    def is_told(self) -> bool:
        """Said by a protocol that reaches the next device alone, by both."""
        return self.link.is_seen_by_both and bool(self.link.told & {"lldp", "cdp", "mikrotik"})


def common_name(tree: Tree, name: str) -> str:
    """What an instance is called between switches: VLAN 1 of PVST meets the common tree (802.1Q, Cisco's PVST+)."""
    return "" if name == "vlan-1" and tree.protocol in {"pvst", "rapid-pvst"} else name


class Site:
    """Trees by host, and the links between them. Everything is worked out once."""

    def __init__(self, trees: Mapping[str, Tree], links: Sequence[Link] = ()) -> None:
        self.trees = {host: tree for host, tree in sorted(trees.items()) if tree.is_on and tree.instances}
        self.off = {host: tree for host, tree in sorted(trees.items()) if tree.is_on is False}
        self._told = tuple(link for link in links if {link.a.host, link.b.host} <= trees.keys())

    @cached_property
    def owner(self) -> Mapping[str, str]:
        """MAC address -> host; an address that two of them call their own is nobody's."""
        count = Counter(mac for tree in self.trees.values() for mac in set(tree.addresses))
        return {mac: host for host, tree in self.trees.items() for mac in tree.addresses if count[mac] == 1}

    @cached_property
    def instances(self) -> Mapping[str, Mapping[str, Instance]]:
        """Host -> instance, by its name between switches."""
        return {
            host: {common_name(tree, one.name): one for one in tree.instances}
            for host, tree in self.trees.items()
        }

    @cached_property
    def seats(self) -> Mapping[tuple[str, str], Seat]:
        """Every switch in every tree, by host and name between switches."""
        return {
            (host, name): Seat(
                host=host,
                tree=self.trees[host],
                one=one,
                is_calm=is_calm(self.trees[host], one),
                way=one.root_way,
            )
            for host, found in self.instances.items()
            for name, one in found.items()
        }

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Mapping[str, TreePort]]:
        return {
            (host, name): {port.name: port for port in one.ports if port.name}
            for host, found in self.instances.items()
            for name, one in found.items()
        }

    @cached_property
    def _by_number(self) -> Mapping[tuple[str, str], Mapping[int, TreePort]]:
        """Ports by their whole identifiers, and by their numbers where no other has it."""
        found: dict[tuple[str, str], dict[int, TreePort]] = {}
        for host, instances in self.instances.items():
            for name, one in instances.items():
                count = Counter(port.number & 0xFFF for port in one.ports)
                found[host, name] = {
                    **{
                        _LOOSE + (port.number & 0xFFF): port
                        for port in one.ports
                        if count[port.number & 0xFFF] == 1
                    },
                    **{
                        (port.priority << 8) + port.number & 0xFFFF: port
                        for port in one.ports
                        if port.priority is not None
                    },
                }
        return found

    def _numbered(self, host: str, name: str, said: PortId | None) -> TreePort | None:
        ports = self._by_number.get((host, name), {})
        if said is None:
            return None
        return ports.get((said.priority << 8) + said.number) or ports.get(_LOOSE + said.number)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links that were told, then those that only the trees know."""
        known = {(one.host, one.port, other.host) for link in self._told for one, other in _ends(link)}
        busy = Counter((one.host, one.port) for link in self._told for one, _ in _ends(link))
        found: dict[tuple[End, End], Link] = {}
        for link in self._from_trees():
            (a, b) = (link.a, link.b)
            if (a.host, a.port, b.host) in known or (b.host, b.port, a.host) in known:
                continue
            # A port with a neighbour of its own leads there; what the tree names beyond that is further away.
            if not busy[a.host, a.port] and not busy[b.host, b.port]:
                found.setdefault((a, b), link)
        return (*self._told, *found.values())

    @cached_property
    def silent_links(self) -> tuple[Link, ...]:
        """Links that only the trees know, between switches that know others between them."""
        known = {(link.a.host, link.b.host) for link in self._told}
        return tuple(
            link for link in self.links if link.told == {"stp"} and (link.a.host, link.b.host) in known
        )

    def _from_trees(self) -> Iterator[Link]:
        for host, found in self.instances.items():
            for name, one in found.items():
                for port in one.ports:
                    far = self._far(host, one, port)
                    there = self._numbered(far, name, port.designated_port) if far else None
                    if there is not None and there.name and port.name:
                        a, b = sorted(
                            (End(host, port.name, (port.name,)), End(far, there.name, (there.name,)))
                        )
                        yield Link(a=a, b=b, is_seen_by_both=False, told=frozenset({"stp"}))

    def _far(self, host: str, one: Instance, port: TreePort) -> str:
        """The host whose messages a port hears, '' for none that is known."""
        bridge = port.designated_bridge
        if (
            bridge is None
            or port.is_up is not True
            or port.role not in {"root", "alternate"}
            or bridge == one.bridge
        ):
            return ""
        far = self.owner.get(bridge.mac, "")
        return far if far != host else ""

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every link in every tree that both its ends take part in."""
        return tuple(pair for link in self.links for pair in self._pairs(link))

    def _pairs(self, link: Link) -> Iterator[Pair]:
        a, b = link.a.host, link.b.host
        if a not in self.trees or b not in self.trees or a == b:
            return
        for name in self.instances[a].keys() & self.instances[b].keys():
            here, there = self._side(link.a, name), self._side(link.b, name)
            if here and there and (not name.startswith("mst-") or _same_region(here.tree, there.tree)):
                yield Pair(name=name, a=here, b=there, link=link)

    @cached_property
    def one_sided(self) -> tuple[tuple[str, str, str, str, str], ...]:
        """Trees of VLANs that one end of a link takes part in, and the other end's switch only elsewhere.

        Host, tree, port; then host and port of the other end. Both ports take part in another tree, so that they are known.
        """
        return tuple(
            (one.host, name, one.port, other.host, other.port)
            for link in self._told
            for one, other in _ends(link)
            if one.host in self.trees and other.host in self.trees and link.is_seen_by_both
            for name in self.instances[one.host].keys() & self.instances[other.host].keys()
            if name.startswith("vlan-")
            if self._side(one, name) and not self._takes_part(other, name)
            if any(self._takes_part(other, known) for known in self.instances[other.host])
        )

    def _takes_part(self, end: End, name: str) -> bool:
        return not self._by_name[end.host, name].keys().isdisjoint((end.port, *end.members))

    def _side(self, end: End, name: str) -> Side | None:
        ports = self._by_name[end.host, name]
        port = next((ports[one] for one in (end.port, *end.members) if one in ports), None)
        if port is None or port.is_up is False:
            return None
        return Side(seat=self.seats[end.host, name], port=port)

    @cached_property
    def by_tree(self) -> Mapping[str, tuple[Pair, ...]]:
        found: dict[str, list[Pair]] = defaultdict(list)
        for pair in self.pairs:
            found[pair.name].append(pair)
        return {name: tuple(found[name]) for name in sorted(found)}

    @cached_property
    def groups(self) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        """By tree, the hosts that known links join, each group in the order of its names."""
        hosts: dict[str, list[str]] = defaultdict(list)
        for host, name in self.seats:
            hosts[name].append(host)
        return {
            name: components(hosts[name], [(pair.a.host, pair.b.host) for pair in self.by_tree.get(name, ())])
            for name in sorted(hosts)
        }

    def entry_of(self, root: BridgeId, name: str, hosts: Sequence[str]) -> str:
        """The port through which a root that nobody knows comes in: where the way to it leaves what is known."""
        for host in hosts:
            seat = self.seats[host, name]
            way = seat.way if seat.one.root == root else None
            if way is not None and way.name and not self._far(host, seat.one, way):
                return f"{host} {way.name}"
        return ""


def host_of(node: str) -> str:
    """The host that a switch is, or that a bridge is in."""
    return node.partition(" ")[0]


def _ends(link: Link) -> tuple[tuple[End, End], tuple[End, End]]:
    return (link.a, link.b), (link.b, link.a)


def _same_region(a: Tree, b: Tree) -> bool:
    return a.region is not None and a.region == b.region
