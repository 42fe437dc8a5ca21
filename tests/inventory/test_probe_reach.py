"""Which ways in does a contract open for probes, and which mistakes does it name?"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.about import about_target
from inventory.ceiling import ways
from inventory.contract import Contract
from inventory.read import ContractError, read

BASE = (Path(__file__).parent / "cases/base.yaml").read_text(encoding="utf-8")


def contract(more: str, tunnels: str = "[]") -> Contract:
    head, mark, rest = BASE.partition("  - id: web1\n")
    assert mark
    text = f"{head}{mark}    {more}\n{rest}"
    return read(text.replace("clauses:\n", f"tunnels: {tunnels}\nclauses:\n"))


def opened(more: str) -> dict[str, int]:
    paper = contract(more)
    return {way: port for way, port in ways(paper.targets["web1"]).items() if way not in {"ssh", "dns"}}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("vpn: {ike: 500}", {"ike": 500}),
        ("vpn: {ike: 500, ike_nat: 4500}", {"ike": 500, "ike-nat": 4500}),
        ("vpn: {openvpn: 1194}", {"openvpn": 1194}),
        ("vpn: {openvpn: 443, transport: tcp}", {"openvpn": 443, "openvpn-tcp": 443}),
        # It would answer no stranger, so no stranger goes there.
        ("vpn: {openvpn: 1194, shielded: true}", {}),
        ("path: {}", {"path": 33434}),
        ("path: {port: 40000}", {"path": 40000}),
    ],
)
def test_only_what_is_written_is_opened(more: str, wanted: dict[str, int]) -> None:
    assert opened(more) == wanted


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("vpn: {ike_nat: 4500}", "IKE begins on its own port"),
        ("vpn: {wireguard: 51820}", "wireguard"),
        ("vpn: {openvpn: 1194, transport: sctp}", "transport"),
        ("path: {port: 0}", "port"),
    ],
)
def test_a_mistake_is_named(more: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract(more)
    assert said in str(caught.value)


def test_a_host_behind_a_tunnel_knows_behind_which_end_it_stands() -> None:
    tunnels = (
        '[{id: kiel, kind: wireguard, ends: [{peer: Kiel, networks: ["10.20.1.11/32"]}, '
        '{host: dns1, networks: ["10.99.0.0/16"]}]}]'
    )
    paper = contract("path: {}", tunnels)
    about = about_target(paper, "web1")
    assert [(one.address, one.tunnel, one.kind, one.at) for one in about.behind] == [
        ("10.20.1.11", "kiel", "wireguard", "Kiel")
    ]
    assert "behind-tunnel" in about.roles
    assert about_target(paper, "dns1").behind == ()
