"""How is an SNMP agent asked without harm? One question at a time, few objects in each, and an end to everything.

Devices have crashed over a Get of fifteen objects, stood still under a walk, and repeated themselves for ever. So a
Get has at most ten objects, a GetBulk begins small and grows only while answers fit into one packet, names must
increase, and who asks too much for the device is answered by a smaller question (RFC 3416, section 4.2).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from agent.sessions.opening import Record
from agent.sessions.snmp_engine import Engine, Said, the_engine
from agent.sessions.snmp_line import SnmpLine
from agent.sessions.snmp_walk import Pace, Walk
from agent.start import SnmpWay
from collectors.exchange import Exchange, wanted
from collectors.session import Kind, Phase, Unanswered
from collectors.varbind import Oid, Smi, Varbind, line_of
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["SnmpSession", "open_snmp"]

_OBJECTS, _OBJECTS_GENTLE = 10, 4
_PAUSE = 0.05
# A walk that takes longer than this is a device that crawls: seconds.
_LONGEST = 60.0
# error-status (RFC 3416, section 3); noSuchName is of agents behind a proxy for version 1.
_OK, _TOO_BIG, _NO_SUCH_NAME, _GENERAL = 0, 1, 2, 5
_DENIED = 16

# Made when this is loaded: what it reads from files, it reads before the wall is sealed.
the_engine()


class SnmpSession:
    """An `Snmp` for one host. What cannot be answered at all is tried once, and then has the same reason."""

    def __init__(
        self, engine: Engine, way: SnmpWay, doors: Sequence[Door], record: Record, *, wait: float = 1.0
    ) -> None:
        """wait: seconds for each try of a request."""
        self._lines = [SnmpLine(engine, way, door, wait=wait) for door in doors]
        self._way, self._record = way, record
        self._alone = asyncio.Lock()
        self._pace = Pace(bulk=not way.gentle)
        self._lost: dict[str, Unanswered] = {}
        self._is_found = self._closed = False

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        """See `collectors.session.Snmp.get`."""

        async def asked() -> tuple[Varbind, ...]:
            size = _OBJECTS_GENTLE if self._way.gentle else _OBJECTS
            parts = [oids[at : at + size] for at in range(0, len(oids), size)]
            return tuple([one for part in parts for one in await self._some(part, context)])

        return await self._recorded(("get", context, *map(wanted, oids)), context, asked)

    async def walk(self, root: Oid, *, context: str = "", most: int = 20_000) -> tuple[Varbind, ...]:
        """See `collectors.session.Snmp.walk`."""

        async def asked() -> tuple[Varbind, ...]:
            walk, end = Walk(root, at=root), time.monotonic() + _LONGEST
            self._pace.begin()
            while not walk.is_over:
                if time.monotonic() > end:
                    raise Unanswered(
                        Kind.TIMED_OUT, f"{len(walk.found)} objects in {_LONGEST:g} s, and not all"
                    )
                before, varbinds = len(walk.found), await self._next(walk.at, context)
                walk.take(varbinds, most)
                size, kept = self._lines[0].size, len(walk.found) - before
                self._pace.went_well(size, len(varbinds), kept)
            self._pace.last = len(walk.found)
            return tuple(walk.found)

        return await self._recorded(("walk", context, wanted(root)), context, asked)

    async def pause(self, seconds: float) -> None:
        """See `collectors.session.Snmp.pause`."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Let no further question out."""
        self._closed = True
        for line in self._lines:
            line.close()

    async def _recorded(
        self, question: tuple[str, ...], context: str, asking: Callable[[], Awaitable[tuple[Varbind, ...]]]
    ) -> tuple[Varbind, ...]:
        """Ask, one question at a time, and record what was answered or why not. Raises Unanswered."""
        if self._closed:
            raise Unanswered(Kind.STOPPED, "the session is closed")
        async with self._alone:
            began, start = datetime.now(UTC), time.monotonic()
            parts: dict[str, bytes] = {}
            found: tuple[Varbind, ...] = ()
            missed: tuple[Kind, Phase, str] | None = None
            try:
                found = await self._tried(context, asking)
                parts["snmprec"] = "".join(f"{line_of(one)}\n" for one in found).encode()
            except Unanswered as reason:
                missed = (reason.kind, reason.phase, reason.detail)
                if reason.kind is Kind.UNPARSABLE and self._lines[0].evidence:
                    parts["wire"] = self._lines[0].evidence
            except asyncio.CancelledError:
                stopped = (Kind.STOPPED, self._lines[0].phase, "the question was given up")
                self._record(_exchange(question, began, start, {}, stopped))
                raise
            self._record(_exchange(question, began, start, parts, missed))
        if missed is not None:
            raise Unanswered(missed[0], missed[2], phase=missed[1])
        return found

    async def _tried(
        self, context: str, asking: Callable[[], Awaitable[tuple[Varbind, ...]]]
    ) -> tuple[Varbind, ...]:
        lost = self._lost.get("") or self._lost.get(context)
        if lost is not None:
            raise Unanswered(lost.kind, lost.detail, phase=lost.phase)
        while True:
            try:
                return await asking()
            except Unanswered as reason:
                if self._is_found:
                    if context and reason.kind in {Kind.TIMED_OUT, Kind.NOT_THERE}:
                        # Whoever asks again for what a device does not know is taken for an attacker.
                        self._lost[context] = reason
                    raise
                if reason.phase is Phase.CONNECT and len(self._lines) > 1:
                    self._lines.pop(0).close()
                    continue
                if reason.phase is not Phase.ASK:
                    self._lost[context] = reason
                raise

    async def _ask(self, command: str, oids: Sequence[Oid], context: str, repetitions: int = 0) -> Said:
        """One request, its answer looked at as far as it concerns every command. Raises Unanswered."""
        if self._way.gentle:
            await asyncio.sleep(_PAUSE)
        line = self._lines[0]
        said = await line.ask(command, oids, context=context, repetitions=repetitions)  # type: ignore[arg-type]
        if said.status == _DENIED:
            phase = Phase.ASK if self._is_found else Phase.LOGIN
            raise Unanswered(Kind.REFUSED, "our account may not read this", phase=phase)
        self._is_found = True
        return said

    async def _some(self, oids: Sequence[Oid], context: str) -> Sequence[Varbind]:
        """A few objects, in fewer at once where that is too much for the device."""
        said = await self._ask("get", oids, context)
        if said.status == _OK:
            return _in_order(oids, said.varbinds)
        if said.status == _NO_SUCH_NAME and 1 <= said.index <= len(oids):
            at = said.index - 1
            gone = Varbind(oids[at], Smi.NO_SUCH_INSTANCE, None)
            before = await self._some(oids[:at], context) if at else ()
            after = await self._some(oids[at + 1 :], context) if oids[at + 1 :] else ()
            return (*before, gone, *after)
        if len(oids) > 1 and said.status in {_TOO_BIG, _GENERAL}:
            half = len(oids) // 2
            return (*await self._some(oids[:half], context), *await self._some(oids[half:], context))
        raise _error(said)

    async def _next(self, at: Oid, context: str) -> Sequence[Varbind]:
        """The objects after a name: several where the device can, one where it cannot."""
        pace = self._pace
        while True:
            is_bulk, repetitions = pace.is_bulk, pace.repetitions
            said = await self._ask("bulk" if is_bulk else "next", (at,), context, repetitions)
            if said.status == _OK:
                return said.varbinds
            if said.status == _NO_SUCH_NAME:
                return (Varbind(at, Smi.END_OF_VIEW, None),)
            if is_bulk and said.status == _TOO_BIG:
                pace.smaller()
            elif is_bulk:
                pace.step_back()
            else:
                raise _error(said)


