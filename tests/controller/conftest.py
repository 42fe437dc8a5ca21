"""Each store lies once in a file and once on a server of PostgreSQL's, which the tests start themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.store.server import Server
from tests.postgres import Cluster, cluster, installed


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    if not installed():
        pytest.skip("PostgreSQL 15 is not installed here")
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server | None:
    """Where a store's database lies: None for the file in its home."""
    if request.param == "sqlite":
        return None
    running: Cluster = request.getfixturevalue("postgres")
    return running.database()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def common_server(request: pytest.FixtureRequest) -> Server | None:
    """The same for all tests of a module."""
    if request.param == "sqlite":
        return None
    running: Cluster = request.getfixturevalue("postgres")
    return running.database()
