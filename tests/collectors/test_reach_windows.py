"""Is the silence of Windows judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.reach_windows import judge_windows_silence

WINDOWS_SILENCES = (
    ("reach.winrm-silent", Kind.UNREACHABLE, Phase.CONNECT),
    ("reach.winrm-silent", Kind.TIMED_OUT, Phase.CONNECT),
    ("reach.winrm-refused", Kind.REFUSED, Phase.CONNECT),
    ("reach.winrm-credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("reach.winrm-untrusted", Kind.CERTIFICATE_REJECTED, Phase.GREET),
    ("reach.winrm-other", Kind.REFUSED, Phase.GREET),
    ("reach.winrm-other", Kind.UNPARSABLE, Phase.GREET),
    ("reach.winrm-other", Kind.UNPARSABLE, Phase.LOGIN),
    ("reach.winrm-ticket-rejected", Kind.TICKET_REJECTED, Phase.LOGIN),
    ("reach.winrm-no-spn", Kind.NOT_THERE, Phase.GREET),
    ("reach.winrm-no-kdc", Kind.UNREACHABLE, Phase.LOGIN),
    ("reach.winrm-login-rejected", Kind.CREDENTIALS_REJECTED, Phase.LOGIN),
    ("reach.winrm-denied", Kind.REFUSED, Phase.LOGIN),
    ("reach.winrm-denied", Kind.NOT_THERE, Phase.LOGIN),
    ("reach.winrm-full", Kind.QUOTA, Phase.LOGIN),
    ("reach.winrm-full", Kind.QUOTA, Phase.ASK),
    ("reach.winrm-hangs", Kind.TIMED_OUT, Phase.GREET),
    ("reach.winrm-hangs", Kind.TIMED_OUT, Phase.LOGIN),
    ("reach.winrm-hangs", Kind.TIMED_OUT, Phase.ASK),
    ("reach.winrm-cut-off", Kind.CUT_OFF, Phase.GREET),
    ("reach.winrm-cut-off", Kind.CUT_OFF, Phase.LOGIN),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), WINDOWS_SILENCES)
def test_a_silence_is_a_finding_about_its_host(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_windows_silence("dc1", kind, phase, "port 5986")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "dc1")
    assert ("port 5986" in finding.text("de")) == ("{detail}" in finding.tag.de)


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED, Kind.NOT_THERE, Kind.REFUSED, Kind.CUT_OFF])
def test_what_one_question_lacks_says_nothing_about_the_host(kind: Kind) -> None:
    assert judge_windows_silence("dc1", kind, Phase.ASK, "") is None
