"""How is one host asked all its questions? One session a way in, opened when first needed, closed at the end.

This is the one place where anything that goes wrong in a collector is caught: it becomes the outcome
`broken`, and the other questions go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent.codec import exchange_head, result_head
from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from agent.sessions.dns import open_dns
from agent.sessions.gate import Gate
from agent.sessions.ssh import open_ssh
from agent.start import SshWay
from agent.wall import WallError
from agent.wire import Frame
from collectors.collector import About, Collector
from collectors.exchange import Exchange
from collectors.session import Closes, Kind, Phase, Resolver, Shell, Unanswered
from inventory.grant import GrantRefusedError, Leave

__all__ = ["Patient"]


@dataclass(kw_only=True)
class Patient:
    """One host under examination."""

    leave: Leave
    about: About
    way: SshWay | None
    gate: Gate
    threads: ThreadPoolExecutor
    tell: Callable[[Frame], None]
    _sessions: dict[type, object] = field(default_factory=dict)
    _failed: dict[type, Unanswered] = field(default_factory=dict)
    _exchanges: list[Exchange] = field(default_factory=list)

    async def ask_all(
        self, jobs: Sequence[Job], known: Mapping[str, Collector[Any]], share: asyncio.Semaphore | None
    ) -> None:
        """Answer every job with exactly one result, whatever happens."""
        left = list(jobs)
        try:
            async with share or contextlib.nullcontext():
                while left:
                    await self._answer(left[0], known)
                    left.pop(0)
        except asyncio.CancelledError as why:
            reason = str(why) or "stopped"
            for job in left:
                # It says nothing about the host, whether a person or the run's own limit ended the asking.
                self._report(job, NoAnswer(Kind.STOPPED, Phase.ASK, reason), datetime.now(UTC), 0.0)
        finally:
            await self._close()

    async def _answer(self, job: Job, known: Mapping[str, Collector[Any]]) -> None:
        self.tell(({"event": "started", "job": job.id}, ()))
        began, start = datetime.now(UTC), time.monotonic()
        outcome = await self._outcome(job, known)
        self._report(job, outcome, began, time.monotonic() - start)

    async def _outcome(self, job: Job, known: Mapping[str, Collector[Any]]) -> Outcome:
        if not self.leave.permits(job.host, job.collector):
            return Refused("not-in-grant", by="worker")
        collector = known.get(job.collector)
        if collector is None:
            return Broken(f"this agent knows no collector {job.collector!r}: update it")
        try:
            session = await self._session(collector.session)
            async with asyncio.timeout(collector.deadline):
                reading = await collector(session, self.about)
            findings = tuple(replace(f, host=f.host or job.host) for f in collector.judge(reading))
            return Seen(collector.adapter.dump_python(reading, mode="json"), findings)
        except Unanswered as reason:
            return NoAnswer(reason.kind, reason.phase, reason.detail)
        except TimeoutError:
            await self._drop(collector.session)
            return NoAnswer(Kind.TIMED_OUT, Phase.ASK, f"not answered within {collector.deadline:g} s")
        except WallError as reason:
            return Refused(f"wall: {reason}", by="worker")
        except GrantRefusedError as reason:
            return Refused(str(reason), by="worker")
        except Exception as error:  # noqa: BLE001 - the one broad except: a collector's defect stays its own.
            return Broken(f"{type(error).__name__}: {error}"[:500])

    async def _session(self, kind: type) -> object:
        """The open session of a kind; a host that could not be opened once is not tried again."""
        if kind in self._failed:
            raise self._failed[kind]
        if kind not in self._sessions:
            try:
                self._sessions[kind] = await self._open(kind)
            except Unanswered as reason:
                self._failed[kind] = reason
                raise
        return self._sessions[kind]

    async def _open(self, kind: type) -> object:
        self.tell(({"event": "opening", "host": self.about.id, "session": kind.__name__.lower()}, ()))
        if kind is Shell:
            if self.way is None:
                raise GrantRefusedError(f"the contract names no SSH login for {self.about.id!r}")
            return await open_ssh(
                self.leave,
                self.about.id,
                self.way,
                record=self._exchanges.append,
                gate=self.gate,
                threads=self.threads,
            )
        if kind is Resolver:
            return await open_dns(self.leave, self.about.id, self._exchanges.append)
        raise TypeError(f"no session opens {kind.__name__}")

    async def _drop(self, kind: type) -> None:
        """Give up a session that did not answer in time; the next question opens a new one."""
        session = self._sessions.pop(kind, None)
        if isinstance(session, Closes):
            await session.close()

    async def _close(self) -> None:
        for session in self._sessions.values():
            if isinstance(session, Closes):
                await session.close()
        self._sessions.clear()

    def _report(self, job: Job, outcome: Outcome, began: datetime, took: float) -> None:
        exchanges, parts = [], []
        for exchange in self._exchanges:
            head, raw = exchange_head(exchange)
            exchanges.append(head)
            parts.extend(raw)
        self._exchanges.clear()
        result = Result(job=job, outcome=outcome, began=began, took=took)
        self.tell(({"event": "result", "result": result_head(result), "exchanges": exchanges}, tuple(parts)))
