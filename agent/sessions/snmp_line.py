"""How does one SNMP request travel, and what does it mean that nothing comes back?

UDP sockets are connected: the kernel drops what other addresses send, and tells of a closed port. One request is on
its way to an agent at a time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from agent.sessions.dns_line import KINDS, new_socket
from agent.sessions.lateness import within
from agent.sessions.snmp_engine import (
    Command,
    Engine,
    Heard,
    NoEngineError,
    Peer,
    Pending,
    Report,
    Said,
    Unreadable,
)
from agent.sessions.snmp_report import said_by
from agent.start import SnmpWay
from collectors.session import Kind, Phase, Unanswered
from collectors.varbind import Oid
from inventory.grant import Door

__all__ = ["SnmpLine"]

# A request is sent once and again twice, a second each.
_TRIES = 3
_WAIT = 1.0
_MOST = 65_535
# So many packets that answer nothing end the asking: somebody is flooding.
_MOST_STRAYS = 64
# How often an agent may say anew what its engine ID or its clock is, before it is not believed.
_MOST_REPORTS = 3
_UNKNOWN_ENGINE = (1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0)
_NOT_IN_WINDOW = (1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0)


@dataclass(slots=True)
class _Asked:
    """One question of a version 3 conversation, or of a 2c one, with what came that answered nothing."""

    command: Command
    oids: Sequence[Oid]
    context: str
    repetitions: int
    strays: int = 0
    reports: int = 0


class SnmpLine:
    """The way to one agent. wait: seconds for each try of a request.

    phase: how far the conversation has come. size: bytes of the last packet. evidence: what came last, as far as it may be
    kept: no community, and of version 3 nothing that pass phrases could be tried on.
    """

    def __init__(self, engine: Engine, way: SnmpWay, door: Door, *, wait: float = _WAIT) -> None:
        self._engine, self._door, self._wait = engine, door, wait
        self._peer = Peer(way)
        self._line: socket.socket | None = None
        self.phase = Phase.CONNECT
        self.size = 0
        self.evidence = b""

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    async def ask(
        self, command: Command, oids: Sequence[Oid], *, context: str = "", repetitions: int = 0
    ) -> Said:
        """Ask until a response comes. Raises Unanswered.

        What the agent reports about our user, its engine or its clock is dealt with, or is the reason.
        """
        asked = _Asked(command, oids, context, repetitions)
        self.size, self.evidence = 0, b""
        try:
            line = self._connected()
            while True:
                heard = await self._heard(line, asked)
                if isinstance(heard, Said):
                    self.phase = Phase.ASK
                    return heard
                if isinstance(heard, Unreadable):
                    self.phase = Phase.ASK
                    raise Unanswered(Kind.UNPARSABLE, f"its answer cannot be read: {heard.why}")
                self._note(heard, asked)
        except OSError as error:
            kind = KINDS.get(error.errno or 0)
            if kind is None:
                raise
            raise Unanswered(kind, error.strerror or str(error), phase=self.phase) from error

    def _connected(self) -> socket.socket:
        if self._line is None:
            self._line = new_socket(self._door, socket.SOCK_DGRAM)
            self._line.connect((str(self._door.address), self._door.port))
        return self._line

    def _note(self, report: Report, asked: _Asked) -> None:
        """Go on after a report that tells of the agent's engine or clock. Raises Unanswered for every other."""
        asked.reports += 1
        self.phase = Phase.LOGIN if self.phase is Phase.CONNECT else self.phase
        goes_on = report.counter in {_UNKNOWN_ENGINE, _NOT_IN_WINDOW}
        if not goes_on or asked.reports > _MOST_REPORTS:
            raise said_by(report.counter, self._peer.way.user, asked.context, self.phase)
        if report.counter == _UNKNOWN_ENGINE and asked.reports > 1:
            # Another agent answers than before, or it has lost its memory.
            self._peer.begin_anew()

    async def _heard(self, line: socket.socket, asked: _Asked) -> Heard:
        """What comes of a request; it is made anew for each try, and an answer to any of them counts."""
        sent: list[Pending] = []
        try:
            for _ in range(_TRIES):
                if sent and asked.strays and self._peer.way.user is not None:
                    # What cannot be read may be the word of an agent that has another engine ID by now.
                    self._peer.begin_anew()
                sent.append(self._request(asked))
                line.send(sent[-1].wire)
                try:
                    async with within(self._wait):
                        return await self._answer(line, asked, {one.handle for one in sent})
                except TimeoutError as error:
                    # The kernel's own has a number, and is not ours.
                    if error.errno is not None:
                        raise
        finally:
            for one in sent:
                self._engine.forget(self._peer, one)
        raise self._silence(asked)

    def _request(self, asked: _Asked) -> Pending:
        try:
            return self._engine.request(
                self._peer, asked.command, asked.oids, context=asked.context, repetitions=asked.repetitions
            )
        except NoEngineError as error:
            what = f"it gives {error} as its engine ID, which is none"
            raise Unanswered(Kind.UNPARSABLE, what, phase=Phase.LOGIN) from None

    async def _answer(self, line: socket.socket, asked: _Asked, handles: set[int]) -> Heard:
        loop = asyncio.get_running_loop()
        while True:
            wire = await loop.sock_recv(line, _MOST)
            self.size, self.evidence = len(wire), self._kept(wire)
            for handle, heard in self._engine.take(self._peer, wire).items():
                if handle in handles:
                    if not isinstance(heard, Report):
                        self.evidence = heard.raw or self.evidence
                    return heard
            asked.strays += 1
            if asked.strays >= _MOST_STRAYS:
                raise Unanswered(
                    Kind.UNPARSABLE, f"{asked.strays} packets that answer nothing", phase=self.phase
                )
            # Reading from a full socket never yields to the loop, and so neither to the deadline.
            await asyncio.sleep(0)

    def _kept(self, wire: bytes) -> bytes:
        """What may be kept of a packet as it came."""
        if self._peer.way.user is not None:
            return b""
        community = self._peer.way.community.encode()
        return wire.replace(community, b"*" * len(community))

    def _silence(self, asked: _Asked) -> Unanswered:
        """What it comes to when the time is up: silence, or nothing but packets that are no answer."""
        detail = f"no answer to {_TRIES} tries of {self._wait:g} s"
        if asked.strays:
            detail += f", but {asked.strays} packets that do not answer the question or cannot be read"
            return Unanswered(Kind.UNPARSABLE, detail, phase=self.phase)
        if self.phase is Phase.LOGIN:
            detail = f"it gives its engine ID, and then {detail}"
        return Unanswered(Kind.TIMED_OUT, detail, phase=self.phase)
