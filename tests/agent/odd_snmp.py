"""A stand-in for an SNMP agent: real BER over real UDP, with the bad habits of devices on demand.

Messages are as RFC 3416 (sections 3 and 4.2), RFC 1901 and, for reports, RFC 3412 (section 6) and RFC 3414 have them.
The habits are those of devices that others have written down: an answer too big for the device, GetBulk that fails,
requests answered twice or with another number, names that go round in circles, numbers without their leading zero.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

__all__ = [
    "GET",
    "GETBULK",
    "GETNEXT",
    "OddSnmp",
    "Request",
    "Value",
    "asked_in",
    "ber",
    "integer",
    "octets",
    "oid",
    "report",
    "response",
    "unsigned",
]

Oid = tuple[int, ...]
# A value: its tag and its content.
Value = tuple[int, bytes]
GET, GETNEXT, GETBULK = 0xA0, 0xA1, 0xA5
_RESPONSE, _REPORT = 0xA2, 0xA8
END_OF_VIEW: Value = (0x82, b"")
NO_SUCH_OBJECT: Value = (0x80, b"")


def ber(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(number: int, tag: int = 2) -> bytes:
    return ber(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def octets(text: str) -> Value:
    return 4, text.encode()


def oid(name: Oid) -> bytes:
    content = bytearray()
    for arc in (name[0] * 40 + name[1], *name[2:]):
        piece = [arc & 0x7F]
        while arc := arc >> 7:
            piece.append(0x80 | arc & 0x7F)
        content += bytes(reversed(piece))
    return ber(6, bytes(content))


def _varbinds(rows: Sequence[tuple[Oid, Value]]) -> bytes:
    return ber(0x30, b"".join(ber(0x30, oid(name) + ber(*value)) for name, value in rows))


def response(number: int, rows: Sequence[tuple[Oid, Value]], status: int = 0, index: int = 0) -> bytes:
    return ber(_RESPONSE, integer(number) + integer(status) + integer(index) + _varbinds(rows))


@dataclass(frozen=True, slots=True)
class Request:
    """A question as it came. first, second: error-status and -index, or of GetBulk non-repeaters and max-repetitions."""

    kind: int
    number: int
    first: int
    second: int
    oids: tuple[Oid, ...]
    community: str
    message: int = 0


# What a habit makes of a question: the response's PDU, whole messages, or nothing.
Habit = Callable[[Request], bytes | Sequence[bytes] | None]


def _tlv(raw: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(raw):
        tag, size, at = raw[at], raw[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(raw[at : at + more], "big"), at + more
        found.append((tag, raw[at : at + size]))
        at += size
    return found


def _name(content: bytes) -> Oid:
    arcs, arc = [], 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    return (*divmod(arcs[0], 40), *arcs[1:])


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


@dataclass
class OddSnmp:
    """One agent on a port of its own: answers from `table`, or as `habit` says. heard: every question, in its order.

    most: objects in an answer before it is too big. elsewhere: the address from which answers leave, where it is not
    the one that was asked. reports: of version 3, the counters that are reported, in turn.
    """

    address: str = "127.0.0.1"
    community: str = "odd-community"
    table: dict[Oid, Value] = field(default_factory=dict)
    contexts: Mapping[str, dict[Oid, Value]] = field(default_factory=dict)
    most: int = 1_000
    habit: Habit | None = None
    elsewhere: str = ""
    reports: Sequence[Oid] = ()
    engine_id: bytes = bytes.fromhex("80001f8804") + b"odd-one"
    heard: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._line = socket.socket(family, socket.SOCK_DGRAM)
        self._line.bind((self.address, 0))
        self._line.settimeout(0.1)
        self._out = self._line
        if self.elsewhere:
            self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._out.bind((self.elsewhere, 0))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._line.close()
        self._out.close()

    @property
    def port(self) -> int:
        return int(self._line.getsockname()[1])

    def wrap(self, message: bytes, community: str = "") -> bytes:
        """A whole message of version 2c around a PDU."""
        name = (community or self.community).encode()
        return ber(0x30, integer(1) + ber(4, name) + message)

    def usual(self, asked: Request) -> bytes | None:
        """What an agent without habits answers; nothing to a community that it does not know (RFC 3584, 5.2.1)."""
        tables = {self.community: self.table}
        tables |= {f"{self.community}@{name}": table for name, table in self.contexts.items()}
        table = tables.get(asked.community)
        if table is None:
            return None
        names = sorted(table) if asked.kind != GET else []
        if asked.kind == GET:
            rows = [(name, table.get(name, NO_SUCH_OBJECT)) for name in asked.oids]
        else:
            steps = asked.second if asked.kind == GETBULK else 1
            rows = []
            for start in asked.oids:
                at = bisect_right(names, start)
                rows += [(name, table[name]) for name in names[at : at + steps]]
                if len(names) - at < steps:
                    rows.append((names[-1] if names else start, END_OF_VIEW))
        if len(rows) > self.most:
            return response(asked.number, [], status=1)
        return response(asked.number, rows)

    def _serve(self) -> None:
        reported = 0
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                raw, sender = self._line.recvfrom(65535)
                parts = _tlv(_tlv(raw)[0][1])
                if _number(parts[0][1]) == 3:
                    counter = self.reports[min(reported, len(self.reports) - 1)]
                    reported += 1
                    self._out.sendto(
                        report(_number(_tlv(parts[1][1])[0][1]), counter, self.engine_id), sender
                    )
                    continue
                asked = asked_in(raw)
                self.heard.append(asked)
                said = (self.habit or self.usual)(asked)
                for message in (
                    ()
                    if said is None
                    else (self.wrap(said, asked.community),)
                    if isinstance(said, bytes)
                    else said
                ):
                    self._out.sendto(message, sender)


def asked_in(message: bytes) -> Request:
    """The question in a message of version 2c."""
    _, (_, community), (kind, content) = _tlv(_tlv(message)[0][1])
    (_, number), (_, first), (_, second), (_, rows) = _tlv(content)
    names = tuple(_name(_tlv(row)[0][1]) for _, row in _tlv(rows))
    return Request(kind, _number(number), _number(first), _number(second), names, community.decode("latin-1"))


def report(message: int, counter: Oid, engine_id: bytes) -> bytes:
    """A report without authentication, as an agent sends it that cannot know who asks."""
    rows = _varbinds([(counter, (0x41, b"\1"))])
    return unsigned(message, engine_id, ber(_REPORT, b"".join([integer(0)] * 3) + rows))


def unsigned(message: int, engine_id: bytes, pdu: bytes, user: str = "") -> bytes:
    """A message of version 3 as anybody can write it: without authentication and privacy."""
    header = ber(0x30, integer(message) + integer(65507) + ber(4, b"\0") + integer(3))
    name = ber(4, user.encode()) + ber(4, b"") * 2
    security = ber(0x30, ber(4, engine_id) + integer(7) + integer(1234) + name)
    return ber(
        0x30, integer(3) + header + ber(4, security) + ber(0x30, ber(4, engine_id) + ber(4, b"") + pdu)
    )
