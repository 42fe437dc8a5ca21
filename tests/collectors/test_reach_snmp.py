"""Is the silence of an SNMP agent judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.reach_snmp import judge_snmp_silence

SNMP_SILENCES = (
    ("reach.snmp-silent", Kind.UNREACHABLE, Phase.CONNECT),
    ("reach.snmp-silent", Kind.TIMED_OUT, Phase.CONNECT),
    ("reach.snmp-refused", Kind.REFUSED, Phase.CONNECT),
    ("reach.snmp-credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("reach.snmp-other", Kind.UNPARSABLE, Phase.CONNECT),
    ("reach.snmp-other", Kind.UNPARSABLE, Phase.LOGIN),
    ("reach.snmp-engine", Kind.REFUSED, Phase.GREET),
    ("reach.snmp-login-rejected", Kind.CREDENTIALS_REJECTED, Phase.LOGIN),
    ("reach.snmp-login-silent", Kind.TIMED_OUT, Phase.LOGIN),
    ("reach.snmp-denied", Kind.REFUSED, Phase.LOGIN),
    ("reach.snmp-falls-silent", Kind.TIMED_OUT, Phase.ASK),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), SNMP_SILENCES)
def test_a_silence_is_a_finding_about_its_host(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_snmp_silence("sw1", kind, phase, "UDP 161")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "sw1")
    assert ("UDP 161" in finding.text("de")) == ("{detail}" in finding.tag.de)


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED, Kind.NOT_THERE, Kind.REFUSED, Kind.CUT_OFF])
def test_what_one_question_lacks_says_nothing_about_the_host(kind: Kind) -> None:
    assert judge_snmp_silence("sw1", kind, Phase.ASK, "") is None
