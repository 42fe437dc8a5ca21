"""Asks an SNMP agent, and says which files were opened over it: in a process of its own, as audit hooks stay.

    python -m tests.agent.opened_files < WAYS

Standard input holds address, port and the ways as JSON; no secret stands on a command line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from agent.start import SnmpWay
from collectors import Unanswered
from tests.leave import leave_for

__all__ = ["WAYS"]

WAYS = TypeAdapter(tuple[SnmpWay, ...])
SYSTEM = (1, 3, 6, 1, 2, 1, 1)


async def _ask(address: str, port: int, ways: tuple[SnmpWay, ...]) -> None:
    for way in ways:
        doors = leave_for("sw", address, snmp=port).doors("sw", "snmp")
        session = SnmpSession(the_engine(), way, doors, lambda _: None, wait=0.3)
        try:
            await session.get((*SYSTEM, 1, 0))
            await session.walk(SYSTEM)
        except Unanswered as reason:
            print(reason.kind.value, file=sys.stderr)
        await session.close()


def main() -> None:
    told = json.load(sys.stdin)
    ways = WAYS.validate_python(told["ways"])
    opened: list[str] = []
    # What a clock, a loop and a leave need is not what this is about.
    asyncio.run(_ask(told["address"], 1, ()))
    leave_for("sw", told["address"], snmp=1)
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
    Path("/dev/null").read_bytes()
    asyncio.run(_ask(told["address"], told["port"], ways))
    print(json.dumps(opened))


if __name__ == "__main__":
    main()
