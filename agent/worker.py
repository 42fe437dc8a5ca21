"""Who asks the hosts? One killable process a grant, behind both walls: it asks, and ends.

Its porter has read the `start` and verified the grant before it forked the worker (`agent/porter.py`). The channel
to the agent carries frames of `agent.wire`. In comes perhaps a `stop`; out go `started` and `result` (with its
exchanges and their raw bytes) a job, `blocked` for whatever the first wall kept in, and `done`.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from agent import hands
from agent.job import Job
from agent.patient import Patient, blamed
from agent.planning import question_of
from agent.sessions.gate import Gate
from agent.start import Start, doors_for
from agent.wall import Wall
from agent.wire import MAX_FRAME, Frame, pack, receive
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.dns.signatures import make_ready
from collectors.session import Cli
from inventory.grant import GrantRefusedError, Leave
from playbooks.catalogue import playbook_catalogue

__all__ = ["CATALOGUE", "main"]

# Measured: fewer idle the processor, more make its threads wait for each other.
_PLACES = 8
_THREADS = 512
# How long a host that is silent at its door keeps others from theirs, in seconds.
_SILENCE = 0.2

# fabric wants to know who runs it before a file is fetched. The C library would ask the name service's cache over a socket,
# which the kernel's wall holds, and everything else on that host would be refused for it.
os.environ.setdefault("LOGNAME", "secondline")
# What questions load late is loaded here, so that no worker has to.
import_module("cryptography.x509")
make_ready()

# Built once in the nursery, so that every worker has the tables and their types for nothing.
CATALOGUE = catalogue()
for _collector in CATALOGUE.collectors.values():
    _ = _collector.adapter
for _playbook in playbook_catalogue().values():
    _ = _playbook.state_adapter
    _ = _playbook.wanted_adapter


def main(
    channel: socket.socket, wall: Wall, start: Start, leave: Leave, known: Mapping[str, Collector[Any]]
) -> int:
    """Serve one grant on the channel; the exit status is for the log only."""
    return asyncio.run(_serve(channel, wall, start, leave, known))


class _Mouth:
    """Says frames to the agent, from any thread, each whole and in its turn."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._turn = threading.Lock()

    def tell(self, frame: Frame) -> None:
        """Send one frame; waits when the agent is slow, and ends the process when it is gone."""
        left = memoryview(pack(*frame))
        with self._turn:
            while left:
                try:
                    left = left[self._sock.send(left) :]
                except BlockingIOError:
                    select.select((), (self._sock,), ())
                except OSError:
                    os._exit(75)


async def _serve(
    sock: socket.socket, wall: Wall, start: Start, leave: Leave, known: Mapping[str, Collector[Any]]
) -> int:
    mouth = _Mouth(sock.dup())
    reader, _ = await asyncio.open_unix_connection(sock=sock, limit=MAX_FRAME)

    def held_back(kind: str, words: str) -> None:
        # In the context of whoever tried it, also in the thread of a host.
        guilty = blamed()
        for held in guilty:
            held.what.append(f"{kind}, {words}")
        job = guilty[0].job if len(guilty) == 1 else ""
        mouth.tell(({"event": "blocked", "what": f"{kind}, {words}", "job": job}, ()))

    _load(start, known)
    try:
        plan = start.plan_of(leave) if start.plan else None
    except GrantRefusedError as error:
        mouth.tell(({"event": "refused", "reason": error.reason, "detail": str(error)}, ()))
        os._exit(0)
    if start.hands and plan is not None:
        hands.make_ready(plan)
    wall.seal(doors_for(start, leave), held_back)
    if start.hands and plan is not None:
        await hands.serve(start, leave, plan, reader, mouth.tell)
    else:
        also = frozenset(plan.asked if plan else ())
        await _work(start, leave, known, also, reader, mouth.tell)
    mouth.tell(({"event": "done"}, ()))
    # Threads that still wait for a hanging host must not keep the process: its sockets end with it.
    os._exit(0)


def _load(start: Start, known: Mapping[str, Collector[Any]]) -> None:
    """Load what could not be loaded behind the wall."""
    # What is loaded late shall not try to keep its compiled code: a worker writes no file.
    sys.dont_write_bytecode = True
    if start.windows:
        # Its HTTP library tries a socket when it is loaded: nobody's attempt to get out, and held here in silence.
        import_module("agent.sessions.wsman")
    if start.snmp:
        # It reads its own tables from files when it is loaded, and compiles them.
        import_module("agent.sessions.snmp")
    if start.sip:
        import_module("agent.sessions.sip_call")
    asked = [question_of(job, known) for job in start.jobs]
    if any(Cli in one.sessions for one in asked if one is not None):
        # What speaks to network devices reads files when it is loaded, and takes its time: only where one is asked.
        import_module("agent.sessions.cli")
    if any(way.kerberos is not None for way in start.windows.values()):
        # It loads a C library, which the sealed wall lets nobody do.
        import_module("agent.sessions.kerberos_login")
    if any(way.endpoint for way in start.windows.values()):
        import_module("agent.sessions.endpoint")


async def _work(  # noqa: PLR0913, PLR0917 - what the asking stands on.
    start: Start,
    leave: Leave,
    known: Mapping[str, Collector[Any]],
    also: frozenset[str],
    reader: asyncio.StreamReader,
    tell: Callable[[Frame], None],
) -> None:
    """Ask every host at its own pace, until done, stopped, or out of time."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="session")
    doors, gate = Gate(2 * _PLACES, _SILENCE), Gate(_PLACES)
    shares = {group: asyncio.Semaphore(room) for group, room in start.shares.items()}
    tasks = []
    by_host: dict[str, list[Job]] = {}
    for job in start.jobs:
        by_host.setdefault(job.host, []).append(job)
    for host, jobs in by_host.items():
        patient = Patient(
            leave=leave,
            about=start.abouts[host],
            way=start.ways.get(host),
            directory=start.directories.get(host),
            windows=start.windows.get(host),
            snmp=start.snmp.get(host),
            sip=start.sip.get(host),
            rate=start.rates.get(host, 1),
            outdated=host in start.outdated,
            doors=doors,
            gate=gate,
            threads=threads,
            tell=tell,
            known=known,
            also=also,
        )
        share = shares.get(start.group_of.get(host, ""))
        tasks.append(asyncio.create_task(patient.ask_all(jobs, share)))
    stopped = asyncio.create_task(_stop_when_told(reader, tasks))
    widening = [asyncio.create_task(each.widen()) for each in (doors, gate)]
    _, late = await asyncio.wait(tasks, timeout=start.seconds) if tasks else (set(), set())
    for task in late:
        task.cancel("the run's time is over")
    await asyncio.gather(*tasks, return_exceptions=True)
    stopped.cancel()
    for each in widening:
        each.cancel()


async def _stop_when_told(reader: asyncio.StreamReader, tasks: list[asyncio.Task[None]]) -> None:
    """A `stop`, or the end of the channel, ends every conversation."""
    frame = await receive(reader)
    if frame is None:
        os._exit(75)
    for task in tasks:
        task.cancel("stopped")
