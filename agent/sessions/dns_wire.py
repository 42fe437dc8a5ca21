"""Which records stand in a DNS message? Read from its bytes one by one (RFC 1035, section 4; RFC 6891, section 6.1).

The library reads every record; put together to sets, as it does with whole messages, they take twice the time, and how
a server wrote them would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire
from dns.rdtypes.ANY.OPT import OPT

__all__ = ["Asked", "Row", "Wire", "read_wire"]

_HEADER = 12
_LARGEST_TTL = 0x7FFFFFFF
# Servers that cannot or will not read a question need not repeat it (RFC 2136, section 2.2, and common sense).
_MAY_BE_MUTE = frozenset({dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})

# Name, type and class of a question.
Asked = tuple[dns.name.Name, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in the message."""

    name: dns.name.Name
    rtype: dns.rdatatype.RdataType
    rclass: int
    ttl: int
    data: dns.rdata.Rdata


@dataclass(slots=True, kw_only=True)
class Wire:
    """A message. sections: answer, authority, additional. opt: of EDNS, with its TTL, which holds version and flags."""

    id: int
    flags: int
    question: list[Asked]
    sections: tuple[list[Row], list[Row], list[Row]]
    opt: OPT | None = None
    opt_ttl: int = 0

    @property
    def rcode(self) -> dns.rcode.Rcode:
        return dns.rcode.from_flags(self.flags, self.opt_ttl)

    def answers(self, number: int, asked: Asked) -> bool:
        """Say whether it belongs to this question."""
        if not self.flags & dns.flags.QR or self.id != number:
            return False
        if dns.opcode.from_flags(self.flags) != dns.opcode.QUERY:
            return False
        if not self.question:
            return self.rcode in _MAY_BE_MUTE
        return all(one == asked for one in self.question)


def read_wire(raw: bytes) -> Wire:
    """Read a message; one that says that it is cut may end anywhere behind its question.

    Raises dns.exception.DNSException, and what the library's readers of single records raise.
    """
    if len(raw) < _HEADER:
        raise dns.message.ShortHeader
    parser = dns.wire.Parser(raw)
    number, flags, *counts = parser.get_struct("!HHHHHH")
    wire = Wire(id=number, flags=flags, question=[], sections=([], [], []))
    try:
        for _ in range(counts[0]):
            name = parser.get_name(decompress=True)
            rtype, rclass = parser.get_struct("!HH")
            wire.question.append((name, rtype, rclass))
        for section, count in zip(wire.sections, counts[1:], strict=True):
            section.extend(_records(parser, count, wire, is_last=section is wire.sections[2]))
        if parser.remaining():
            raise dns.message.TrailingJunk
    except dns.exception.FormError:
        if not flags & dns.flags.TC or not wire.question:
            raise
    return wire


def _records(parser: dns.wire.Parser, count: int, wire: Wire, *, is_last: bool) -> Iterator[Row]:
    for _ in range(count):
        name = parser.get_name(decompress=True)
        number, rclass, ttl, size = parser.get_struct("!HHIH")
        rtype = dns.rdatatype.RdataType.make(number)
        if rtype == dns.rdatatype.OPT and not (is_last and wire.opt is None and name == dns.name.root):
            raise dns.message.BadEDNS
        if rtype == dns.rdatatype.TSIG:
            raise dns.message.BadTSIG
        with parser.restrict_to(size):
            data = dns.rdata.from_wire_parser(dns.rdataclass.RdataClass.make(rclass), rtype, parser)
        if isinstance(data, OPT):
            wire.opt, wire.opt_ttl = data, ttl
        else:
            yield Row(name, rtype, rclass, ttl if ttl <= _LARGEST_TTL else 0, data)
