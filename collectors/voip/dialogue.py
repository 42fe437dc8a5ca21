"""What happened in one call, message by message? Everything with one Call-ID, over all its stations (RFC 3261)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from collectors.voip import sdp
from collectors.voip.call import Call, Heard, Offer, Registration, State, Step, short_id, short_user
from collectors.voip.message import CSeq, Message, Request, Response
from collectors.voip.unreadable import Unreadable
from collectors.voip.uri import uri_of

__all__ = ["Dialogue", "Passed"]

_MOST_STEPS = 160
_MOST_PLACES = 12
_MOST_REMEMBERED = 400
# Sooner than this nobody sends again (T1 is half a second): the capture has seen one packet twice.
_SAME = 0.1
_CAUSE = re.compile(r"Q\.850\b.*?\bcause\s*=\s*(\d{1,3})", re.IGNORECASE)
_Side = Literal["caller", "callee"]
_REFRESHES = frozenset({"INVITE", "UPDATE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A message on its way. at: seconds since the capture began; src, dst: 'address:port'; size: bytes, 0 over TCP."""

    at: float
    src: str
    dst: str
    message: Message
    size: int = 0
    is_fragmented: bool = False
    dscp: int = 0

    @property
    def what(self) -> str:
        match self.message:
            case Request(method=method):
                return method
            case Response(code=code, reason=reason):
                return f"{code} {reason}".strip()[:40]


@dataclass(slots=True)
class _Remembered:
    at: float
    step: int
    times: int = 1


