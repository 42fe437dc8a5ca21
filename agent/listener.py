"""Who reads a capture that may be hostile? A process of its own, with nothing but the open file, and bounds on all it uses.

Started by `controller.capture` with the capture as its standard input; says one line of JSON and ends. Before the first
byte is read it has a bound on memory, processor time, files and processes, Python's wall without a single door, and,
where the kernel has it, Landlock: it opens no file any more and reaches no port.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from agent.codec import outcome_json
from agent.job import NoAnswer, Outcome, Seen
from agent.kernel.calls import allow_no_new_privileges, die_with_parent, landlock_abi, restrict_self
from agent.kernel.landlock import ruleset
from agent.wall import Wall, raise_wall
from collectors import About, Unanswered
from collectors.voip.calls import calls

__all__ = ["MEMORY", "SECONDS", "main"]

# Bytes of address space, and seconds of processor time.
MEMORY, SECONDS = 1 << 30, 300
_FILES = 32
_KILL = 9


class _Handed:
    """The capture on standard input, as a collector asks for it."""

    async def content(self) -> BinaryIO:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)


def main() -> int:
    """Read the capture on standard input, judge it, and say the outcome."""
    die_with_parent(_KILL)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, 1 << 26),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    _ = calls.adapter
    # Its loop wants a pair of sockets, which the wall lets nobody make.
    with asyncio.Runner() as runner:
        runner.get_loop()
        _close_in(raise_wall())
        began, start = datetime.now(UTC), time.monotonic()
        outcome = runner.run(_outcome(sys.argv[1]))
    said = {"outcome": outcome_json(outcome), "began": began.isoformat(), "took": time.monotonic() - start}
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def _close_in(wall: Wall) -> None:
    """No file that is not open already, no port, no address; what Python's wall holds is an error in whose code it was."""
    sys.dont_write_bytecode = True
    allow_no_new_privileges()
    if landlock_abi() > 0:
        restrict_self(ruleset((), ()))
    wall.seal(frozenset(), lambda *_: None)


async def _outcome(host: str) -> Outcome:
    """The same as a worker does for a host: ask, then judge."""
    about = About(id=host, name=host, addresses=(), platform="", environment="capture")
    try:
        reading = await calls((_Handed(),), about)
    except Unanswered as reason:
        return NoAnswer(reason.kind, reason.phase, reason.detail)
    findings = tuple(replace(finding, host=finding.host or host) for finding in calls.judge(reading))
    return Seen(calls.adapter.dump_python(reading, mode="json"), findings)


if __name__ == "__main__":
    sys.exit(main())
