"""Is every neighbour found at the port where it is, however the agent counts its ports?"""

from __future__ import annotations

from pathlib import Path

from collectors import About
from collectors.net.neighbour import Neighbour, Station
from collectors.net.neighbours import NeighboursSeen, neighbours
from collectors.net.port_names import spelt
from tests.collectors.case import Agent, Recorded

LLDP, LLDP_V2 = "1.0.8802.1.1.2.1", "1.3.111.2.802.1.1.13.1"
ABOUT = About(
    id="sw1", name="sw1.musterbau.test", addresses=("192.0.2.1",), platform="", environment="network"
)


def interface(
    index: int, name: str, *, descr: str = "", mac: str = "", sort: int = 6, bridge_port: int = 0
) -> str:
    lines = [
        f"1.3.6.1.2.1.2.2.1.2.{index}|4|{descr or name}",
        f"1.3.6.1.2.1.2.2.1.3.{index}|2|{sort}",
        f"1.3.6.1.2.1.2.2.1.8.{index}|2|1",
        f"1.3.6.1.2.1.31.1.1.1.1.{index}|4|{name}",
        f"1.3.6.1.2.1.2.2.1.6.{index}|4x|{mac}",
    ]
    if bridge_port:
        lines.append(f"1.3.6.1.2.1.17.1.4.1.2.{bridge_port}|2|{index}")
    return "\n".join(lines)


def local(number: int, sort: int, said: str, descr: str = "") -> str:
    tag = "4x" if sort == 3 else "4"
    return f"{LLDP}.3.7.1.2.{number}|2|{sort}\n{LLDP}.3.7.1.3.{number}|{tag}|{said}\n{LLDP}.3.7.1.4.{number}|4|{descr}"


def heard(
    number: int, *, row: int = 1, mark: int = 0, chassis: str = "020000020000", port: str = "Gi1/0/1"
) -> str:
    index = f"{mark}.{number}.{row}"
    return (
        f"{LLDP}.4.1.1.4.{index}|2|4\n{LLDP}.4.1.1.5.{index}|4x|{chassis}\n"
        f"{LLDP}.4.1.1.6.{index}|2|5\n{LLDP}.4.1.1.7.{index}|4|{port}\n{LLDP}.4.1.1.12.{index}|4x|2800"
    )


async def seen(*lines: str) -> NeighboursSeen:
    agent = Agent(snmprec="\n".join(lines))
    host = Recorded([], addresses=ABOUT.addresses, agents=(agent,), folder=Path())
    return await neighbours((host,), ABOUT)


async def only(*lines: str) -> Neighbour:
    (one,) = (await seen(*lines)).neighbours
    return one


async def test_a_name_finds_the_port_where_the_number_is_another_ones_index() -> None:
    ports = (interface(1, "Gi1/0/2", bridge_port=2), interface(2, "Gi1/0/1", bridge_port=1))
    one = await only(*ports, local(1, 5, "Gi1/0/1"), local(2, 5, "Gi1/0/2"), heard(1))
    assert (one.port, one.index, one.chassis, one.far_port) == ("Gi1/0/1", 2, "02:00:00:02:00:00", "Gi1/0/1")
    assert one.capabilities == ("bridge", "router")


async def test_an_address_finds_the_port_where_one_alone_has_it() -> None:
    ports = (interface(11, "Port1", mac="020000010001"), interface(12, "Port2", mac="020000010002"))
    one = await only(*ports, local(2, 3, "020000010002"), heard(2))
    assert one.port == "Port2"


async def test_an_address_that_all_ports_have_leaves_it_to_the_description() -> None:
    ports = (interface(11, "Te0/1", mac="020000010001"), interface(12, "Te0/2", mac="020000010001"))
    one = await only(*ports, local(2, 3, "020000010001", "TenGigabitEthernet 0/2"), heard(2))
    assert one.port == "Te0/2"


async def test_the_only_way_of_counting_that_fits_is_taken() -> None:
    ports = [interface(1000 + n, f"1/1/{n}", bridge_port=n) for n in (1, 2, 3)]
    assert (await only(*ports, heard(2))).port == "1/1/2"


async def test_a_port_that_calls_itself_by_its_index_is_that_one() -> None:
    ports = [interface(1000 + n, f"1/1/{n}", bridge_port=n + 10) for n in (1, 2, 3)]
    told = [local(n + 256, 7, str(1000 + n)) for n in (1, 2, 3)]
    assert (await only(*ports, *told, heard(258))).port == "1/1/2"


async def test_two_ways_of_counting_that_both_fit_tell_nothing() -> None:
    ports = [interface(n, f"1/1/{n}", bridge_port=4 - n) for n in (1, 2, 3)]
    one = await only(*ports, heard(1))
    assert (one.port, one.index) == ("", None)


async def test_names_decide_how_the_others_are_counted() -> None:
    ports = [interface(n, f"1/1/{n}", bridge_port=4 - n) for n in (1, 2, 3)]
    one = await only(*ports, local(3, 5, "1/1/1"), heard(1))
    assert one.port == "1/1/3"


async def test_a_unit_is_the_port_that_it_lies_on() -> None:
    ports = (interface(518, "ge-0/0/0"), interface(520, "ge-0/0/0.0", sort=53))
    assert (await only(*ports, local(520, 7, "520"), heard(520))).port == "ge-0/0/0"


