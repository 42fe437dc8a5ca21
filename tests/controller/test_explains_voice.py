"""Does one fault of a call give one cause, also where a device on the way is at fault?"""

from __future__ import annotations

import pytest

from collectors import Finding
from collectors.catalogue import catalogue
from collectors.finding import Fact
from controller.diagnosis import rank

TAGS = catalogue().tags


def _say(tag: str, host: str = "capture:1", **facts: Fact) -> Finding:
    return TAGS[tag](host=host, **{**dict.fromkeys(TAGS[tag].facts, "x"), **facts})


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (_say("voip.rtp-loss", worst="a"), (_say("voip.rtp-poor", worst="a"),)),
        (_say("voip.rtp-jitter", worst="a"), (_say("voip.rtp-mediocre", worst="a"),)),
        (_say("voip.rtp-delay-far", worst="a"), (_say("voip.rtp-poor", worst="a"),)),
        (_say("voip.call-nat-address"), (_say("voip.call-one-way"), _say("voip.rtp-other-source"))),
        (_say("voip.sip-damaged"), (_say("voip.call-no-answer"),)),
        (
            _say("net.qos-voice-drops", host="gw1"),
            (_say("voip.rtp-loss", worst="a"), _say("voip.rtp-poor", worst="a")),
        ),
        (_say("net.half-duplex", host="sw1"), (_say("voip.rtp-loss", worst="a"),)),
    ],
    ids=lambda value: value.tag.name if isinstance(value, Finding) else "",
)
def test_one_fault_is_one_cause(cause: Finding, effects: tuple[Finding, ...]) -> None:
    assert [one.finding for one in rank((*effects, cause))] == [cause]


def test_two_streams_that_suffer_differently_are_two_causes() -> None:
    loss, poor = _say("voip.rtp-loss", worst="a"), _say("voip.rtp-poor", worst="b")
    assert len(rank((loss, poor))) == 2


def test_a_capture_explains_no_fault_of_a_device() -> None:
    loss, drops = _say("voip.rtp-loss", worst="a"), _say("net.qos-voice-drops", host="gw1")
    assert rank((loss, drops))[0].finding == drops
