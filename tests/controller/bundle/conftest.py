"""A run, a change and a bundle for each reader, made once: setting the reports takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.job import Changed, Outcome, Undone
from controller.bundle.make import make_bundle
from controller.reports.redact import Audience
from controller.store.plans import Carried, Doing, StoredPlan, add_plan, begin, end, end_host
from controller.store.store import Store
from tests.controller.bundle.files import KEY, NOW, READERS
from tests.controller.reports.sample import sample
from tests.controller.stored import RUN, kept


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from kept(tmp_path_factory.mktemp("home"), {"addresses": True})


@pytest.fixture(scope="module")
def planned(store: Store) -> StoredPlan:
    """A change for the ticket that was carried out on one host and taken back on another."""
    plan = StoredPlan(
        id="p1",
        digest="d" * 64,
        text="{}",
        customer="musterbau",
        desk="builtin",
        ticket=sample().ticket,
        playbook="linux.clean",
        requested_by="Finn Fix",
        made=NOW - timedelta(days=1),
        made_in="r0",
    )
    outcomes: dict[str, Outcome] = {
        "web1": Changed({}, {}),
        "web2": Undone(1, "web2 was full again", verified=True),
    }
    with store.write() as connection:
        add_plan(connection, plan)
        begin(connection, plan, Doing.APPLY, dict.fromkeys(outcomes, "3.1"), run="r1", now=NOW)
        for host, outcome in outcomes.items():
            one = Carried(host=host, kind=Doing.APPLY, clause="3.1", began=NOW, outcome=outcome, ended=NOW)
            end_host(connection, plan.id, one)
        end(connection, plan.id, Doing.APPLY)
    return plan


@pytest.fixture(scope="module")
def made(
    store: Store,
    planned: StoredPlan,  # noqa: ARG001 - it was made before the bundles are.
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Audience, Path]:
    """A bundle for each reader; setting the report takes its seconds once."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        reader: make_bundle(store, RUN, reader, folder / f"{reader}.zip", key=KEY, who="eva", now=NOW)
        for reader in READERS
    }
