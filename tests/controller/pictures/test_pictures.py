"""Does a drawing show what was heard, in words and shapes as well, and can nothing get into the page with it?"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.job import Job, NoAnswer, Outcome, Result, Seen
from collectors import About, Kind, Phase, Server, ZoneFacts
from collectors.ad.members import Forest, Member
from collectors.ad.neighbours import Neighbour
from collectors.ad.replication import ReplicationFacts, replication
from collectors.dns.probe import Soa
from collectors.dns.zones import Delegation, Holding, NamedHost, Zones, zones
from controller.pictures.drawing import SIGNS, Arrow, Drawing, Mark, Spot
from controller.pictures.mesh import mesh
from controller.pictures.svg import MOST, svgs
from controller.pictures.tree import tree
from controller.reports.english import ENGLISH
from tests.controller.findings import say

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed here")


def same(text: str) -> str:
    return text


def result(host: str, question: str, outcome: Outcome) -> Result:
    return Result(
        job=Job(id=f"{host}/{question}", host=host, collector=question), outcome=outcome, began=NOW, took=0.1
    )


def member(name: str) -> Member:
    return Member(
        guid=f"{name}-guid",
        invocation="",
        name=f"{name}.ad.test",
        site="Koeln",
        settings=f"CN={name}",
        server="",
        account="",
        options=1,
        created=None,
        contexts=("DC=ad,DC=test",),
        is_read_only=False,
    )


def replicates(host: str, *partners: tuple[str, int], of: tuple[str, ...] = ("dc1", "dc2", "dc3")) -> Result:
    """What a controller says: from whom it pulls, with the result of the last attempt."""
    facts = ReplicationFacts(
        forest=Forest(
            now=NOW,
            own=f"CN={host}",
            base="DC=ad,DC=test",
            root_base="DC=ad,DC=test",
            configuration="",
            contexts=("DC=ad,DC=test",),
            highest_usn=1,
            is_samba=True,
            members=tuple(map(member, of)),
            known_as={},
        ),
        lifetime=180,
        held=(),
        neighbours=tuple(
            Neighbour(
                context="DC=ad,DC=test",
                partner=f"{partner}-guid",
                invocation="",
                failures=3 if code else 0,
                result=code,
                attempted=NOW,
                succeeded=NOW - timedelta(minutes=2),
            )
            for partner, code in partners
        ),
    )
    return result(host, replication.name, Seen(replication.adapter.dump_python(facts, mode="json"), ()))


def test_the_mesh_shows_who_pulls_from_whom_and_how_it_went() -> None:
    told = [replicates("dc1", ("dc2", 0)), replicates("dc2", ("dc1", 1722), ("gone", 0))]
    found = [say("ad.replication-unreachable", "dc2", partner="dc1.ad.test")]
    drawn = mesh(told, found, ENGLISH, same)
    assert drawn is not None
    assert {(a.start, a.end, a.mark) for a in drawn.arrows} == {
        ("dc2-guid", "dc1-guid", Mark.FINE),
        ("dc1-guid", "dc2-guid", Mark.BROKEN),
        ("gone-guid", "dc2-guid", Mark.FINE),
    }
    assert {spot.name: spot.mark for spot in drawn.spots} == {
        "dc1.ad.test": Mark.FINE,
        "dc2.ad.test": Mark.FINE,
        # Nobody heard of it, which is not the same as in order.
        "dc3.ad.test": Mark.UNHEARD,
        "gone-gui": Mark.UNHEARD,
    }
    rows = {cells[:2]: (cells[3], mark) for cells, mark in drawn.rows}
    assert rows["dc1.ad.test", "dc2"] == ("1722 RPC_S_SERVER_UNAVAILABLE", Mark.BROKEN)
    assert rows["dc2.ad.test", "dc1"] == ("0", Mark.FINE)


def test_without_an_answer_about_replication_there_is_no_mesh() -> None:
    assert mesh([], [], ENGLISH, same) is None
    silent = NoAnswer(Kind.TIMED_OUT, Phase.ASK, "")
    assert mesh([result("dc1", replication.name, silent)], [], ENGLISH, same) is None


NS1, NS2, TOP = (
    Server(id=name, name=f"{name}.test", addresses=("192.0.2.1",)) for name in ("ns1", "ns2", "top")
)


def holding(zone: str, serial: int, *, primary: bool) -> Holding:
    soa = Soa(primary="ns1.test", serial=serial, refresh=1, retry=1, expire=1, minimum=1)
    return Holding(zone=zone, soa=soa, is_primary=primary, servers=(), mail=())


def about(host: Server, *facts: ZoneFacts) -> About:
    return About(
        id=host.id, name=host.name, addresses=host.addresses, platform="", environment="server", zones=facts
    )


def heard(host: Server, *holds: Holding, delegates: tuple[Delegation, ...] = ()) -> Result:
    facts = Zones(server=host.name, holds=holds, delegates=delegates, unsaid=())
    return result(host.id, zones.name, Seen(zones.adapter.dump_python(facts, mode="json"), ()))


def hosts(*names: str) -> Mapping[str, About]:
    facts = [
        ZoneFacts(name=name, servers=(NS1, NS2), parents=(TOP,) if name.count(".") == 1 else (NS1,))
        for name in names
    ]
    return {host.id: about(host, *facts) for host in (NS1, NS2, TOP)}


def test_the_tree_shows_who_delegates_and_what_each_server_holds() -> None:
    given_to = Delegation(
        zone="shop.test",
        servers=tuple(NamedHost(name=name, addresses=()) for name in ("ns1.test", "ns2.test")),
    )
    told = [
        heard(NS1, holding("shop.test", 7, primary=True), holding("eu.shop.test", 3, primary=True)),
        heard(TOP, delegates=(given_to,)),
    ]
    found = [say("dns.serial-behind", "ns1", zone="eu.shop.test", server="ns1.test")]
    drawn = tree(told, hosts("shop.test", "eu.shop.test"), found, ENGLISH, same)
    assert drawn is not None
    marks = {(arrow.start, arrow.end): (arrow.mark, arrow.text) for arrow in drawn.arrows}
    assert marks == {
        ("parent top", "zone shop.test"): (Mark.FINE, "2 servers named"),
        ("zone shop.test", "server ns1"): (Mark.FINE, "7 (primary)"),
        ("zone shop.test", "server ns2"): (Mark.UNHEARD, ""),
        # The zone above is one of the contract's: it delegates, and did not say so.
        ("zone shop.test", "zone eu.shop.test"): (Mark.UNHEARD, ""),
        ("zone eu.shop.test", "server ns1"): (Mark.BROKEN, "3 (primary)"),
        ("zone eu.shop.test", "server ns2"): (Mark.UNHEARD, ""),
    }
    assert len(drawn.rows) == len(drawn.arrows)


def test_of_many_zones_those_are_drawn_that_have_something() -> None:
    names = [f"z{number}.test" for number in range(30)]
    told = [heard(NS1, *(holding(name, 1, primary=True) for name in names))]
    found = [say("dns.serial-behind", "ns1", zone="z7.test", server="ns1.test")]
    drawn = tree(told, hosts(*names), found, ENGLISH, same)
    assert drawn is not None
    assert {spot.name for spot in drawn.spots if spot.kind == "round"} == {"z7.test"}
    assert len(drawn.rows) == 90


def drawing(*names: str, text: str = "") -> Drawing:
    spots = tuple(Spot(str(at), name, Mark.FINE, ("below",)) for at, name in enumerate(names))
    arrows = tuple(Arrow("0", spot.id, Mark.BROKEN, text) for spot in spots[1:])
    return Drawing(id="d", title="T", intro="", spots=spots, arrows=arrows, heading=(), rows=())


@needs_dot
def test_every_name_and_mark_is_readable_in_the_drawing() -> None:
    (svg, other) = svgs([drawing("dc1", "dc2", text="1722"), drawing("ns1")])
    assert svg is not None
    assert other is not None
    texts = [part.text or "" for part in ET.fromstring(svg).iter("text")]  # noqa: S314 - our own.
    assert f"{SIGNS[Mark.FINE]} dc1" in texts
    assert any(SIGNS[Mark.BROKEN] in text and "1722" in text for text in texts)
    assert "ns1" in other
    assert "dc1" not in other


HOSTILE = '</text><script>alert(1)</script> \\N \\" & &lt; ]; evil [URL="x" label=<b>'


@needs_dot
@pytest.mark.parametrize(
    "name", [HOSTILE, "a\\", '"', "a\nb", "\\G\\E", "&amp;", "<b>fat</b>", "\u202eevil", "x" * 500]
)
def test_a_hostile_name_stays_text(name: str) -> None:
    (svg,) = svgs([drawing(name, "dc2", text=name)])
    assert svg is not None
    tree_ = ET.fromstring(svg)  # noqa: S314 - our own.
    assert {part.tag for part in tree_.iter()} <= {
        "svg",
        "g",
        "text",
        "path",
        "polygon",
        "polyline",
        "ellipse",
    }
    assert "dc2" in svg
    known = {
        "class",
        "viewBox",
        "width",
        "role",
        "aria-label",
        "transform",
        "x",
        "y",
        "text-anchor",
        "points",
        "d",
    }
    known |= {"stroke-dasharray", "cx", "cy", "rx", "ry"}
    assert {key for part in tree_.iter() for key in part.attrib} <= known
    shown = "".join(part.text or "" for part in tree_.iter("text"))
    if name == HOSTILE:
        assert "</text><script>alert(1)" in shown


@needs_dot
@settings(max_examples=25, deadline=None)
@given(name=st.text(min_size=1, max_size=40))
def test_any_name_can_be_drawn(name: str) -> None:
    (svg,) = svgs([drawing(name)])
    assert svg is not None


def test_what_is_empty_or_too_large_is_not_drawn() -> None:
    assert svgs([]) == ()
    assert svgs([drawing(), drawing(*map(str, range(MOST + 1)))]) == (None, None)


def test_without_graphviz_the_tables_stay() -> None:
    assert svgs([drawing("dc1")], "no-such-program") == (None,)


@needs_dot
def test_an_arrow_to_nowhere_is_left_out() -> None:
    lone = replace(drawing("dc1", "dc2"), arrows=(Arrow("0", "nobody", Mark.FINE), Arrow("0", "1", Mark.ODD)))
    (svg,) = svgs([lone])
    assert svg is not None
    assert svg.count('class="edge') == 1
    assert svg.count('class="node') == 2
