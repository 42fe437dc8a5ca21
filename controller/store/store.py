"""Where is the store, and is it ready? Opens one home folder: database, evidence, ledger head.

SQLite: write-ahead log, foreign keys on, writers take turns and wait. Alembic is loaded only when the tables
are not the newest ones, because a command shall ask its first question within half a second.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, text

from controller.store.blobs import Blobs
from controller.store.errors import StoreTooNewError, StoreUnusableError
from controller.store.schema import HEAD

__all__ = ["Store", "open_store"]

# How long a writer waits for another one, in seconds.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Store:
    """An open home folder. Safe to use from several threads and processes."""

    home: Path
    engine: Engine
    blobs: Blobs

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Look at one consistent state of the database."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """Change the database: all of the block or nothing; one writer at a time.

        durable: the disk has it before the block ends, so that not even a power cut takes it back.
        """
        opened = self.engine.connect().execution_options(writes=True, durable=durable)
        with opened as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_store(home: Path) -> Store:
    """Open a home folder, make it when it is new, and bring its tables up to date.

    Raises StoreTooNewError, StoreUnusableError; OSError when the folder cannot be made.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "secondline.sqlite3"
    path.touch(mode=0o600)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": _PATIENCE, "isolation_level": None},
        json_serializer=_to_json,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _told)
    store = Store(home, engine, Blobs(home / "evidence"))
    if _version(store) != HEAD:
        _migrate(store)
    return store


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # What is deleted is overwritten, as it may be a customer's.
    _write_ahead(connection)
    for pragma in (
        "foreign_keys=ON",
        "synchronous=NORMAL",
        "trusted_schema=OFF",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have a write-ahead log. While somebody else gives a new database its own, SQLite says so without waiting."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable') else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def _told(context: ExceptionContext) -> None:
    """What no statement of ours can cause is told as what it is, wherever it happens."""
    cause = context.original_exception
    if isinstance(cause, sqlite3.OperationalError) or type(cause) is sqlite3.DatabaseError:
        where = context.engine.url.database if context.engine else "the store"
        raise StoreUnusableError(
            f"{where} cannot be used: {cause}; see that it is a database of Secondline's, that there is "
            "room on its disk, and that this account may write there"
        ) from cause


def _version(store: Store) -> str:
    """The migration that the database has; empty when it is new."""
    with store.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def _migrate(store: Store) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a new version pays.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "controller.store:migrations")
    config.set_main_option("path_separator", "os")
    attributes: dict[str, Any] = config.attributes
    with store.write(durable=True) as connection:
        attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreTooNewError(
                f"{store.home} was made by a newer Secondline ({error}): update this one"
            ) from None
