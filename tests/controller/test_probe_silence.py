"""Is nothing said of a host when only a stranger's packet was not answered?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.job import Job, NoAnswer, Result
from collectors import Kind, Phase
from controller.diagnosis import findings_of

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def findings(question: str, kind: Kind, phase: Phase) -> tuple[str, ...]:
    job = Job(id=f"gw1/{question}", host="gw1", collector=question)
    result = Result(job=job, outcome=NoAnswer(kind, phase, "as a test has it"), began=NOW, took=0.1)
    return tuple(finding.tag.name for finding in findings_of([result], {}))


@pytest.mark.parametrize("question", ["vpn.ike-probe", "vpn.openvpn-probe", "vpn.path-mtu"])
@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.ASK])
def test_a_probe_that_is_not_answered_says_nothing_of_its_host(question: str, phase: Phase) -> None:
    assert findings(question, Kind.TIMED_OUT, phase) == ()


def test_a_host_that_does_not_let_itself_be_logged_in_to_is_said_to_be_away() -> None:
    assert findings("vpn.ipsec", Kind.TIMED_OUT, Phase.CONNECT) == ("reach.no-answer",)
