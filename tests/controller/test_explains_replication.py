"""Does one fault between domain controllers give one cause?"""

from __future__ import annotations

import pytest

from collectors import Finding
from collectors.catalogue import catalogue
from collectors.finding import Fact
from controller.diagnosis import rank

TAGS = catalogue().tags
_DC1, _DC2, _DC9 = (f"dc{n}.ad.musterbau.test" for n in (1, 2, 9))


def _say(tag: str, host: str = "", **facts: Fact) -> Finding:
    return TAGS[tag](host=host, **{**dict.fromkeys(TAGS[tag].facts, "x"), **facts})


_FROM_DC2: dict[str, Fact] = {"server": "dc2", "partner": _DC2}
_LACKS_OF_DC2: dict[str, Fact] = {"server": "dc2", "controller": _DC1, "source": _DC2}


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (
            _say("ad.samba-not-running", "dc2"),
            (
                _say("ad.directory-refused", "dc2"),
                _say("ad.replication-unreachable", "dc1", **_FROM_DC2),
                _say("ad.role-holder-silent", server="dc2", holder=_DC2),
                _say("ad.changes-behind", "dc1", **_LACKS_OF_DC2),
            ),
        ),
        (_say("reach.no-answer", "dc2"), (_say("ad.replication-unreachable", "dc1", **_FROM_DC2),)),
        (
            _say("ad.inbound-disabled", "dc1", controller=_DC1),
            (
                _say("ad.replication-switched-off", "dc1", **_FROM_DC2),
                _say("ad.changes-missing", "dc1", **_LACKS_OF_DC2),
            ),
        ),
        (
            _say("ad.outbound-disabled", "dc2", controller=_DC2),
            (_say("ad.replication-switched-off", "dc1", **_FROM_DC2), _say("ad.role-disputed")),
        ),
        (
            _say("ad.clock-off", "dc2"),
            (
                _say("ad.replication-clock", "dc1", **_FROM_DC2),
                _say("ad.replication-denied", "dc2", server="dc1", partner=_DC1),
            ),
        ),
        (
            _say("ad.record-missing", controller=_DC2),
            (_say("ad.replication-name-missing", "dc1", **_FROM_DC2),),
        ),
        (
            _say("ad.controller-flags", controller=_DC2),
            (_say("ad.replication-denied", "dc1", **_FROM_DC2),),
        ),
        (
            _say("ad.replication-lingering", "dc1", **_FROM_DC2),
            (
                _say("ad.replication-nearly-lost", "dc1", **_FROM_DC2),
                _say("ad.changes-missing", "dc1", **_LACKS_OF_DC2),
            ),
        ),
        (
            _say("ad.role-holder-silent", server="", holder=_DC9),
            (
                _say("ad.controller-left-over", controller=_DC9),
                _say("ad.record-missing", controller=_DC9),
                _say("ad.rid-set-missing", "dc2"),
            ),
        ),
        (
            _say("ad.usn-rollback", "dc2", controller=_DC2),
            (
                _say("ad.inbound-disabled", "dc2", controller=_DC2),
                _say("ad.replication-switched-off", "dc1", **_FROM_DC2),
            ),
        ),
    ],
    ids=lambda one: one.tag.name if isinstance(one, Finding) else "",
)
def test_one_cause(cause: Finding, effects: tuple[Finding, ...]) -> None:
    (only,) = rank([*effects, cause])
    assert only.finding == cause
    assert set(only.explains) == set(effects)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The first does not answer, and the second fails to pull from a third.
        (
            _say("ad.directory-refused", "dc1"),
            _say("ad.replication-unreachable", "dc2", server="dc3", partner="dc3.ad.musterbau.test"),
        ),
        # What does not arrive from the one has nothing to do with the other.
        (
            _say("ad.replication-denied", "dc1", **_FROM_DC2),
            _say("ad.changes-behind", "dc1", server="dc3", source="dc3.ad.musterbau.test"),
        ),
        (
            _say("ad.controller-left-over", controller=_DC9),
            _say("ad.replication-name-missing", "dc1", **_FROM_DC2),
        ),
        (_say("ad.conflict-objects"), _say("ad.replication-stale", "dc1", **_FROM_DC2)),
    ],
)
def test_what_has_nothing_to_do_with_it_stays_a_cause(one: Finding, other: Finding) -> None:
    assert {cause.finding for cause in rank([one, other])} == {one, other}
