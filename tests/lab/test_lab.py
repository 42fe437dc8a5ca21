"""Does the lab come up healthy, and does each fault show from outside and go away again?"""

from __future__ import annotations

import pytest

from tests.faults.matrix import PAIRS
from tests.lab.lab import Lab, running, up
from tests.lab.places import HOST_NAMES

pytestmark = pytest.mark.lab


def test_a_fresh_lab_is_healthy(lab: Lab) -> None:
    assert lab.ill() == ()
    assert lab.visits_of_the_uncovered() == 0


def test_bringing_it_up_again_gives_the_one_that_is_up(lab: Lab) -> None:
    assert up(lab.place) == running(lab.place) == lab


def test_each_host_is_its_own_machine(lab: Lab) -> None:
    names = [lab.ssh(host, "hostname; cat /etc/machine-id").stdout for host in HOST_NAMES]
    assert [name.splitlines()[0] for name in names] == list(HOST_NAMES)
    assert len(set(names)) == len(HOST_NAMES)


def test_no_host_can_touch_the_clock_of_this_machine(lab: Lab) -> None:
    for host in HOST_NAMES:
        held = lab.ssh(host, "grep CapBnd /proc/1/status").stdout.split()[1]
        assert not int(held, 16) & 1 << 25, f"PID 1 of {host} holds CAP_SYS_TIME"


def test_the_two_faults_of_a_pair_can_be_told_apart() -> None:
    assert len(PAIRS) >= 5
    for pair in PAIRS:
        assert pair.first.host != pair.second.host or not set(pair.first.tags) & set(pair.second.tags)
    # Most lie on different hosts; on one host they test that nothing unrelated is tied together.
    assert sum(pair.first.host != pair.second.host for pair in PAIRS) >= len(PAIRS) - 2
