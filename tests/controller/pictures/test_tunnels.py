"""Does the picture of the tunnels show what each end says, and what only one end says?"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from agent.job import Job, NoAnswer, Result, Seen
from collectors import Finding, Kind, Phase, TunnelFacts, TunnelSide, TunnelUsers
from collectors.collector import Collector
from collectors.vpn.gateway import ipsec
from collectors.vpn.ipsec import Association, Child, Connection, Ipsec
from collectors.vpn.openvpn import openvpn
from collectors.vpn.openvpn_model import Openvpn, Service
from collectors.vpn.openvpn_text import Client, State, Status
from collectors.vpn.tags import DOWN
from collectors.vpn.wireguard import wireguard
from collectors.vpn.wireguard_model import Interface, Peer, Wireguard
from controller.pictures.drawing import Drawing, Mark
from controller.pictures.svg import svgs
from controller.pictures.tunnels import tunnel_map
from controller.reports.english import ENGLISH
from controller.reports.german import GERMAN

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SIDES = {
    "gw1": TunnelSide(host="gw1", name="gw1", connection="kiel", networks=("10.1.0.0/16",)),
    "gw2": TunnelSide(host="gw2", name="gw2", connection="kiel", networks=("10.2.0.0/16",)),
}
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed here")


def same(text: str) -> str:
    return text


def facts(here: str, there: str, kind: Literal["ipsec", "openvpn", "wireguard"] = "ipsec") -> TunnelFacts:
    return TunnelFacts(id="kiel", kind=kind, here=SIDES[here], there=SIDES[there])


def result(host: str, question: Collector[Any], reading: object) -> Result:
    job = Job(id=f"{host}/{question.name}", host=host, collector=question.name)
    outcome = Seen(question.adapter.dump_python(reading, mode="json"), ())
    return Result(job=job, outcome=outcome, began=NOW, took=0.1)


def gateway(here: str, there: str, *, is_up: bool, counts: tuple[int, int] = (0, 0)) -> Result:
    child = Child(name="kiel", local=("10.1.0.0/16",), remote=("10.2.0.0/16",), is_up=True, packets=counts)
    sas = (Association(connection="kiel", version=2, state="ESTABLISHED", peer="x", children=(child,)),)
    seen = Ipsec(
        host=here,
        now=NOW,
        product="strongSwan",
        connections=(Connection(name="kiel"),),
        associations=sas if is_up else (),
        tunnels=(facts(here, there),),
    )
    return result(here, ipsec, seen)


def drawn(*results: Result, findings: tuple[Finding, ...] = ()) -> Drawing:
    drawing = tunnel_map(results, findings, ENGLISH, same)
    assert drawing is not None
    return drawing


def test_without_a_gateway_there_is_no_picture() -> None:
    silent = NoAnswer(Kind.TIMED_OUT, Phase.CONNECT, "no answer")
    job = Job(id="gw1/vpn.ipsec", host="gw1", collector="vpn.ipsec")
    assert tunnel_map([Result(job=job, outcome=silent, began=NOW, took=0.1)], (), ENGLISH, same) is None


def test_both_ends_say_that_it_is_up_and_how_much_went_through() -> None:
    drawing = drawn(
        gateway("gw1", "gw2", is_up=True, counts=(1200, 1190)),
        gateway("gw2", "gw1", is_up=True, counts=(1190, 1200)),
    )
    (cells, mark), (arrow,) = drawing.rows[0], drawing.arrows
    assert len(drawing.rows) == 1
    assert mark is Mark.FINE is arrow.mark
    assert arrow.text == "kiel IPsec: up / up"
    assert cells[0] == "kiel (IPsec)"
    assert "10.1.0.0/16" in " ".join(cells)
    assert "10.2.0.0/16" in " ".join(cells)
    assert any("1,200" in cell and "1,190" in cell for cell in cells)
    assert len(drawing.heading) == len(cells) + 1


def test_what_one_end_alone_says_is_not_sure() -> None:
    drawing = drawn(gateway("gw1", "gw2", is_up=True))
    assert drawing.rows[0][1] is Mark.UNHEARD
    assert [spot.mark for spot in drawing.spots] == [Mark.FINE, Mark.UNHEARD]


def test_a_tunnel_that_is_down_is_marked_by_what_was_found() -> None:
    found = DOWN(host="gw1", tunnel="kiel", peer="gw2", why="no IKE SA")
    drawing = drawn(gateway("gw1", "gw2", is_up=False), gateway("gw2", "gw1", is_up=False), findings=(found,))
    assert drawing.rows[0][1] is Mark.BROKEN
    assert drawing.arrows[0].text == "kiel IPsec: down / down"


def test_openvpn_is_told_by_its_server_and_its_client() -> None:
    client = Client(
        name="gw2",
        real="203.0.113.2",
        virtual="10.9.0.2",
        since=0,
        got=20,
        sent=10,
        networks=("10.2.0.0/16",),
    )
    server = Service(name="kiel", device="tun0", is_server=True, status=Status(clients=(client,)))
    other = Service(name="kiel", device="tun0", is_server=False, state=State(name="CONNECTED", since=0))
    drawing = drawn(
        result(
            "gw1",
            openvpn,
            Openvpn(host="gw1", asked=NOW, services=(server,), tunnels=(facts("gw1", "gw2", "openvpn"),)),
        ),
        result(
            "gw2",
            openvpn,
            Openvpn(host="gw2", asked=NOW, services=(other,), tunnels=(facts("gw2", "gw1", "openvpn"),)),
        ),
    )
    assert drawing.arrows[0].text == "kiel OpenVPN: up / up"


def test_wireguard_lives_as_long_as_its_keys() -> None:
    def guard(here: str, there: str, handshake: int) -> Result:
        peer = Peer(key="k", handshake=handshake, sent=(5, 10), got=(5, 9))
        one = Interface(name="kiel", key="o", port=51820, peers=(peer,))
        seen = Wireguard(
            host=here, asked=NOW, now=1000, interfaces=(one,), tunnels=(facts(here, there, "wireguard"),)
        )
        return result(here, wireguard, seen)

    drawing = drawn(guard("gw1", "gw2", 900), guard("gw2", "gw1", 700))
    assert drawing.arrows[0].text == "kiel WireGuard: up / down"


def test_people_who_dial_in_are_no_gateway() -> None:
    tunnel = TunnelFacts(
        id="home", kind="openvpn", here=SIDES["gw1"], users=TunnelUsers(pools=("10.99.0.0/24",))
    )
    server = Service(name="kiel", device="tun0", is_server=True, status=Status())
    drawing = drawn(
        result("gw1", openvpn, Openvpn(host="gw1", asked=NOW, services=(server,), tunnels=(tunnel,)))
    )
    assert [(spot.kind, spot.name) for spot in drawing.spots] == [
        ("box", "gw1"),
        ("round", "people who dial in"),
    ]
    assert drawing.rows[0][1] is Mark.FINE


def test_every_name_passes_redaction() -> None:
    drawing = tunnel_map(
        [gateway("gw1", "gw2", is_up=True), gateway("gw2", "gw1", is_up=True)],
        (),
        GERMAN,
        lambda text: text.replace("gw", "§"),
    )
    assert drawing is not None
    assert "gw" not in f"{drawing.rows}{[spot.name for spot in drawing.spots]}"
    assert "steht / steht" in drawing.arrows[0].text


@needs_dot
def test_it_can_be_drawn() -> None:
    drawing = drawn(gateway("gw1", "gw2", is_up=True), gateway("gw2", "gw1", is_up=False))
    (picture,) = svgs([drawing])
    assert picture is not None
    assert "up / down" in picture
