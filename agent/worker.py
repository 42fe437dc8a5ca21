"""Who asks the hosts? One killable process a grant: it verifies the grant, seals its wall, asks, and ends.

The channel to the agent carries frames of `agent.wire`. In comes one `start`, perhaps a `stop`; out go
`started` and `result` (with its exchanges and their raw bytes) a job, `blocked` for whatever the wall kept
in, and `done`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from agent.job import Job
from agent.patient import Patient
from agent.sessions.gate import Gate
from agent.start import START, Start
from agent.wall import Wall
from agent.wire import MAX_FRAME, Frame, pack, receive
from collectors.catalogue import catalogue
from inventory.grant import GrantRefusedError, Leave, verify

__all__ = ["main"]

# Measured: fewer idle the processor, more make its threads wait for each other.
_PLACES = 8
_THREADS = 512

# Built once in the nursery, so that every worker has the tables and their types for nothing.
CATALOGUE = catalogue()
for _collector in CATALOGUE.collectors.values():
    _ = _collector.adapter


def main(channel: int, wall: Wall) -> int:
    """Serve one grant on the channel (a file descriptor); the exit status is for the log only."""
    sock = socket.socket(fileno=channel)
    return asyncio.run(_serve(sock, wall))


async def _serve(sock: socket.socket, wall: Wall) -> int:
    reader, writer = await asyncio.open_unix_connection(sock=sock, limit=MAX_FRAME)
    frame = await receive(reader)
    if frame is None or "start" not in frame[0]:
        return 64
    start = START.validate_python(frame[0]["start"])
    try:
        leave = verify(start.token, start.keys, agent=start.agent)
    except GrantRefusedError as error:
        writer.write(pack({"event": "refused", "reason": str(error)}))
        await writer.drain()
        return 77
    loop = asyncio.get_running_loop()

    def told(text: str) -> None:
        loop.call_soon_threadsafe(writer.write, pack({"event": "blocked", "what": text}))

    wall.seal(frozenset((str(door.address), door.port) for door in leave.all_doors()), told)
    await _work(start, leave, reader, writer)
    writer.write(pack({"event": "done"}))
    await writer.drain()
    # Threads that still wait for a hanging host must not keep the process: its sockets end with it.
    sys.stdout.flush()
    os._exit(0)


async def _work(
    start: Start, leave: Leave, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Ask every host at its own pace, until done, stopped, or out of time."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="session")
    gate = Gate(_PLACES)
    loop = asyncio.get_running_loop()
    shares = {group: asyncio.Semaphore(room) for group, room in start.shares.items()}
    outbox: asyncio.Queue[Frame | None] = asyncio.Queue()
    sender = asyncio.create_task(_send(outbox, writer))

    def tell(frame: Frame) -> None:
        loop.call_soon_threadsafe(outbox.put_nowait, frame)

    tasks = []
    by_host: dict[str, list[Job]] = {}
    for job in start.jobs:
        by_host.setdefault(job.host, []).append(job)
    for host, jobs in by_host.items():
        patient = Patient(
            leave=leave,
            about=start.abouts[host],
            way=start.ways.get(host),
            gate=gate,
            threads=threads,
            tell=tell,
            known=CATALOGUE.collectors,
        )
        share = shares.get(start.group_of.get(host, ""))
        tasks.append(asyncio.create_task(patient.ask_all(jobs, share)))
    stopped = asyncio.create_task(_stop_when_told(reader, tasks))
    _, late = await asyncio.wait(tasks, timeout=start.seconds) if tasks else (set(), set())
    for task in late:
        task.cancel("the run's time is over")
    await asyncio.gather(*tasks, return_exceptions=True)
    stopped.cancel()
    # What threads told comes first: it was handed over before, in order.
    loop.call_soon(outbox.put_nowait, None)
    await sender


async def _stop_when_told(reader: asyncio.StreamReader, tasks: list[asyncio.Task[None]]) -> None:
    """A `stop`, or the end of the channel, ends every conversation."""
    frame = await receive(reader)
    if frame is None:
        os._exit(75)
    for task in tasks:
        task.cancel("stopped")


async def _send(outbox: asyncio.Queue[Frame | None], writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while (frame := await outbox.get()) is not None:
            writer.write(pack(*frame))
            await writer.drain()
