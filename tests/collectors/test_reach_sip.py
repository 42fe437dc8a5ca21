"""Is the silence of a telephone system judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.reach_sip import judge_sip_silence

SIP_SILENCES = (
    ("reach.sip-silent", Kind.UNREACHABLE, Phase.CONNECT),
    ("reach.sip-silent", Kind.TIMED_OUT, Phase.CONNECT),
    ("reach.sip-refused", Kind.REFUSED, Phase.CONNECT),
    ("reach.sip-credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("reach.sip-other", Kind.UNPARSABLE, Phase.CONNECT),
    ("reach.sip-other", Kind.UNPARSABLE, Phase.GREET),
    ("reach.sip-certificate", Kind.CERTIFICATE_REJECTED, Phase.GREET),
    ("reach.sip-hanging", Kind.TIMED_OUT, Phase.GREET),
    ("reach.sip-cut-off", Kind.CUT_OFF, Phase.GREET),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), SIP_SILENCES)
def test_a_silence_is_a_finding_about_its_host(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_sip_silence("pbx", kind, phase, "UDP 5060")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "pbx")
    assert ("UDP 5060" in finding.text("de")) == ("{detail}" in finding.tag.de)


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED, Kind.NOT_THERE, Kind.REFUSED, Kind.CUT_OFF])
def test_what_one_question_lacks_says_nothing_about_the_host(kind: Kind) -> None:
    assert judge_sip_silence("pbx", kind, Phase.ASK, "") is None
