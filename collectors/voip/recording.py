"""Which packets does a capture hold? Reads pcap and pcapng as a stream, in bounded memory, and never trusts a length.

pcap: draft-ietf-opsawg-pcap, both byte orders, micro- and nanoseconds. pcapng: draft-ietf-opsawg-pcapng, several sections
and interfaces. What cannot be read ends the reading with a word for it; the packets before it have been given.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, NamedTuple

__all__ = ["Packet", "Recording", "Trouble"]

_CHUNK = 1 << 20
# The largest packet that tcpdump and Wireshark write, and more than any block of pcapng that matters here.
_LARGEST = 262_144
_LARGEST_BLOCK = 16 << 20
_MOST_INTERFACES = 4_096
_NANO = 1_000_000_000
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
_OTHERS = {
    b"\x1f\x8b": "it is compressed with gzip: unpack it first (gunzip)",
    b"PK": "it is a ZIP archive: unpack it first",
    b"BZ": "it is compressed with bzip2: unpack it first (bunzip2)",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd: unpack it first (unzstd)",
    b"\xfd7zX": "it is compressed with xz: unpack it first (unxz)",
    b"snoop\x00": "it is a capture of snoop: convert it with editcap -F pcapng",
    b"RTSS": "it is a capture of Microsoft Network Monitor: convert it with editcap -F pcapng",
    b"GMBU": "it is a capture of Microsoft Network Monitor: convert it with editcap -F pcapng",
}


class Trouble(StrEnum):
    """Why a reading ended early. NO_CAPTURE: it is something else. CUT: it ends in the middle. DAMAGED: a length is absurd."""

    NONE = ""
    NO_CAPTURE = "no-capture"
    CUT = "cut"
    DAMAGED = "damaged"


class Packet(NamedTuple):
    """One packet. time: ns since 1970; link: LINKTYPE as tcpdump.org numbers them; size: how long it was on the wire."""

    time: int
    link: int
    data: bytes
    size: int


class _Ended(Exception):  # noqa: N818 - how a reading ends, and no error of ours.
    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


@dataclass(slots=True)
class Recording:
    """A capture that is read once, from front to back.

    trouble, detail: why it ended early; offset: how many bytes were understood; both count once the packets were given.
    """

    source: BinaryIO
    trouble: Trouble = Trouble.NONE
    detail: str = ""
    offset: int = 0
    _data: bytes = field(default=b"", repr=False)
    _at: int = 0

    def packets(self) -> Iterator[Packet]:
        """Give every packet in the order of the file; stops at what cannot be read."""
        try:
            magic = self._need(4)
            if magic in _MAGICS:
                yield from self._pcap(*_MAGICS[magic])
            elif magic == b"\x0a\x0d\x0d\x0a":
                yield from self._pcapng()
            else:
                self.trouble, self.detail = Trouble.NO_CAPTURE, _what_it_is(magic)
        except _Ended as end:
            self.trouble, self.detail = end.trouble, str(end)

    def _pcap(self, order: str, unit: int) -> Iterator[Packet]:
        link = struct.unpack(order + "HHiIII", self._need(20, "the file's header"))[5] & 0xFFFF
        head = struct.Struct(order + "IIII")
        unpack, step = head.unpack_from, head.size
        most = _NANO // unit
        while True:
            data, at = self._data, self._at
            if len(data) - at < step:
                if not self._fill(step):
                    return
                data, at = self._data, self._at
            seconds, parts, length, size = unpack(data, at)
            if length > _LARGEST or parts >= most:
                raise _Ended(Trouble.DAMAGED, f"a packet of {length} bytes at offset {self.offset}")
            end = at + step + length
            if len(data) < end:
                if not self._fill(step + length):
                    raise _Ended(Trouble.CUT, f"the last packet lacks {end - len(self._data)} bytes")
                data, at = self._data, self._at
                end = at + step + length
            self._at = end
            self.offset += step + length
            yield Packet(seconds * _NANO + parts * unit, link, data[at + step : end], size)

    def _pcapng(self) -> Iterator[Packet]:
        order = "<"
        interfaces: list[tuple[int, int, int, int]] = []
        kind: int = _SECTION
        while True:
            if kind == _SECTION:
                order, interfaces = self._section(), []
            else:
                length = struct.unpack(order + "I", self._need(4, "a block"))[0]
                if length < 12 or length > _LARGEST_BLOCK:
                    raise _Ended(Trouble.DAMAGED, f"a block of {length} bytes at offset {self.offset}")
                body = self._need(length + (-length % 4) - 12, "a block")
                if struct.unpack(order + "I", self._need(4, "a block"))[0] != length:
                    raise _Ended(Trouble.DAMAGED, f"a block says two lengths at offset {self.offset}")
                if kind == _INTERFACE:
                    interfaces.append(_interface(order, body))
                    if len(interfaces) > _MOST_INTERFACES:
                        raise _Ended(Trouble.DAMAGED, f"more than {_MOST_INTERFACES} interfaces")
                elif kind in {_ENHANCED, _SIMPLE, _OLD_PACKET}:
                    yield _packet(order, kind, body, interfaces)
            if len(self._data) - self._at < 4 and not self._fill(4):
                return
            kind = struct.unpack(order + "I", self._need(4))[0]

    def _section(self) -> str:
        """Which byte order a section has, whose first four bytes were read."""
        length, magic = self._need(4, "the file's header"), self._need(4, "the file's header")
        if magic not in {b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"}:
            raise _Ended(Trouble.NO_CAPTURE, "a section of pcapng without its byte order")
        order = "<" if magic[0] == 0x4D else ">"
        size = struct.unpack(order + "I", length)[0]
        if size < 28 or size > _LARGEST_BLOCK:
            raise _Ended(Trouble.DAMAGED, f"a section's header of {size} bytes at offset {self.offset}")
        self._need(size + (-size % 4) - 12, "the file's header")
        return order

    def _need(self, count: int, where: str = "the file") -> bytes:
        if len(self._data) - self._at < count and not self._fill(count, must=True):
            raise _Ended(Trouble.CUT, f"{where} ends in the middle")
        found = self._data[self._at : self._at + count]
        self._at += count
        self.offset += count
        return found

    def _fill(self, count: int, *, must: bool = False) -> bool:
        """Have so many bytes ready; False at the end of the file. A rest that is too short is a cut packet."""
        while len(self._data) - self._at < count:
            more = self.source.read(_CHUNK)
            if not more:
                left = len(self._data) - self._at
                if left and not must:
                    raise _Ended(Trouble.CUT, f"the last packet is cut after {left} bytes")
                return False
            self._data = self._data[self._at :] + more
            self._at = 0
        return True


def _what_it_is(magic: bytes) -> str:
    if not magic:
        return "it is empty"
    known = next((words for start, words in _OTHERS.items() if magic.startswith(start[:4])), "")
    return known or "it begins as neither pcap nor pcapng does"


def _interface(order: str, body: bytes) -> tuple[int, int, int, int]:
    """Link type, units of time a second (or, when negative, the power of two), seconds to add, snap length."""
    if len(body) < 8:
        raise _Ended(Trouble.DAMAGED, "an interface of too few bytes")
    link, _, snap = struct.unpack_from(order + "HHI", body)
    units, offset, at = 10**6, 0, 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == 9 and length == 1:
            power = value[0] & 0x7F
            units = 2 ** min(power, 62) if value[0] & 0x80 else 10 ** min(power, 18)
        elif code == 14 and length == 8:
            offset = struct.unpack(order + "q", value)[0]
        at += 4 + length + (-length % 4)
    return link, units, offset, snap


def _packet(order: str, kind: int, body: bytes, interfaces: list[tuple[int, int, int, int]]) -> Packet:
    shape = {_ENHANCED: "IIIII", _OLD_PACKET: "HHIIII", _SIMPLE: "I"}[kind]
    start = struct.calcsize(order + shape)
    if len(body) < start:
        raise _Ended(Trouble.DAMAGED, "a packet's block of too few bytes")
    number, high, low, length, size = 0, 0, 0, 0, 0
    match kind:
        case 6:
            number, high, low, length, size = struct.unpack_from(order + shape, body)
        case 2:
            number, _, high, low, length, size = struct.unpack_from(order + shape, body)
        case _:
            (size,) = struct.unpack_from(order + shape, body)
    if number >= len(interfaces):
        raise _Ended(Trouble.DAMAGED, f"a packet of interface {number}, which is not there")
    link, units, offset, snap = interfaces[number]
    if kind == _SIMPLE:
        length = min(size, snap or size, len(body) - start)
    if length > len(body) - start or length > _LARGEST:
        raise _Ended(Trouble.DAMAGED, f"a packet of {length} bytes in a block of {len(body)}")
    time = (high << 32 | low) * _NANO // units + offset * _NANO
    return Packet(time, link, body[start : start + length], size)
