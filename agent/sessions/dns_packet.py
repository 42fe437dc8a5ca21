"""What does a DNS packet say? Questions into bytes and bytes into answers (RFC 1035, 6891), no sockets.

Whatever a server sends, reading it ends in an `Answer`, in `StrayError` (it belongs to another question) or
in `Unanswered` (`unparsable`).
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from agent.sessions.dns_wire import Asked, Row, Wire, read_wire
from collectors.exchange import asked_how
from collectors.session import Answer, Edns, Kind, Record, Transport, Unanswered

__all__ = ["LARGEST_UDP", "Query", "Question", "Sent", "StrayError", "answer_from", "query_for"]

# How an IXFR question begins, before the serial.
_CHANGES = "IXFR="
# Of a zone that is handed over no more is kept: they show that it would be.
_OF_A_TRANSFER = 2

# Offered to the server: fits into every path without fragments (dnsflagday.net/2020).
LARGEST_UDP = 1232

# Records whose data is nothing but numbers and names: lower case changes no meaning.
_ONLY_NAMES = frozenset({"AFSDB", "CNAME", "DNAME", "KX", "MX", "NS", "PTR", "RP", "RT", "SOA", "SRV"})


class StrayError(Exception):
    """The packet does not belong to the question that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to one server. edns: sent exactly so; None: the usual, or none where the server minds it."""

    name: str
    rtype: str
    transport: Transport = "udp"
    recurse: bool = False
    signed: bool = False
    unchecked: bool = False
    edns: Edns | None = None
    chaos: bool = False

    @property
    def is_transfer(self) -> bool:
        return self.rtype.startswith(_CHANGES)

    @property
    def how(self) -> str:
        """How it is asked, as its record names it."""
        return asked_how(
            recurse=self.recurse,
            signed=self.signed,
            unchecked=self.unchecked,
            edns=self.edns,
            chaos=self.chaos,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One packet that asks. id: its own, that nobody can guess. edns: whether it says that it understands EDNS."""

    id: int
    wire: bytes
    asked: Asked
    edns: bool


def query_for(question: Question, *, edns: bool = True) -> Query:
    """Make the packet, with a fresh, unpredictable id. Raises ValueError when it is no question.

    edns: False: without, and so without what only EDNS can say.
    """
    wire, asked = _written(question, edns=edns)
    number = secrets.randbelow(1 << 16)
    return Query(id=number, wire=number.to_bytes(2, "big") + wire[2:], asked=asked, edns=edns)


@lru_cache(maxsize=1024)
def _written(question: Question, *, edns: bool) -> tuple[bytes, Asked]:
    """The packet but for its id. A question is written twice at least: to see that it is one, and to be sent."""
    try:
        owner = dns.name.from_text(question.name)
        kind = dns.rdatatype.from_text(question.rtype.partition("=")[0])
    except dns.exception.DNSException as error:
        raise ValueError(f"{question.name!r} {question.rtype!r} cannot be asked: {error}") from None
    if kind != dns.rdatatype.ANY and dns.rdatatype.is_metatype(kind) and not question.is_transfer:
        raise ValueError(
            f"{question.rtype} is not one question with one answer: zones are not transferred here"
        )
    rclass = dns.rdataclass.CH if question.chaos else dns.rdataclass.IN
    flags = (dns.flags.RD if question.recurse else 0) | (dns.flags.CD if question.unchecked else 0)
    query = dns.message.make_query(owner, kind, rclass, flags=flags, id=0)
    if edns:
        said = question.edns or Edns(size=LARGEST_UDP)
        query.use_edns(
            said.version,
            said.flags | (dns.flags.DO if question.signed else 0),
            payload=said.size,
            options=[dns.edns.GenericOption(dns.edns.OptionType.make(code), b"") for code in said.options],
        )
    if question.is_transfer:
        query.authority.append(_since(owner, question.rtype.removeprefix(_CHANGES)))
    return query.to_wire(), (owner, kind, rclass)


def _since(zone: dns.name.Name, serial: str) -> dns.rrset.RRset:
    """What the asker has of a zone (RFC 1995, section 3)."""
    if not (serial.isascii() and serial.isdigit() and int(serial) < 1 << 32):
        raise ValueError(f"IXFR={serial} cannot be asked: a serial is a number below {1 << 32}")
    return dns.rrset.from_text(zone, 0, "IN", "SOA", f". . {serial} 0 0 0 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where and how a question went. began: UTC; took: seconds until this packet came."""

    server: str
    transport: Transport
    began: datetime
    took: float


def answer_from(raw: bytes, query: Query, sent: Sent) -> Answer:
    """Read one packet. Raises StrayError, or Unanswered when it claims to be the answer and cannot be read."""
    if len(raw) < 2 or int.from_bytes(raw[:2], "big") != query.id:
        raise StrayError
    if sent.transport == "udp" and len(raw) > LARGEST_UDP:
        raise Unanswered(Kind.UNPARSABLE, f"{len(raw)} bytes over UDP, where {LARGEST_UDP} were offered")
    try:
        wire = read_wire(raw)
        if not wire.answers(query.id, query.asked):
            raise StrayError
        _, rtype, rclass = query.asked
        answer, authority, additional = wire.sections
        if rtype == dns.rdatatype.IXFR:
            answer = answer[:_OF_A_TRANSFER]
        return Answer(
            server=sent.server,
            transport=sent.transport,
            rcode=dns.rcode.to_text(wire.rcode),
            flags=frozenset(dns.flags.to_text(wire.flags).split()),
            answer=_records(answer, rclass),
            authority=_records(authority, rclass),
            additional=_records(additional, rclass),
            began=sent.began,
            took=sent.took,
            edns=query.edns,
            opt=_opt(wire),
            size=len(raw),
            repeats=wire.question[0][0].to_text() if wire.question else "",
        )
    except (dns.exception.DNSException, ValueError, ArithmeticError, LookupError, struct.error) as error:
        detail = f"{len(raw)} bytes that are not a DNS answer ({type(error).__name__})"
        raise Unanswered(Kind.UNPARSABLE, detail) from error


def _opt(wire: Wire) -> Edns | None:
    if wire.opt is None:
        return None
    return Edns(
        version=wire.opt_ttl >> 16 & 0xFF,
        options=tuple(int(option.otype) for option in wire.opt.options),
        flags=wire.opt_ttl & 0x7FFF,
        size=wire.opt.rdclass,
    )


def _records(section: list[Row], rclass: int) -> tuple[Record, ...]:
    return tuple(_record(row) for row in section if row.rclass == rclass)


def _record(row: Row) -> Record:
    rtype, data = dns.rdatatype.to_text(row.rtype), row.data.to_text()
    name = row.name.to_text().lower()
    return Record(name, rtype, row.ttl, data.lower() if rtype in _ONLY_NAMES else data)
