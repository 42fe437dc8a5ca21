"""A process that delivers what is due and kills itself at the worst moment, or waits to be killed; told on standard input."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.desks.desk import Delivered, Desk, File, Limits
from controller.desks.named import desk_named
from controller.outbox import deliver_due
from controller.store.store import open_store


@dataclass(frozen=True, slots=True)
class Dying:
    """A desk whose process does not live to tell."""

    real: Desk
    after: bool

    @property
    def limits(self) -> Limits:
        return self.real.limits

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        if self.after:
            await self.real.note(ticket, text, html=html, files=files, marker=marker)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    reply = note

    async def set_state(self, ticket: str, state: str) -> None:
        await self.real.set_state(ticket, state)

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        return await self.real.find_marker(ticket, marker, files)


async def main() -> None:
    told = json.load(sys.stdin)
    store = open_store(Path(told["home"]))
    name, when = told["desk"], told["when"]
    real = desk_named(name, {name: told["settings"]}, store=store, secret=lambda _: told["secret"])
    desk = real if when == "never" else Dying(real, when == "after")
    print("ready", flush=True)
    await deliver_due(store, {name: desk}, datetime.fromisoformat(told["now"]))


if __name__ == "__main__":
    asyncio.run(main())
