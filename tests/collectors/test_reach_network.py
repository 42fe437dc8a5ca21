"""Is the silence of a network device judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.reach_network import judge_device_silence

DEVICE_SILENCES = (
    ("reach.device-login-rejected", Kind.CREDENTIALS_REJECTED, Phase.LOGIN),
    ("reach.device-no-terminal", Kind.REFUSED, Phase.LOGIN),
    ("reach.device-no-terminal", Kind.CUT_OFF, Phase.LOGIN),
    ("reach.device-no-prompt", Kind.TIMED_OUT, Phase.LOGIN),
    ("reach.device-outdated", Kind.REFUSED, Phase.GREET),
)
AS_ANY_SERVER = (
    ("reach.no-answer", Kind.TIMED_OUT, Phase.CONNECT),
    ("reach.refused", Kind.REFUSED, Phase.CONNECT),
    ("reach.key-changed", Kind.HOST_KEY_CHANGED, Phase.GREET),
    ("reach.hanging", Kind.TIMED_OUT, Phase.GREET),
    ("reach.credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("reach.answers-slowly", Kind.TIMED_OUT, Phase.ASK),
    ("reach.answer-cut-off", Kind.CUT_OFF, Phase.ASK),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), [*DEVICE_SILENCES, *AS_ANY_SERVER])
def test_a_silence_is_a_finding_about_its_device(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_device_silence("sw1", kind, phase, "port 22")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "sw1")
    assert ("port 22" in finding.text("de")) == ("{detail}" in finding.tag.de)


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED, Kind.NOT_THERE, Kind.REFUSED])
def test_what_one_question_lacks_says_nothing_about_the_device(kind: Kind) -> None:
    assert judge_device_silence("sw1", kind, Phase.ASK, "") is None
