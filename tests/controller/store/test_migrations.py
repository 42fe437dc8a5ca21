"""Do the tables go up and down, step by step, with rows in them, in a file and on a server?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, Table, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean, DateTime, Float, Integer

from controller.store.blobs import Blobs
from controller.store.postgres import postgres_engine
from controller.store.schema import METADATA
from controller.store.server import Server
from controller.store.sqlite import sqlite_engine
from controller.store.store import Store
from tests.postgres import Cluster

pytestmark = pytest.mark.slow


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "controller.store:migrations")
    config.set_main_option("path_separator", "os")
    attributes: dict[str, Any] = config.attributes
    attributes["connection"] = connection
    return config


def _steps() -> list[str]:
    config = Config()
    config.set_main_option("script_location", "controller.store:migrations")
    config.set_main_option("path_separator", "os")
    return [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store without a table."""
    if request.param == "sqlite":
        engine = sqlite_engine(tmp_path / "secondline.sqlite3")
    else:
        running: Cluster = request.getfixturevalue("postgres")
        empty: Server = running.empty()
        engine = postgres_engine(empty)
    return Store(tmp_path, engine, Blobs(tmp_path / "evidence"))


def _value(column: Column[Any]) -> object:
    match column.type:
        case JSON():
            return []
        case DateTime():
            return datetime(2026, 11, 27, tzinfo=UTC)
        case Boolean():
            return False
        case Integer() | Float():
            return 1
        case _:
            return "1"


def _fill(connection: Connection) -> dict[str, int]:
    """Put a row into every table that has none yet; gives how many each has."""
    there = MetaData()
    there.reflect(connection)
    tables: list[Table] = [table for table in there.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        if not connection.scalar(select(func.count()).select_from(table)):
            connection.execute(insert(table).values({c.name: _value(c) for c in table.columns}))
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_every_step_goes_up_with_rows_in_the_tables_and_keeps_them(bare: Store) -> None:
    for step in _steps():
        with bare.write() as connection:
            command.upgrade(_config(connection), step)
            assert set(_fill(connection).values()) == {1}
    with bare.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    bare.close()


def test_every_step_goes_down_with_rows_in_the_tables_and_up_again(bare: Store) -> None:
    steps = _steps()
    with bare.write() as connection:
        command.upgrade(_config(connection), "head")
        _fill(connection)
    for step in [*steps[:-1][::-1], "base"]:
        with bare.write() as connection:
            command.downgrade(_config(connection), step)
            assert set(_fill(connection).values()) <= {1}
    with bare.write() as connection:
        assert _fill(connection) == {}
        command.upgrade(_config(connection), "head")
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    bare.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET who = 'nobody'",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "INSERT INTO ledger SELECT 9, at, run, who, what, host, clause, facts, previous, hash FROM ledger",
    ],
)
def test_a_server_refuses_to_rewrite_the_ledger_as_a_file_does(
    postgres: Cluster, tmp_path: Path, statement: str
) -> None:
    engine = postgres_engine(postgres.database())
    store = Store(tmp_path, engine, Blobs(tmp_path / "evidence"))
    with store.write() as connection:
        _fill(connection)
    with pytest.raises(IntegrityError, match=r"append-only|next number"), store.write() as connection:
        connection.exec_driver_sql(statement)
    store.close()
