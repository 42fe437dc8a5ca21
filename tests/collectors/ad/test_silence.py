"""Is the silence of a domain controller's directory judged as what it is?"""

from __future__ import annotations

import pytest

from collectors import Kind, Phase
from collectors.ad.silence import judge_directory_silence

DIRECTORY_SILENCES = (
    ("ad.directory-silent", Kind.UNREACHABLE, Phase.CONNECT),
    ("ad.directory-silent", Kind.TIMED_OUT, Phase.CONNECT),
    ("ad.directory-refused", Kind.REFUSED, Phase.CONNECT),
    ("ad.credential-unusable", Kind.CREDENTIALS_REJECTED, Phase.CONNECT),
    ("ad.certificate-untrusted", Kind.CERTIFICATE_REJECTED, Phase.GREET),
    ("ad.no-ldap", Kind.REFUSED, Phase.GREET),
    ("ad.no-ldap", Kind.UNPARSABLE, Phase.GREET),
    ("ad.no-ldap", Kind.UNPARSABLE, Phase.LOGIN),
    ("ad.login-rejected", Kind.CREDENTIALS_REJECTED, Phase.LOGIN),
    ("ad.login-rejected", Kind.REFUSED, Phase.LOGIN),
    ("ad.directory-hangs", Kind.TIMED_OUT, Phase.GREET),
    ("ad.directory-hangs", Kind.TIMED_OUT, Phase.LOGIN),
    ("ad.directory-hangs", Kind.TIMED_OUT, Phase.ASK),
    ("ad.directory-cut-off", Kind.CUT_OFF, Phase.GREET),
    ("ad.directory-cut-off", Kind.CUT_OFF, Phase.LOGIN),
)


@pytest.mark.parametrize(("tag", "kind", "phase"), DIRECTORY_SILENCES)
def test_a_silence_is_a_finding_about_its_controller(tag: str, kind: Kind, phase: Phase) -> None:
    finding = judge_directory_silence("dc1", kind, phase, "port 636")
    assert finding is not None
    assert (finding.tag.name, finding.host) == (tag, "dc1")
    assert ("port 636" in finding.text("de")) == ("{detail}" in finding.tag.de)


@pytest.mark.parametrize("kind", [Kind.UNPARSABLE, Kind.STOPPED, Kind.NOT_THERE, Kind.REFUSED, Kind.CUT_OFF])
def test_what_one_question_lacks_says_nothing_about_the_controller(kind: Kind) -> None:
    assert judge_directory_silence("dc1", kind, Phase.ASK, "") is None
