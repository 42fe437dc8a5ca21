"""What does a contract say about tunnels, what cannot stand, and who must agree when that changes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.about import about_target
from collectors import TunnelFacts, TunnelSide, TunnelUsers
from inventory.contract import Contract
from inventory.read import ContractError, examine, read
from inventory.revision.difference import difference
from inventory.schema import schema

BASE = (Path(__file__).parent / "cases/base.yaml").read_text(encoding="utf-8")
HERE = '{host: web1, connection: kiel, networks: ["10.20.0.0/16"]}'
THERE = '{peer: Supplier, addresses: ["198.51.100.7"], networks: ["10.30.0.0/16"]}'


def text(tunnels: str, base: str = BASE) -> str:
    return base.replace("clauses:\n", f"tunnels: {tunnels}\nclauses:\n")


def contract(tunnels: str) -> Contract:
    return read(text(tunnels))


def site(*ends: str, more: str = "") -> str:
    return f"[{{id: kiel, kind: ipsec, ends: [{', '.join(ends)}]{more}}}]"


def test_a_question_is_told_of_the_tunnels_that_end_at_its_host() -> None:
    about = about_target(contract(site(HERE, THERE)), "web1")
    assert about.tunnels == (
        TunnelFacts(
            id="kiel",
            kind="ipsec",
            here=TunnelSide(
                host="web1",
                name="web1",
                addresses=("10.20.1.11",),
                connection="kiel",
                networks=("10.20.0.0/16",),
            ),
            there=TunnelSide(
                host="", name="Supplier", addresses=("198.51.100.7",), networks=("10.30.0.0/16",)
            ),
        ),
    )
    assert "vpn-gateway" in about.roles


def test_who_has_no_tunnel_is_no_gateway() -> None:
    about = about_target(contract(site(HERE, THERE)), "dns1")
    assert about.tunnels == ()
    assert "vpn-gateway" not in about.roles


def test_both_ends_see_the_tunnel_from_their_side() -> None:
    paper = contract(site(HERE, '{host: dns1, networks: ["10.30.0.0/16"]}', more=", expected: on-demand"))
    (one,), (other,) = (about_target(paper, host).tunnels for host in ("web1", "dns1"))
    assert (one.here, one.there) == (other.there, other.here)
    assert not one.always


def test_people_dial_in_at_one_end() -> None:
    paper = contract(site(HERE, more=', users: {pools: ["10.99.0.0/24"], at_most: 50}'))
    (tunnel,) = about_target(paper, "web1").tunnels
    assert tunnel.there is None
    assert tunnel.users == TunnelUsers(pools=("10.99.0.0/24",), at_most=50)


@pytest.mark.parametrize(
    ("tunnels", "said"),
    [
        (site(HERE), "a tunnel has two ends, and here are 1"),
        (site(HERE, THERE, more=', users: {pools: ["10.99.0.0/24"]}'), "a tunnel of users has one end"),
        (site(HERE, '{host: web2, networks: ["10.30.0.0/16"]}'), "no host or outside server 'web2'"),
        (site(HERE, "{host: web1}"), "'web1' is the other end as well"),
        (site(HERE, "{host: dns1, peer: Supplier}"), "is a host or a peer"),
        (site(HERE, '{networks: ["10.30.0.0/16"]}'), "is a host or a peer"),
        (site(THERE, "{peer: Other}"), "none of its ends is a host"),
        (site("{host: registry}", THERE), "name one of the hosts"),
        (site(HERE, '{peer: S, networks: ["10.20.7.0/24"]}'), "10.20.0.0/16 and 10.20.7.0/24 overlap"),
        (site(HERE, more=', users: {pools: ["10.20.99.0/24"]}'), "10.20.0.0/16 and 10.20.99.0/24 overlap"),
        (site(HERE, '{peer: S, networks: ["10.30.0.1/16"]}'), "host bits zero"),
        (site(HERE, '{peer: S, networks: ["10.30.0.0"]}'), "host bits zero"),
        (site(HERE, '{peer: S, addresses: ["gw.example"]}'), "is a name"),
        (site(HERE, THERE, more=", expected: sometimes"), "expected"),
        (site(HERE, THERE, more=", secret: x"), "secret"),
        ("[{id: kiel, kind: pptp, ends: [" + HERE + ", " + THERE + "]}]", "kind"),
        ("kiel", "tunnels"),
    ],
)
def test_what_cannot_stand_is_a_mistake_with_its_place(tunnels: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract(tunnels)
    assert said in str(caught.value)


def test_a_tunnel_that_nobody_may_ask_about_is_hinted_at() -> None:
    tunnels = site(HERE, THERE)
    asked = "no clause lets an end of this tunnel be asked"
    covered = BASE.replace("diagnose: [linux, dns]", "diagnose: [linux, dns, vpn]")
    assert any(asked in str(hint) for hint in examine(text(tunnels)).hints)
    assert not any(asked in str(hint) for hint in examine(text(tunnels, covered)).hints)


def test_tunnels_permit_nothing() -> None:
    found = difference(contract("[]"), contract(site(HERE, THERE)))
    assert not found.widens
    assert not found.narrowings
    assert len(found.neutral) == 1


def test_an_editor_knows_them() -> None:
    assert set(schema()["$defs"]["Tunnel"]["required"]) == {"id", "kind", "ends"}
