"""Do several controllers on one PostgreSQL do everything once? Processes of their own, which share one home."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from controller.ledger import Entry, What, append, touches, verify
from controller.outbox import Action, ActionKind, DeliveryState, deliveries, post
from controller.store.errors import StoreUnusableError
from controller.store.schema import installation
from controller.store.server import Server
from controller.store.store import open_store
from controller.store.tickets import add_ticket, notes
from tests.postgres import Cluster

pytestmark = pytest.mark.slow

_WORKS = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from controller.desks.builtin import BuiltinDesk
from controller.ledger import Entry, What, append
from controller.outbox import deliver_due
from controller.store.server import Server
from controller.store.store import open_store
home, url, name, kind = sys.argv[1:]
store = open_store(Path(home), Server(url=url))
now = datetime.now(UTC)
sys.stdin.readline()
if kind == "ledger":
    for number in range(15):
        append(store, Entry(what=What.ASKED, who=name, run=name, facts={"hosts": number}))
elif kind == "outbox":
    for letter in asyncio.run(deliver_due(store, {"builtin": BuiltinDesk(store)}, now)):
        print(letter.id)
"""


def _at_once(home: Path, server: Server, kind: str) -> list[str]:
    """Three controllers that are let go together; what each said."""
    several = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKS, str(home), server.url, name, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b", "c")
    ]
    for one in several:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=120)[0] for one in several]
    assert [one.returncode for one in several] == [0, 0, 0]
    return said


def test_the_ledger_of_several_controllers_is_one_chain(postgres: Cluster, tmp_path: Path) -> None:
    server = postgres.empty()
    _at_once(tmp_path, server, "ledger")
    store = open_store(tmp_path, server)
    assert verify(store).holds
    assert [len(touches(store, name)) for name in ("a", "b", "c")] == [15, 15, 15]
    store.close()


def test_every_letter_is_delivered_by_one_controller(postgres: Cluster, tmp_path: Path) -> None:
    server = postgres.database()
    store = open_store(tmp_path, server)
    note = Action(kind=ActionKind.NOTE, text="x")
    numbers = [add_ticket(store, customer="m", subject="s", text="t", requester="anna") for _ in range(12)]
    for number in numbers:
        post(store, desk="builtin", ticket=str(number), action=note, now=datetime.now(UTC))
    said = [line for lines in _at_once(tmp_path, server, "outbox") for line in lines.split()]
    letters = deliveries(store)
    assert sorted(map(int, said)) == [letter.id for letter in letters]
    assert {(letter.state, letter.tries) for letter in letters} == {(DeliveryState.DONE, 1)}
    assert {len(notes(store, number)) for number in numbers} == {1}
    store.close()


def test_a_database_of_another_home_is_refused(postgres: Cluster, tmp_path: Path) -> None:
    server = postgres.database()
    open_store(tmp_path / "one", server).close()
    with pytest.raises(StoreUnusableError, match="another home"):
        open_store(tmp_path / "two", server)
    open_store(tmp_path / "one", server).close()


def test_a_server_that_was_restarted_is_found_again(postgres: Cluster, tmp_path: Path) -> None:
    store = open_store(tmp_path, postgres.database())
    append(store, Entry(what=What.ASKED, who="anna", run="r"))
    postgres.restart()
    append(store, Entry(what=What.CANCELLED, who="anna", run="r"))
    assert len(touches(store, "r")) == 2
    store.close()


def test_a_server_that_is_not_there_is_told_as_that_without_its_password(tmp_path: Path) -> None:
    gone = Server(url=f"postgresql://x@/d?host={tmp_path}", password="hunter2")
    with pytest.raises(StoreUnusableError, match="see that the server runs") as told:
        open_store(tmp_path / "home", gone)
    assert "hunter2" not in str(told.value) + repr(gone)


def test_a_reader_cannot_write_and_limits_hold(postgres: Cluster, tmp_path: Path) -> None:
    store = open_store(tmp_path, postgres.database())
    with store.read() as connection:
        assert connection.scalar(text("SHOW application_name")) == "secondline"
        assert connection.scalar(text("SHOW lock_timeout")) == "15s"
        assert connection.scalar(text("SHOW transaction_read_only")) == "on"
        assert connection.scalar(select(installation.c.id)) == (tmp_path / "installation").read_text()
    store.close()
