"""What if an agent's own folder was spoilt, or says no? Each attempt is one host with an agent of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import switch
from agent.memory import Memory
from agent.post import CEILING, LOCAL, write_post
from agent.refusal import Hold
from inventory.decide import Reason
from inventory.grant import NotGranted
from inventory.signing import NotSigned, Pins
from inventory.token import Pin, new_key, pin_of
from tests.escape.books import Books, host, paper, wide
from tests.escape.places import Spot
from tests.law import PINS

__all__ = ["CUSTOMER", "SOUND", "SPOILT", "Spoilt", "document"]

CUSTOMER = "spoilt"
SOUND = "an agent that is as it should be"
_MEMORY = "memory.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One agent's folder, and the text of the contract."""

    path: Path
    name: str
    text: str

    @property
    def memory(self) -> Memory:
        return Memory(self.path / _MEMORY)

    def written(
        self, *, ceiling: bytes | None = None, pins: Pins = PINS, key: Mapping[str, Any] | None = None
    ) -> None:
        """Set the agent up anew, with another ceiling, other pins, or another controller's key."""
        old = self.path / LOCAL
        line = next(line for line in old.read_text("utf-8").splitlines() if line.startswith("controller"))
        write_post(
            self.path,
            name=self.name,
            controller=(pin_of(key),) if key else (_pin(line),),
            pins=pins,
            ceiling=(self.path / CEILING).read_bytes() if ceiling is None else ceiling,
        )

    def rewritten(self, file: str, old: str, new: str) -> None:
        text = (self.path / file).read_text("utf-8")
        if old not in text:
            raise ValueError(f"{old!r} is not in {file}")
        (self.path / file).write_text(text.replace(old, new), "utf-8")


