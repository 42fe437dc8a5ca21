"""What do the objects of an SNMP answer say? One pass over their bytes (RFC 3416, section 3; X.690 for BER).

pysnmp takes its hundred microseconds for each object, so the list of them is cut out of a response before pysnmp reads
the rest, and is read here: strict, never beyond its end, in as many steps as it has bytes. What is not in the plain form
that agents send is left to pysnmp as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from collectors.varbind import Oid, Smi, Varbind

__all__ = ["Cut", "UnreadableError", "cut_message", "cut_scoped", "read_varbinds", "varbind_of"]

_INTEGER, _OCTETS, _NAME, _SEQUENCE, _RESPONSE = 0x02, 0x04, 0x06, 0x30, 0xA2
_NOTHING = b"\x30\x00"
_ARC = 1 << 32
_MOST_ARCS = 128
# Of five bytes each at the most.
_MOST_BYTES = 5 * _MOST_ARCS


class UnreadableError(ValueError):
    """Bytes that are no variable-bindings."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A response without its objects, and the bytes of these. head: what stood before the PDU, as values."""

    rest: bytes
    objects: bytes
    head: tuple[bytes, ...]


def cut_message(wire: bytes) -> Cut | None:
    """Cut the objects out of a message of version 2c (RFC 1901); nothing where it is not a plain response."""
    return _cut(wire, (_INTEGER, _OCTETS))


def cut_scoped(plain: bytes) -> Cut | None:
    """Cut the objects out of a scoped PDU of version 3 (RFC 3412, section 6); nothing where it is not a plain response."""
    return _cut(plain, (_OCTETS, _OCTETS))


def read_varbinds(raw: bytes) -> tuple[Varbind, ...]:
    """Read the content of a list of variable-bindings, whole. Raises UnreadableError."""
    found, at = [], 0
    try:
        while at < len(raw):
            at, end = _opened(raw, at, _SEQUENCE)
            name, stop = _opened(raw, at, _NAME)
            tag = raw[stop]
            value, at = _sized(raw, stop + 1)
            if at != end or end > len(raw):
                raise UnreadableError("an object is longer or shorter than it says")
            smi, read = _READERS[tag]
            found.append(Varbind(_oid(raw[name:stop]), smi, read(raw[value:end])))
    except IndexError:
        raise UnreadableError("the list of objects ends in the middle of one") from None
    except KeyError:
        raise UnreadableError(f"a value of an unknown type, {tag}") from None
    return tuple(found)


def _cut(raw: bytes, tags: tuple[int, ...]) -> Cut | None:
    """The objects of a response that stands after values of these types."""
    try:
        at, end = _opened(raw, 0, _SEQUENCE)
        before, head = at, []
        for tag in tags:
            value, at = _opened(raw, at, tag)
            head.append(raw[value:at])
        prefix = raw[before:at]
        pdu, stop = _opened(raw, at, _RESPONSE)
        at = pdu
        for _ in range(3):
            _, at = _opened(raw, at, _INTEGER)
        numbers = raw[pdu:at]
        objects, last = _opened(raw, at, _SEQUENCE)
    except (IndexError, UnreadableError):
        return None
    if not last == stop == end <= len(raw):
        return None
    inner = prefix + _tlv(_RESPONSE, numbers + _NOTHING)
    return Cut(_tlv(_SEQUENCE, inner), raw[objects:last], tuple(head))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return bytes((tag, 0x82, size >> 8, size & 0xFF)) + content


