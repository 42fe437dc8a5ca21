"""Does one fault of queues or marks give one cause?"""

from __future__ import annotations

import pytest

from collectors import Finding
from collectors.catalogue import catalogue
from collectors.finding import Fact
from controller.diagnosis import rank

TAGS = catalogue().tags


def _say(tag: str, host: str = "gw1", port: str = "e1", **facts: Fact) -> Finding:
    tag = f"net.qos-{tag}"
    return TAGS[tag](host=host, **{**dict.fromkeys(TAGS[tag].facts, "x"), "port": port, **facts})


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (_say("voice-small"), (_say("voice-over"), _say("voice-drops"))),
        (_say("voice-small"), (_say("voice-policed"), _say("voice-drops"))),
        (_say("voice-foreign"), (_say("voice-over"), _say("voice-drops-few"))),
        (_say("promises-over"), (_say("voice-over"), _say("voice-drops"))),
        (_say("voice-policed"), (_say("voice-drops"),)),
        (_say("voice-early"), (_say("voice-drops-few"),)),
        (_say("voice-remarked", port="*"), (_say("voice-idle"),)),
    ],
    ids=lambda value: value.tag.name if isinstance(value, Finding) else "",
)
def test_one_fault_is_one_cause(cause: Finding, effects: tuple[Finding, ...]) -> None:
    ranked = rank((*effects, cause))
    assert [one.finding for one in ranked] == [cause]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_say("voice-small"), _say("voice-drops", port="e2")),
        (_say("voice-small"), _say("voice-drops", host="gw2")),
        (_say("shaper-over"), _say("voice-drops")),
    ],
)
def test_what_has_nothing_to_do_with_it_stays_a_cause_of_its_own(one: Finding, other: Finding) -> None:
    assert {ranked.finding for ranked in rank((one, other))} == {one, other}