async def test_a_row_that_the_agent_keeps_beside_the_newer_one_is_left_out() -> None:
    lines = (interface(1, "Gi1/0/1"), local(1, 5, "Gi1/0/1"))
    found = (await seen(*lines, heard(1, mark=5, row=1), heard(1, mark=900, row=7))).neighbours
    assert len(found) == 1


async def test_routeros_tells_the_interface_in_a_table_of_its_own() -> None:
    mikrotik = "1.3.6.1.4.1.14988.1.1.11.1.1"
    own = (f"{mikrotik}.8.{n}|66|{n + 2}\n{mikrotik}.3.{n}|4x|02000009000{n}" for n in (1, 2))
    ports = (interface(3, "ether1"), interface(4, "ether2"))
    found = (await seen(*ports, *own, heard(0, row=1))).neighbours
    assert [(one.source, one.port, one.chassis) for one in found] == [
        ("lldp", "ether1", "02:00:00:02:00:00"),
        ("mikrotik", "ether2", "02:00:00:09:00:02"),
    ]


async def test_the_second_version_counts_by_index() -> None:
    base = f"{LLDP_V2}.4.1.1"
    rows = f"{base}.5.0.7.1.1|2|4\n{base}.6.0.7.1.1|4x|020000020000\n{base}.7.0.7.1.1|2|5\n{base}.8.0.7.1.1|4|Gi1/0/1"
    assert (await only(interface(7, "swp7"), rows)).port == "swp7"


async def test_the_address_for_management_is_a_part_of_the_index() -> None:
    ports = (interface(1, "Gi1/0/1"), local(1, 5, "Gi1/0/1"), heard(1))
    one = await only(
        *ports, f"{LLDP}.4.2.1.3.0.1.1.1.4.192.0.2.7|2|2", f"{LLDP}.4.2.1.3.0.1.1.1.4.0.0.0.0|2|2"
    )
    assert one.addresses == ("192.0.2.7",)


async def test_a_serial_number_behind_a_name_is_no_part_of_it() -> None:
    cdp = "1.3.6.1.4.1.9.9.23.1.2.1.1"
    one = await only(
        interface(5, "Ethernet1/1"),
        f"{cdp}.6.5.9|4|core1.musterbau.test(FDO1234A5B6)",
        f"{cdp}.7.5.9|4|Ethernet1/49",
        f"{cdp}.9.5.9|4x|00000209",
        f"{cdp}.12.5.9|2|2",
    )
    assert (one.port, one.name, one.far_port, one.duplex) == (
        "Ethernet1/1",
        "core1.musterbau.test",
        "Ethernet1/49",
        "half",
    )
    assert one.capabilities == ("router", "bridge")


async def test_spanning_tree_names_the_switch_that_is_nearer_to_the_root() -> None:
    stp = "1.3.6.1.2.1.17.2.15.1"
    ports = (interface(11, "A1", mac="020000010001", bridge_port=1), interface(12, "A2", bridge_port=2))
    told = (
        f"{stp}.3.1|2|5\n{stp}.8.1|4x|8000020000020000\n{stp}.9.1|4x|8018",
        f"{stp}.3.2|2|5\n{stp}.8.2|4x|8000020000010001\n{stp}.9.2|4x|8002",
    )
    one = await only(*ports, *told)
    assert (one.source, one.port, one.chassis, one.far_port) == ("stp", "A1", "02:00:00:02:00:00", "24")


async def test_learned_addresses_are_read_where_nobody_announces_himself() -> None:
    learned, stp = "1.3.6.1.2.1.17.4.3.1.2", "1.3.6.1.2.1.17.2.15.1"
    lines = (
        interface(11, "A1", mac="020000010001", bridge_port=1),
        interface(12, "A2", bridge_port=2),
        f"{stp}.3.1|2|5\n{stp}.3.2|2|2",
        f"{learned}.2.0.0.2.0.0|2|1\n{learned}.2.0.0.1.0.1|2|1\n{learned}.2.0.0.3.0.0|2|2\n{learned}.1.0.94.0.0.1|2|1",
    )
    # Its own address, one of a group, and what lies behind a port that is held back are none.
    assert (await seen(*lines)).stations == (Station(mac="02:00:00:02:00:00", port="A1"),)
    assert not (await seen(*lines, local(1, 5, "A1"), heard(1))).stations


def test_different_ports_are_not_written_alike() -> None:
    names = (
        "Gi1/0/1",
        "Te1/0/1",
        "Fa1/0/1",
        "Ethernet1/0/1",
        "Po1",
        "1/0/1",
        "bridge/ether1",
        "ether2",
        "mgmt0",
    )
    assert len({spelt(name) for name in names}) == len(names)


async def test_a_port_of_a_type_that_the_agent_does_not_tell_takes_a_cable() -> None:
    ports = (interface(1, "port1.0.1", sort=0), interface(2, "Vlan10", sort=136))
    assert (await only(*ports, local(5, 5, "port1.0.1"), heard(5))).port == "port1.0.1"
    assert not (await only(*ports, local(5, 5, "Vlan10"), heard(5))).port
