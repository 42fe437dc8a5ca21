"""How is SQLite opened? Write-ahead log, foreign keys on, writers take turns and wait."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event

from controller.store.errors import StoreUnusableError
from controller.store.server import PATIENCE, to_json

__all__ = ["sqlite_engine"]


def sqlite_engine(path: Path) -> Engine:
    """The database in this file, which only its owner may read; made when it is new."""
    path.touch(mode=0o600)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": PATIENCE, "isolation_level": None},
        json_serializer=to_json,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _told)
    return engine


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
    until = time.monotonic() + PATIENCE
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
