"""How is a test call made, and always ended? INVITE to a number of the contract, sound for seconds, BYE.

What must be acknowledged is acknowledged, and what was begun is ended: by CANCEL while it rings, by BYE once it stands,
also when the asking itself is ended in the middle. Every request of the call goes to the one address that was granted,
whatever Contact and Record-Route say; what they say is written into the request, as a proxy needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from agent.sessions.opening import Record
from agent.sessions.rtp_sound import SoundLine
from agent.sessions.sip import SipSession
from agent.sessions.sip_request import Dialogue
from agent.sessions.sip_speech import T1, Silence, Speech
from agent.sessions.unlogged import unmet
from agent.start import SipWay
from collectors.silence import Phase, Unanswered
from collectors.telephony import Call, Sound
from collectors.voip.message import Request, Response, Unreadable
from collectors.voip.uri import address_of
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted

__all__ = ["CallerSession", "open_caller"]

# How long it may ring, and how long sound is sent, in seconds.
_RING, _LONGEST = 20.0, 5.0


@dataclass(slots=True)
class _Standing:
    """A call that was answered. is_over: whether the other end has hung up."""

    speech: Speech
    dialogue: Dialogue
    invite: Request
    is_over: bool = False


class CallerSession:
    """A `Caller` for one host."""

    def __init__(  # noqa: PLR0913 - what a call stands on.
        self,
        doors: Sequence[Door],
        media: Sequence[Door],
        way: SipWay,
        record: Record,
        *,
        t1: float = T1,
        ring: float = _RING,
    ) -> None:
        """media: where sound may go. t1: as of `SipSession`; ring: how long it may ring, in seconds."""
        self._sip = SipSession(doors, way, record, t1=t1)
        self._way, self._ring = way, ring
        self._media = frozenset((str(door.address), door.port) for door in media)

    @property
    def numbers(self) -> tuple[str, ...]:
        return self._way.numbers

    async def call(self, number: str, *, seconds: float = 4.0) -> Call:
        """See `collectors.telephony.Caller.call`."""
        if number not in self._way.numbers:
            raise ValueError(f"the contract names no number {number!r}")
        self._sip.expect_secret()

        async def asking(speech: Speech) -> Sound | None:
            return await self._called(speech, number, min(seconds, _LONGEST))

        talk, sound = await self._sip.spoken(("call", number), asking)
        return Call(number=number, talk=talk, sound=sound)

    async def close(self) -> None:
        """Let no further call out."""
        await self._sip.close()

    async def _called(self, speech: Speech, number: str, seconds: float) -> Sound | None:
        line = SoundLine(self._media, speech.door, speech.line.here[0])
        try:
            try:
                line.open()
            except OSError as error:
                raise unmet(error, Phase.CONNECT) from error
            return await self._invited(speech, line, number, seconds)
        finally:
            line.close()

    async def _invited(self, speech: Speech, line: SoundLine, number: str, seconds: float) -> Sound | None:
        pen, offer = speech.pen, line.offer()
        uri = pen.uri(number)
        dialogue = Dialogue(target=uri, to=f"<{uri}>")
        said: list[Request] = []

        def invite() -> Request:
            said.append(
                pen.request("INVITE", dialogue, ("contact", pen.contact), ("allow", pen.allow), body=offer)
            )
            return said[-1]

        async def ask(request: Request) -> Response:
            return await speech.ask(request, within=self._ring)

        try:
            response = await speech.authorised(invite, ask)
        except Silence as silence:
            if not silence.is_provisional:
                raise
            await self._cancelled(speech, dialogue, said[-1])
            return None
        except asyncio.CancelledError:
            if said:
                speech.whisper(_cancel(speech, dialogue, said[-1]))
            raise
        if response.code >= 300:
            return None
        return await self._talked(_Standing(speech, dialogue, said[-1]), response, line, seconds)

    async def _cancelled(self, speech: Speech, dialogue: Dialogue, invite: Request) -> None:
        """Take the INVITE back, and wait until the other end agrees; who answers just then is hung up on."""
        cancel = _cancel(speech, dialogue, invite)
        loop = asyncio.get_running_loop()
        end, interval = loop.time() + speech.patience, speech.t1
        is_known = False
        await speech.say(cancel)
        while loop.time() < end:
            message = await speech.hear(min(end, loop.time() + interval))
            if message is None:
                if not (is_known or speech.line.is_reliable):
                    await speech.say(cancel)
                interval = min(interval * 2, 4.0)
            elif isinstance(message, Request):
                await speech.answer(message)
            elif _method(message) == "CANCEL":
                is_known = True
            elif _method(message) == "INVITE" and message.code >= 200:
                if message.code >= 300:
                    await speech.acknowledge(invite, message)
                else:
                    await self._hung_up(_standing_by(_Standing(speech, dialogue, invite), message))
                return

    async def _talked(self, call: _Standing, response: Response, line: SoundLine, seconds: float) -> Sound:
        """Acknowledge, send and hear, and hang up, whatever happens."""
        _standing_by(call, response)
        loop = asyncio.get_running_loop()
        try:
            await call.speech.say(_acknowledgement(call))
            line.aim(response.body)
            line.begin()
            end = loop.time() + seconds
            while loop.time() < end and not call.is_over:
                message = await call.speech.hear(end)
                if message is not None:
                    await self._meanwhile(call, message)
            sound = line.end()
        except BaseException:
            # Stopped, or cut off: the other end must not be left in a call.
            if not call.is_over:
                call.speech.whisper(_bye(call))
            raise
        await self._hung_up(call, is_acknowledged=True)
        return sound

    async def _meanwhile(self, call: _Standing, message: Request | Response) -> None:
        if isinstance(message, Response):
            if _method(message) != "INVITE" or not 200 <= message.code < 300:
                return
            if _tag(message) == call.dialogue.to_tag:
                # It did not hear our ACK.
                await call.speech.say(_acknowledgement(call))
            else:
                # A second phone took the same call.
                other = Dialogue(
                    target=call.dialogue.target,
                    to=call.dialogue.to,
                    call_id=call.dialogue.call_id,
                    tag=call.dialogue.tag,
                    number=call.dialogue.number,
                )
                await self._hung_up(_standing_by(_Standing(call.speech, other, call.invite), message))
        elif message.call_id != call.dialogue.call_id:
            await call.speech.answer(message)
        elif message.method == "BYE":
            call.is_over = True
            await call.speech.say(call.speech.pen.reply(message, 200, "OK"))
        elif message.method in {"INVITE", "UPDATE"}:
            await call.speech.say(call.speech.pen.reply(message, 488, "Not Acceptable Here"))
        elif message.method in {"INFO", "OPTIONS", "NOTIFY", "MESSAGE"}:
            await call.speech.say(call.speech.pen.reply(message, 200, "OK"))
        else:
            await call.speech.answer(message)

    async def _hung_up(self, call: _Standing, *, is_acknowledged: bool = False) -> None:
        if not is_acknowledged:
            await call.speech.say(_acknowledgement(call))
        if call.is_over:
            return
        try:
            await call.speech.authorised(lambda: _bye(call))
        except Silence:
            # What it did not answer was said all the same, as often as it may be.
            return
        except Unanswered:
            return


def _standing_by(call: _Standing, response: Response) -> _Standing:
    """The dialogue that an answer has made (RFC 3261, section 12.1.2)."""
    dialogue = call.dialogue
    dialogue.to_tag = _tag(response)
    dialogue.route = tuple(reversed(response.headers.listed("record-route")))
    for contact in response.headers.listed("contact")[:1]:
        try:
            dialogue.target = address_of(contact).uri
        except Unreadable:
            # Whom it names cannot be read: it is still called by the number.
            continue
    return call


def _acknowledgement(call: _Standing) -> Request:
    return call.speech.pen.request("ACK", call.dialogue, number=call.invite.cseq.number)


def _bye(call: _Standing) -> Request:
    return call.speech.pen.request("BYE", call.dialogue)


def _cancel(speech: Speech, dialogue: Dialogue, invite: Request) -> Request:
    return speech.pen.request("CANCEL", dialogue, number=invite.cseq.number, branch=invite.via[0].branch)


def _method(message: Response) -> str:
    try:
        return message.cseq.method
    except Unreadable:
        return ""


def _tag(response: Response) -> str:
    try:
        return response.target.tag
    except Unreadable:
        return ""


def open_caller(leave: Leave, host: str, way: SipWay, record: Record) -> CallerSession:
    """Open the way for test calls; calls nobody yet. Raises GrantRefusedError when the grant gives none."""
    doors, media = leave.doors(host, "sip"), leave.doors(host, "rtp")
    if not doors or not media:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no way for a call to {host!r}")
    return CallerSession(doors, media, way, record)
