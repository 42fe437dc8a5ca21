from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from controller.store import schema_people, schema_sites  # noqa: F401 - their tables belong to the same database.
from controller.store.errors import StoreTooNewError, StoreUnusableError
from controller.store.schema import HEAD, METADATA, contract, job
from controller.store.store import Store, open_store

_OPENS = """
import sys
from pathlib import Path
from controller.store.store import open_store
open_store(Path(sys.argv[1])).close()
print("alembic" in sys.modules)
"""


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_head_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "controller.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_alembic_is_loaded_for_a_new_store_and_never_again(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _OPENS, str(tmp_path / "home")]
    said = [subprocess.run(argv, check=True, capture_output=True, text=True).stdout for _ in range(2)]
    assert said == ["True\n", "False\n"]


def test_two_processes_may_make_the_same_store(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _OPENS, str(tmp_path / "home")]
    pair = [subprocess.Popen(argv, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in pair] == [0, 0]


def test_a_new_store_that_another_process_is_just_writing_to_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "secondline.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.close).start()
    with open_store(tmp_path).write() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    older = open_store(tmp_path / "home")
    with older.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    older.close()
    with pytest.raises(StoreTooNewError, match="newer"):
        open_store(tmp_path / "home")


def test_what_is_no_database_is_told_as_that_and_left_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secondline.sqlite3").write_text("a letter that somebody saved under the wrong name\n" * 99)
    with pytest.raises(StoreUnusableError, match="not a database"):
        open_store(home)
    assert (home / "secondline.sqlite3").read_text().startswith("a letter")


def test_a_database_that_is_damaged_later_is_told_as_that(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home")
    store.close()
    path = store.home / "secondline.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    with pytest.raises(StoreUnusableError, match="malformed"), store.read() as connection:
        connection.execute(select(contract)).all()


def test_nobody_else_may_look_into_the_home(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home")
    store.close()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "home" / "secondline.sqlite3").stat().st_mode) == 0o600


def _two_contracts(store: Store) -> None:
    row = {"customer": "m", "digest": "d", "text": "t", "added_by": "a"}
    with store.write() as connection:
        for revision, added in ((1, "2026-01-01T00:00Z"), (2, "2026-01-01T00:00")):
            values = {**row, "revision": revision, "added_at": datetime.fromisoformat(added)}
            connection.execute(insert(contract).values(**values))


def test_a_block_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        _two_contracts(store)
    with store.read() as connection:
        assert connection.execute(select(contract)).all() == []


def test_a_job_without_a_run_is_refused(store: Store) -> None:
    orphan = {"run": "none", "id": "1", "place": 0, "host": "h", "collector": "c", "state": "queued"}
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(job).values(**orphan, attempt=0, clause="", evidence=[]))
