"""What do the header fields of a SIP message say? Names in one spelling, lists taken apart (RFC 3261, section 7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from collectors.voip.unreadable import Unreadable

__all__ = ["COMPACT", "Headers", "Via", "canonical", "parameters", "split_list", "via_of"]

# RFC 3261 section 7.3.3, and what later registrations added (IANA, "SIP Parameters").
COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
# What begins, ends or separates in a list; in a quoted text a backslash takes the next sign's meaning away.
_SPECIAL = re.compile(r'\\.|["<>,;]', re.DOTALL)
_GAP = re.compile(r"[;\s]*")
_PARAMETER = re.compile(r'\s*([A-Za-z0-9.!%*_+`\'~-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)\s*)?', re.DOTALL)
_VIA = re.compile(
    r"\s*(SIP)\s*/\s*(2\.0)\s*/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)\s*(?::\s*(\d{1,5})\s*)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """A field's name in lower case and its long form. Raises Unreadable.

    >>> canonical("v"), canonical("Call-ID "), canonical("X-Own")
    ('via', 'call-id', 'x-own')
    """
    bare = name.rstrip(" \t")
    if not _TOKEN.fullmatch(bare):
        raise Unreadable("a header field has no proper name")
    lower = bare.lower()
    return COMPACT.get(lower, lower)


@dataclass(frozen=True, slots=True)
class Headers:
    """fields: name (canonical) and value as it came, in their order, duplicates kept; folded lines made one.

    Bytes that are no UTF-8 stand as lone surrogates, so that a message is written as it was read.
    """

    fields: tuple[tuple[str, str], ...]

    def first(self, name: str) -> str | None:
        """The value of the first field of a name (canonical), None when there is none."""
        for key, value in self.fields:
            if key == name:
                return value
        return None

    def every(self, name: str) -> tuple[str, ...]:
        """The values of all fields of a name, one a line of the message."""
        return tuple(value for key, value in self.fields if key == name)

    def listed(self, name: str) -> tuple[str, ...]:
        """The elements of a field that may hold a list, from all its lines (RFC 3261, section 7.3.1)."""
        return tuple(one for value in self.every(name) for one in split_list(value))

    def with_first(self, *fields: tuple[str, str]) -> Headers:
        """The same with fields before the others."""
        return Headers((*fields, *self.fields))

    def without(self, *names: str) -> Headers:
        return Headers(tuple(field for field in self.fields if field[0] not in names))


def split_list(value: str, by: str = ",") -> tuple[str, ...]:
    """The elements of a list: a separator in a quoted text or in angle brackets separates nothing.

    >>> split_list('"Doe, J." <sip:j@a.test;x=1,2>, sip:b@b.test')
    ('"Doe, J." <sip:j@a.test;x=1,2>', 'sip:b@b.test')
    """
    if by not in value:
        return (value.strip(),) if value.strip() else ()
    found, begin, inside = [], 0, ""
    for match in _SPECIAL.finditer(value):
        sign = match[0]
        if inside:
            inside = "" if sign == inside else inside
        elif sign in '"<':
            inside = '"' if sign == '"' else ">"
        elif sign == by:
            found.append(value[begin : match.start()])
            begin = match.end()
    found.append(value[begin:])
    return tuple(text for one in found if (text := one.strip()))


def parameters(text: str) -> dict[str, str | None]:
    """What stands behind a value as ';name=value'; names in lower case, quotes taken off. Raises Unreadable.

    >>> parameters(';branch=z9hG4bK1;rport ; x="a;b"')
    {'branch': 'z9hG4bK1', 'rport': None, 'x': 'a;b'}
    """
    found: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        # An empty parameter (';;') means nothing, and is met in the field.
        gap = _GAP.match(text, at)
        if gap is None or ";" not in gap[0]:
            if text[at:].strip():
                raise Unreadable("something stands where a parameter should", at)
            break
        at = gap.end()
        if at == len(text):
            break
        match = _PARAMETER.match(text, at)
        if match is None:
            raise Unreadable("a parameter has no proper name", at)
        value = match[2]
        found.setdefault(match[1].lower(), unquoted(value) if value else value)
        at = match.end()
    return found


def unquoted(value: str) -> str:
    r"""A quoted text without its quotes and backslashes; anything else as it is.

    >>> unquoted(r'"a \"b\""'), unquoted("c")
    ('a "b"', 'c')
    """
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """One station of a message (RFC 3261, section 20.42). host: without brackets; port: None for the default."""

    transport: str
    host: str
    port: int | None
    params: dict[str, str | None]

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""


def via_of(value: str) -> Via:
    """Read one element of Via. Raises Unreadable.

    >>> via_of("SIP / 2.0 / UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111")
    Via(transport='UDP', host='2001:db8::9:1', port=6050, params={'branch': 'z9hG4bKas3-111'})
    """
    match = _VIA.match(value)
    if match is None:
        raise Unreadable("Via is not 'SIP/2.0/TRANSPORT host:port'")
    port = int(match[5]) if match[5] else None
    if port is not None and not 0 < port < 65536:
        raise Unreadable("a port in Via is out of range", match.start(5))
    return Via(
        transport=match[3].upper(),
        host=match[4].strip("[]").lower(),
        port=port,
        params=parameters(value[match.end() :]),
    )
