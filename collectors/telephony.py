"""What do a telephone system and we say to each other? The conversations over SIP, and what was heard in a call.

A collector gets the messages as they went over the wire, in their order, and reads them itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collectors.session import Reply

__all__ = ["Call", "Caller", "Heard", "Reported", "Sip", "SipTransport", "Sound", "Spoken", "Talk"]

SipTransport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One message. at: seconds since the conversation began in which we could hear; ours: whether we said it; wire: its bytes.

    What an answer to a challenge would betray of a password is not in it.
    """

    at: float
    ours: bool
    wire: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What was said, in its order, repetitions included.

    server: 'address:port' that was spoken to. strays: what came and was no message, or answered nothing of ours.
    """

    transport: SipTransport
    server: str
    began: datetime
    messages: tuple[Spoken, ...]
    strays: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came from one place as one stream (RTP, RFC 3550).

    source: 'address:port'; payload: the payload type of most packets; first, last: seconds after the call was answered.
    lost: packets that never came; runs: how many gaps they make; jitter: of the end, in ms, worst: the largest.
    """

    source: str
    ssrc: int
    payload: int
    packets: int
    lost: int
    runs: int
    late: int
    copies: int
    jitter: float
    worst: float
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the other end says of our stream (RTCP, RFC 3550, section 6.4.1).

    fraction: lost since its report before, 0 to 1; lost: altogether; jitter: in ms; highest: sequence number, 0 where
    it received nothing. round_trip: ms, None where it cannot be told.
    """

    fraction: float
    lost: int
    jitter: float
    highest: int
    round_trip: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What was sent and heard in a call.

    local: 'address:port' that we offered. toward: where the other end wants its sound, by its SDP; '' where it says
    nothing. held_back: why nothing was sent there, '' where it was. sent: packets; seconds: how long the call stood.
    strangers: packets that are no RTP, or came from elsewhere than the host's own addresses.
    """

    local: str
    toward: str
    held_back: str
    codec: str
    sent: int
    seconds: float
    heard: tuple[Heard, ...] = ()
    reports: tuple[Reported, ...] = ()
    strangers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A test call. sound: None where it was never answered. number: who was called."""

    number: str
    talk: Talk
    sound: Sound | None = None


class Sip(Protocol):
    """A telephone system, a proxy or a trunk, asked over SIP (RFC 3261) as a phone would; nobody is called.

    Whatever address an answer names (Contact, Record-Route, 302), only the host's own is ever spoken to.
    """

    async def options(self) -> Talk:
        """Ask what it can (RFC 3261, section 11). Raises Unanswered when nothing at all comes."""
        ...

    async def register(self) -> Talk:
        """Ask for the account's bindings, and where there are none bind it here for moments, and take that back.

        Bindings of others are never touched. Raises Unanswered when nothing at all comes.
        """
        ...

    async def certificate(self) -> Reply:
        """The certificate that it shows under TLS, trusted or not, in DER. Raises Unanswered."""
        ...


class Caller(Protocol):
    """A phone that may make one call to a number of the contract, for seconds."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Who may be called, in the contract's order."""
        ...

    async def call(self, number: str, *, seconds: float = 4.0) -> Call:
        """Call, send and hear sound, and hang up. Raises Unanswered when nothing at all comes.

        A number that the contract does not name is a ValueError, and nothing is sent. seconds: of sound, at most 5.
        """
        ...
