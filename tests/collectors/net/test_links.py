"""Are the links of a site found from what its devices say, and at a cost that grows with them?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import pytest

from collectors.net.links import End, Graph, graph_of, links_of
from collectors.net.neighbour import Announced, Neighbour, Source, Station
from collectors.net.neighbours import NeighboursSeen
from collectors.net.ports import Port, Ports


@dataclass(slots=True)
class Site:
    """Switches of 48 ports and two aggregates, and cables between them, as each would be read. Both ends are told."""

    hosts: dict[str, NeighboursSeen] = field(default_factory=dict)

    def switch(self, number: int, ports: int = 48) -> str:
        host = f"sw{number}"
        mac = f"02:00:{number >> 8:02x}:{number & 255:02x}:00"
        made = tuple(
            Port(
                index=n,
                name=f"Gi1/0/{n}",
                descr=f"GigabitEthernet1/0/{n}",
                type=6,
                mac=f"{mac}:{n:02x}",
                is_up=True,
                bridge_port=n,
            )
            for n in range(1, ports + 1)
        )
        self.hosts[host] = NeighboursSeen(
            ports=Ports(ports=made, name=f"{host}.musterbau.test", chassis=f"{mac}:00"),
            announced=tuple(Announced(id=port.name, port=port.name) for port in made),
            known_as=host,
            addresses=(f"10.{number >> 8}.{number & 255}.1",),
        )
        return host

    def hears(
        self,
        host: str,
        port: str,
        other: str,
        far: str,
        *,
        source: Source = "lldp",
        chassis: str | None = None,
        name: str = "",
        addresses: tuple[str, ...] = (),
    ) -> None:
        """One device hears another one, under an address that is not its own where one is given."""
        heard = Neighbour(
            source=source,
            port=port,
            index=None,
            chassis=self.hosts[other].ports.chassis if chassis is None else chassis,
            far_port=far,
            name=name,
            addresses=addresses,
        )
        self.hosts[host] = replace(self.hosts[host], neighbours=(*self.hosts[host].neighbours, heard))

    def cable(self, host: str, port: str, other: str, far: str) -> None:
        self.hears(host, port, other, far)
        self.hears(other, far, host, port)

    def learns(self, host: str, port: str, *others: str) -> None:
        """Behind a port are other hosts, and computers that nobody knows."""
        macs = (*(self.hosts[other].ports.chassis for other in others), "02:00:00:77:00:01")
        learned = tuple(Station(mac=mac, port=port) for mac in macs)
        self.hosts[host] = replace(self.hosts[host], stations=(*self.hosts[host].stations, *learned))

    def bundled(self, aggregates: dict[str, dict[str, tuple[str, ...]]]) -> dict[str, Ports]:
        """The ports of hosts as they are with these aggregates."""
        found = {}
        for host, told in aggregates.items():
            ports = list(self.hosts[host].ports.ports)
            for number, (name, members) in enumerate(told.items(), start=1000):
                ports = [replace(p, aggregate=number) if p.name in members else p for p in ports]
                ports.append(Port(index=number, name=name, type=161, is_up=True))
            found[host] = Ports(ports=tuple(ports))
        return found


def pair() -> Site:
    site = Site()
    site.switch(1)
    site.switch(2)
    return site


def ends(graph: Graph) -> list[tuple[str, str, str, str, bool]]:
    return [(one.a.host, one.a.port, one.b.host, one.b.port, one.is_seen_by_both) for one in graph.links]


def test_a_cable_that_both_ends_name_is_one_link() -> None:
    site = pair()
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/24")
    (link,) = links_of(site.hosts)
    assert link.a == End("sw1", "Gi1/0/1", ("Gi1/0/1",))
    assert link.b == End("sw2", "Gi1/0/24", ("Gi1/0/24",))
    assert link.is_seen_by_both


@pytest.mark.parametrize("far", ["gi1/0/24", "GigabitEthernet 1/0/24", "02:00:00:02:00:18", "0200.0002.0018"])
def test_the_far_port_is_found_however_it_is_written(far: str) -> None:
    site = pair()
    site.hears("sw1", "Gi1/0/1", "sw2", far)
    site.hears("sw2", "Gi1/0/24", "sw1", "Gi1/0/1")
    assert ends(graph_of(site.hosts)) == [("sw1", "Gi1/0/1", "sw2", "Gi1/0/24", True)]


def test_a_far_port_that_cannot_be_told_is_the_only_one_that_is_left() -> None:
    site = pair()
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/1")
    site.hears("sw1", "Gi1/0/2", "sw2", "slot 1 port 9")
    site.hears("sw2", "Gi1/0/9", "sw1", "?")
    assert ends(graph_of(site.hosts)) == [
        ("sw1", "Gi1/0/1", "sw2", "Gi1/0/1", True),
        ("sw1", "Gi1/0/2", "sw2", "Gi1/0/9", True),
    ]


def test_two_unknown_ports_are_not_guessed_to_be_one_cable() -> None:
    site = pair()
    for here, there in (("Gi1/0/2", "Gi1/0/9"), ("Gi1/0/3", "Gi1/0/10")):
        site.hears("sw1", here, "sw2", "?")
        site.hears("sw2", there, "sw1", "?")
    assert not [link for link in links_of(site.hosts) if link.is_seen_by_both]


def test_what_one_end_alone_says_is_no_sure_link() -> None:
    site = pair()
    site.hears("sw1", "Gi1/0/1", "sw2", "Gi1/0/24")
    assert ends(graph_of(site.hosts)) == [("sw1", "Gi1/0/1", "sw2", "Gi1/0/24", False)]


def test_an_aggregate_is_one_link_with_its_members() -> None:
    site = pair()
    for n in (1, 2):
        site.cable("sw1", f"Gi1/0/{n}", "sw2", f"Gi1/0/{n + 10}")
    both = site.bundled({"sw1": {"Po1": ("Gi1/0/1", "Gi1/0/2")}, "sw2": {"lag 7": ("Gi1/0/11", "Gi1/0/12")}})
    (link,) = links_of(site.hosts, both)
    assert link.a == End("sw1", "Po1", ("Gi1/0/1", "Gi1/0/2"))
    assert link.b == End("sw2", "lag 7", ("Gi1/0/11", "Gi1/0/12"))
    (half,) = links_of(site.hosts, {"sw1": both["sw1"]})
    assert (half.a.port, half.b.port, half.b.members) == ("Po1", "Gi1/0/11", ("Gi1/0/11", "Gi1/0/12"))


def test_two_that_share_an_aggregate_of_a_third_are_a_pair() -> None:
    site = pair()
    site.switch(3)
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/1")
    site.cable("sw1", "Gi1/0/2", "sw3", "Gi1/0/1")
    graph = graph_of(site.hosts, site.bundled({"sw1": {"Po1": ("Gi1/0/1", "Gi1/0/2")}}))
    assert graph.pairs == {("sw2", "sw3")}
    assert len(graph.links) == 2


def test_a_name_or_an_address_that_several_announce_is_nobodys() -> None:
    site = pair()
    for n, mac in ((1, "02:00:00:99:00:01"), (2, "02:00:00:99:00:02")):
        site.hears("sw1", f"Gi1/0/{n}", "sw2", "1", chassis=mac, name="sw2", addresses=("10.0.2.1",))
    graph = graph_of(site.hosts)
    assert not graph.links
    assert len(graph.strangers) == 2


def test_a_name_that_one_alone_announces_finds_its_host() -> None:
    site = pair()
    site.hears("sw1", "Gi1/0/1", "sw2", "Gi1/0/24", chassis="", name="SW2.musterbau.test")
    assert ends(graph_of(site.hosts)) == [("sw1", "Gi1/0/1", "sw2", "Gi1/0/24", False)]


def test_who_is_heard_by_cdp_behind_a_neighbour_of_lldp_is_not_at_that_port() -> None:
    site = pair()
    site.switch(3)
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/1")
    site.cable("sw2", "Gi1/0/2", "sw3", "Gi1/0/2")
    site.hears("sw1", "Gi1/0/1", "sw3", "Gi1/0/2", source="cdp")
    site.hears("sw1", "Gi1/0/1", "sw2", "Gi1/0/1", source="cdp")
    assert ends(graph_of(site.hosts)) == [
        ("sw1", "Gi1/0/1", "sw2", "Gi1/0/1", True),
        ("sw2", "Gi1/0/2", "sw3", "Gi1/0/2", True),
    ]


def test_spanning_tree_tells_a_link_only_where_nobody_announces_himself() -> None:
    site = pair()
    site.hears("sw1", "Gi1/0/5", "sw2", "7", source="stp")
    (link,) = links_of(site.hosts)
    assert (link.a.port, link.b.port, link.is_seen_by_both) == ("Gi1/0/5", "Gi1/0/7", False)
    assert link.told == {"stp"}
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/1")
    (link,) = links_of(site.hosts)
    assert link.told == {"lldp"}


def test_learned_addresses_give_a_guess_where_only_one_place_is_possible() -> None:
    site = pair()
    site.learns("sw1", "Gi1/0/5", "sw2")
    site.learns("sw2", "Gi1/0/7", "sw1")
    graph = graph_of(site.hosts)
    assert not graph.links
    (guess,) = graph.guesses
    assert (guess.a.port, guess.b.port, guess.is_seen_by_both) == ("Gi1/0/5", "Gi1/0/7", True)
    site.cable("sw1", "Gi1/0/1", "sw2", "Gi1/0/1")
    assert not graph_of(site.hosts).guesses


def test_who_is_seen_behind_another_one_is_not_guessed_to_be_next() -> None:
    site = pair()
    site.switch(3)
    site.learns("sw1", "Gi1/0/1", "sw2", "sw3")
    site.learns("sw2", "Gi1/0/1", "sw1")
    site.learns("sw2", "Gi1/0/2", "sw3")
    site.learns("sw3", "Gi1/0/1", "sw2", "sw1")
    assert not graph_of(site.hosts).guesses


def test_several_devices_at_one_port_are_told() -> None:
    site = pair()
    site.switch(3)
    for here, there in (("sw1", "sw2"), ("sw1", "sw3"), ("sw2", "sw3")):
        site.cable(here, "Gi1/0/1", there, "Gi1/0/1")
    shared = graph_of(site.hosts).shared
    assert shared["sw1", "Gi1/0/1"] == (("sw2", "Gi1/0/1"), ("sw3", "Gi1/0/1"))


def _wired(count: int) -> tuple[Site, int]:
    """A site of so many switches, a tree with half as many links across it; and how many links it has."""
    site = Site()
    for n in range(count):
        site.switch(n)
    free = {host: [port.name for port in facts.ports.ports] for host, facts in site.hosts.items()}
    pairs = [(n, (n - 1) // 3) for n in range(1, count)]
    pairs += [(n, (n * 104_729 + 1) % count) for n in range(1, count, 2)]
    pairs = [(n, other) for n, other in pairs if n != other]
    for n, other in pairs:
        site.cable(f"sw{n}", free[f"sw{n}"].pop(), f"sw{other}", free[f"sw{other}"].pop())
    return site, len(pairs)


def _cost(site: Site, wanted: int) -> float:
    """Seconds of processor time for the links of a site, the least of three."""
    ports = {host: facts.ports for host, facts in site.hosts.items()}
    took = []
    for _ in range(3):
        began = time.process_time()
        links = links_of(site.hosts, ports)
        took.append(time.process_time() - began)
        assert len(links) == wanted
        assert all(link.is_seen_by_both for link in links)
    return min(took)


def test_a_thousand_switches_cost_little_more_for_each_than_a_few_hundred() -> None:
    few, many = _wired(250), _wired(1000)
    assert many[1] > 1490
    # Four times as many; were each looked for among all, it would be sixteen.
    assert _cost(*many) < 9 * _cost(*few)
