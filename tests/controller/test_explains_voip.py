"""Is the cause named first where telephones and their server complain at once?"""

from __future__ import annotations

import pytest

from collectors import Finding
from controller.diagnosis import rank
from tests.controller.findings import say


def told(*findings: Finding) -> list[tuple[str, set[str], str]]:
    return [(one.finding.tag.name, {f.tag.name for f in one.explains}, one.sure) for one in rank(findings)]


NOBODY = say("voip.no-phone-registered", "pbx", count=2, numbers="101, 102")
ABSENT = say("voip.phone-unregistered", "pbx", number="101")
GAPS = say("voip.media-gaps", "pbx", source="10.78.3.2:4000", percent=6, got=188, wanted=200, seconds=4)
NO_CAPACITY = say(
    "voip.calls-no-capacity", "pbx", count=3, code="503", caller="101", callee="600", reason="x"
)


@pytest.mark.parametrize(
    ("cause", "effects", "sure"),
    [
        (
            say("voip.phone-refused", "pbx", account="101", source="10.78.1.2", count=9, ago=3),
            (ABSENT,),
            "certain",
        ),
        (
            say("voip.phone-refused", "pbx", account="101", source="10.78.1.2", count=9, ago=3),
            (NOBODY,),
            "likely",
        ),
        (say("voip.no-udp", "pbx", protocols="tcp"), (NOBODY,), "likely"),
        (
            say("voip.no-requests", "pbx", seconds=3),
            (NOBODY, say("voip.targets-gone", "pbx", set=1, uris="sip:10.78.3.2:5080")),
            "likely",
        ),
        (say("voip.requests-wait", "pbx", bytes=9000, workers=1), (ABSENT,), "likely"),
        (
            say("voip.rtpengine-down", "pbx"),
            (say("voip.relay-lost", "pbx", url="udp:127.0.0.1:2223"), NO_CAPACITY),
            "likely",
        ),
        (say("voip.targets-gone", "pbx", set=1, uris="sip:10.78.3.2:5080"), (NO_CAPACITY,), "likely"),
        (
            say("voip.contact-elsewhere", "pbx", number="101", address="192.168.178.20"),
            (say("voip.calls-unanswered", "pbx", count=2, code="408", caller="102", callee="101"),),
            "certain",
        ),
        (
            say("voip.ack-missing", "pbx", count=1, caller="101@a", callee="102@a"),
            (say("voip.calls-cut-at-32", "pbx", count=2),),
            "likely",
        ),
        (
            say("linux.resolver-dead", "pbx", server="10.77.1.53"),
            (say("voip.dns-fails", "pbx", count=3, seconds=3),),
            "likely",
        ),
        (
            say("dns.server-dead", "dns1", zone="musterbau.test", server="dns1", addresses="10.77.1.53"),
            (NOBODY,),
            "likely",
        ),
        (
            say(
                "net.qos-voice-drops",
                "gw1",
                name="1:10",
                port="wan",
                direction="out",
                percent=9.0,
                drops=9,
                packets=90,
                seconds=4,
            ),
            (GAPS,),
            "likely",
        ),
        (
            say(
                "linux.service-failed",
                "pbx",
                unit="kamailio.service",
                result="exit-code",
                status=1,
                reason="x",
            ),
            (say("voip.kamailio-down", "pbx"),),
            "certain",
        ),
    ],
)
def test_what_makes_the_other_comes_first(cause: Finding, effects: tuple[Finding, ...], sure: str) -> None:
    assert told(*effects, cause) == [(cause.tag.name, {effect.tag.name for effect in effects}, sure)]


def test_a_domain_of_a_broken_zone_is_not_found_because_of_it() -> None:
    lame = say("dns.lame", "dns1", zone="musterbau.test", server="dns1", servers="dns1")
    lost = say("voip.srv-not-found", "dc1", resolver="dc1", domain="musterbau.test")
    other = say("voip.srv-not-found", "dc2", resolver="dc2", domain="elsewhere.test")
    found = {name: effects for name, effects, _ in told(lost, lame, other)}
    assert found == {"dns.lame": {"voip.srv-not-found"}, "voip.srv-not-found": set()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another number's password, another server, another service.
        (say("voip.phone-refused", "pbx", account="102", source="10.78.3.2", count=9, ago=3), ABSENT),
        (say("voip.no-udp", "pbx2", protocols="tcp"), NOBODY),
        (
            say(
                "linux.service-failed", "pbx", unit="backup.service", result="exit-code", status=1, reason="x"
            ),
            say("voip.kamailio-down", "pbx"),
        ),
        (
            say("voip.contact-elsewhere", "pbx", number="101", address="192.168.178.20"),
            say("voip.calls-unanswered", "pbx", count=2, code="408", caller="101", callee="102"),
        ),
        (GAPS, NOBODY),
    ],
)
def test_what_has_nothing_to_do_with_it_stays_apart(one: Finding, other: Finding) -> None:
    assert {name for name, _, _ in told(one, other)} == {one.tag.name, other.tag.name}
