"""Is what a command line shows read whole, and is a text that is cut or damaged never taken for a smaller tree?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors import About, Kind, Shown, Unanswered
from collectors.net.shows.text import ago
from collectors.net.spanning_tree_cli import spanning_tree_cli
from collectors.net.tree import Tree
from tests.collectors.case import Filed, cases

CASES = [one for one in cases() if one.question == spanning_tree_cli.name]
BY_NAME = {one.path.stem: one for one in CASES}
# Those that are read whole, and whose trees have ports.
WHOLE = sorted(
    name for name, one in BY_NAME.items() if one.case.finds is not None and not name.endswith("-off")
)
PLATFORMS = {
    "cisco-ios": "show spanning-tree",
    "cisco-nxos": "show spanning-tree",
    "arista-eos": "show spanning-tree",
    "hp-comware": "display stp",
    "huawei-vrp": "display stp",
    "juniper-junos": "show spanning-tree bridge",
}
# What is asked first, and what knows the same ports a second time.
MAIN = ("show spanning-tree", "display stp", "show spanning-tree interface")
AGAIN = ("show spanning-tree detail", "display stp brief")
# What surely is a port in any of them: a role, and behind it a state; or the head of a block.
ROW = re.compile(
    r" *-+\[Port.*|.*\s(?:Root|Desg|Altn|Back|Mstr|root|designated|alternate|Designated|Alternate) +"
    r"(?:FWD|BLK|BKN|LRN|LIS|forwarding|discarding|learning|Forwarding|Blocking|Down)\b.*"
    r"|.*\s(?:FWD|BLK) +(?:ROOT|DESG|ALT|DIS)\b.*"
)


@dataclass(frozen=True, slots=True)
class Device:
    """Shows what it was given; anything else it does not know."""

    texts: dict[str, str]

    async def show(self, command: str, *, deadline: float = 30.0) -> Shown:
        assert deadline > 0
        if command not in self.texts:
            raise Unanswered(Kind.NOT_THERE, command)
        return Shown(
            command=command, text=self.texts[command], began=datetime(2026, 1, 1, tzinfo=UTC), took=0.1
        )


def texts(filed: Filed) -> dict[str, str]:
    return {one.command: one.text for one in filed.case.show if one.unanswered is None}


def read(filed: Filed, shown: dict[str, str]) -> Tree:
    async def asked(about: About) -> Tree:
        return await spanning_tree_cli.ask(Device(shown), about)

    return asyncio.run(asked(filed.case.contract()))


def ports_of(tree: Tree) -> list[tuple[str, str, str, str]]:
    return [(one.name, port.name, port.role, port.state) for one in tree.instances for port in one.ports]


@pytest.mark.parametrize("name", WHOLE)
def test_everything_that_is_shown_is_understood(name: str) -> None:
    """No remark but of what was not answered at all."""
    tree = read(BY_NAME[name], texts(BY_NAME[name]))
    assert tree.is_on
    assert not [dirt for dirt in tree.dirt if dirt.kind != "silent"]
    assert all(one.bridge and one.root and one.root_port is not None and one.timers for one in tree.instances)


def test_a_tree_of_ios_is_read_with_all_that_it_says() -> None:
    tree = read(BY_NAME["ios-rest"], texts(BY_NAME["ios-rest"]))
    assert (tree.protocol, tree.cost_method, tree.is_settling) == ("rapid-pvst", "short", False)
    first, empty = tree.instances
    assert (first.name, str(first.root), str(first.bridge)) == (
        "vlan-1",
        "4097/02:00:5e:00:53:01",
        "32769/02:00:5e:00:53:02",
    )
    assert (first.root_cost, first.root_port, first.changes, first.since_change) == (4, 1, 7, 273_600.0)
    # As SNMP names it, though the detail says it in full.
    assert first.change_from == "Gi0/1"
    assert [(port.name, port.role, port.state) for port in first.ports] == [
        ("Gi0/1", "root", "forwarding"),
        ("Gi0/2", "alternate", "blocking"),
        ("Gi0/3", "designated", "forwarding"),
        ("Po1", "designated", "forwarding"),
    ]
    blocked = first.named("Gi0/2")
    assert blocked is not None
    assert (str(blocked.designated_bridge), str(blocked.designated_port), blocked.designated_cost) == (
        "32769/02:00:5e:00:53:03",
        "128.2",
        4,
    )
    edge = first.named("Gi0/3")
    assert edge is not None
    assert (edge.is_edge, edge.guards, edge.is_point_to_point) == (True, ("bpdu-guard",), True)
    assert (empty.name, empty.ports, empty.is_root) == ("vlan-30", (), True)


def test_trees_of_mst_have_their_names_and_their_region() -> None:
    tree = read(BY_NAME["ios-mst"], texts(BY_NAME["ios-mst"]))
    assert tree.protocol == "mstp"
    assert [one.name for one in tree.instances] == ["", "mst-1"]
    assert tree.region is not None
    assert (tree.region.name, tree.region.revision) == ("musterbau", 3)
    assert [port.role for port in tree.instances[1].ports] == ["master", "designated"]


def test_the_port_of_nxos_that_keeps_its_number_above_4095_is_one() -> None:
    tree = read(BY_NAME["nxos-bridge-assurance"], texts(BY_NAME["nxos-bridge-assurance"]))
    (one,) = tree.instances
    assert one.root_way is not None
    assert (one.root_way.name, one.root_way.number) == ("port-channel1", 4096)
    assert one.change_from == "port-channel3"


@given(name=st.sampled_from(WHOLE), data=st.data())
def test_a_damaged_text_is_no_answer_or_says_no_less_than_is_there(name: str, data: st.DataObject) -> None:
    filed = BY_NAME[name]
    shown = texts(filed)
    command = data.draw(st.sampled_from(sorted(shown)))
    damaged = data.draw(damage(shown[command]))
    try:
        tree = read(filed, {**shown, command: damaged})
    except Unanswered:
        return
    # Every row that is left stands in the tree; and what knows the ports a second time still knows of all of them.
    main = next(one for one in MAIN if one in shown)
    rows = list(rows_of(damaged if command == main else shown[main]))
    assert len(ports_of(tree)) >= len(rows)
    if command != main or any(one in shown for one in AGAIN):
        assert {one[:2] for one in ports_of(tree)} >= {one[:2] for one in with_link(read(filed, shown))}


def with_link(tree: Tree) -> list[tuple[str, str, str, str]]:
    return [one for one in ports_of(tree) if one[3] != "disabled"]


@given(name=st.sampled_from(WHOLE), data=st.data())
def test_a_damaged_table_that_stands_alone_says_no_less_than_is_there(name: str, data: st.DataObject) -> None:
    """Nothing else knows the ports: every row that is one stands in the tree."""
    filed = BY_NAME[name]
    shown = {command: text for command, text in texts(filed).items() if command not in AGAIN}
    main = next(one for one in MAIN if one in shown)
    damaged = data.draw(damage(shown[main]))
    try:
        tree = read(filed, {**shown, main: damaged})
    except Unanswered:
        return
    assert len(ports_of(tree)) >= len(list(rows_of(damaged)))


@st.composite
def damage(draw: st.DrawFn, text: str) -> str:
    """Cut, without a line, with a line twice, or with something in it that does not belong there."""
    lines = text.split("\n")
    at, place = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(text)))
    foreign = draw(
        st.sampled_from(
            [
                "--More--",
                " --More-- \b\b\b",
                "\x1b[7m",
                "% Invalid input detected at '^' marker.",
                "\x00",
                "ß",
                "Gi0/9",
                "\n",
                " ",
            ]
        )
    )
    return draw(
        st.sampled_from(
            [
                text[:place],
                "\n".join(lines[:at]),
                "\n".join(lines[:at] + lines[at + 1 :]),
                "\n".join([*lines[: at + 1], *lines[at:]]),
                text[:place] + foreign + text[place:],
                "\n".join([*lines[:at], foreign, *lines[at:]]),
            ]
        )
    )


def rows_of(text: str) -> Iterator[str]:
    return (line for line in text.split("\n") if ROW.match(line))


@given(st.text(max_size=300))
@example("")
@example("No spanning tree instance exists.\n\nVLAN0001")
def test_any_text_is_no_answer_or_a_tree(text: str) -> None:
    about = BY_NAME["ios-rest"].case.contract()
    for platform, command in PLATFORMS.items():
        try:
            tree = asyncio.run(_read(Device({command: text}), about, platform))
        except Unanswered:
            continue
        assert tree.is_on is not None


async def _read(device: Device, about: About, platform: str) -> Tree:
    return await spanning_tree_cli.ask(device, replace(about, platform=platform))


def test_blocks_of_comware_and_vrp_are_read_with_all_that_they_say() -> None:
    tree = read(BY_NAME["comware-rest"], texts(BY_NAME["comware-rest"]))
    assert [one.name for one in tree.instances] == ["", "mst-1"]
    common = tree.instances[0]
    assert (str(common.root), common.root_cost, common.since_change) == ("4096/02:00:5e:00:53:01", 20, 342.0)
    assert [(port.name, port.role, port.state, port.is_up) for port in common.ports] == [
        ("GigabitEthernet1/0/1", "root", "forwarding", True),
        ("GigabitEthernet1/0/2", "alternate", "discarding", True),
        ("GigabitEthernet1/0/3", "designated", "forwarding", True),
        ("GigabitEthernet1/0/4", "disabled", "disabled", False),
    ]
    assert (common.ports[2].guards, common.ports[2].is_edge) == (("root-guard",), True)
    assert tree.region is not None
    assert tree.region.digest == "870555c957f1b44530b7d56fd4716adf"
    (only,) = read(BY_NAME["vrp-timers"], texts(BY_NAME["vrp-timers"])).instances
    assert (only.changes, only.since_change, only.change_from) == (12, 273_906.0, "GigabitEthernet0/0/2")
    assert only.ports[1].guards == ("loop-guard",)


def test_trees_of_junos_are_read_with_all_that_they_say() -> None:
    tree = read(BY_NAME["junos-mst"], texts(BY_NAME["junos-mst"]))
    common, first = tree.instances
    assert (tree.protocol, common.name, first.name, first.is_root) == ("mstp", "", "mst-1", True)
    assert (str(common.root), common.root_cost, common.changes) == ("4096/02:00:5e:00:53:01", 20_000, 3)
    assert common.root_way is not None
    assert (common.root_way.name, str(common.root_way.designated_port)) == ("ge-0/0/0", "128.492")
    assert [(port.role, port.state, port.is_held_back) for port in common.ports] == [
        ("root", "forwarding", False),
        ("alternate", "blocking", True),
        ("designated", "forwarding", False),
        ("disabled", "disabled", False),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:12", 12),
        ("3d04h", 273_600),
        ("1y2w", 32_745_600),
        ("1292651 seconds", 1_292_651),
        ("0:1", None),
    ],
)
def test_how_long_something_is_ago_is_read_in_every_form(text: str, seconds: float | None) -> None:
    assert ago(text) == seconds
