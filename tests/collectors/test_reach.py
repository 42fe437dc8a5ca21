"""Is a host's silence judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.reach import judge_silence

SILENCES = (
    ("reach.no-answer", Kind.UNREACHABLE, Phase.CONNECT),
    ("reach.no-answer", Kind.TIMED_OUT, Phase.CONNECT),
    ("reach.refused", Kind.REFUSED, Phase.CONNECT),
    ("reach.hanging", Kind.TIMED_OUT, Phase.GREET),
    ("reach.tarpit", Kind.UNPARSABLE, Phase.GREET),
    ("reach.outdated", Kind.REFUSED, Phase.GREET),
    ("reach.key-changed", Kind.HOST_KEY_CHANGED, Phase.GREET),
    ("reach.no-shell", Kind.REFUSED, Phase.LOGIN),
    ("reach.login-hangs", Kind.TIMED_OUT, Phase.LOGIN),
    ("reach.credentials-rejected", Kind.CREDENTIALS_REJECTED, Phase.LOGIN),
    ("reach.credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("reach.cut-off", Kind.CUT_OFF, Phase.GREET),
    ("reach.cut-off", Kind.CUT_OFF, Phase.LOGIN),
    ("reach.answers-slowly", Kind.TIMED_OUT, Phase.ASK),
    ("reach.answer-cut-off", Kind.CUT_OFF, Phase.ASK),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), SILENCES)
def test_a_silence_is_a_finding_about_its_host(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_silence("web1", kind, phase, "port 22")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "web1")
    assert "port 22" in finding.text("en") or "{detail}" not in finding.tag.en


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED])
def test_an_unreadable_or_stopped_answer_says_nothing_about_the_host(kind: Kind) -> None:
    assert judge_silence("web1", kind, Phase.ASK, "") is None
