"""How is a telephone system asked without harm? OPTIONS, and REGISTER of an account that is kept for it.

Everything goes to one address of the grant. Bindings of others are never touched: the account's bindings are asked for
first, and only where there are none is one made, of seconds, under an instance of our own, and taken back at once.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from agent.sessions.opening import Record
from agent.sessions.sip_line import connected
from agent.sessions.sip_request import Dialogue, Pen
from agent.sessions.sip_speech import T1, Silence, Speech
from agent.sessions.unlogged import asked_in_turn, shown_certificate
from agent.start import SipWay
from collectors.exchange import Exchange, talk_facts, talk_parts
from collectors.session import Kind, Phase, Reply, Unanswered
from collectors.telephony import Sound, Talk
from collectors.voip.message import Request, Response, Unreadable
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["SipSession", "open_sip", "recorded"]

# How long it may take to show its certificate, in seconds.
_GREET = 5.0
# How long a binding of ours would last if it could not be taken back, in seconds.
_EXPIRES = 60
# What a registrar may demand as the least, and we still do.
_LONGEST_EXPIRES = 3600
_NAMESPACE = uuid.UUID("5a8f1a0e-6d0a-4a55-8f0e-3b1f6a2f6f10")

Asking = Callable[[Speech], Awaitable[Sound | None]]


class SipSession:
    """A `Sip` for one host. What cannot be reached at all is tried once, and then has the same reason."""

    def __init__(self, doors: Sequence[Door], way: SipWay, record: Record, *, t1: float = T1) -> None:
        """t1: the round trip that timers are counted in, in seconds (RFC 3261, section 17.1.1.1)."""
        self._doors, self._way, self._record, self._t1 = list(doors), way, record, t1
        self._alone = asyncio.Lock()
        self._lost: Unanswered | None = None
        self._closed = False

    async def options(self) -> Talk:
        """See `collectors.telephony.Sip.options`."""

        async def asking(speech: Speech) -> None:
            dialogue = Dialogue(target=speech.pen.registrar, to=f"<sip:{self._way.domain}>")
            more = (("contact", speech.pen.contact), ("accept", "application/sdp"))
            await speech.ask(speech.pen.request("OPTIONS", dialogue, *more))

        talk, _ = await self.spoken(("options",), asking)
        return talk

    async def register(self) -> Talk:
        """See `collectors.telephony.Sip.register`."""
        self.expect_secret()
        if not (self._way.user and self._way.secret):
            raise GrantRefusedError(NotGranted.NOT_NAMED, "the contract names no account to register")
        talk, _ = await self.spoken(("register",), self._registered)
        return talk

    def expect_secret(self) -> None:
        """Raises Unanswered where the contract names an account whose password cannot be used."""
        if self._way.unusable:
            raise Unanswered(Kind.CREDENTIALS_REJECTED, self._way.unusable, phase=Phase.CONNECT)

    async def certificate(self) -> Reply:
        """See `collectors.telephony.Sip.certificate`."""
        return await asked_in_turn(self._doors, "sip", ("certificate",), _shown, self._record)

    async def close(self) -> None:
        """Let no further question out."""
        self._closed = True

    async def _registered(self, speech: Speech) -> None:
        pen = speech.pen
        dialogue = Dialogue(target=pen.registrar, to=pen.account)
        seen = await speech.authorised(lambda: pen.request("REGISTER", dialogue))
        if not 200 <= seen.code < 300 or seen.headers.listed("contact"):
            return
        who = uuid.uuid5(_NAMESPACE, f"{self._way.user}@{self._way.domain}")
        contact = f'{pen.contact};+sip.instance="<urn:uuid:{who}>"'
        is_bound = True

        def bind(expires: int) -> Callable[[], Request]:
            return lambda: pen.request(
                "REGISTER", dialogue, ("contact", f"{contact};expires={expires}"), ("expires", f"{expires}")
            )

        try:
            bound = await speech.authorised(bind(_EXPIRES))
            least = _least(bound)
            if bound.code == 423 and least is not None and least <= _LONGEST_EXPIRES:
                bound = await speech.authorised(bind(least))
            if 200 <= bound.code < 300:
                await speech.authorised(bind(0))
            is_bound = False
        finally:
            if is_bound:
                # The asking was ended in the middle: the last word takes back what may stand there by now.
                speech.whisper(bind(0)())

    async def spoken(self, question: tuple[str, ...], asking: Asking) -> tuple[Talk, Sound | None]:
        """Hold one conversation, and record it. Raises Unanswered when nothing at all was heard; GrantRefusedError."""
        if self._closed:
            raise Unanswered(Kind.STOPPED, "the session is closed")
        async with self._alone:
            began, start = datetime.now(UTC), time.monotonic()
            try:
                if self._lost is not None:
                    raise self._lost
                speech, sound = await self._held(asking)
            except Unanswered as reason:
                self._record(recorded(question, began, start, missed=reason))
                raise Unanswered(reason.kind, reason.detail, phase=reason.phase) from None
            self._record(recorded(question, began, start, talk=speech.talk, sound=sound))
            return speech.talk, sound

    async def _held(self, asking: Asking) -> tuple[Speech, Sound | None]:
        """Speak to the addresses in their order until one is there. Raises Unanswered."""
        missed: Unanswered | None = None
        while self._doors:
            try:
                return await self._with(self._doors[0], asking)
            except Unanswered as reason:
                missed = missed or reason
                if reason.phase is not Phase.CONNECT or len(self._doors) == 1:
                    break
                self._doors.pop(0)
        self._lost = missed
        raise missed or Unanswered(Kind.NO_ADDRESS, "it has no address", phase=Phase.CONNECT)

    async def _with(self, door: Door, asking: Asking) -> tuple[Speech, Sound | None]:
        line = await connected(door, self._way)
        speech = Speech(line, door, self._way.transport, Pen(self._way, line.here), self._t1)
        try:
            return speech, await asking(speech)
        except Silence:
            if speech.is_heard:
                # It spoke, and then fell silent: what it said is the answer.
                return speech, None
            detail = f"no answer to a request within {speech.patience:g} s"
            if line.strays:
                detail += f", but {line.strays} packets that are no SIP: {line.why_stray}"
                raise Unanswered(Kind.UNPARSABLE, detail, phase=speech.phase) from None
            raise Unanswered(Kind.TIMED_OUT, detail, phase=speech.phase) from None
        finally:
            line.close()


async def _shown(door: Door) -> bytes:
    return await shown_certificate(door, _GREET)


def _least(response: Response) -> int | None:
    try:
        return response.number("min-expires")
    except Unreadable:
        return None


def recorded(  # noqa: PLR0913 - a record's parts.
    question: tuple[str, ...],
    began: datetime,
    start: float,
    *,
    talk: Talk | None = None,
    sound: Sound | None = None,
    missed: Unanswered | None = None,
) -> Exchange:
    """The record of one conversation, or of why there was none."""
    return Exchange(
        session="sip",
        question=question,
        began=talk.began if talk else began,
        took=time.monotonic() - start,
        facts=talk_facts(talk, sound) if talk else {},
        parts=talk_parts(talk) if talk else {},
        unanswered=(missed.kind, missed.phase, missed.detail) if missed else None,
    )


def open_sip(leave: Leave, host: str, way: SipWay, record: Record) -> SipSession:
    """Open the way to a host's telephony; sends nothing yet. Raises GrantRefusedError when the grant gives none."""
    doors = leave.doors(host, "sip")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no sip door to {host!r}")
    return SipSession(doors, way, record)
