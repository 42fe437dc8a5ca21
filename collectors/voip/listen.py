"""What does a capture say about calls? Reads it once, from front to back, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from collectors.voip.call import Call, Calls, Far, Heard, Source
from collectors.voip.codecs import codec_of
from collectors.voip.dialogue import Dialogue, Passed
from collectors.voip.emodel import rating
from collectors.voip.fragments import Fragments
from collectors.voip.frames import LINKS, UDP, Unit, unit_of
from collectors.voip.message import Message, Request, read
from collectors.voip.recording import Packet, Recording
from collectors.voip.rtcp import is_rtcp
from collectors.voip.rtp import header_of
from collectors.voip.sdp import STATIC, Format
from collectors.voip.segments import Segments, looks_like_sip
from collectors.voip.streams import Found, Streams, place
from collectors.voip.telling import Telling, is_report
from collectors.voip.unreadable import Unreadable

__all__ = ["MOST_CALLS", "listen"]

# Calls that are reported at all, those with all their steps, and streams that belong to none.
MOST_CALLS, _MOST_IN_FULL, _MOST_STRAYS = 3_000, 24, 200
_MOST_DIALOGUES = 50_000
# A call may be seen from its middle on; OPTIONS, SUBSCRIBE and the like are none.
_OF_CALLS, _OF_REGISTERS = (
    frozenset({"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK", "REFER"}),
    "REGISTER",
)


def listen(source: BinaryIO) -> Calls:
    """Read a capture. What cannot be read ends it, and stands in `source.trouble`; nothing is raised."""
    listening = _Listening()
    recording = Recording(source)
    for packet in recording.packets():
        listening.take(packet)
    return listening.result(recording)


@dataclass(slots=True)
class _Listening:
    """Everything that is remembered while a capture is read."""

    packets: int = 0
    first: int = 0
    last: int = 0
    unknown: int = 0
    short: int = 0
    other: int = 0
    sip: int = 0
    rtp: int = 0
    left_out: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    links: set[int] = field(default_factory=set)
    fragments: Fragments = field(default_factory=Fragments)
    segments: Segments = field(default_factory=Segments)
    streams: Streams = field(default_factory=Streams)
    dialogues: dict[str, Dialogue] = field(default_factory=dict)
    numbers: list[Dialogue] = field(default_factory=list)
    telling: Telling = field(default_factory=Telling)

    def take(self, packet: Packet) -> None:
        if not self.packets:
            self.first = packet.time
        self.packets += 1
        self.last = max(self.last, packet.time)
        if packet.link not in LINKS:
            self.unknown += 1
            self.links.add(packet.link)
            return
        if len(packet.data) < packet.size:
            self.short += 1
        unit = unit_of(packet, self.fragments)
        if unit is None:
            self.other += 1
        elif unit.protocol == UDP:
            self._datagram(packet.time, unit)
        else:
            for message in self.segments.add(unit):
                self._message(packet.time, unit, message)

    def _datagram(self, time: int, unit: Unit) -> None:
        data = unit.payload
        if len(data) < 8:
            self.other += 1
        elif data[0] >> 6 == 2:
            if is_rtcp(data):
                self.streams.report(time, unit)
            elif (header := header_of(data)) is not None:
                self.rtp += 1
                self.streams.take(time, unit, header)
            else:
                self.other += 1
        elif looks_like_sip(data):
            try:
                self._message(time, unit, read(data))
            except Unreadable as reason:
                if not unit.lost:
                    self.damaged[str(reason)] += 1
        else:
            self.other += 1

    def _message(self, time: int, unit: Unit, message: Message) -> None:
        self.sip += 1
        if is_report(message):
            self.telling.take(message)
            return
        dialogue = self._dialogue(message, (time - self.first) / 1e9)
        if dialogue is None:
            return
        passed = Passed(
            at=round((time - self.first) / 1e9, 6),
            src=place(unit.src, unit.sport),
            dst=place(unit.dst, unit.dport),
            message=message,
            size=len(unit.payload) if unit.protocol == UDP else 0,
            is_fragmented=unit.is_fragmented,
            dscp=unit.tos >> 2,
        )
        media = dialogue.take(passed)
        if media is not None:
            self.streams.announce(dialogue.number, dialogue.side_of(message), media)

    def _dialogue(self, message: Message, at: float) -> Dialogue | None:
        name = message.call_id
        known = self.dialogues.get(name)
        if known is not None or not name:
            return known
        method = message.method if isinstance(message, Request) else _method(message)
        if method not in _OF_CALLS and method != _OF_REGISTERS:
            return None
        if len(self.dialogues) >= _MOST_DIALOGUES:
            self.left_out += 1
            return None
        made = self.dialogues[name] = Dialogue(name, method, at, number=len(self.numbers))
        self.numbers.append(made)
        return made

    def result(self, recording: Recording) -> Calls:
        found = list(self.streams.finish())
        strays = self._settle(found)
        calls = [one for one in self.numbers if one.method != _OF_REGISTERS]
        worst = sorted(range(len(calls)), key=lambda number: -_badness(calls[number]))
        kept = set(worst[:MOST_CALLS])
        in_full = set(worst[:_MOST_IN_FULL])
        damaged = self.damaged.most_common(1)
        rtp = sum(one.stream.received for one in found)
        return Calls(
            source=Source(
                began=self.first / 1e9,
                seconds=max(self.last - self.first, 0) / 1e9,
                packets=self.packets,
                size=recording.offset,
                trouble=recording.trouble.value,
                detail=recording.detail,
                links=tuple(sorted(self.links)),
                unknown=self.unknown,
                short=self.short,
                lost_fragments=self.fragments.lost + self.fragments.waiting,
                other=self.other + self.rtp - rtp,
                sip=self.sip,
                rtp=rtp,
                rtcp=self.streams.rtcp,
                damaged=sum(self.damaged.values()) + self.segments.damaged + self.telling.damaged,
                why=damaged[0][0] if damaged else self.segments.why or self.telling.why,
                left_out=self.left_out + len(calls) - len(kept),
            ),
            calls=tuple(
                _trimmed(one.call(in_full=number in in_full), in_full=number in in_full)
                for number, one in enumerate(calls)
                if number in kept
            ),
            registrations=tuple(one.registration() for one in self.numbers if one.method == _OF_REGISTERS)[
                :MOST_CALLS
            ],
            strays=tuple(strays[:_MOST_STRAYS]),
            told=self.telling.told(),
        )

    def _settle(self, found: Iterable[Found]) -> list[Heard]:
        """Give every stream to its call; give those that belong to none."""
        strays = []
        trips: dict[int, float] = {}
        found = list(found)
        for one in found:
            if one.call >= 0 and one.far.round_trip is not None:
                trips[one.call] = trips.get(one.call, 0.0) + one.far.round_trip
        for one in found:
            heard = _heard(one, self.first, trips.get(one.call))
            if one.call >= 0:
                self.numbers[one.call].streams.append(heard)
            else:
                strays.append(heard)
        return strays


def _method(message: Message) -> str:
    try:
        return message.cseq.method
    except Unreadable:
        return ""


def _badness(dialogue: Dialogue) -> float:
    """Which calls are shown with all their steps: those that went worst."""
    state = {"failed": 40.0, "silent": 50.0, "ringing": 5.0, "cancelled": 2.0, "answered": 0.0}[
        dialogue.state
    ]
    lost = max((heard.loss for heard in dialogue.streams), default=0.0)
    poor = max((4.5 - heard.mos for heard in dialogue.streams if heard.mos), default=0.0)
    is_one_way = dialogue.answered is not None and len({heard.to for heard in dialogue.streams}) == 1
    return state + lost + 10 * poor + 30 * is_one_way + dialogue.answers + dialogue.resent


def _trimmed(call: Call, *, in_full: bool) -> Call:
    """Without the course of its streams, where it is not shown."""
    if in_full:
        return call
    return replace(call, streams=tuple(replace(heard, intervals=()) for heard in call.streams))


def _heard(found: Found, first: int, trip: float | None) -> Heard:
    stream = found.stream
    payload = stream.main_payload
    encoding, clock = STATIC.get(payload, ("", 0))
    sent = stream.formats.get(payload) or Format(number=payload, encoding=encoding, clock=clock)
    codec = codec_of(sent)
    numbers = stream.received - stream.copies + stream.missing
    loss = stream.missing * 100 / numbers if numbers > 0 else 0.0
    burst = 1.0
    if stream.runs > 0 and 0 < loss < 100:
        burst = max(stream.missing / stream.runs * (1 - loss / 100), 1.0)
    packet_ms = stream.step * 1000 / stream.clock if stream.clock else 0.0
    far = _far(found, trip)
    delay = far.round_trip / 2 + packet_ms if far is not None and far.round_trip is not None else None
    rated = rating(delay, loss, burst, codec)
    # One second of packets says nothing of a call.
    is_enough = stream.received >= 50
    intervals = stream.intervals
    worst = max(intervals, key=lambda one: one.lost / max(one.lost + one.received, 1), default=None)
    # Comfort noise (RFC 3389) is sent by many without a word of it.
    foreign = set(stream.counts) - found.announced - {13, 19} if found.announced else set()
    return Heard(
        src=_written(stream.src, stream.sport),
        dst=_written(stream.dst, stream.dport),
        ssrc=f"{stream.ssrc:08x}",
        to=found.to,
        codec=codec.name if sent.encoding else f"payload type {payload}",
        payload=payload,
        clock=stream.clock,
        began=round((stream.first - first) / 1e9, 6),
        seconds=round(stream.seconds, 6),
        packets=stream.received,
        lost=stream.lost,
        loss=round(loss, 3),
        burst=round(burst, 3),
        late=stream.late,
        copies=stream.copies,
        jitter=round(stream.jitter_mean, 4) if stream.clock else None,
        jitter_max=round(stream.jitter_max, 4) if stream.clock else None,
        gap_max=round(stream.gap_max, 3),
        packet_ms=round(packet_ms, 2),
        marks=tuple(sorted(stream.dscp.items(), key=lambda pair: -pair[1]))[:8],
        worst=round(worst.lost * 100 / max(worst.lost + worst.received, 1), 2) if worst else 0.0,
        worst_at=worst.at if worst else 0.0,
        restarts=stream.restarts,
        keys=stream.events,
        keys_unended=stream.unended,
        noise=stream.noise,
        unannounced=tuple(sorted(foreign)),
        is_guessed=stream.is_clock_guessed,
        r=round(rated.r, 2) if rated.r is not None and is_enough else None,
        mos=round(rated.mos, 3) if rated.mos is not None and is_enough else None,
        why=rated.why if is_enough else "too-short",
        scale=rated.scale,
        assumed=rated.assumed,
        far=far,
        intervals=intervals,
    )


def _far(found: Found, trip: float | None) -> Far | None:
    told, stream = found.far, found.stream
    if not told.reports:
        return None
    last, metrics = told.last, told.metrics
    loss: float | None = None
    jitter = 0.0
    if last is not None and last.highest:
        loss = round(max(last.lost, 0) * 100 / max(stream.expected, 1), 3)
        jitter = last.jitter * 1000 / stream.clock if stream.clock else 0.0
    elif last is None and metrics is not None:
        loss = round(metrics.loss, 3)
    own = float(metrics.round_trip) if metrics is not None and metrics.round_trip else None
    return Far(
        reports=told.reports,
        loss=loss,
        worst=round(told.worst, 2),
        jitter=round(jitter, 2),
        round_trip=own if own is not None else None if trip is None else round(trip, 2),
        discard=round(metrics.discard, 2) if metrics is not None else None,
        mos=metrics.mos or metrics.mos_listening if metrics is not None else None,
    )


def _written(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
