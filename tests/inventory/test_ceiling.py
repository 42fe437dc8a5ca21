"""Does the customer's own bound take away, and never give?"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.ceiling import Ceiling, CeilingError, Reach, read_ceiling
from inventory.contract import Contract
from inventory.decide import Allowed, Change, Diagnose, Reason, Refused, Request, decide
from inventory.read import read
from inventory.schema import example
from tests.inventory.strategies import contracts, moments, requests
from tests.law import ceiling_for, wide

NOON = datetime(2026, 11, 24, 20, 0, tzinfo=UTC).replace(hour=11)
EVENING = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
CONTRACT = read(example())
TEXT = """\
customers = ["musterbau"]
networks = ["10.20.0.0/16", "10.30.1.53/32", "fd20::/64", "192.0.2.30/32"]
never = ["10.20.9.0/24"]
ports = [22, 53]
areas = ["linux", "dns"]
playbooks = ["dns.restart_resolver"]
"""
CEILING = read_ceiling(TEXT.encode())


def ask(host: str, deed: Diagnose | Change, ceiling: Ceiling | None, now: datetime = NOON) -> object:
    decision = decide(CONTRACT, Request(customer="musterbau", host=host, deed=deed), now, ceiling)
    return decision.beyond or decision.reason if isinstance(decision, Refused) else "allowed"


def changed(**values: object) -> Ceiling:
    return CEILING.model_copy(update=values)


def nets(*texts: str) -> tuple[object, ...]:
    return tuple(ip_network(text) for text in texts)


@pytest.mark.parametrize(
    ("ceiling", "expected"),
    [
        (CEILING, "allowed"),
        (None, Reason.NO_CEILING),
        (changed(customers=("other",)), "customer musterbau"),
        (changed(networks=nets("10.20.0.0/16")), "allowed"),
        (changed(networks=nets("10.20.1.12/32", "fd20::/64")), "allowed"),
        (changed(networks=nets("10.20.1.12/32", "fd21::/64")), "address 10.20.1.11"),
        (changed(never=nets("10.20.1.8/29", "fd20::10/124")), "address 10.20.1.11"),
        (changed(ports=(53,)), "port 22"),
        (changed(areas=("dns",)), "area linux"),
        (changed(areas=()), "area linux"),
    ],
)
def test_what_lies_above_is_refused_and_named(ceiling: Ceiling | None, expected: object) -> None:
    assert ask("web1", Diagnose("linux"), ceiling) == expected


def test_of_a_host_that_lies_partly_above_only_the_rest_is_reached() -> None:
    web1, dns1 = CONTRACT.targets["web1"], CONTRACT.targets["dns1"]
    low = changed(networks=nets("10.20.0.0/16"), ports=(53,))
    assert CEILING.reach(web1) == Reach(addresses=web1.addresses, ports={"ssh": 22})
    assert low.reach(web1) == Reach(addresses=web1.addresses[:1], ports={})
    assert low.reach(dns1) == Reach(addresses=dns1.addresses, ports={"dns": 53})
    assert changed(never=nets("0.0.0.0/0")).reach(web1).addresses == web1.addresses[1:]


@given(contracts(), requests, moments, st.data())
def test_a_host_with_fewer_addresses_is_never_reached_at_more(
    contract: Contract, request: Request, now: datetime, data: st.DataObject
) -> None:
    """Whole and narrowed contract, under a ceiling that takes some addresses away: narrowing never enlarges."""
    taken = data.draw(st.sampled_from(contract.hosts))
    spare = ip_address("192.0.2.250")
    more = taken.model_copy(update={"addresses": (*taken.addresses, spare)})
    whole = contract.model_copy(
        update={"hosts": tuple(more if host is taken else host for host in contract.hosts)}
    )
    ceiling = wide("k").model_copy(
        update={"never": data.draw(st.sampled_from([(), nets("192.0.2.0/29"), nets("192.0.2.250/32")]))}
    )

    def reached(paper: Contract) -> set[object]:
        allowed = isinstance(decide(paper, request, now, ceiling), Allowed)
        return set(ceiling.reach(paper.targets[request.host]).addresses) if allowed else set()

    assert reached(contract) <= reached(whole)


def test_a_playbook_must_be_named_too() -> None:
    change = Change("dns.restart_resolver")
    assert ask("dns1", change, CEILING, EVENING) == "allowed"
    assert ask("dns1", change, changed(playbooks=()), EVENING) == "playbook dns.restart_resolver"


def test_the_contract_is_looked_at_first() -> None:
    assert ask("nobody", Diagnose("linux"), None) == Reason.UNKNOWN_HOST
    assert ask("registry", Diagnose("linux"), None) == Reason.AREA_NOT_COVERED


MISTAKES = {
    "": "the file is empty",
    "# nothing but a comment\n": "the file is empty",
    "customers = [": "this is not TOML",
    TEXT.replace("ports", "porst"): "porst: is unknown here",
    TEXT.replace('customers = ["musterbau"]', "customers = []"): "customers",
    TEXT.replace('"10.20.0.0/16"', '"10.20.0.1/16"'): "'10.20.0.1/16' is no network",
    TEXT.replace('"10.20.0.0/16"', '"10.20.0.0"').replace("10.20.0.0", "10.20.0.0/33"): "is no network",
    TEXT.replace('"10.20.0.0/16"', '"*"'): "is no network",
    TEXT.replace('"10.20.0.0/16"', "169090560"): "is no network",
    TEXT.replace("ports = [22, 53]", "ports = [0]"): "ports.0",
    TEXT.replace("ports = [22, 53]", "ports = [true]"): "ports.0",
    TEXT.replace("ports = [22, 53]", ""): "ports: is missing",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_what_is_not_wholly_right_is_no_ceiling(text: str, said: str) -> None:
    with pytest.raises(CeilingError) as caught:
        read_ceiling(text.encode())
    assert said in str(caught.value)


@given(
    st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=6), st.ip_addresses(v=4), st.integers(8, 32)
)
def test_many_networks_hold_what_each_holds(firsts: list[str], address: object, length: int) -> None:
    networks = [ip_network(f"{first}/{length}", strict=False) for first in firsts]
    ceiling = changed(networks=tuple(networks), never=())
    host = CONTRACT.hosts[0].model_copy(update={"addresses": (address,)})
    inside = any(ip_address(str(address)) in network for network in networks)
    assert (ceiling.beyond("musterbau", host) == "") is inside


@given(contracts(), requests, moments, st.data())
def test_a_narrower_ceiling_never_allows_more(
    contract: Contract, request: Request, now: datetime, data: st.DataObject
) -> None:
    whole = wide("k")
    narrow = Ceiling.model_validate(
        {
            "customers": data.draw(st.sampled_from([("k",), ("other",)])),
            "networks": data.draw(
                st.sampled_from([("0.0.0.0/0",), ("::/0",), ("10.0.0.0/9", "192.0.2.0/25")])
            ),
            "ports": data.draw(st.sampled_from([(22,), (53,), (22, 53)])),
            "areas": data.draw(st.lists(st.sampled_from(whole.areas), unique=True)),
            "playbooks": data.draw(st.lists(st.sampled_from(whole.playbooks), unique=True)),
        }
    )
    without = decide(contract, request, now, whole)
    if isinstance(decide(contract, request, now, narrow), Allowed):
        assert decide(contract, request, now, narrow) == without


@given(contracts(), requests, moments)
def test_the_narrowest_ceiling_over_a_contract_takes_nothing_away(
    contract: Contract, request: Request, now: datetime
) -> None:
    made = read_ceiling(ceiling_for(contract))
    assert decide(contract, request, now, made) == decide(contract, request, now, wide("k"))


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Ceiling, list[str]]:
    """A ceiling whose lists overlap, and addresses at all its edges and beside them."""

    def networks(least: int) -> list[IPv4Network | IPv6Network]:
        # Few bits that differ, so that networks meet, touch and hold each other.
        v4 = st.builds(
            lambda low, length: IPv4Network((0x0A000000 + low, length), strict=False),
            st.integers(0, 255),
            st.integers(24, 32),
        )
        v6 = st.builds(
            lambda low, length: IPv6Network(((0xFD << 120) + low, length), strict=False),
            st.integers(0, 255),
            st.integers(120, 128),
        )
        odd = st.sampled_from(
            (
                ip_network("0.0.0.0/0"),
                ip_network("128.0.0.0/1"),
                ip_network("::/0"),
                ip_network("255.0.0.0/8"),
            )
        )
        return draw(st.lists(v4 | v6 | odd, min_size=least, max_size=6))

    inside, never, outside = networks(1), networks(0), networks(0)
    edges = {
        place.__class__(number)
        for net in (*inside, *never, *outside)
        for place in (net.network_address, net.broadcast_address)
        for number in (int(place) - 1, int(place), int(place) + 1)
        if 0 <= number < 1 << place.max_prefixlen
    }
    drawn = draw(st.lists(st.ip_addresses(), max_size=4))
    # Where nearby networks end, which a wide network outside does not mean.
    near = ("9.255.255.255", "10.255.255.255", "11.0.0.0", "fc00::", "fe00::", "240.0.0.0", "64:ff9b::1")
    ceiling = changed(networks=tuple(inside), never=tuple(never), outside=tuple(outside))
    return ceiling, [*near, *(str(one) for one in (*edges, *drawn))]


@given(bounds())
def test_the_bound_as_one_list_holds_exactly_what_may_be_reached(bound: tuple[Ceiling, list[str]]) -> None:
    ceiling, addresses = bound
    left = ceiling.all_within()
    for address in map(ip_address, addresses):
        host = CONTRACT.hosts[0].model_copy(update={"addresses": (address,)})
        allowed = bool(ceiling.reach(host).addresses) or ceiling.holds_outside(address)
        assert any(address in network for network in left) is allowed, address
    # And no address twice.
    numbers = [(int(net.network_address), net.version, net.num_addresses) for net in left]
    ends = sorted((version, first, first + many) for first, version, many in numbers)
    assert all(one[:1] != two[:1] or one[2] <= two[1] for one, two in itertools.pairwise(ends))


def test_the_bound_as_one_list_is_short() -> None:
    assert changed(
        networks=nets("10.0.0.0/24", "10.0.1.0/24"), never=nets("10.0.0.128/25")
    ).all_within() == nets("10.0.0.0/25", "10.0.1.0/24")
    assert changed(networks=nets("10.0.0.0/24", "10.0.1.0/24"), never=()).all_within() == nets("10.0.0.0/23")
    assert changed(never=nets("0.0.0.0/0", "::/0")).all_within() == ()
