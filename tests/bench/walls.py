"""What do the walls around a worker cost? The run over 300 hosts behind both walls, beside the first one alone."""

from __future__ import annotations

import resource
from statistics import median

import yaml

from inventory.read import read
from tests.bench.row import Row, at_least
from tests.bench.ssh_hosts import HOSTS, home_over, timed
from tests.fleet import Fleet
from tests.home import contract_over
from tests.law import agents_for

__all__ = ["measure"]

ROUNDS = 5


def measure() -> list[Row]:
    """Hosts a second, and hosts a second of processor time, in turn; the middle one of five rounds."""
    took: dict[str, list[float]] = {"kernel": [], "python": []}
    busy: dict[str, list[float]] = {"kernel": [], "python": []}
    with Fleet(HOSTS) as fleet, home_over(fleet) as home:
        contract = read(yaml.safe_dump(contract_over(fleet), allow_unicode=True))
        timed(home)
        for _ in range(ROUNDS):
            for walls in ("kernel", "python"):
                agents_for(home, contract, walls="kernel" if walls == "kernel" else "python")
                before = _processor()
                took[walls].append(timed(home))
                busy[walls].append(_processor() - before)
    return [
        at_least(f"300 hosts behind both walls, beside the first alone, {what}", unit, *_rates(spent), 0.95)
        for what, unit, spent in (
            ("by the clock", "hosts/s", took),
            ("by processor time", "hosts/CPU s", busy),
        )
    ]


def _rates(spent: dict[str, list[float]]) -> tuple[float, float]:
    return HOSTS / median(spent["kernel"]), HOSTS / median(spent["python"])


def _processor() -> float:
    """Processor time of all processes that we started and that have ended, theirs included, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
