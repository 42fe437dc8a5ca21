"""How is one request brought to its end? Client transactions of RFC 3261, section 17: timers, repetitions, strays.

One conversation at a time. Answers count when branch and CSeq are those of the request; everything else is counted as a
stray. The time that a transaction has is fixed when it begins: no number of provisional answers makes it longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.sessions.lateness import heard
from agent.sessions.sip_line import SipLine
from agent.sessions.sip_request import Pen, hidden, place
from agent.sessions.unlogged import unmet
from collectors.silence import Kind, Phase, Unanswered
from collectors.telephony import SipTransport, Spoken, Talk
from collectors.voip.message import Message, Request, Response, Unreadable, write
from inventory.grant import Door

__all__ = ["T1", "Silence", "Speech"]

# RFC 3261, section 17.1.1.1 and 17.1.2.2: seconds.
T1, T2 = 0.5, 4.0
# So many packets that answer nothing end the asking: somebody is flooding.
_MOST_STRAYS = 64
# So many messages are kept of one conversation; an honest one has far fewer.
_MOST_KEPT = 200


class Silence(Exception):  # noqa: N818 - it is how a transaction ended.
    """No final answer came in time. is_provisional: a provisional one did."""

    def __init__(self, *, is_provisional: bool) -> None:
        super().__init__("no final answer")
        self.is_provisional = is_provisional


@dataclass(slots=True)
class _Waiting:
    """A request that is out, and what it takes for an answer."""

    request: Request
    branch: str
    method: str
    is_invite: bool
    is_provisional: bool = False
    seen: list[Response] = field(default_factory=list)


class Speech:
    """A conversation over one line. t1: the round trip that timers are counted in, in seconds."""

    def __init__(self, line: SipLine, door: Door, transport: SipTransport, pen: Pen, t1: float = T1) -> None:
        self.line, self.pen = line, pen
        self.door, self.t1, self._transport = door, t1, transport
        self.began = datetime.now(UTC)
        self._start = heard()
        self._said: list[Spoken] = []
        self._strays = 0
        self.is_heard = False

    @property
    def talk(self) -> Talk:
        """What was said so far."""
        return Talk(
            transport=self._transport,
            server=place((str(self.door.address), self.door.port)),
            began=self.began,
            messages=tuple(self._said),
            strays=self._strays + self.line.strays,
        )

    @property
    def patience(self) -> float:
        """How long a transaction lasts: 64 T1 (timers B and F)."""
        return 64 * self.t1

    @property
    def phase(self) -> Phase:
        """How far it has come: a datagram that is not answered reached nobody yet."""
        if self.is_heard:
            return Phase.ASK
        return Phase.GREET if self.line.is_reliable else Phase.CONNECT

    async def say(self, message: Message) -> None:
        wire = write(message)
        self._keep(wire, ours=True)
        try:
            await self.line.say(wire)
        except OSError as error:
            raise unmet(error, self.phase) from error

    def whisper(self, message: Message) -> None:
        """Say a last word without waiting."""
        wire = write(message)
        self._keep(wire, ours=True)
        self.line.whisper(wire)

    async def ask(self, request: Request, *, within: float | None = None) -> Response:
        """Say a request, and again until a final answer comes. Raises Silence, Unanswered.

        within: seconds, where they are less than a transaction's. An answer that refuses an INVITE is acknowledged here.
        """
        (via,) = request.via
        waiting = _Waiting(request, via.branch, request.method, request.method == "INVITE")
        await self.say(request)
        end = self._now() + min(within or self.patience, self.patience if not waiting.is_invite else 600.0)
        deaf = self._now() + self.patience
        interval = self.t1
        again = self._now() + interval
        while True:
            limit = end if waiting.is_provisional and waiting.is_invite else min(end, deaf)
            resends = not (self.line.is_reliable or (waiting.is_invite and waiting.is_provisional))
            message = await self.hear(min(limit, again) if resends else limit)
            if message is None:
                if self._now() >= limit:
                    raise Silence(is_provisional=waiting.is_provisional)
                interval = interval * 2 if waiting.is_invite else min(interval * 2, T2)
                again = self._now() + (T2 if waiting.is_provisional else interval)
                await self.say(request)
            elif isinstance(message, Request):
                await self.answer(message)
            elif not self._answers(message, waiting):
                self.stray()
            elif message.code < 200:
                waiting.is_provisional = True
            else:
                if waiting.is_invite and message.code >= 300:
                    await self.acknowledge(request, message)
                return message

    async def acknowledge(self, invite: Request, refusal: Response) -> None:
        """The ACK of an answer that refuses: of the same transaction (section 17.1.1.3)."""
        await self.say(_acknowledged(invite, refusal))

    def _answers(self, message: Response, waiting: _Waiting) -> bool:
        try:
            return (
                message.via[0].branch == waiting.branch
                and message.cseq.method == waiting.method
                and message.cseq.number == waiting.request.cseq.number
            )
        except (Unreadable, IndexError):
            return False

    async def hear(self, until: float) -> Message | None:
        """The next message; None when the time is over. Raises Unanswered."""
        try:
            async with asyncio.timeout_at(until):
                message, wire = await self.line.hear()
        except TimeoutError as error:
            if error.errno is not None:
                raise unmet(error, self.phase) from error
            return None
        except OSError as error:
            raise unmet(error, self.phase) from error
        except Unanswered as reason:
            raise Unanswered(reason.kind, reason.detail, phase=self.phase) from None
        finally:
            if self.line.strays >= _MOST_STRAYS:
                self.stray()
        self._keep(wire, ours=False)
        self.is_heard = True
        return message

    def stray(self) -> None:
        """Count what answers nothing of ours. Raises Unanswered when it is too much."""
        self._strays += 1
        if self._strays + self.line.strays >= _MOST_STRAYS:
            raise Unanswered(
                Kind.UNPARSABLE,
                f"{self._strays + self.line.strays} messages that answer nothing of ours",
                phase=self.phase,
            )

    async def answer(self, asked: Request) -> None:
        """Answer a request of the server's that belongs to no call of ours."""
        match asked.method:
            case "ACK":
                return
            case "OPTIONS":
                await self.say(self.pen.reply(asked, 200, "OK"))
            case "BYE" | "CANCEL":
                await self.say(self.pen.reply(asked, 481, "Call/Transaction Does Not Exist"))
            case "NOTIFY":
                # A server that tells of messages and lines, unasked; it would repeat it for half a minute.
                await self.say(self.pen.reply(asked, 489, "Bad Event"))
            case "INVITE":
                await self.say(self.pen.reply(asked, 486, "Busy Here"))
            case _:
                await self.say(self.pen.reply(asked, 405, "Method Not Allowed"))
        # Whoever asks us without an end is no telephone system.
        self.stray()

    async def authorised(
        self,
        write_request: Callable[[], Request],
        ask: Callable[[Request], Awaitable[Response]] | None = None,
    ) -> Response:
        """Ask, and once more with an answer to the challenge, twice where the nonce had grown old. Raises as `ask`."""
        response = await (ask or self.ask)(write_request())
        for _ in range(2):
            if response.code not in {401, 407} or not self.pen.can_answer(response):
                return response
            answered = await (ask or self.ask)(write_request())
            if answered.code not in {401, 407} or not _is_stale(answered):
                return answered
            response = answered
        return response

    def _keep(self, wire: bytes, *, ours: bool) -> None:
        if len(self._said) < _MOST_KEPT:
            at = round(heard() - self._start, 4)
            self._said.append(Spoken(at=at, ours=ours, wire=hidden(wire)))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_stale(response: Response) -> bool:
    values = (*response.headers.every("www-authenticate"), *response.headers.every("proxy-authenticate"))
    return any("stale=true" in value.lower().replace('"', "").replace(" ", "") for value in values)


def _acknowledged(request: Request, response: Response) -> Request:
    kept = request.headers.without(
        "cseq", "to", "contact", "content-type", "authorization", "proxy-authorization"
    )
    fields = (
        *kept.fields,
        ("to", response.headers.first("to") or request.headers.first("to") or ""),
        ("cseq", f"{request.cseq.number} ACK"),
    )
    return Request(method="ACK", uri=request.uri, headers=type(kept)(fields))
