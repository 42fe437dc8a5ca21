"""Does a looked-up address count only where nobody could have led us inside? The pure rule, tried by properties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.ceiling import Ceiling
from inventory.contract import Contract
from inventory.decide import Diagnose, Reason, Refused, Request, decide
from inventory.explain import explain
from inventory.outlook.remedy import remedy
from inventory.outlook.when import closes_within, opens
from inventory.read import examine, read
from inventory.resolution import Pinned, Said, Turned, Unknown, agreed, names_of, pin, settle
from inventory.revision.difference import Effect, difference
from inventory.schema import example as example_text

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
TRUNK = """\
  - id: trunk
    name: sip.provider.example
    resolved_by: [dns1, registry]
    dns: {}
"""
TEXT = (
    "".join(line for line in example_text().splitlines(keepends=True) if not line.startswith("  #"))
    .replace("zones:\n", f"{TRUNK}\nzones:\n", 1)
    .replace("outside: [registry]", "outside: [registry, trunk]")
)
CONTRACT = read(TEXT)
CEILING = Ceiling.model_validate(
    {
        "customers": ["musterbau"],
        "networks": ["10.20.0.0/16", "10.30.0.0/16", "fd20::/64", "192.0.2.30/32"],
        "never": ["198.51.100.128/25"],
        "outside": ["198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"],
        "ports": [22, 53],
        "areas": ["linux", "dns"],
    }
)
GOOD = ("203.0.113.9", "203.0.113.10", "198.51.100.7", "2001:db8::9")
INSIDE = ("10.20.1.99", "10.30.1.53", "fd20::11", "198.51.100.200", "192.0.2.30", "10.20.0.1")
NO_HOST = (
    "127.0.0.1",
    "::1",
    "0.0.0.0",  # noqa: S104 - an address that is no host's.
    "255.255.255.255",
    "224.0.0.1",
    "169.254.1.1",
    "fe80::1",
    "::ffff:10.20.1.11",
)
FAR = ("8.8.8.8", "10.99.0.1", "64:ff9b::a14:10b", "2002:a14:10b::1", "100.64.0.1", "192.168.0.1")
ODD = ("", "x", "10.20.1", "::ffff:203.0.113.9%1", "203.0.113.009")
texts = st.sampled_from((*GOOD, *INSIDE, *NO_HOST, *FAR, *ODD))
said_by_some = st.dictionaries(
    st.sampled_from(["dns1", "registry", "web1", "nobody"]), st.lists(texts, max_size=4)
)


def settled(said: Said, contract: Contract = CONTRACT, ceiling: Ceiling = CEILING) -> object:
    return settle(contract, "trunk", said, ceiling)


def both(*addresses: str) -> dict[str, tuple[str, ...]]:
    return {"dns1": addresses, "registry": addresses}


@given(said_by_some)
@example(both("203.0.113.9"))
@example({"dns1": ["203.0.113.9", "203.0.113.10"], "registry": ["203.0.113.10"]})
def test_what_is_pinned_is_safe_said_by_all_and_nothing_else(said: Mapping[str, list[str]]) -> None:
    outcome = settled(said)
    if not isinstance(outcome, Pinned):
        return
    assert outcome.addresses
    for address in outcome.addresses:
        assert str(address) in GOOD
        assert all(str(address) in said[who] for who in ("dns1", "registry"))
    assert not {*said["dns1"], *said["registry"]} - set(GOOD), "one that may not be refuses the whole name"


@given(said_by_some, st.sampled_from(("dns1", "registry")), texts)
def test_whatever_one_resolver_says_more_adds_no_address(
    said: Mapping[str, list[str]], liar: str, text: str
) -> None:
    before, more = settled(said), settled({**said, liar: [*said.get(liar, ()), text]})
    others = [who for who in ("dns1", "registry") if who != liar]
    if isinstance(more, Pinned):
        assert all(str(one) in said.get(who, ()) for one in more.addresses for who in others)
    if isinstance(before, Turned) and before.reason is not Reason.RESOLVERS_DISAGREE:
        assert isinstance(more, Turned)
        assert more.reason is not Reason.RESOLVERS_DISAGREE


@given(said_by_some)
def test_order_and_strangers_change_nothing(said: Mapping[str, list[str]]) -> None:
    ours = {who: said[who] for who in ("registry", "dns1") if who in said}
    assert type(settled(said)) is type(settled(ours))
    back = {who: tuple(reversed(said[who])) for who in ours}
    if isinstance(settled(ours), Pinned):
        assert settled(back) == settled(ours)


@pytest.mark.parametrize("text", INSIDE + NO_HOST[2:] + ODD)
def test_an_address_inside_or_none_at_all_refuses_by_name_and_address(text: str) -> None:
    outcome = settled(both("203.0.113.9", text))
    assert outcome == Turned(Reason.RESOLVES_INSIDE, f"name sip.provider.example with address {text}")


@pytest.mark.parametrize("text", [*FAR, *NO_HOST[:2]])
@pytest.mark.parametrize("wide", [False, True])
def test_a_wide_network_never_means_what_lies_nearby(text: str, *, wide: bool) -> None:
    everything = tuple(map(ip_network, ("0.0.0.0/0", "::/0")))
    ceiling = CEILING.model_copy(update={"outside": everything}) if wide else CEILING
    outcome = settled(both(text), ceiling=ceiling)
    if wide and text == "8.8.8.8":
        assert outcome == Pinned((IPv4Address("8.8.8.8"),))
    else:
        assert isinstance(outcome, Turned)
        assert outcome.reason is Reason.ABOVE_CEILING


def test_what_lies_nearby_counts_where_it_is_named_for_itself() -> None:
    ceiling = CEILING.model_copy(update={"outside": (ip_network("192.168.7.0/24"),)})
    assert settled(both("192.168.7.1"), ceiling=ceiling) == Pinned((IPv4Address("192.168.7.1"),))


def test_a_host_of_the_contract_is_inside_wherever_its_address_lies() -> None:
    host = CONTRACT.hosts[0].model_copy(update={"addresses": (ip_address("203.0.113.9"),)})
    contract = CONTRACT.model_copy(update={"hosts": (host, *CONTRACT.hosts[1:])})
    outcome = settled(both("203.0.113.9"), contract)
    assert isinstance(outcome, Turned)
    assert outcome.reason is Reason.RESOLVES_INSIDE


@pytest.mark.parametrize(
    "said",
    [{}, {"dns1": ("203.0.113.9",)}, {"registry": ()}, both(), both(*(f"203.0.113.{n}" for n in range(33)))],
)
def test_silence_emptiness_and_a_flood_are_unknown(said: Said) -> None:
    assert isinstance(settled(said), Unknown)


@pytest.mark.parametrize("second", [("203.0.113.10",), ()])
def test_resolvers_that_agree_on_nothing_are_said(second: tuple[str, ...]) -> None:
    outcome = settled({"dns1": ("203.0.113.9",), "registry": second})
    assert isinstance(outcome, Turned)
    assert outcome.reason is Reason.RESOLVERS_DISAGREE
    assert "dns1 says 203.0.113.9" in outcome.beyond
    assert agreed({"dns1": ("203.0.113.9",), "registry": second}) == ()


def test_each_resolver_is_asked_for_the_names_that_a_clause_covers() -> None:
    assert names_of(CONTRACT, "dns1") == ("sip.provider.example",)
    assert names_of(CONTRACT, "dns2") == ()
    assert names_of(read(TEXT.replace("[registry, trunk]", "[registry]")), "dns1") == ()


def test_a_pinned_contract_is_the_same_but_for_the_addresses() -> None:
    pinned = pin(CONTRACT, {"trunk": (ip_address("203.0.113.9"),), "registry": (ip_address("203.0.113.1"),)})
    assert [str(one) for server in pinned.outside for one in server.addresses] == [
        "192.0.2.30",
        "203.0.113.9",
    ]
    assert pinned.targets["trunk"].addresses
    assert pin(pinned, {"trunk": ()}) == CONTRACT


# --- Who may be asked for the name.


def decided(contract: Contract = CONTRACT, ceiling: Ceiling | None = CEILING, now: datetime = NOON) -> object:
    decision = decide(contract, _asked(), now, ceiling)
    if isinstance(decision, Refused):
        assert all(explain(decision, language) for language in ("de", "en"))
        return decision.reason, decision.beyond
    return decision.clause.id


def _asked(host: str = "trunk") -> Request:
    return Request(customer="musterbau", host=host, deed=Diagnose("dns"))


def edited(*changes: str) -> Contract:
    text = TEXT
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    return read(text)


def test_all_its_resolvers_must_be_allowed_now() -> None:
    assert decided() == "3.2"
    assert decided(edited("diagnose: [linux, dns]", "diagnose: [linux]")) == (
        Reason.RESOLVER_NOT_COVERED,
        "resolver dns1",
    )
    assert decided(now=datetime(2026, 11, 22, 11, 0, tzinfo=UTC)) == (Reason.WINDOW_CLOSED, "")
    inside_only = CEILING.model_copy(
        update={"networks": (ip_network("10.30.0.0/16"), ip_network("192.0.2.30/32"))}
    )
    assert decided(ceiling=inside_only) == (Reason.ABOVE_CEILING, "address 10.20.1.53")
    assert decided(ceiling=CEILING.model_copy(update={"outside": ()})) == (
        Reason.ABOVE_CEILING,
        "name sip.provider.example",
    )
    assert decided(ceiling=None) == (Reason.NO_CEILING, "")


def test_it_opens_and_closes_with_its_resolvers() -> None:
    sunday = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    assert opens((CONTRACT,), _asked(), sunday, CEILING) == opens(
        (CONTRACT,), _asked("dns1"), sunday, CEILING
    )
    day = datetime(2026, 11, 25, 11, 0, tzinfo=UTC) - NOON
    ends = closes_within(
        (CONTRACT,), (_asked(), _asked("dns1"), _asked("registry")), NOON, day, lambda _: CEILING
    )
    assert ends[_asked()] == ends[_asked("dns1")]
    assert _asked("registry") not in ends


def test_what_its_resolver_lacks_is_the_remedy() -> None:
    contract = edited("diagnose: [linux, dns]", "diagnose: [linux]")
    steps = remedy((contract,), _asked(), NOON, CEILING)
    assert steps
    assert steps == remedy((contract,), _asked("dns1"), NOON, CEILING)
    low = CEILING.model_copy(update={"outside": ()})
    assert [getattr(step, "beyond", "") for step in remedy((CONTRACT,), _asked(), NOON, low)] == [
        "name sip.provider.example"
    ]


# --- Revisions and hints.

CHANGES: dict[str, tuple[str, str]] = {
    "a resolver more": ("resolved_by: [registry]", "resolved_by: [registry, dns1]"),
    "a resolver less": ("resolved_by: [dns1, registry]", "resolved_by: [dns1]"),
    "another resolver": ("resolved_by: [dns1]", "resolved_by: [registry]"),
    "another name": ("name: sip.provider", "name: voip.provider"),
    "addresses instead": ("resolved_by: [dns1, registry]", 'addresses: ["203.0.113.9"]'),
    "a name instead": ('addresses: ["203.0.113.9"]', "resolved_by: [dns1]"),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES.keys())
def test_whose_word_an_address_rests_on_is_agreed_by_two(old: str, new: str) -> None:
    written = "resolved_by: [dns1, registry]"
    before = TEXT.replace(written, old, 1) if "resolved_by" in old or "addresses" in old else TEXT
    found = difference(read(before), read(before.replace(old, new, 1)))
    assert found.widens
    assert {step.what for step in found.widenings} <= {Effect.WAY_CHANGED, Effect.ADDRESS_ADDED}
    assert {step.hosts for step in found.widenings} == {("trunk",)}


def test_the_order_of_resolvers_is_no_difference() -> None:
    other = TEXT.replace("[dns1, registry]", "[registry, dns1]")
    assert not difference(CONTRACT, read(other)).widens


def test_a_resolver_that_nobody_may_ask_is_a_hint() -> None:
    assert not examine(TEXT).hints
    (hint,) = examine(TEXT.replace("diagnose: [linux, dns]", "diagnose: [linux]")).hints
    assert "no clause lets 'dns1' be asked for 'dns'" in hint.problem
    assert hint.where == "outside[trunk].resolved_by[#1]"


def test_the_example_shows_one_that_can_be_used() -> None:
    shown = example_text()
    block: list[Any] = [line for line in shown.splitlines() if line.startswith("  # ") and "trunk" in line]
    assert block, "the example shows how a server that is known by name only is written"
    lines = [
        f"  {line.removeprefix('  # ')}" if line.startswith(("  # - id: trunk", "  #   ")) else line
        for line in shown.splitlines()
    ]
    contract = read("\n".join(lines) + "\n")
    assert contract.targets["trunk"].addresses == ()
