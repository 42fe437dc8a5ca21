"""Does it hold on PostgreSQL, too? A cluster of one's own on a socket, and a new database for whoever asks.

The server is Debian's; it runs as `nobody` where the tests run as root, as PostgreSQL refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from controller.store.server import Server
from controller.store.store import open_store

__all__ = ["Cluster", "cluster", "installed"]

_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
_TEMPLATE = "secondline_template"
_NAMES = count(1)
# A test's database need not survive a power cut.
_QUICK = "-c fsync=off -c full_page_writes=off -c listen_addresses="


def installed() -> bool:
    return (_PROGRAMS / "initdb").exists()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. folder: where its data and its socket lie."""

    folder: Path

    def database(self) -> Server:
        """A new database with all tables, as the template has them."""
        name = f"d{next(_NAMES)}"
        self._make(name, _TEMPLATE)
        return self.server(name)

    def empty(self) -> Server:
        """A new database without a table."""
        name = f"d{next(_NAMES)}"
        self._make(name, "template0")
        return self.server(name)

    def server(self, name: str) -> Server:
        """As the account of an installation: it owns its database, and no more."""
        return Server(url=f"postgresql://secondline@/{name}?host={quote(str(self.folder), safe='/')}")

    def restart(self) -> None:
        control(self.folder, "restart", "-m", "immediate")

    def prepare(self) -> None:
        """Make the account and the template, by the product's own migrations."""
        with self._administrator() as connection:
            connection.execute("CREATE ROLE secondline LOGIN NOSUPERUSER NOBYPASSRLS")
        self._make(_TEMPLATE, "template0")
        with tempfile.TemporaryDirectory() as home:
            store = open_store(Path(home), self.server(_TEMPLATE))
            with store.write() as connection:
                connection.exec_driver_sql("DELETE FROM installation")
            store.close()

    def _administrator(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(host=str(self.folder), user="tester", dbname="postgres", autocommit=True)

    def _make(self, name: str, template: str) -> None:
        with self._administrator() as connection:
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER secondline")
            connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server while the block lasts."""
    # A socket's path may have 107 characters: pytest's own folders are too deep for it.
    folder = Path(tempfile.mkdtemp(prefix="secondline-pg-"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("nobody")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        _run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "tester",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
        )
        control(folder, "start")
        try:
            running = Cluster(folder)
            running.prepare()
            yield running
        finally:
            control(folder, "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def control(folder: Path, *what: str) -> None:
    started = ("-o", f"{_QUICK} -k {folder}", "-l", str(folder / "log"))
    _run("pg_ctl", "-D", str(folder / "data"), "-w", "-s", *(() if what[0] == "stop" else started), *what)


def _run(program: str, *arguments: str) -> None:
    other = {"user": "nobody", "group": "nogroup", "extra_groups": ()} if os.getuid() == 0 else {}
    subprocess.run(
        [_PROGRAMS / program, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd="/",
        **other,  # type: ignore[call-overload]
    )
