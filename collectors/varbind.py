"""What does one line of an SNMP answer say? An object's name, its type and its value (RFC 3416, RFC 2578).

As text a line is `OID|TAG|VALUE`, the form that snmpsim records (`.snmprec`): evidence and cases are written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Oid", "Smi", "Varbind", "VarbindError", "line_of", "oid_of", "read_lines", "rows"]

# The arcs of an object's name.
Oid = tuple[int, ...]


class Smi(IntEnum):
    """The types of values, by their BER tag (RFC 2578, section 2; the exceptions of RFC 3416, section 3)."""

    INTEGER = 2
    OCTETS = 4
    NULL = 5
    OID = 6
    ADDRESS = 64
    COUNTER32 = 65
    GAUGE32 = 66
    TIMETICKS = 67
    OPAQUE = 68
    COUNTER64 = 70
    NO_SUCH_OBJECT = 128
    NO_SUCH_INSTANCE = 129
    END_OF_VIEW = 130


_NUMBERS = frozenset({Smi.INTEGER, Smi.COUNTER32, Smi.GAUGE32, Smi.TIMETICKS, Smi.COUNTER64})
_OCTETS = frozenset({Smi.OCTETS, Smi.ADDRESS, Smi.OPAQUE})
_DOTTED = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10}){0,127}")


class VarbindError(ValueError):
    """A text that is no line of an SNMP answer."""


@dataclass(frozen=True, slots=True)
class Varbind:
    """value: an int for numbers, bytes for octets, addresses (4) and opaque ones, an `Oid` for names, None for none."""

    oid: Oid
    smi: Smi
    value: int | bytes | Oid | None

    @property
    def number(self) -> int | None:
        """Its value where it is a number."""
        return self.value if isinstance(self.value, int) else None

    @property
    def octets(self) -> bytes | None:
        """Its value where it is a string of octets."""
        return self.value if isinstance(self.value, bytes) else None

    @property
    def text(self) -> str:
        """Octets as text without a final NUL; bytes that are not UTF-8 appear as backslash escapes; empty for others."""
        return (self.octets or b"").rstrip(b"\0").decode("utf-8", "backslashreplace")


def oid_of(text: str) -> Oid:
    """Read a name. Raises VarbindError.

    >>> oid_of("1.3.6.1.2.1.1.3.0") == oid_of(".1.3.6.1.2.1.1.3.0") == (1, 3, 6, 1, 2, 1, 1, 3, 0)
    True
    """
    # Some recorders write a dot before it, as net-snmp does.
    dotted = text.removeprefix(".")
    if not _DOTTED.fullmatch(dotted):
        raise VarbindError(f"{text[:80]!r} is no object identifier")
    return tuple(map(int, dotted.split(".")))


def line_of(varbind: Varbind) -> str:
    r"""Write a line; octets that are not plain text are in hexadecimal ('4x').

    >>> line_of(Varbind((1, 3, 6), Smi.OCTETS, b"eth0")), line_of(Varbind((1, 3, 7), Smi.OCTETS, b"\0|"))
    ('1.3.6|4|eth0', '1.3.7|4x|007c')
    """
    name, tag, value = ".".join(map(str, varbind.oid)), str(varbind.smi.value), varbind.value
    match value:
        case bytes():
            plain = varbind.smi is Smi.OCTETS and value.isascii() and value.decode("ascii").isprintable()
            return f"{name}|{tag}|{value.decode('ascii')}" if plain else f"{name}|{tag}x|{value.hex()}"
        case tuple():
            return f"{name}|{tag}|{'.'.join(map(str, value))}"
        case int():
            return f"{name}|{tag}|{value}"
        case None:
            return f"{name}|{tag}|"


def read_lines(text: str) -> tuple[Varbind, ...]:
    """Read lines in their order; empty ones and those that begin with '#' say nothing. Raises VarbindError."""
    # Not splitlines: what it takes for ends of lines can be part of a value.
    return tuple(_read(line) for line in text.split("\n") if line.strip() and not line.startswith("#"))


def _read(line: str) -> Varbind:
    parts = line.removesuffix("\r").split("|", 2)
    if len(parts) != 3:
        raise VarbindError(f"{line[:80]!r} is no 'OID|TAG|VALUE'")
    name, tag, value = parts
    try:
        smi = Smi(int(tag.removesuffix("x")))
    except ValueError:
        raise VarbindError(f"{tag[:20]!r} is no type of a value") from None
    return Varbind(oid_of(name), smi, _value(smi, value, in_hex=tag.endswith("x")))


def _value(smi: Smi, text: str, *, in_hex: bool) -> int | bytes | Oid | None:
    try:
        if smi in _NUMBERS:
            return int(text)
        if smi in _OCTETS:
            if in_hex:
                return bytes.fromhex(text)
            dotted = smi is Smi.ADDRESS and _DOTTED.fullmatch(text)
            return bytes(map(int, text.split("."))) if dotted else text.encode()
    except ValueError:
        raise VarbindError(f"{text[:80]!r} is no value of the type {smi.name}") from None
    return oid_of(text) if smi is Smi.OID else None


def rows(varbinds: Iterable[Varbind], entry: Oid) -> dict[Oid, dict[int, Varbind]]:
    """Sort the objects below a table's entry by index, then by column; what lies elsewhere is left out.

    >>> found = rows(read_lines("1.3.1.2.7|2|5"), (1, 3, 1))
    >>> found[7,][2].value
    5
    """
    found: dict[Oid, dict[int, Varbind]] = {}
    for varbind in _below(varbinds, entry):
        column, *index = varbind.oid[len(entry) :]
        found.setdefault(tuple(index), {})[column] = varbind
    return found


def _below(varbinds: Iterable[Varbind], entry: Oid) -> Iterator[Varbind]:
    return (one for one in varbinds if len(one.oid) > len(entry) and one.oid[: len(entry)] == entry)