def _opened(raw: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of what stands here begins and ends. Raises IndexError, UnreadableError."""
    if raw[at] != tag:
        raise UnreadableError(f"type {raw[at]} where {tag} must be")
    return _sized(raw, at + 1)


def _sized(raw: bytes, at: int) -> tuple[int, int]:
    size = raw[at]
    if size < 0x80:
        return at + 1, at + 1 + size
    count = size & 0x7F
    if not 1 <= count <= 4:
        raise UnreadableError("a length without an end, or of more than four bytes")
    begin = at + 1 + count
    if begin > len(raw):
        raise UnreadableError("the end of the message in the middle of a length")
    return begin, begin + int.from_bytes(raw[at + 1 : begin], "big")


def _oid(content: bytes) -> Oid:
    if content[-1] & 0x80:
        raise UnreadableError("a name without an end")
    if len(content) > _MOST_BYTES:
        raise UnreadableError("a name of more than 128 parts")
    # Most names in an answer have small arcs alone, which stand there as they are.
    arcs = content if max(content) < 0x80 else _long_arcs(content)
    first = arcs[0]
    name = (*(divmod(first, 40) if first < 80 else (2, first - 80)), *arcs[1:])
    if len(name) > _MOST_ARCS or max(name) >= _ARC:
        raise UnreadableError("a name of more than 128 parts, or with one that is too large")
    return name


def _long_arcs(content: bytes) -> list[int]:
    """The parts of a name, the first two still in one (X.690, section 8.19)."""
    arcs, arc = [], 0
    for byte in content:
        if byte < 0x80:
            arcs.append(arc | byte)
            arc = 0
        elif byte == 0x80 and not arc:
            raise UnreadableError("a part of a name that begins with nothing")
        else:
            arc = (arc | byte & 0x7F) << 7
    return arcs


def _signed(content: bytes) -> int:
    number = int.from_bytes(content, "big", signed=True)
    if not content or not -(1 << 31) <= number < 1 << 31:
        raise UnreadableError("an INTEGER that is none of 32 bits")
    return number


def _unsigned(bits: int) -> Callable[[bytes], int]:
    def read(content: bytes) -> int:
        # Many agents leave the zero out that must stand before a highest bit: what they mean is no negative number.
        number = int.from_bytes(content, "big")
        if not content or number >> bits:
            raise UnreadableError(f"a number that is none of {bits} bits")
        return number

    return read


def _address(content: bytes) -> bytes:
    if len(content) != 4:
        raise UnreadableError("an address that is not four bytes long")
    return content


def _name(content: bytes) -> Oid:
    # No name at all is how many agents write the empty one, zeroDotZero (RFC 2578).
    return _oid(content) if content else (0, 0)


def _nothing(content: bytes) -> None:
    if content:
        raise UnreadableError("a value where none can be")


_READERS: dict[int, tuple[Smi, Callable[[bytes], int | bytes | Oid | None]]] = {
    Smi.INTEGER.value: (Smi.INTEGER, _signed),
    Smi.OCTETS.value: (Smi.OCTETS, bytes),
    Smi.NULL.value: (Smi.NULL, _nothing),
    Smi.OID.value: (Smi.OID, _name),
    Smi.ADDRESS.value: (Smi.ADDRESS, _address),
    Smi.COUNTER32.value: (Smi.COUNTER32, _unsigned(32)),
    Smi.GAUGE32.value: (Smi.GAUGE32, _unsigned(32)),
    Smi.TIMETICKS.value: (Smi.TIMETICKS, _unsigned(32)),
    Smi.OPAQUE.value: (Smi.OPAQUE, bytes),
    Smi.COUNTER64.value: (Smi.COUNTER64, _unsigned(64)),
    Smi.NO_SUCH_OBJECT.value: (Smi.NO_SUCH_OBJECT, _nothing),
    Smi.NO_SUCH_INSTANCE.value: (Smi.NO_SUCH_INSTANCE, _nothing),
    Smi.END_OF_VIEW.value: (Smi.END_OF_VIEW, _nothing),
}


def varbind_of(name: Any, value: Any) -> Varbind:  # noqa: ANN401 - the library's own values.
    """One object as pysnmp decoded it. Raises UnreadableError."""
    while hasattr(value, "getComponent"):
        value = value.getComponent()
    tag = value.tagSet.superTags[-1]
    try:
        smi = Smi(tag.tagClass | tag.tagId)
    except ValueError:
        raise UnreadableError(f"a value of an unknown type, {tag.tagClass | tag.tagId}") from None
    oid = tuple(int(arc) for arc in name)
    match smi:
        case Smi.INTEGER | Smi.COUNTER32 | Smi.GAUGE32 | Smi.TIMETICKS | Smi.COUNTER64:
            return Varbind(oid, smi, int(value))
        case Smi.OCTETS | Smi.ADDRESS | Smi.OPAQUE:
            return Varbind(oid, smi, bytes(value))
        case Smi.OID:
            return Varbind(oid, smi, tuple(int(arc) for arc in value))
        case Smi.NULL | Smi.NO_SUCH_OBJECT | Smi.NO_SUCH_INSTANCE | Smi.END_OF_VIEW:
            return Varbind(oid, smi, None)