@dataclass(slots=True)
class Dialogue:
    """A call as it grows. method: of the first request. medias: the last description of each side."""

    call_id: str
    method: str
    began: float
    number: int = 0
    caller: str = ""
    callee: str = ""
    caller_tag: str = ""
    first_src: str = ""
    first_dst: str = ""
    places: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    streams: list[Heard] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    medias: dict[_Side, sdp.Media] = field(default_factory=dict)
    code: int = 0
    reason: str = ""
    cause: int = 0
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None
    ended_by: Literal["", "caller", "callee"] = ""
    acked: bool = False
    cancelled: bool = False
    resent: int = 0
    answers: int = 0
    expires: int = 0
    refreshes: int = 0
    refused: int = 0
    refused_fax: bool = False
    early: bool = False
    held: bool = False
    largest: int = 0
    fragmented: bool = False
    challenges: int = 0
    transfers: int = 0
    tags: set[str] = field(default_factory=set)
    marks: set[int] = field(default_factory=set)
    tries: int = 0
    last_code: int = 0
    _known: dict[tuple[object, ...], _Remembered] = field(default_factory=dict)
    _fax_offers: set[int] = field(default_factory=set)
    _asked: set[tuple[int, str]] = field(default_factory=set)

    def take(self, passed: Passed) -> sdp.Media | None:
        """Add one message; give the audio that it describes, if it does and is new."""
        message = passed.message
        cseq = _cseq(message)
        self.marks.add(passed.dscp)
        if passed.size:
            self.largest = max(self.largest, passed.size)
            self.fragmented |= passed.is_fragmented
        if not self._is_new(passed, cseq):
            return None
        if not self.caller_tag:
            self._introduce(message)
            self.first_src, self.first_dst = passed.src, passed.dst
        match message:
            case Request():
                self._request(passed, message, cseq)
            case Response():
                self._response(passed, message, cseq)
        media = self._description(passed, message)
        self._step(passed, media)
        return media

    def _is_new(self, passed: Passed, cseq: CSeq) -> bool:
        """Whether it was not sent already between these two; what was is counted as sent again."""
        message = passed.message
        kind = message.method if isinstance(message, Request) else message.code
        key = (passed.src, passed.dst, kind, cseq.number, cseq.method, _branch(message), _tag(message, "to"))
        known = self._known.get(key)
        if known is None:
            if len(self._known) < _MOST_REMEMBERED:
                self._known[key] = _Remembered(passed.at, len(self.steps))
            return True
        if passed.at - known.at < _SAME:
            return False
        known.at, known.times = passed.at, known.times + 1
        if isinstance(message, Request):
            self.resent += 1
        elif cseq.method == "INVITE" and message.code >= 200:
            self.answers += 1
        if known.step < len(self.steps):
            old = self.steps[known.step]
            self.steps[known.step] = Step(
                at=old.at, src=old.src, dst=old.dst, what=old.what, again=known.times - 1, sdp=old.sdp
            )
        return False

    def _introduce(self, message: Message) -> None:
        """Who calls whom, by the first message that was seen."""
        self.caller_tag = _tag(message, "from") or "?"
        self.caller, self.callee = _user(message, "from"), _user(message, "to")

    def side_of(self, message: Message) -> _Side:
        """Who sent it: the caller's requests bear its tag in From, and answers to them come from the callee."""
        is_callers = _tag(message, "from") == self.caller_tag
        return "caller" if is_callers == isinstance(message, Request) else "callee"

    def _request(self, passed: Passed, message: Request, cseq: CSeq) -> None:
        side = self.side_of(message)
        is_new = (cseq.number, side) not in self._asked
        match message.method:
            case "INVITE" | "UPDATE":
                self._asked.add((cseq.number, side))
                self.refreshes += is_new and self.answered is not None
                if b"m=image" in message.body:
                    self._fax_offers.add(cseq.number)
            case "ACK":
                self.acked |= self.answered is not None
            case "CANCEL":
                self.cancelled = True
            case "BYE":
                if self.ended is None:
                    self.ended, self.ended_by = passed.at, side
                self.cause = self.cause or _cause(message)
            case "REFER":
                self.transfers += 1
            case "REGISTER":
                self._asked.add((cseq.number, side))
                self.tries += is_new
            case _:
                pass

    def _response(self, passed: Passed, message: Response, cseq: CSeq) -> None:
        code = message.code
        if code in {401, 407} and (cseq.number, f"{code}") not in self._asked:
            self._asked.add((cseq.number, f"{code}"))
            self.challenges += 1
        if cseq.method == "REGISTER" and code >= 200:
            self.last_code = code
        if cseq.method in _REFRESHES and code >= 300 and self.answered is not None:
            self._turned_down(code, cseq)
            return
        if cseq.method != "INVITE":
            return
        if 100 < code < 200:
            self.ringing = passed.at if self.ringing is None else self.ringing
            self.tags.add(_tag(message, "to"))
            self.early |= bool(message.body)
        elif 200 <= code < 300:
            if self.answered is None:
                self.answered, self.code, self.reason = passed.at, code, message.reason
            self.expires = _expires(message) or self.expires
        elif code >= 300 and self.answered is None:
            self.code, self.reason = code, message.reason
            self.cause = _cause(message) or self.cause

    def _turned_down(self, code: int, cseq: CSeq) -> None:
        if code in {401, 407, 491, 422}:
            return
        if cseq.number in self._fax_offers:
            self.refused_fax = True
        else:
            self.refused = code

    def _description(self, passed: Passed, message: Message) -> sdp.Media | None:
        if not message.body or "sdp" not in (message.headers.first("content-type") or "").lower():
            return None
        try:
            media = sdp.read(message.body).audio
        except Unreadable:
            return None
        if media is None:
            return None
        side = self.side_of(message)
        self.medias[side] = media
        self.held |= media.held and self.answered is not None
        offer = Offer(
            by=side,
            address=media.address,
            port=media.port,
            sent_from=passed.src.rpartition(":")[0],
            codecs=tuple(one.encoding for one in media.formats if one.encoding),
            direction=media.direction,
            ptime=media.ptime or 0,
            keys=media.telephone_event is not None,
            secured=media.secured,
        )
        if offer not in self.offers and len(self.offers) < 24:
            self.offers.append(offer)
        return media

    def _step(self, passed: Passed, media: sdp.Media | None) -> None:
        if len(self.steps) >= _MOST_STEPS:
            return
        src, dst = self._place(passed.src), self._place(passed.dst)
        if src is None or dst is None:
            return
        told = "" if media is None else "held" if media.held else f"{media.address}:{media.port}"
        self.steps.append(Step(at=round(passed.at, 6), src=src, dst=dst, what=passed.what, sdp=told))

    def _place(self, name: str) -> int | None:
        if name not in self.places:
            if len(self.places) >= _MOST_PLACES:
                return None
            self.places.append(name)
        return self.places.index(name)

    @property
    def state(self) -> State:
        if self.answered is not None:
            return "answered"
        if self.cancelled or self.code == 487:
            return "cancelled"
        if self.code >= 300:
            return "failed"
        return "ringing" if self.ringing is not None else "silent"

    def call(self, *, in_full: bool) -> Call:
        """The call as it is reported. in_full: with its steps and with the course of its streams."""
        return Call(
            id=short_id(self.call_id),
            caller=self.caller,
            callee=self.callee,
            began=round(self.began, 6),
            state=self.state,
            places=tuple(self.places),
            code=self.code,
            reason=self.reason[:60],
            cause=self.cause,
            ringing=self.ringing,
            answered=self.answered,
            ended=self.ended,
            ended_by=self.ended_by,
            acked=self.acked,
            resent=self.resent,
            answers=self.answers,
            expires=self.expires,
            refreshes=self.refreshes,
            refused=self.refused,
            refused_fax=self.refused_fax,
            early=self.early,
            held=self.held,
            largest=self.largest,
            fragmented=self.fragmented,
            challenges=self.challenges,
            transfers=self.transfers,
            forks=len(self.tags - {""}),
            sip_marks=tuple(sorted(self.marks)),
            offers=tuple(self.offers),
            streams=tuple(self.streams),
            steps=tuple(self.steps) if in_full else (),
        )

    def registration(self) -> Registration:
        return Registration(
            id=short_id(self.call_id),
            user=self.callee or self.caller,
            server=self.first_dst,
            tries=self.tries,
            challenges=self.challenges,
            code=self.last_code,
            resent=self.resent,
        )


def _cseq(message: Message) -> CSeq:
    try:
        return message.cseq
    except Unreadable:
        return CSeq(0, message.method if isinstance(message, Request) else "")


def _branch(message: Message) -> str:
    vias = message.headers.listed("via")
    found = re.search(r";\s*branch\s*=\s*([^\s;,]+)", vias[0]) if vias else None
    return found[1] if found else ""


def _tag(message: Message, name: str) -> str:
    found = re.search(r";\s*tag\s*=\s*([^\s;,>]+)", message.headers.first(name) or "")
    return found[1] if found else ""


def _user(message: Message, name: str) -> str:
    try:
        uri = uri_of((message.sender if name == "from" else message.target).uri)
    except Unreadable:
        return "?"
    return short_user(uri.user or uri.rest)


def _cause(message: Message) -> int:
    found = next((match for one in message.headers.every("reason") if (match := _CAUSE.search(one))), None)
    return int(found[1]) if found else 0


def _expires(message: Message) -> int:
    try:
        return message.number("session-expires") or 0
    except Unreadable:
        return 0
