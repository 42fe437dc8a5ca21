"""One lab for the whole suite; every attempt by hostile code is tried twice in it, without the product and with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.escape.catalogue import ways
from tests.escape.lab import Held, Lab, Trial, up


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory.mktemp("escape")) as running:
        yield running


@pytest.fixture(scope="session")
def unheld(lab: Lab) -> Trial:
    """Every attempt, with nothing that holds it."""
    return lab.unheld()


@pytest.fixture(scope="session")
def held(lab: Lab, unheld: Trial) -> Held:
    """Every attempt as a job of the real command; after `unheld`, so that the counters are known to count."""
    del unheld
    trial = lab.asked_all(list(ways()))
    results = {result["host"]: result for report in trial.said for result in report["results"]}
    findings = [finding for report in trial.said for finding in report["findings"]]
    entries = [entry for report in trial.said for entry in lab.ledger(report["run"])]
    runs = [report["run"] for report in trial.said]
    return Held(runs, results, findings, entries, trial.saw)