def _in_order(oids: Sequence[Oid], varbinds: Sequence[Varbind]) -> Sequence[Varbind]:
    """The answers to a Get in the order of its question. Raises Unanswered when it answers something else."""
    found = {one.oid: one for one in varbinds}
    if len(varbinds) != len(oids) or found.keys() != set(oids):
        named = " ".join(wanted(one.oid) for one in varbinds[:_OBJECTS])
        raise Unanswered(Kind.UNPARSABLE, f"it answers other objects than those asked for: {named or 'none'}")
    return [found[oid] for oid in oids]


def _error(said: Said) -> Unanswered:
    if said.status == _TOO_BIG:
        return Unanswered(Kind.CUT_OFF, "the answer is too big for the agent")
    return Unanswered(Kind.UNPARSABLE, f"the agent fails over this question: error-status {said.status}")


def _exchange(
    question: tuple[str, ...],
    began: datetime,
    start: float,
    parts: dict[str, bytes],
    missed: tuple[Kind, Phase, str] | None,
) -> Exchange:
    return Exchange(
        session="snmp",
        question=question,
        began=began,
        took=time.monotonic() - start,
        parts=parts,
        unanswered=missed,
    )


def open_snmp(leave: Leave, host: str, way: SnmpWay, record: Record) -> SnmpSession:
    """Open the way to one host's SNMP agent; sends nothing yet. Raises GrantRefusedError when the grant gives none."""
    doors = leave.doors(host, "snmp")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no snmp door to {host!r}")
    return SnmpSession(the_engine(), way, doors, record)
