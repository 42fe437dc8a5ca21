"""Questions that wait do not keep each other waiting, and each is told whose turn it is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from contextvars import ContextVar

from agent.turns import Pause, Turn, Turns

_WHO: ContextVar[str] = ContextVar("_WHO", default="nobody")


class Told:
    """What happened, in its order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.begun: list[float] = []
        self.stop = threading.Event()
        self.turns = Turns(lambda turn: self.begun.append(turn.until), self.stop)

    async def question(self, name: str, *waits: float) -> None:
        _WHO.set(name)
        self.events.append(f"{name} begins")
        try:
            for seconds in waits:
                await Pause(seconds)
                self.events.append(f"{_WHO.get()} goes on")
        finally:
            self.events.append(f"{name} ends")

    def turn(self, asking: Coroutine[object, object, None], until: float = 0.0) -> Turn:
        return Turn(asking=asking, until=until, lost=lambda: self.events.append("lost"))


def test_what_waits_lets_the_others_go_on_and_comes_back_in_its_own_context() -> None:
    told = Told()
    began = time.monotonic()
    told.turns.take(told.turn(told.question("slow", 0.3)))
    told.turns.take(told.turn(told.question("slower", 0.4)))
    told.turns.take(told.turn(told.question("quick")))
    told.turns.finish()
    assert time.monotonic() - began >= 0.4
    assert told.events == [
        "slow begins",
        "slower begins",
        "quick begins",
        "quick ends",
        "slow goes on",
        "slow ends",
        "slower goes on",
        "slower ends",
    ]
    assert _WHO.get() == "nobody"


def test_a_question_whose_time_has_come_goes_on_before_the_next_begins() -> None:
    told = Told()
    told.turns.take(told.turn(told.question("waits", 0.05)))
    time.sleep(0.1)
    told.turns.take(told.turn(told.question("next")))
    assert told.events.index("waits ends") < told.events.index("next begins")


def test_the_time_that_others_take_is_not_taken_from_who_waits() -> None:
    told = Told()
    told.turns.take(told.turn(told.question("waits", 0.05), until=100.0))
    time.sleep(0.25)
    told.turns.finish()
    first, second = told.begun
    assert first == 100.0
    assert second >= 100.15


def test_who_is_stopped_while_waiting_is_ended_at_once() -> None:
    told = Told()
    told.turns.take(told.turn(told.question("waits", 60)))
    threading.Timer(0.1, told.stop.set).start()
    began = time.monotonic()
    told.turns.finish()
    assert time.monotonic() - began < 5
    assert told.events == ["waits begins", "waits ends"]


def test_what_waits_for_anything_else_is_lost_and_says_so() -> None:
    told = Told()

    async def strange() -> None:
        await asyncio.sleep(0)

    told.turns.take(told.turn(strange()))
    told.turns.finish()
    assert told.events == ["lost"]
