"""Is every ticket told once and every run made once, although the desk fails and the worker is killed again and again?"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from controller.ledger import verify
from controller.outbox import DeliveryState, deliveries
from controller.store.arrivals import ArrivalState, arrivals, counts, ring
from controller.store.runs import runs
from controller.store.schema import intake
from controller.store.store import Store, open_store
from tests.controller.triggers.standin_desk import FileDesk
from tests.controller.triggers.worker import CUSTOMERS, fast_clock

_RINGS = 1000
_KILLS = 5
_SPEED = 40.0
_TEXTS = (
    "Der VPN-Tunnel nach Kiel ist seit heute früh weg.",
    "Am Standort Nord sind alle Gespräche abgehackt.",
    "In Hamburg kann sich niemand mehr anmelden.",
    "Das Netzwerk in Kiel ist extrem langsam.",
    "Our mails bounce since this morning.",
)


def _worker(home: Path, desk: FileDesk, began: float, seed: int) -> subprocess.Popen[bytes]:
    told = {
        "home": str(home),
        "desk": str(desk.path),
        "fails": 33,
        "seed": seed,
        "began": began,
        "speed": _SPEED,
        "takes": 0.2,
        "limits": {"at_once": 20, "at_once_each": 5},
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.controller.triggers.worker"], stdin=subprocess.PIPE
    )
    if process.stdin is None:
        raise RuntimeError("a worker without standard input")
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    return process


def _is_at_rest(store: Store) -> bool:
    told = counts(store)
    open_rows = sum(count for state, count in told.items() if not state.over)
    waiting = deliveries(store, states=[state for state in DeliveryState if not state.over])
    return not open_rows and not waiting


@pytest.mark.slow
def test_a_thousand_rings_a_desk_that_fails_and_five_kills_leave_every_ticket_with_one_note(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path / "home")
    desk = FileDesk(tmp_path / "desk.sqlite3").make()
    chance = random.Random(11)  # noqa: S311 - the same in every run.
    numbers = [str(number) for number in range(1, _RINGS + 1)]
    desk.add_many([(n, chance.choice(CUSTOMERS), chance.choice(_TEXTS)) for n in numbers])
    began = time.time()
    clock = fast_clock(began, _SPEED)
    process = _worker(tmp_path / "home", desk, began, 0)
    killed = 0
    try:
        for n, number in enumerate(numbers, 1):
            assert ring(store, "d", number, f"opened-{number}", clock())
            assert not ring(store, "d", number, f"opened-{number}", clock())
            if n % (_RINGS // (_KILLS + 1)) == 0 and killed < _KILLS:
                process.kill()
                assert process.wait() == -9
                killed += 1
                process = _worker(tmp_path / "home", desk, began, killed)
        end = time.monotonic() + 400
        while not _is_at_rest(store):
            assert process.poll() is None, "the worker ended by itself"
            assert time.monotonic() < end, counts(store)
            time.sleep(0.5)
    finally:
        process.kill()
        process.wait()
    assert killed == _KILLS
    assert any(one.tries > 1 for one in deliveries(store)), "the desk never failed"
    _look_at(store, desk, numbers)
    store.close()


def _look_at(store: Store, desk: FileDesk, numbers: list[str]) -> None:
    notes = Counter(ticket for ticket, _, _ in desk.notes())
    assert notes == Counter(numbers)
    rows = arrivals(store, limit=2 * _RINGS)
    assert Counter(row.ticket for row in rows) == Counter(numbers)
    assert {row.state for row in rows} == {ArrivalState.DONE, ArrivalState.JOINED}
    made = runs(store, limit=0)
    leads = [row for row in rows if row.state is ArrivalState.DONE]
    assert sorted(run.id for run in made) == sorted(row.run for row in leads)
    assert len(made) < _RINGS / 5, "a storm is few runs"
    with store.read() as connection:
        joined = connection.execute(select(intake.c.lead).where(intake.c.state == "joined")).scalars().all()
    assert set(joined) <= {row.id for row in leads}
    assert verify(store).holds
