"""Does a name server learn from the contract what concerns it, and nothing else?"""

from __future__ import annotations

from pathlib import Path

from agent.about import about_target
from collectors import About, TreePlan
from inventory.read import read

BASE = (Path(__file__).parent.parent / "inventory/cases/base.yaml").read_text(encoding="utf-8")
ZONE = "  - {name: musterbau.example, servers: [dns1], parents: [registry]}\n"


def about(target: str, *zones: str) -> About:
    assert BASE.count(ZONE) == 1
    return about_target(read(BASE.replace(ZONE, "".join(f"  - {{{zone}}}\n" for zone in zones))), target)


def test_a_reverse_zone_with_servers_of_its_own_is_not_asked_of_others() -> None:
    forward = "name: musterbau.example, servers: [dns1], reverse: [1.20.10.in-addr.arpa]"
    assert about("dns1", forward).zones[0].reverse == ("1.20.10.in-addr.arpa",)
    named = about("dns1", forward, "name: 1.20.10.in-addr.arpa, servers: [registry]")
    assert [(zone.name, zone.reverse) for zone in named.zones if zone.servers[0].id == "dns1"] == [
        ("musterbau.example", ())
    ]


def test_a_part_of_a_network_has_the_hosts_whose_addresses_lie_in_it() -> None:
    for zone, hosts in {
        "0/27.1.20.10.in-addr.arpa": ["web1"],
        "32-63.1.20.10.in-addr.arpa": ["dns1"],
        "0/25.1.20.10.in-addr.arpa": ["web1", "dns1"],
        "0/25.2.20.10.in-addr.arpa": [],
        "0.0.0.0.0.0.0.0.0.0.0.0.0.2.d.f.ip6.arpa": ["dns1"],
    }.items():
        facts = about("dns1", f"name: {zone}, servers: [dns1]").zones[0]
        assert (facts.name, [host.id for host in facts.hosts]) == (zone, hosts)


def test_names_of_a_zone_are_told_in_full_and_its_two_sides_are_seen() -> None:
    one = about(
        "dns1",
        "name: a.example, servers: [dns1, registry], names: {public: ['@', www], differ: [vpn], wildcard: true}",
        "name: b.example, servers: [dns1], mail: {selectors: [s1]}, cloud: [microsoft365]",
    )
    split, mail = one.zones
    assert (split.public, split.differ) == (("a.example", "www.a.example"), ("vpn.a.example",))
    assert (split.wildcard, split.is_two_sided, split.mail) == (True, True, False)
    assert (mail.mail, mail.selectors, mail.cloud, mail.is_two_sided) == (
        True,
        ("s1",),
        ("microsoft365",),
        False,
    )


def test_the_planned_roots_of_spanning_tree_are_told_to_the_hosts_of_their_site() -> None:
    plan = BASE.replace(
        "    resolvers: [dns1]\n", "    resolvers: [dns1]\n    spanning_tree: {root: dns1, backup: web1}\n"
    )
    contract = read(plan)
    assert about_target(contract, "web1").spanning_tree == TreePlan(root="dns1", backup="web1")
    assert about_target(contract, "registry").spanning_tree is None
    assert about_target(read(BASE), "web1").spanning_tree is None
