"""Do the comparisons hold for zones and servers of any shape? Plain readings, no packets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import Kind, Phase
from collectors.dns.copies import copies
from collectors.dns.delegations import delegations
from collectors.dns.hosts import hosts
from collectors.dns.probe import Silent, Soa
from collectors.dns.reverse import Directory, Looked, Served
from collectors.dns.serial import is_newer, newest
from collectors.dns.zones import Delegation, Holding, NamedHost, Unsaid, Zones

SERIALS = st.integers(0, 2**32 - 1)
SILENT = Silent(kind=Kind.TIMED_OUT, phase=Phase.ASK, detail="no answer within 6 s")


def named(*names: str) -> tuple[NamedHost, ...]:
    return tuple(NamedHost(name=name, addresses=("192.0.2.1",)) for name in names)


def held(serial: int, *names: str, zone: str = "a.test") -> Holding:
    soa = Soa(primary="ns1.a.test", serial=serial, refresh=3600, retry=900, expire=604800, minimum=300)
    servers = named(*(names or ("ns1.a.test", "ns2.a.test")))
    return Holding(zone=zone, soa=soa, is_primary=False, servers=servers, mail=())


def zones(server: str, *said: Holding | Delegation | Unsaid) -> Zones:
    return Zones(
        server=server,
        holds=tuple(one for one in said if isinstance(one, Holding)),
        delegates=tuple(one for one in said if isinstance(one, Delegation)),
        unsaid=tuple(one for one in said if isinstance(one, Unsaid)),
    )


def compared(seen: Mapping[str, Zones]) -> set[tuple[str, str]]:
    return {(f.tag.name, f.host) for f in (*copies.compare(seen), *delegations.compare(seen))}


# --- RFC 1982


@settings(deadline=None)
@given(SERIALS, SERIALS)
def test_of_two_serials_at_most_one_is_newer(one: int, other: int) -> None:
    undefined = one == other or abs(one - other) == 2**31
    assert is_newer(one, other) + is_newer(other, one) == (0 if undefined else 1)


@settings(deadline=None)
@given(SERIALS, st.integers(1, 2**31 - 1))
def test_a_serial_that_was_raised_is_newer_even_past_the_largest(start: int, step: int) -> None:
    assert is_newer((start + step) % 2**32, start)
    assert newest([start, (start + step) % 2**32, start]) == (start + step) % 2**32


@settings(deadline=None)
@given(st.lists(SERIALS, min_size=1, max_size=6))
def test_the_newest_is_one_of_them_and_newer_than_all_others(serials: list[int]) -> None:
    top = newest(serials)
    if top is not None:
        assert top in serials
        assert all(is_newer(top, other) for other in serials if other != top)
    else:
        assert len(set(serials)) > 1


@settings(deadline=None)
@given(st.lists(SERIALS, min_size=2, max_size=5))
def test_servers_are_behind_exactly_when_they_hold_another_serial_than_the_newest(serials: list[int]) -> None:
    seen = {f"h{i}": zones(f"ns{i}.a.test", held(serial)) for i, serial in enumerate(serials)}
    found = compared(seen)
    top = newest(serials)
    if top is None:
        assert found == {("dns.serial-apart", "")}
    else:
        behind = {(f"h{i}") for i, serial in enumerate(serials) if serial != top}
        assert found == {("dns.serial-behind", host) for host in behind}


# --- copies


def test_one_server_alone_is_compared_with_nobody() -> None:
    assert compared({"h1": zones("ns1.a.test", held(7))}) == set()


def test_zones_are_not_mixed_up() -> None:
    seen = {
        "h1": zones("ns1.a.test", held(7), held(100, zone="b.test")),
        "h2": zones("ns2.a.test", held(7), held(100, zone="b.test")),
        "h3": zones("ns3.a.test", held(100, zone="b.test")),
    }
    assert compared(seen) == set()


def test_a_server_that_said_nothing_is_not_behind() -> None:
    lame = Unsaid(zone="a.test", asked_as="server", why="REFUSED")
    dead = Unsaid(zone="a.test", asked_as="server", why=SILENT)
    seen = {"h1": zones("ns1.a.test", held(7)), "h2": zones("ns2", lame), "h3": zones("ns3", dead)}
    assert compared(seen) == set()


def test_an_address_that_could_not_be_asked_is_not_a_missing_one() -> None:
    one = replace(held(7), servers=(NamedHost(name="ns1.a.test", addresses=SILENT),))
    other = replace(held(7), servers=(NamedHost(name="ns1.a.test", addresses=None),))
    assert compared({"h1": zones("ns1.a.test", one), "h2": zones("ns2.a.test", other)}) == set()


def from_(source: str, holding: Holding, *, itself: bool = False) -> Holding:
    return replace(holding, soa=replace(holding.soa, primary=source), is_primary=itself)


def test_a_copy_of_a_domain_controller_is_compared_with_that_controller_only() -> None:
    seen = {
        "dc1": zones("dc1.a.test", from_("dc1.a.test", held(90), itself=True)),
        "dc2": zones("dc2.a.test", from_("dc2.a.test", held(20), itself=True)),
        "good": zones("ns1.a.test", from_("dc2.a.test", held(20))),
        "late": zones("ns2.a.test", from_("dc1.a.test", held(80))),
    }
    assert compared(seen) == {("dns.serial-behind", "late")}


def test_a_copy_that_still_names_an_earlier_primary_is_behind() -> None:
    seen = {
        "h1": zones("ns1.a.test", from_("ns1.a.test", held(9), itself=True)),
        "h2": zones("ns2.a.test", from_("old.a.test", held(8))),
    }
    assert compared(seen) == {("dns.serial-behind", "h2")}


def outside(one: Holding, primary: str) -> Holding:
    return replace(one, soa=replace(one.soa, primary=primary), is_inside=False)


def test_two_zones_of_one_name_inside_and_outside_are_not_compared_with_each_other() -> None:
    seen = {
        "in1": zones("ns1.a.test", held(9)),
        "in2": zones("ns2.a.test", held(8)),
        "out1": zones("ns1.b.test", outside(held(2026112301, "ns1.b.test", "ns2.b.test"), "hidden.b.test")),
        "out2": zones("ns2.b.test", outside(held(2026112300, "ns1.b.test", "ns2.b.test"), "hidden.b.test")),
    }
    assert compared(seen) == {
        ("dns.two-views", ""),
        ("dns.serial-behind", "in2"),
        ("dns.serial-behind", "out2"),
    }


def test_a_primary_or_a_server_in_common_makes_one_zone_of_inside_and_outside() -> None:
    for copy in (
        outside(held(7, "ns1.b.test"), "ns1.a.test"),
        outside(held(7, "ns1.b.test", "ns2.a.test"), "x.test"),
    ):
        found = compared({"in": zones("ns1.a.test", held(9)), "out": zones("ns1.b.test", copy)})
        assert found == {("dns.serial-behind", "out")}


def test_two_zones_of_one_name_on_one_side_are_a_fault() -> None:
    other = from_("ns1.b.test", held(2026112301, "ns1.b.test"))
    found = compared({"h1": zones("ns1.a.test", held(9)), "h2": zones("ns2.a.test", other)})
    assert found == {("dns.serial-behind", "h1")}


def test_what_a_server_does_not_say_of_its_zone_is_no_other_content() -> None:
    unsaid = replace(held(9), servers=None, mail=None)
    seen = {"h1": zones("ns1.a.test", held(9)), "h2": zones("ns2.a.test", unsaid)}
    assert compared(seen) == set()
    up = zones("ns.test", Delegation(zone="a.test", servers=named("ns9.a.test")))
    assert compared({"up": up, "h2": zones("ns2.a.test", unsaid)}) == set()


# --- delegations


def test_the_parent_is_compared_with_the_view_that_it_delegates_to() -> None:
    given_names = named("ns1.b.test", "ns2.b.test", "ns3.b.test")
    seen = {
        "up": zones("ns.test", Delegation(zone="a.test", servers=given_names)),
        "in": zones("ns1.a.test", held(9)),
        "out": zones("ns1.b.test", outside(held(1, "ns1.b.test", "ns2.b.test"), "ns1.b.test")),
    }
    found = [f for f in delegations.compare(seen) if f.tag.name == "dns.delegation-mismatch"]
    assert [(f.facts["only_parent"], f.facts["only_child"]) for f in found] == [("ns3.b.test", "-")]


def test_the_parent_is_compared_with_the_newest_copy() -> None:
    seen = {
        "up": zones("ns.test", Delegation(zone="a.test", servers=named("ns1.a.test", "ns3.a.test"))),
        "h1": zones("ns1.a.test", held(9, "ns1.a.test", "ns3.a.test")),
        "h2": zones("ns2.a.test", held(8)),
    }
    assert compared(seen) == {("dns.serial-behind", "h2")}


def test_a_parent_that_agrees_with_one_of_two_current_copies_is_not_blamed() -> None:
    seen = {
        "up": zones("ns.test", Delegation(zone="a.test", servers=named("ns1.a.test"))),
        "h1": zones("ns1.a.test", held(9)),
        "h2": zones("ns2.a.test", held(9, "ns1.a.test")),
    }
    assert compared(seen) == {("dns.ns-mismatch", "")}


def test_nothing_is_compared_where_no_server_of_the_zone_spoke() -> None:
    up = zones("ns.test", Delegation(zone="a.test", servers=named("ns1.former.example")))
    assert compared({"up": up}) == set()


def test_a_silent_parent_is_left_to_the_question_whether_it_answers() -> None:
    up = zones("ns.test", Unsaid(zone="a.test", asked_as="parent", why=SILENT))
    assert compared({"up": up, "h1": zones("ns1.a.test", held(9))}) == set()


def test_addresses_of_servers_in_other_zones_are_not_glue() -> None:
    given_names = (NamedHost(name="ns.else.example", addresses=("192.0.2.9",)),)
    own = replace(held(9), servers=(NamedHost(name="ns.else.example", addresses=None),))
    seen = {
        "up": zones("ns.test", Delegation(zone="a.test", servers=given_names)),
        "h1": zones("ns1.a.test", own),
    }
    assert compared(seen) == set()


# --- hosts


def directory(server: str, serial: int, *looked: Looked, primary: bool = False) -> Directory:
    source = server if primary else "ns1"
    serves = (Served(zone="a.test", serial=serial, primary=source, is_primary=primary),)
    return Directory(server=server, serves=serves, lacks=(), looked=looked)


def looked(seen: tuple[str, ...] | Silent | None, *wanted: str) -> Looked:
    return Looked(zone="a.test", name="web.a.test", address="", wanted=wanted, seen=seen)


def test_a_name_may_have_fewer_addresses_than_its_host_but_no_others() -> None:
    def tags(*seen: str) -> list[str]:
        reading = directory("ns1", 1, looked(seen, "192.0.2.1", "192.0.2.2"))
        return [f.tag.name for f in hosts.compare({"h1": reading})]

    assert tags("192.0.2.1") == tags("192.0.2.1", "192.0.2.2") == []
    assert tags("192.0.2.1", "192.0.2.9") == tags("192.0.2.9") == ["dns.forward-mismatch"]
    assert tags() == ["dns.forward-missing"]


def test_a_name_that_leads_back_is_the_hosts_own_also_where_only_one_server_knows() -> None:
    def web(*back: str) -> Looked:
        seen = ("shop.a.test",)
        return Looked(zone="a.test", name="web", address="192.0.2.1", wanted=("web",), seen=seen, back=back)

    def tags(*looked: Looked) -> list[str]:
        return [
            f.tag.name
            for f in hosts.compare({f"h{n}": directory("ns", 1, one) for n, one in enumerate(looked)})
        ]

    assert tags(web("shop.a.test"), web()) == ["dns.reverse-other-name"]
    assert tags(web(), web()) == ["dns.reverse-mismatch"]


def test_what_could_not_be_asked_or_said_is_not_missing() -> None:
    for seen in (SILENT, None):
        assert list(hosts.compare({"h1": directory("ns1", 1, looked(seen, "192.0.2.1"))})) == []


def test_where_each_server_is_its_own_primary_all_of_them_count() -> None:
    seen = {
        "h1": directory("dc1", 90, looked(("192.0.2.1",), "192.0.2.1"), primary=True),
        "h2": directory("dc2", 20, looked((), "192.0.2.1"), primary=True),
    }
    assert [(f.tag.name, f.host) for f in hosts.compare(seen)] == [("dns.forward-missing", "h2")]


def test_a_public_address_for_an_internal_one_is_worth_a_note_and_another_internal_one_is_a_fault() -> None:
    def tags(seen: str, wanted: str) -> list[str]:
        return [f.tag.name for f in hosts.compare({"h1": directory("ns1", 1, looked((seen,), wanted))})]

    assert tags("203.0.113.9", "10.77.1.9") == tags("2001:db8::9", "fd20::9") == ["dns.forward-translated"]
    assert tags("10.77.1.8", "10.77.1.9") == tags("203.0.113.9", "192.0.2.9") == ["dns.forward-mismatch"]
    assert tags("10.77.1.9", "203.0.113.9") == ["dns.forward-mismatch"]
