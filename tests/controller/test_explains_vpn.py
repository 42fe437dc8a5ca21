"""Is the cause named first where both ends of a tunnel complain?"""

from __future__ import annotations

import pytest

from collectors import Finding
from controller.diagnosis import rank
from tests.controller.findings import say


def told(*findings: Finding) -> list[tuple[str, set[str], str]]:
    return [(one.finding.tag.name, {f.tag.name for f in one.explains}, one.sure) for one in rank(findings)]


def down(host: str, peer: str, why: str = "no IKE SA") -> Finding:
    return say("vpn.tunnel-down", host, tunnel="kiel", peer=peer, why=why)


REFUSED = say("vpn.authentication-failed", "gw1", tunnel="kiel", by="gw2", said="AUTHENTICATION_FAILED")
SILENT = say("vpn.peer-silent", "gw1", tunnel="kiel", peer="gw2", said="giving up after 5 retransmits")
NEVER = say("vpn.handshake-never", "gw1", tunnel="kiel", peer="gw2")
MISSING = say("vpn.child-missing", "gw1", tunnel="kiel", peer="gw2", child="net", networks="a - b")
BOTH_DOWN = (down("gw1", "gw2"), down("gw2", "gw1"))


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (say("vpn.key-differs", "gw2", tunnel="kiel", peer="gw1"), (REFUSED, *BOTH_DOWN)),
        (say("vpn.service-down", "gw2", tunnel="kiel", service="strongSwan"), (SILENT, down("gw1", "gw2"))),
        (
            say("vpn.identities-differ", "", tunnel="kiel", here="gw1", own="a", there="gw2", expected="b"),
            (say("vpn.identity-rejected", "gw2", tunnel="kiel", said="none fits"), REFUSED, *BOTH_DOWN),
        ),
        (
            say("vpn.networks-differ", "", tunnel="kiel", here="gw1", ours="a", there="gw2", theirs="b"),
            (
                say("vpn.network-not-carried", "gw2", tunnel="kiel", networks="b"),
                say("vpn.traffic-refused", "gw1", tunnel="kiel", by="gw2", said="TS_UNACCEPTABLE"),
                MISSING,
            ),
        ),
        (
            say(
                "vpn.no-common-proposal", "gw2", tunnel="kiel", peer="gw1", phase="ESP", ours="x", theirs="y"
            ),
            (
                say(
                    "vpn.no-common-proposal",
                    "gw1",
                    tunnel="kiel",
                    peer="gw2",
                    phase="ESP",
                    ours="?",
                    theirs="?",
                ),
                MISSING,
            ),
        ),
        (
            say("vpn.certificate-expired", "gw1", subject="CN=gw1.test,O=M", days=3, whose="own"),
            (
                say(
                    "vpn.certificate-untrusted",
                    "gw2",
                    tunnel="kiel",
                    said="certificate of 'CN=gw1.test' invalid",
                ),
                REFUSED,
                *BOTH_DOWN,
            ),
        ),
        (
            say("vpn.peer-key-unknown", "", tunnel="kiel", here="gw1", there="gw2", key="abc"),
            (NEVER, *BOTH_DOWN),
        ),
        (
            say(
                "vpn.route-elsewhere",
                "gw2",
                tunnel="kiel",
                network="10.1.0.0/16",
                part="10.1.0.0/24",
                device="e0",
            ),
            (say("vpn.one-way", "gw1", tunnel="kiel", peer="gw2", sent=9, got=0, seconds=5),),
        ),
    ],
)
def test_a_cause_at_either_end_explains_what_both_see(cause: Finding, effects: tuple[Finding, ...]) -> None:
    (first, *others) = told(*effects, cause)
    assert first[0] == cause.tag.name
    assert {effect.tag.name for effect in effects} - {cause.tag.name} <= first[1]
    assert not others


def test_another_tunnel_is_not_explained() -> None:
    other = say("vpn.tunnel-down", "gw1", tunnel="lager", peer="gw3", why="no IKE SA")
    found = told(say("vpn.key-differs", "gw2", tunnel="kiel", peer="gw1"), REFUSED, other)
    assert [cause for cause, _, _ in found] == ["vpn.key-differs", "vpn.tunnel-down"]


def test_routes_that_are_gone_with_a_tunnel_are_no_cause_and_a_wrong_part_is_one() -> None:
    whole = say(
        "vpn.route-elsewhere", "gw1", tunnel="kiel", network="10.1.0.0/16", part="10.1.0.0/16", device="e0"
    )
    part = say(
        "vpn.route-elsewhere", "gw1", tunnel="kiel", network="10.1.0.0/16", part="10.1.7.0/24", device="e0"
    )
    assert [cause for cause, _, _ in told(whole, down("gw1", "gw2"))] == ["vpn.tunnel-down"]
    assert len(told(part, down("gw1", "gw2"))) == 2


def test_a_stopped_unit_explains_the_tunnels_that_it_carries() -> None:
    unit = say(
        "linux.service-failed", "gw2", unit="strongswan.service", result="exit-code", reason="", since=""
    )
    stopped = say("vpn.service-down", "gw2", tunnel="kiel", service="strongSwan")
    assert [cause for cause, _, _ in told(stopped, unit, SILENT)] == ["linux.service-failed"]
