"""Does one fault of a domain controller, of Windows or of Samba, or of a log-on give one cause?"""

from __future__ import annotations

import pytest

from collectors import Finding
from controller.diagnosis import rank
from tests.controller.findings import say

_STOPPED = "ad.service-stopped"


def _on_dc1(*tags: str) -> tuple[Finding, ...]:
    return tuple(say(tag, "dc1") for tag in tags)


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (
            say(_STOPPED, "dc1", services="Kdc"),
            _on_dc1("ad.kdc-silent", "ad.role-not-advertised"),
        ),
        (
            say(_STOPPED, "dc1", services="NTDS, Kdc"),
            _on_dc1("ad.directory-refused", "ad.ping-silent", "ad.kdc-silent", "ad.sysvol-not-shared"),
        ),
        (
            say(_STOPPED, "dc1", services="Netlogon"),
            _on_dc1("ad.ping-silent", "ad.sysvol-not-shared"),
        ),
        (say(_STOPPED, "dc1", services="DNS"), _on_dc1("dns.server-dead", "dns.no-udp")),
        (
            say("ad.service-aide-stopped", "dc1", services="W32Time"),
            _on_dc1("ad.time-silent", "ad.time-not-advertised"),
        ),
        (say(_STOPPED, "dc1", services="DFSR"), _on_dc1("ad.sysvol-unknown-to-dfsr")),
        (say("ad.netlogon-paused", "dc1"), _on_dc1("ad.ping-silent")),
        (
            say("ad.kdc-silent", "dc1"),
            (
                say("reach.winrm-no-kdc", "fs1", detail="no KDC answers (dc1: 10.1.0.1 port 88 refuses)"),
                say("reach.winrm-no-kdc", "fs2", detail="no KDC answers (dc2: silent; dc1: 10.1.0.1)"),
            ),
        ),
        (
            say("ad.clock-off", "dc1"),
            (say("reach.winrm-ticket-rejected", "dc1", detail="the clocks of host dc1 and of the domain"),),
        ),
        (
            say("ad.wrong-passwords-from", "fs1", account="bob"),
            (
                say("ad.account-locked", "", account="bob"),
                say("ad.account-nearly-locked", "dc1", account="bob"),
            ),
        ),
    ],
    ids=lambda value: value.tag.name if isinstance(value, Finding) else "",
)
def test_one_fault_is_one_cause(cause: Finding, effects: tuple[Finding, ...]) -> None:
    assert [one.finding for one in rank((*effects, cause))] == [cause]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another controller, another service, another account.
        (say(_STOPPED, "dc1", services="Kdc"), say("ad.kdc-silent", "dc2")),
        (say(_STOPPED, "dc1", services="DFSR"), say("ad.kdc-silent", "dc1")),
        (say("ad.netlogon-paused", "dc1"), say("ad.ping-silent", "dc2")),
        (
            say("ad.kdc-silent", "dc1"),
            say("reach.winrm-no-kdc", "fs1", detail="no KDC answers (dc11: 10.1.0.11 port 88 refuses)"),
        ),
        (
            say("ad.clock-off", "dc1"),
            say("reach.winrm-ticket-rejected", "dc1", detail="the host's account has no AES key"),
        ),
        (
            say("ad.wrong-passwords-from", "fs1", account="bob"),
            say("ad.account-locked", "", account="carol"),
        ),
    ],
)
def test_what_has_nothing_to_do_with_it_stays_a_cause_of_its_own(one: Finding, other: Finding) -> None:
    assert {ranked.finding for ranked in rank((one, other))} == {one, other}
