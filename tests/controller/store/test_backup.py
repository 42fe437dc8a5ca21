"""Does everything come back out of one file, as it was at one moment, and is nothing taken for whole that is not?"""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.ledger import Entry, What, append, verify
from controller.store import schema_people, schema_sites  # noqa: F401 - their tables belong to the same database.
from controller.store.backup import back_up, restore
from controller.store.check import check
from controller.store.errors import BackupError
from controller.store.schema import METADATA
from controller.store.server import Server
from controller.store.store import Store, open_store
from controller.store.tickets import add_ticket
from tests.postgres import Cluster

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
Empty = Callable[[], Server | None]


@pytest.fixture
def empty(server: Server | None, request: pytest.FixtureRequest) -> Empty:
    """A new place for a database, of the same kind as the store's."""

    def made() -> Server | None:
        if server is None:
            return None
        running: Cluster = request.getfixturevalue("postgres")
        return running.empty()

    return made


@pytest.fixture
def full(store: Store) -> Store:
    """A store with a ticket, a file on it, a ledger, and keys."""
    add_ticket(
        store,
        customer="musterbau",
        subject="Drucker",
        text="Er druckt nicht.",
        requester="anna",
        files=[("a.pcap", "application/octet-stream", os.urandom(300_000))],
    )
    for number in range(20):
        append(
            store,
            Entry(what=What.LOGGED_OUT, who=f"p{number}", facts={"person": "p", "how": "by themselves"}),
        )
    (store.home / "keys").mkdir()
    (store.home / "keys" / "controller.jwk").write_text("a secret")
    (store.home / "settings.toml").write_text('language = "de"\n')
    return store


def _rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in METADATA.sorted_tables
        }


def test_everything_comes_back_as_it_was(
    full: Store, server: Server | None, empty: Empty, tmp_path: Path
) -> None:
    made = back_up(full, tmp_path / "b.tar", with_keys=False, now=NOW, server=server)
    assert ((tmp_path / "b.tar").stat().st_mode & 0o777, made.entries) == (0o600, 20)
    assert b"a secret" not in (tmp_path / "b.tar").read_bytes()
    before = _rows(full)
    other = empty()
    restore(tmp_path / "b.tar", tmp_path / "new", other)
    back = open_store(tmp_path / "new", other)
    try:
        assert _rows(back) == before
        found = check(back)
        assert (found.wrong, found.entries, found.head, found.pieces) == ((), 20, made.head, 1)
        assert not (back.home / "keys").exists()
        # Work goes on, and the chain with it.
        append(back, Entry(what=What.LOGGED_OUT, who="x", facts={"person": "x", "how": "by themselves"}))
        assert verify(back, made.head).holds
    finally:
        back.close()


def test_keys_are_in_it_when_that_is_asked_for(
    full: Store, server: Server | None, empty: Empty, tmp_path: Path
) -> None:
    back_up(full, tmp_path / "b.tar", with_keys=True, now=NOW, server=server)
    restore(tmp_path / "b.tar", tmp_path / "new", empty())
    key = tmp_path / "new" / "keys" / "controller.jwk"
    assert (key.read_text(), key.stat().st_mode & 0o077) == ("a secret", 0)


def test_it_is_of_one_moment_while_others_write(
    full: Store, server: Server | None, empty: Empty, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            append(full, Entry(what=What.LOGGED_OUT, who="w", facts={"person": "w", "how": "by themselves"}))

    writing = threading.Thread(target=write)
    writing.start()
    try:
        backups = [
            back_up(full, tmp_path / f"{number}.tar", with_keys=False, now=NOW, server=server)
            for number in range(3)
        ]
    finally:
        stop.set()
        writing.join(20)
    assert backups[0].entries < backups[2].entries <= verify(full).entries
    for number, made in enumerate(backups):
        other = empty()
        restore(tmp_path / f"{number}.tar", tmp_path / f"new{number}", other)
        back = open_store(tmp_path / f"new{number}", other)
        found = check(back)
        back.close()
        assert (found.wrong, found.entries, found.head) == ((), made.entries, made.head)


def test_nothing_is_written_over(full: Store, server: Server | None, empty: Empty, tmp_path: Path) -> None:
    back_up(full, tmp_path / "b.tar", with_keys=False, now=NOW, server=server)
    with pytest.raises(BackupError, match="there already"):
        back_up(full, tmp_path / "b.tar", with_keys=False, now=NOW, server=server)
    with pytest.raises(BackupError, match="not empty"):
        restore(tmp_path / "b.tar", full.home, empty())
    if server is not None:
        with pytest.raises(BackupError, match="pg_restore failed"):
            restore(tmp_path / "b.tar", tmp_path / "new", server)
        assert not any((tmp_path / "new").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


# --- Files that are not what was written; of the database's kind nothing depends.


@pytest.fixture
def alone(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "home")
    add_ticket(
        store,
        customer="m",
        subject="s",
        text="t",
        requester="r",
        files=[("a", "text/plain", os.urandom(50_000))],
    )
    append(store, Entry(what=What.LOGGED_OUT, who="w", facts={"person": "w", "how": "by themselves"}))
    return store


def _refused(content: bytes, tmp_path: Path) -> str:
    (tmp_path / "odd.tar").write_bytes(content)
    with pytest.raises(BackupError) as told:
        restore(tmp_path / "odd.tar", tmp_path / "new", None)
    assert not any((tmp_path / "new").iterdir())
    return str(told.value)


def test_what_was_changed_or_cut_is_refused(alone: Store, tmp_path: Path) -> None:
    back_up(alone, tmp_path / "b.tar", with_keys=False, now=NOW, server=None)
    alone.close()
    whole = (tmp_path / "b.tar").read_bytes()
    place = whole.index(b"SQLite format 3") + 30_000
    assert "is not what was written" in _refused(
        whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], tmp_path
    )
    for cut in (len(whole) // 2, len(whole) - 12_000, 100, 0):
        assert _refused(whole[:cut], tmp_path)
    assert "cannot be read" in _refused(b"no tar at all" * 100, tmp_path)


@pytest.mark.parametrize("name", ["home/../x", "/etc/x", "home/locks/x", "x", "home/evidence/"])
def test_no_member_leaves_the_home(alone: Store, tmp_path: Path, name: str) -> None:
    back_up(alone, tmp_path / "b.tar", with_keys=False, now=NOW, server=None)
    alone.close()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    assert "no member" in _refused(made.getvalue(), tmp_path)
    assert not (tmp_path / "x").exists()


def test_what_is_not_whole_is_named(alone: Store, tmp_path: Path) -> None:
    assert check(alone).wrong == ()
    (piece,) = alone.blobs.folder.glob("??/*")
    content = piece.read_bytes()
    piece.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (wrong,) = check(alone).wrong
    assert "changed on the disk" in wrong
    piece.unlink()
    (wrong,) = check(alone).wrong
    assert "not here" in wrong
    with pytest.raises(BackupError, match="not there"):
        back_up(alone, tmp_path / "b.tar", with_keys=False, now=NOW, server=None)
    assert not (tmp_path / "b.tar").exists()
    alone.close()
