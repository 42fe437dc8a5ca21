"""Where is the store, and is it ready? Opens one home folder: database, evidence, ledger head.

The database is SQLite's file in the home, or PostgreSQL's where a server is named; writers take turns and wait on
either. Alembic is loaded only when the tables are not the newest ones, because a command shall ask its first
question within half a second.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from controller.store.blobs import Blobs
from controller.store.errors import StoreTooNewError, StoreUnusableError
from controller.store.schema import HEAD, installation
from controller.store.server import Server
from controller.store.sqlite import sqlite_engine

__all__ = ["Server", "Store", "open_store"]


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


def open_store(home: Path, server: Server | None = None) -> Store:
    """Open a home folder, make it when it is new, and bring its tables up to date. server: PostgreSQL's, if any.

    Raises StoreTooNewError, StoreUnusableError; OSError when the folder cannot be made.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if server is None:
        store = Store(home, sqlite_engine(home / "secondline.sqlite3"), Blobs(home / "evidence"))
    else:
        from controller.store.postgres import postgres_engine  # noqa: PLC0415 - only who has a server pays for it.

        store = Store(home, postgres_engine(server), Blobs(home / "evidence"))
    try:
        if _version(store) != HEAD:
            _migrate(store)
        if server is not None:
            _belong(store)
    except BaseException:
        store.close()
        raise
    return store


def _belong(store: Store) -> None:
    """See that home and database are each other's: locks, evidence and the ledger's end lie in the home."""
    file = store.home / "installation"
    with store.read() as connection:
        theirs = connection.scalar(select(installation.c.id))
    if theirs is None:
        with store.write(durable=True) as connection:
            theirs = connection.scalar(select(installation.c.id))
            if theirs is None:
                # A home that has an id keeps it: what was begun before a crash, or a database made anew.
                theirs = file.read_text("ascii") if file.exists() else secrets.token_hex(16)
                file.write_text(theirs, "ascii")
                connection.execute(insert(installation).values(id=theirs))
    if not file.exists() or file.read_text("ascii") != theirs:
        raise StoreUnusableError(
            f"the database belongs to another home folder than {store.home}: several controllers share one home "
            "(a folder whose locks hold for all of them); see [store] in settings.toml, or that the folder is mounted"
        )


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
        if connection.dialect.name == "postgresql":
            # A large table may take longer to change than any statement of ours may run.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreTooNewError(
                f"{store.home} was made by a newer Secondline ({error}): update this one"
            ) from None
