"""What does a DNS packet say? Questions into bytes and bytes into answers (RFC 1035, 6891), no sockets.

Whatever a server sends, reading it ends in an `Answer`, in `StrayError` (it belongs to another question) or
in `Unanswered` (`unparsable`).
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from datetime import datetime

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from collectors.session import Answer, Kind, Record, Transport, Unanswered

__all__ = ["LARGEST_UDP", "Sent", "StrayError", "answer_from", "query_for"]

# Offered to the server: fits into every path without fragments (dnsflagday.net/2020).
LARGEST_UDP = 1232

# Records whose data is nothing but numbers and names: lower case changes no meaning.
_ONLY_NAMES = frozenset({"AFSDB", "CNAME", "DNAME", "KX", "MX", "NS", "PTR", "RP", "RT", "SOA", "SRV"})


class StrayError(Exception):
    """The packet does not belong to the question that was asked."""


def query_for(  # noqa: PLR0913 - what one question can say.
    name: str, rtype: str, *, recurse: bool, edns: bool = True, signed: bool = False, unchecked: bool = False
) -> dns.message.QueryMessage:
    """Make one question with a fresh, unpredictable id. Raises ValueError when it is no question.

    signed: ask for signatures (DO), which only EDNS can say. unchecked: ask for what does not verify as well (CD).
    """
    try:
        owner = dns.name.from_text(name)
        kind = dns.rdatatype.from_text(rtype)
    except dns.exception.DNSException as error:
        raise ValueError(f"{name!r} {rtype!r} cannot be asked: {error}") from None
    if kind != dns.rdatatype.ANY and dns.rdatatype.is_metatype(kind):
        raise ValueError(f"{rtype} is not one question with one answer: zone transfers are not made here")
    return dns.message.make_query(
        owner,
        kind,
        use_edns=0 if edns else -1,
        payload=LARGEST_UDP if edns else None,
        want_dnssec=signed and edns,
        flags=(dns.flags.RD if recurse else 0) | (dns.flags.CD if unchecked else 0),
        id=secrets.randbelow(1 << 16),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where and how a question went. began: UTC; took: seconds until this packet came."""

    server: str
    transport: Transport
    began: datetime
    took: float


def answer_from(raw: bytes, query: dns.message.QueryMessage, sent: Sent) -> Answer:
    """Read one packet. Raises StrayError, or Unanswered when it claims to be the answer and cannot be read."""
    if len(raw) < 2 or int.from_bytes(raw[:2], "big") != query.id:
        raise StrayError
    if sent.transport == "udp" and len(raw) > LARGEST_UDP:
        raise Unanswered(Kind.UNPARSABLE, f"{len(raw)} bytes over UDP, where {LARGEST_UDP} were offered")
    try:
        message = _message(raw)
        if not query.is_response(message):
            raise StrayError
        return Answer(
            server=sent.server,
            transport=sent.transport,
            rcode=dns.rcode.to_text(message.rcode()),
            flags=frozenset(dns.flags.to_text(message.flags).split()),
            answer=_records(message.answer),
            authority=_records(message.authority),
            additional=_records(message.additional),
            began=sent.began,
            took=sent.took,
            edns=query.edns >= 0,
        )
    except (dns.exception.DNSException, ValueError, ArithmeticError, LookupError, struct.error) as error:
        detail = f"{len(raw)} bytes that are not a DNS answer ({type(error).__name__})"
        raise Unanswered(Kind.UNPARSABLE, detail) from error


def _message(raw: bytes) -> dns.message.Message:
    """Read a packet; one that says that it is cut may end anywhere behind its question."""
    try:
        return dns.message.from_wire(raw, one_rr_per_rrset=True, raise_on_truncation=True)
    except dns.message.Truncated as cut:
        message: dns.message.Message = cut.kwargs["message"]
        if not message.question:
            raise
        return message


def _records(section: list[dns.rrset.RRset]) -> tuple[Record, ...]:
    return tuple(
        _record(rrset, rdata.to_text())
        for rrset in section
        if rrset.rdclass == dns.rdataclass.IN
        for rdata in rrset
    )


def _record(rrset: dns.rrset.RRset, data: str) -> Record:
    rtype = dns.rdatatype.to_text(rrset.rdtype)
    name = rrset.name.to_text().lower()
    return Record(name, rtype, rrset.ttl, data.lower() if rtype in _ONLY_NAMES else data)
