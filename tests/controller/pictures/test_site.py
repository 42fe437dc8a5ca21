"""Does the picture of a site show who is plugged in where, and what is only half known?"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from agent.job import Job, NoAnswer, Outcome, Result, Seen
from collectors import Kind, Phase
from collectors.net.neighbour import Neighbour
from collectors.net.neighbours import NeighboursSeen, neighbours
from collectors.net.port_state import PortsSeen, ports
from collectors.net.ports import Port, Ports
from collectors.net.spanning_tree import spanning_tree
from collectors.net.tree import Instance, Tree, TreePort
from controller.pictures.drawing import Drawing, Mark
from controller.pictures.site import held_back, site
from controller.pictures.svg import svgs
from controller.reports.english import ENGLISH
from controller.reports.german import GERMAN
from tests.controller.findings import say

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MACS = {name: f"02:00:00:00:0{name[-1]}:00" for name in ("sw1", "sw2", "sw3")}
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed here")


def same(text: str) -> str:
    return text


def result(host: str, question: str, outcome: Outcome) -> Result:
    return Result(
        job=Job(id=f"{host}/{question}", host=host, collector=question), outcome=outcome, began=NOW, took=0.1
    )


def hears(host: str, *others: tuple[str, str, str]) -> Result:
    """What a switch with four ports says: at this port, that one, at its port."""
    told = tuple(
        Neighbour(
            source="lldp",
            port=port,
            index=int(port),
            chassis=MACS.get(other, "02:00:00:00:99:00"),
            name=other,
            far_port=far,
            capabilities=("bridge",),
        )
        for port, other, far in others
    )
    own = tuple(Port(index=n, name=str(n), descr=f"p{n}", type=6, is_up=True) for n in (1, 2, 3, 4))
    facts = NeighboursSeen(ports=Ports(ports=own, chassis=MACS[host]), neighbours=told, known_as=host)
    return result(host, neighbours.name, Seen(neighbours.adapter.dump_python(facts, mode="json"), ()))


def bundles(host: str) -> Result:
    """The first two ports are one aggregate."""
    members = [Port(index=n, name=str(n), type=6, is_up=True, aggregate=9) for n in (1, 2)]
    facts = PortsSeen(ports=Ports(ports=(*members, Port(index=9, name="Po1", type=161, is_up=True))))
    return result(host, ports.name, Seen(ports.adapter.dump_python(facts, mode="json"), ()))


PAIR = (
    hears("sw1", ("1", "sw2", "p1"), ("2", "sw2", "p2"), ("3", "sw3", "p3"), ("4", "keller", "7")),
    hears("sw2", ("1", "sw1", "p1"), ("2", "sw1", "p2")),
    hears("sw3"),
    bundles("sw1"),
    bundles("sw2"),
)


def drawn(*results: Result, blocked: Collection[tuple[str, str]] = ()) -> Drawing:
    drawing = site(results, (), ENGLISH, same, blocked=blocked)
    assert drawing is not None
    return drawing


def test_links_show_their_ports_and_what_one_side_alone_says_is_not_sure() -> None:
    drawing = drawn(*PAIR)
    assert {(a.start, a.end, a.text, a.mark) for a in drawing.arrows} == {
        ("sw1", "sw2", "Po1 ↔ Po1 2x", Mark.FINE),
        ("sw1", "sw3", "3 ↔ 3", Mark.UNHEARD),
        ("sw1", "stranger 02:00:00:00:99:00", "4 ↔ 7", Mark.UNHEARD),
    }
    assert not any(arrow.is_one_way for arrow in drawing.arrows)
    assert {cells for cells, _ in drawing.rows} == {
        ("sw1", "Po1 (1, 2)", "sw2", "Po1 (1, 2)", "LLDP"),
        ("sw1", "3", "sw3", "3", "LLDP; by one side only"),
        ("sw1", "4", "keller", "7", "LLDP; not asked"),
    }
    assert len(drawing.heading) == len(drawing.rows[0][0]) + 1


def test_a_link_is_as_bad_as_what_was_found_at_its_ports() -> None:
    found = [
        say("net.duplex-differs", "sw1", port="2", other="sw2", far="2", duplex="half", far_duplex="full")
    ]
    drawing = site(PAIR, found, ENGLISH, same)
    assert drawing is not None
    assert [arrow.mark for arrow in drawing.arrows if arrow.end == "sw2"] == [Mark.ODD]


def test_the_end_that_is_held_back_is_named() -> None:
    drawing = drawn(*PAIR, blocked={("sw2", "Po1")})
    assert "Po1 ↔ Po1 2x ⊘ sw2" in {arrow.text for arrow in drawing.arrows}
    assert "LLDP; held back by spanning tree at sw2" in {cells[-1] for cells, _ in drawing.rows}


def test_what_spanning_tree_holds_back_is_read_from_its_trees() -> None:
    held = TreePort(name="Po1", number=9, state="discarding", is_up=True)
    others = (
        TreePort(name="3", number=3, state="forwarding", is_up=True),
        TreePort(name="4", number=4, state="blocking", is_up=False),
    )
    tree = Tree(protocol="rstp", instances=(Instance(ports=(held, *others)),))
    told = result("sw2", spanning_tree.name, Seen(spanning_tree.adapter.dump_python(tree, mode="json"), ()))
    assert held_back([*PAIR, told]) == {("sw2", "Po1")}


def test_a_device_that_did_not_answer_is_there_and_not_in_order() -> None:
    silent = result("sw9", neighbours.name, NoAnswer(Kind.TIMED_OUT, Phase.ASK, ""))
    assert {spot.name: spot.mark for spot in drawn(*PAIR, silent).spots}["sw9"] is Mark.UNHEARD
    assert site([silent], (), ENGLISH, same) is None


def test_names_pass_the_redaction() -> None:
    drawing = site(PAIR, (), GERMAN, lambda _: "X")
    assert drawing is not None
    assert {spot.name for spot in drawing.spots} == {"X"}
    assert {cell for cells, _ in drawing.rows for cell in (cells[0], cells[2])} == {"X"}


@needs_dot
def test_a_link_has_no_head() -> None:
    (svg,) = svgs([drawn(*PAIR)])
    assert svg is not None
    root = ET.fromstring(str(svg))  # noqa: S314 - what we wrote.
    edges = [g for g in root.iter("g") if g.get("class", "").startswith("edge")]
    assert len(edges) == 3
    assert not any(edge.findall("polygon") for edge in edges)
    assert "Po1 ↔ Po1 2x" in str(svg)
