"""Does the customer's own bound take away, and never give?"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.ceiling import Ceiling, CeilingError, read_ceiling
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
        (changed(networks=nets("10.20.0.0/16")), "address fd20::11"),
        (changed(networks=nets("10.20.1.12/32", "fd20::/64")), "address 10.20.1.11"),
        (changed(networks=nets("::/0")), "address 10.20.1.11"),
        (changed(never=nets("10.20.1.8/29")), "address 10.20.1.11"),
        (changed(never=nets("fd20::10/124")), "address fd20::11"),
        (changed(ports=(53,)), "port 22"),
        (changed(areas=("dns",)), "area linux"),
        (changed(areas=()), "area linux"),
    ],
)
def test_what_lies_above_is_refused_and_named(ceiling: Ceiling | None, expected: object) -> None:
    assert ask("web1", Diagnose("linux"), ceiling) == expected


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
