"""How is a database copied as it was at one moment, while others work on it? And put back into an empty one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.store.chain import Head, alone, read_heads
from controller.store.errors import BackupError
from controller.store.fence import ALL
from controller.store.server import Server
from controller.store.store import Store

__all__ = ["load", "taken"]

_DEBIAN = Path("/usr/lib/postgresql")
_WITHIN = 6 * 3600


def taken(store: Store, target: Path, server: Server | None) -> tuple[Head, ...]:
    """Copy the database; gives the ledger's heads of the same moment. Raises BackupError."""
    if server is None:
        with alone(store.home):
            source = sqlite3.connect(f"file:{store.home / 'secondline.sqlite3'}?mode=ro", uri=True)
            copy = sqlite3.connect(target)
            try:
                source.backup(copy)
            finally:
                copy.close()
                source.close()
            return read_heads(store.home)
    # Nobody appends to the ledger while the moment is fixed, and everybody may while it is copied.
    with store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        with alone(store.home):
            snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
            heads = read_heads(store.home)
        said = (
            "--format=custom",
            "--enable-row-security",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
        _run(server, "pg_dump", (*said, f"--dbname={server.url}"))
    return heads


def load(source: Path, home: Path, server: Server | None) -> None:
    """Put a copy where the database of a home is. Raises BackupError when one is there already."""
    if server is None:
        shutil.move(source, home / "secondline.sqlite3")
        (home / "secondline.sqlite3").chmod(0o600)
        return
    # Into an empty database alone: with --exit-on-error what is there already ends it, and one transaction takes it back.
    said = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run(server, "pg_restore", (*said, f"--dbname={server.url}", str(source)))


def _run(server: Server, program: str, words: Sequence[str]) -> None:
    try:
        subprocess.run(
            (_program(program), *words),
            env=_environment(server),
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_WITHIN,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()[:400]
        raise BackupError(f"{program} failed with status {error.returncode}: {said}") from None
    except subprocess.TimeoutExpired:
        raise BackupError(f"{program} took longer than {_WITHIN // 3600} hours") from None


def _program(name: str) -> str:
    """The newest of them: an older one refuses a newer server."""
    found = sorted(
        _DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0
    )
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        raise BackupError(f"{name} is not here: install PostgreSQL's client programs (postgresql-client)")
    return program


def _environment(server: Server) -> Mapping[str, str]:
    """The password and whom to trust, where no list of processes shows them."""
    from controller.store.postgres import trust_of  # noqa: PLC0415 - only who has a server pays for it.

    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    trust = {f"PG{name.upper()}": value for name, value in trust_of(server).items()}
    # The policies hold for these programs as well (`fence.py`): this is work for all customers.
    kept["PGOPTIONS"] = f"-c secondline.customers={ALL}"
    return {**kept, **trust, **({"PGPASSWORD": server.password} if server.password else {})}
