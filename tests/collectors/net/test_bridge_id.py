"""Are the numbers of spanning tree read and worked out exactly as the standard has them?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.net.bridge_id import BridgeId, PortId, bridge_id_of, bridge_id_written, port_id_of
from collectors.net.bridge_octets import are_swapped, identifier_in
from collectors.net.loops import components, loops, on_loops
from collectors.net.path_cost import long_cost, short_cost
from collectors.net.region import mst_digest
from collectors.net.timers import changes_an_hour, timers_of
from collectors.net.tree import Timers


@pytest.mark.parametrize(
    ("octets", "priority", "system", "mac"),
    [
        ("8001002F5C034480", 32768, 1, "00:2f:5c:03:44:80"),
        ("80620C85255CE500", 32768, 98, "0c:85:25:5c:e5:00"),
        ("200180E86F1DF300", 8192, 1, "80:e8:6f:1d:f3:00"),
        ("500148A170AD7AE0", 20480, 1, "48:a1:70:ad:7a:e0"),
        ("1000A0F849F0EB08", 4096, 0, "a0:f8:49:f0:eb:08"),
    ],
)
def test_a_bridge_id_has_priority_system_id_and_address(
    octets: str, priority: int, system: int, mac: str
) -> None:
    assert bridge_id_of(bytes.fromhex(octets)) == BridgeId(priority, system, mac)
    assert bridge_id_written(octets) == BridgeId(priority, system, mac)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("32768/18:E8:29:BA:73:BE", "32768/18:e8:29:ba:73:be"),
        ("0/00:00:00:00:00:00", "0/00:00:00:00:00:00"),
        ("0-00.00.00.00.00.00", "0/00:00:00:00:00:00"),
        ("4097-00e0.fc12.3456", "4097/00:e0:fc:12:34:56"),
        ("0x8000.18:E8:29:BA:73:BE", "32768/18:e8:29:ba:73:be"),
        ("8000.001b2c3d4e5f", "32768/00:1b:2c:3d:4e:5f"),
        ("65536/18:E8:29:BA:73:BE", None),
        ("32768/18:E8:29:BA:73", None),
        ("no id", None),
        ("", None),
    ],
)
def test_an_identifier_written_as_text_is_read_or_rejected(text: str, read: str | None) -> None:
    found = bridge_id_written(text)
    assert (str(found) if found else None) == read
    said = identifier_in(text.encode())
    assert (str(said.found) if said.found else None, said.is_text) == (read, read is not None)


@pytest.mark.parametrize(
    ("octets", "priority", "number"), [("83F1", 128, 1009), ("804C", 128, 76), ("800C", 128, 12)]
)
def test_a_port_id_has_a_number_of_twelve_bits(octets: str, priority: int, number: int) -> None:
    assert port_id_of(bytes.fromhex(octets)) == PortId(priority, number)


@given(st.binary(max_size=20))
def test_any_octets_are_an_identifier_or_none(octets: bytes) -> None:
    found = identifier_in(octets).found
    if found is not None:
        assert bridge_id_written(str(found)) == found
        assert found.swapped.swapped == found


def test_turned_octets_are_told_by_the_own_address() -> None:
    mac = "02:00:00:00:00:01"
    said = [BridgeId(0, 0x80, mac)]
    assert are_swapped(said, mac=mac, priority=32768, may_be_a_vlan=True)
    assert not are_swapped([said[0].swapped], mac=mac, priority=32768, may_be_a_vlan=False)
    assert are_swapped(said, mac="", priority=None, may_be_a_vlan=False)
    assert not are_swapped(said, mac="", priority=None, may_be_a_vlan=True)
    assert not are_swapped([BridgeId(0, 0, mac)], mac="", priority=None, may_be_a_vlan=False)


def test_lower_wins_first_by_priority_then_by_address() -> None:
    ids = [
        BridgeId(4096, 0, "ff:00:00:00:00:00"),
        BridgeId(32768, 0, "00:00:00:00:00:01"),
        BridgeId(32768, 0, "00:00:00:00:00:02"),
    ]
    assert sorted({*ids}) == ids


@pytest.mark.parametrize(
    ("mbits", "short", "long"),
    [
        (10, 100, 2_000_000),
        (100, 19, 200_000),
        (1_000, 4, 20_000),
        (2_000, 3, 10_000),
        (10_000, 2, 2_000),
        (20_000, 1, 1_000),
        (25_000, 1, 800),
        (40_000, 1, 500),
        (100_000, 1, 200),
        (400_000, 1, 50),
    ],
)
def test_costs_by_speed(mbits: int, short: int, long: int) -> None:
    assert (short_cost(1000 * mbits), long_cost(1000 * mbits)) == (short, long)


@pytest.mark.parametrize(
    ("age", "hello", "delay", "sound"),
    [(20, 2, 15, True), (10, 1, 15, True), (20, 2, 8, False), (6, 2, 4, True), (40, 2, 21, True)],
)
def test_timers_fit_together(age: int, hello: int, delay: int, sound: bool) -> None:
    assert Timers(max_age=age, hello=hello, forward_delay=delay).are_sound is sound


def test_what_the_default_timers_mean() -> None:
    one = Timers(max_age=20, hello=2, forward_delay=15)
    assert (one.host_waits, one.indirect_failure, one.neighbour_lost, one.change_lasts) == (30, 50, 6, 35)


@given(st.lists(st.one_of(st.none(), st.integers()), min_size=3, max_size=3))
def test_any_numbers_are_timers_of_a_bridge_or_none(values: list[int | None]) -> None:
    found, units = timers_of(values)
    assert (found is None) == (units == 0)
    if found is not None:
        assert 6 <= found.max_age <= 40
        assert 1 <= found.hello <= 10
        assert 4 <= found.forward_delay <= 30


@pytest.mark.parametrize(
    ("changes", "seconds", "rate"),
    [
        (1_011_228, 25_877_742, 140.7),
        (146_938, 14_558_212, 36.3),
        (3_743, 6_702_265, 2.0),
        (1_410, 1_554_811, 3.3),
        (5, 0, 0.0),
    ],
)
def test_changes_an_hour(changes: int, seconds: int, rate: float) -> None:
    assert round(changes_an_hour(changes, seconds), 1) == rate


@pytest.mark.parametrize(
    ("instances", "digest"),
    [
        ({}, "AC36177F50283CD4B83821D8AB26DE62"),
        (dict.fromkeys(range(1, 4095), 1), "E13A80F11ED0856ACD4EE3476941C73B"),
        ({vlan: vlan % 32 + 1 for vlan in range(1, 4095)}, "9D145C267DBE9FB5D893441BE3BA08CE"),
        ({10: 1}, "870555C957F1B44530B7D56FD4716ADF"),
        ({10: 1, 20: 2}, "9357EBB7A8D74DD5FEF4F2BAB50531AA"),
    ],
)
def test_the_digest_of_a_region(instances: dict[int, int], digest: str) -> None:
    assert mst_digest(instances) == digest.lower()


@pytest.mark.parametrize("instances", [{0: 1}, {4095: 1}, {10: 4095}, {10: -1}])
def test_no_digest_of_what_is_no_vlan(instances: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="a VLAN is 1 to 4094"):
        mst_digest(instances)


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(PAIRS)
def test_a_link_lies_on_a_loop_when_its_ends_hold_together_without_it(links: list[tuple[int, int]]) -> None:
    links = [link for link in links if link[0] != link[1]]
    whole = len(components(range(7), links))
    without = [len(components(range(7), links[:at] + links[at + 1 :])) for at in range(len(links))]
    assert on_loops(links) == tuple(count == whole for count in without)
    assert loops(range(7), links) == len(links) - 7 + whole


def test_six_switches_in_a_chain_block_nothing() -> None:
    """Twelve cables of which aggregates make five links."""
    assert loops("abcdef", [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("c", "f")]) == 0
