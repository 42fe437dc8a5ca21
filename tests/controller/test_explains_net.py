"""Is the cause named first where several switches complain at once?"""

from __future__ import annotations

import pytest

from collectors import Finding
from controller.diagnosis import rank
from tests.controller.findings import say


def told(*findings: Finding) -> list[tuple[str, set[str], str]]:
    return [(one.finding.tag.name, {f.tag.name for f in one.explains}, one.sure) for one in rank(findings)]


STORM = say("net.tree-changes-storm", "sw1", tree="CST")


@pytest.mark.parametrize(
    ("cause", "effects", "sure"),
    [
        (
            say(
                "net.duplex-differs",
                "sw1",
                port="p1",
                other="sw2",
                far="p9",
                duplex="half",
                far_duplex="full",
            ),
            (
                say("net.late-collisions", "sw1", port="p1", count=9),
                say("net.port-errors-heavy", "sw2", port="p9", share=4.0),
            ),
            "certain",
        ),
        (
            say("net.lag-crossed", "sw1", aggregate="Po1", other="sw2", ports="p1 → p1, p2 → p2"),
            (say("net.lag-member-out", "sw1", port="p2", aggregate="Po1"),),
            "certain",
        ),
        (
            say("net.cable-crossed", "sw1", port="p1", other="sw2", far="p1", third="sw3 p1"),
            (say("net.roots-disagree", "", a="sw1 p1", b="sw2 p1"),),
            "certain",
        ),
        (say("net.tree-changes-origin", "sw3", tree="CST"), (STORM,), "certain"),
        (
            say("net.root-wrong", "", tree="CST, VLAN 10"),
            (STORM, say("net.timers-differ", "sw2", tree="CST")),
            "likely",
        ),
        (
            say("net.port-inconsistent", "sw2", port="Gi1/0/1"),
            (say("net.roots-disagree", "", a="sw1 Gi1/0/2", b="sw2 Gi1/0/1"),),
            "certain",
        ),
        (
            say("net.edge-to-bridge", "", a="sw1 p1", b="sw2 p1"),
            (say("net.loop-open", "", a="sw1 p1", b="sw2 p1", tree="CST"), STORM),
            "likely",
        ),
        (say("reach.no-answer", "sw1"), (say("reach.snmp-silent", "sw1", detail="no answer"),), "likely"),
        (say("net.roots-disagree", "", tree="CST"), (say("net.root-wrong", "", tree="CST"), STORM), "likely"),
        (
            say("net.region-differs", "", a="sw1", b="sw2"),
            (say("net.root-cost-disagrees", "", a="sw1 p1", b="sw2"),),
            "likely",
        ),
    ],
    ids=lambda one: one.tag.name if isinstance(one, Finding) else "",
)
def test_the_cause_stands_before_what_follows(
    cause: Finding, effects: tuple[Finding, ...], sure: str
) -> None:
    assert told(*effects, cause) == [(cause.tag.name, {one.tag.name for one in effects}, sure)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (say("net.root-wrong", "", tree="VLAN 10"), STORM),
        (
            say(
                "net.duplex-differs",
                "sw1",
                port="p1",
                other="sw2",
                far="p9",
                duplex="half",
                far_duplex="full",
            ),
            say("net.late-collisions", "sw2", port="p1", count=9),
        ),
        (
            say("net.port-inconsistent", "sw2", port="Gi1/0/9"),
            say("net.roots-disagree", "", a="sw1 p1", b="sw2 Gi1/0/1"),
        ),
        (
            say("net.region-differs", "", a="sw1", b="sw2"),
            say("net.roots-disagree", "", a="sw3 p1", b="sw2 p1", tree="y"),
        ),
        (say("net.tree-changes-origin", "sw3", tree="VLAN 10"), STORM),
    ],
)
def test_what_only_lies_near_explains_nothing(first: Finding, second: Finding) -> None:
    assert len(told(first, second)) == 2
