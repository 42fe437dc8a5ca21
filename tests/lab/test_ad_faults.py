"""Is the domain healthy, and does each act on it show by plain tools and go away without a trace?"""

from __future__ import annotations

import pytest

from tests.faults.ad_acts import ACTS, Act
from tests.faults.matrix import FAULTS
from tests.lab import ad
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


def test_the_domain_is_healthy_and_its_reader_may_log_on(lab: Lab) -> None:
    assert ad.ill(lab) == ()
    assert ad.kinit(lab, ad.READER, ad.password(lab, ad.READER), "dc2") == ""


# Those of the matrix are seen there.
_REST = tuple(act for act in ACTS if f"ad-{act.name}" not in {fault.name for fault in FAULTS})


@pytest.mark.parametrize("act", _REST, ids=lambda act: act.name)
def test_an_act_shows_and_goes_away(lab: Lab, act: Act) -> None:
    assert not act.shows(lab)
    try:
        act.inject(lab)
        assert act.shows(lab)
    finally:
        act.undo(lab)
        lab.wait_healthy()
    assert not act.shows(lab)
