"""How many SIP messages a second are read on one core? Beside the mail parser of the standard library.

It reads the same header fields and body in the same form (RFC 5322), and checks far less: no first line, no names of
fields, no length of the body.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from email.parser import BytesParser

from collectors.voip.message import read
from tests.bench.row import Row, at_least

__all__ = ["measure"]

MESSAGES, ROUNDS = 20_000, 3
WANTED = 20_000.0
# An INVITE as it comes over two proxies.
_INVITE = (
    b"Via: SIP/2.0/UDP bigbox3.site3.atlanta.example.com;branch=z9hG4bK77ef4c2312983.1\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8;received=192.0.2.1\r\n"
    b"Max-Forwards: 69\r\n"
    b"Record-Route: <sip:p1.atlanta.example.com;lr>\r\n"
    b"To: Bob <sip:bob@biloxi.example.com>\r\n"
    b'From: "Alice, A." <sip:alice@atlanta.example.com>;tag=1928301774\r\n'
    b"Call-ID: a84b4c76e66710\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:alice@pc33.atlanta.example.com>\r\n"
    b"User-Agent: a phone\r\n"
    b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 135\r\n\r\n"
    b"v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 3456 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
)
_START = b"INVITE sip:bob@192.0.2.4 SIP/2.0\r\n"


def _ours() -> None:
    message = read(_START + _INVITE)
    if message.cseq.number != 314159 or message.via[0].branch != "z9hG4bK77ef4c2312983.1":
        raise RuntimeError("the message was read wrongly")


def _peer() -> None:
    if BytesParser().parsebytes(_INVITE)["CSeq"] != "314159 INVITE":
        raise RuntimeError("the message was read wrongly")


def _rate(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(MESSAGES):
        work()
    return MESSAGES / (time.perf_counter() - start)


def measure() -> list[Row]:
    """Messages a second by the clock, best of three in turn; ours also takes CSeq and the whole way (Via) apart."""
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        rounds = [(_rate(_ours), _rate(_peer)) for _ in range(ROUNDS)]
    finally:
        os.sched_setaffinity(0, cores)
    ours, peer = (max(column) for column in zip(*rounds, strict=True))
    return [
        at_least("sip messages on one core", "messages/s", ours, WANTED),
        at_least("sip messages beside the mail parser", "messages/s", ours, peer, 0.5),
    ]