def _pin(line: str) -> Pin:
    return Pin.read(line.partition('"')[2].partition('"')[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """spoil: what is done to the folder. far: the contract puts the host at an address that nobody shall reach."""

    spoil: Callable[[Folder], object]
    reason: str
    far: bool = False


def _ceiling(**lines: str) -> Callable[[Folder], object]:
    """Confirm a ceiling with other lines."""

    def spoil(at: Folder) -> None:
        text = wide(CUSTOMER).decode()
        kept = [line for line in text.splitlines() if line.split(" ")[0] not in lines]
        at.written(ceiling="\n".join([*kept, *(f"{key} = {value}" for key, value in lines.items())]).encode())

    return spoil


def _folder_for(file: str) -> Callable[[Folder], object]:
    def spoil(at: Folder) -> None:
        (at.path / file).unlink()
        (at.path / file).mkdir()

    return spoil


def _clock(at: Folder) -> None:
    with sqlite3.connect(at.path / _MEMORY) as base:
        base.execute("update clock set newest = ?", (time.time() + 86400,))
    base.close()


def _cosigned(at: Folder) -> None:
    at.written(pins=Pins(duty=PINS.duty, customer=(pin_of(new_key(), "Karin Weber"),), cosigned=True))


def _accepted(at: Folder, revision: int, digest: str) -> None:
    at.memory.accept(customer=CUSTOMER, revision=revision, digest=digest, text=at.text)


_NO_AGENT = Hold.NO_AGENT
_NEAR = '["10.66.0.0/24"]'


def _by_hand(at: Folder) -> None:
    _ceiling(networks=_NEAR)(at)
    at.rewritten(CEILING, "10.66.0.0/24", "10.66.0.0/16")


SPOILT: dict[str, Spoilt] = {
    "no ceiling": Spoilt(spoil=lambda at: (at.path / CEILING).unlink(), reason=Reason.NO_CEILING),
    "an empty ceiling": Spoilt(
        spoil=lambda at: (at.path / CEILING).write_bytes(b""), reason=Reason.NO_CEILING
    ),
    "a ceiling widened by hand": Spoilt(
        spoil=_by_hand,
        reason=Reason.NO_CEILING,
        far=True,
    ),
    "a ceiling that others may write": Spoilt(
        spoil=lambda at: (at.path / CEILING).chmod(0o666), reason=Reason.NO_CEILING
    ),
    "a ceiling that is a folder": Spoilt(spoil=_folder_for(CEILING), reason=Reason.NO_CEILING),
    "a ceiling that is no TOML": Spoilt(
        spoil=lambda at: at.written(ceiling=b"networks: everything"), reason=Reason.NO_CEILING
    ),
    "an address above the ceiling": Spoilt(
        spoil=_ceiling(networks=_NEAR), reason=Reason.ABOVE_CEILING, far=True
    ),
    "an address that the ceiling takes out": Spoilt(
        spoil=_ceiling(never='["10.66.1.0/24"]'), reason=Reason.ABOVE_CEILING, far=True
    ),
    "a port above the ceiling": Spoilt(spoil=_ceiling(ports="[443]"), reason=Reason.ABOVE_CEILING),
    "an area above the ceiling": Spoilt(spoil=_ceiling(areas='["dns"]'), reason=Reason.ABOVE_CEILING),
    "a customer above the ceiling": Spoilt(
        spoil=_ceiling(customers='["musterbau"]'), reason=Reason.ABOVE_CEILING
    ),
    "no file of the agent": Spoilt(spoil=lambda at: (at.path / LOCAL).unlink(), reason=_NO_AGENT),
    "an empty file of the agent": Spoilt(
        spoil=lambda at: (at.path / LOCAL).write_bytes(b""), reason=_NO_AGENT
    ),
    "another agent's file": Spoilt(
        spoil=lambda at: at.rewritten(LOCAL, f'name = "{at.name}"', 'name = "another"'), reason=_NO_AGENT
    ),
    "a file of the agent that others may write": Spoilt(
        spoil=lambda at: (at.path / LOCAL).chmod(0o666), reason=_NO_AGENT
    ),
    "another controller's key": Spoilt(
        spoil=lambda at: at.written(key=new_key()), reason=NotGranted.NO_GRANT
    ),
    "no memory": Spoilt(spoil=lambda at: (at.path / _MEMORY).unlink(), reason=Hold.NO_MEMORY),
    "an empty memory": Spoilt(spoil=lambda at: (at.path / _MEMORY).write_bytes(b""), reason=Hold.NO_MEMORY),
    "a broken memory": Spoilt(
        spoil=lambda at: (at.path / _MEMORY).write_bytes(b"x" * 8192), reason=Hold.NO_MEMORY
    ),
    "a clock that was later before": Spoilt(spoil=_clock, reason=Hold.CLOCK_SET_BACK),
    "a kill switch for all": Spoilt(spoil=lambda at: switch.throw(at.path, "", "fire"), reason=Hold.SWITCH),
    "a kill switch for the customer": Spoilt(
        spoil=lambda at: switch.throw(at.path, CUSTOMER, "fire"), reason=Hold.SWITCH
    ),
    "a kill switch that is a folder": Spoilt(spoil=lambda at: (at.path / "stop").mkdir(), reason=Hold.SWITCH),
    "other duty managers' keys": Spoilt(
        spoil=lambda at: at.written(pins=Pins(duty=(pin_of(new_key(), "Eva Fremd"),))),
        reason=NotSigned.UNSIGNED,
    ),
    "the customer's signature, which is demanded and not there": Spoilt(
        spoil=_cosigned, reason=NotSigned.NOT_COSIGNED
    ),
    "one of two people's keys": Spoilt(
        spoil=lambda at: at.written(pins=Pins(duty=PINS.duty[:1])), reason=NotSigned.ONE_PERSON
    ),
    "a newer revision that was used here": Spoilt(
        spoil=lambda at: _accepted(at, 2, "0" * 64), reason=Hold.OLDER
    ),
    "another text of the same revision that was used here": Spoilt(
        spoil=lambda at: _accepted(at, 1, "0" * 64), reason=Hold.DIFFERS
    ),
    "a contract that was ended": Spoilt(
        spoil=lambda at: at.memory.end(customer=CUSTOMER, revision=1, at=time.time() - 1), reason=Hold.ENDED
    ),
}


def document(books: Books) -> dict[str, Any]:
    """The contract: a host and an agent for each attempt, and one that is sound."""
    hosts = []
    for number, name in enumerate((*SPOILT, SOUND), start=1):
        spot, far = Spot(number), name in SPOILT and SPOILT[name].far
        hosts.append(host(books.keys, f"h{number}", spot.other if far else spot.web, site=f"s{number}"))
    return paper(CUSTOMER, hosts)
