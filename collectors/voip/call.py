"""What is known of the calls in a capture? The reading: calls with their steps, streams with their figures.

Persons are kept short: of a number its last two digits, of a name its first letter; of keys that were pressed only how
many. Times are seconds since the first packet, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from collectors.voip.rtp import Interval

__all__ = [
    "Call",
    "Calls",
    "Far",
    "Heard",
    "Offer",
    "Registration",
    "Source",
    "State",
    "Step",
    "Told",
    "short_id",
    "short_user",
]

State = Literal["answered", "failed", "cancelled", "ringing", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The capture itself. began: seconds since 1970; trouble: '', 'cut' or 'damaged', with detail; size: bytes understood.

    unknown: packets of link types that are not read, with their numbers in `links`. short: packets that were captured only
    in part. other: neither SIP nor RTP nor RTCP. damaged: SIP that cannot be read, with the commonest reason in `why`.
    """

    began: float
    seconds: float
    packets: int
    size: int
    trouble: str = ""
    detail: str = ""
    links: tuple[int, ...] = ()
    unknown: int = 0
    short: int = 0
    lost_fragments: int = 0
    other: int = 0
    sip: int = 0
    rtp: int = 0
    rtcp: int = 0
    damaged: int = 0
    why: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message: between which places (numbers in Call.places), what it was, how often it came again, what it carried.

    sdp: address and port of the audio it describes, or 'held'.
    """

    at: float
    src: int
    dst: int
    what: str
    again: int = 0
    sdp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One side's description of audio. by: 'caller' or 'callee'; sent_from: the address that its packet came from."""

    by: Literal["caller", "callee"]
    address: str
    port: int
    sent_from: str
    codecs: tuple[str, ...]
    direction: str
    ptime: int = 0
    keys: bool = False
    secured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """What a receiver said of the stream by RTCP. loss: of all its packets, per cent, None when it said that nothing came.

    worst: of one report, per cent; jitter: ms; round_trip: ms, None where it cannot be told; mos: its own (RFC 3611).
    """

    reports: int
    loss: float | None
    worst: float
    jitter: float
    round_trip: float | None = None
    discard: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A stream of RTP as it passed. src, dst: 'address:port'; to: whose ear it goes to, '' when no call tells.

    lost: as Wireshark counts; loss: of the numbers that never came, per cent; burst: mean gap over that of random loss.
    worst, worst_at: the worst interval's loss, and when. rest in ms. marks: DSCP and packets. mos, r: None with `why`.
    """

    src: str
    dst: str
    ssrc: str
    to: Literal["", "caller", "callee"]
    codec: str
    payload: int
    clock: int
    began: float
    seconds: float
    packets: int
    lost: int
    loss: float
    burst: float
    late: int
    copies: int
    jitter: float | None
    jitter_max: float | None
    gap_max: float
    packet_ms: float
    marks: tuple[tuple[int, int], ...]
    worst: float = 0.0
    worst_at: float = 0.0
    restarts: int = 0
    keys: int = 0
    keys_unended: int = 0
    noise: int = 0
    unannounced: tuple[int, ...] = ()
    is_guessed: bool = False
    r: float | None = None
    mos: float | None = None
    why: str = ""
    scale: str = "narrowband"
    assumed: tuple[str, ...] = ()
    far: Far | None = None
    intervals: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call (a Call-ID). code: the final answer to the first INVITE, 0 for none; cause: of its Reason header (Q.850).

    ringing, answered, ended: when; None where it was not seen. acked: the ACK of the answer was seen. resent: how often requests came again,
    answers: how often the answer came again; expires: of its session timer, seconds; refreshes: by re-INVITE or UPDATE,
    refused: the code by which one was turned down. largest: bytes of its largest message over UDP; fragmented: one came in several packets.
    challenges: how often credentials were asked for. transfers: REFER. forks: branches that answered provisionally.
    """

    id: str
    caller: str
    callee: str
    began: float
    state: State
    places: tuple[str, ...]
    code: int = 0
    reason: str = ""
    cause: int = 0
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None
    ended_by: Literal["", "caller", "callee"] = ""
    acked: bool = False
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
    forks: int = 0
    sip_marks: tuple[int, ...] = ()
    offers: tuple[Offer, ...] = ()
    streams: tuple[Heard, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def talked(self) -> float | None:
        """Seconds from the answer to the end; None where one of them was not seen."""
        return None if self.answered is None or self.ended is None else self.ended - self.answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One Call-ID of REGISTER. code: the last final answer, 0 for none; tries: requests, resent ones not counted."""

    id: str
    user: str
    server: str
    tries: int
    challenges: int
    code: int
    resent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a telephone said of the voice that came to it (RFC 6035). src, dst: 'address:port' of the stream, '' unknown.

    loss, discard: per cent; jitter, round_trip: ms; mos: its own rating. None: it does not say. call: the Call-ID, short.
    second_hand: the other telephone said so to the one whose report this is.
    """

    call: str
    src: str
    dst: str
    loss: float | None = None
    discard: float | None = None
    jitter: float | None = None
    round_trip: float | None = None
    mos: float | None = None
    second_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Everything that a capture says. strays: streams that belong to no call that was seen; told: reports of telephones."""

    source: Source
    calls: tuple[Call, ...]
    registrations: tuple[Registration, ...] = ()
    strays: tuple[Heard, ...] = ()
    told: tuple[Told, ...] = ()


def short_id(call_id: str) -> str:
    """A Call-ID as people compare it: its first eight signs, without the host that some put behind.

    >>> short_id("a84b4c76e66710@pc33.atlanta.test"), short_id("12")
    ('a84b4c76…', '12')
    """
    name = call_id.partition("@")[0] or call_id
    name = "".join(sign if sign.isprintable() and not sign.isspace() else "?" for sign in name)
    return name if len(name) <= 8 else f"{name[:8]}…"


def short_user(user: str) -> str:
    """A person in a URI as little as helps: the end of a number, the beginning of a name.

    >>> short_user("+4940123456"), short_user("alice;x=1"), short_user(""), short_user("12")
    ('…56', 'a…', '', '…')
    """
    bare = user.partition(";")[0].partition(":")[0]
    if not bare:
        return ""
    digits = [sign for sign in bare if sign.isdigit()]
    if len(digits) * 2 >= len(bare):
        return f"…{''.join(digits[-2:])}" if len(digits) > 3 else "…"
    return f"{bare[0]}…" if bare[0].isprintable() else "…"
