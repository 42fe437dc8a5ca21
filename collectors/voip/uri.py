"""Who is meant? Addresses in SIP: URIs (RFC 3261, section 19.1) and the names around them (section 20.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from collectors.voip.headers import parameters, unquoted
from collectors.voip.unreadable import Unreadable

__all__ = ["Address", "Uri", "address_of", "uri_of"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?)(?::(\d{1,5}))?")
# What may stand in the part before the '@' (section 25.1: user, password, escapes).
_USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]|%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*', re.DOTALL)
_WORDS = re.compile(r"[A-Za-z0-9.!%*_+`'~\s-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """scheme in lower case; user as it is written, with its password if any; host without brackets, in lower case.

    Of another scheme than sip and sips everything behind the colon is `rest`, and the others are empty.
    """

    scheme: str
    user: str = ""
    host: str = ""
    port: int | None = None
    params: dict[str, str | None]
    headers: str = ""
    rest: str = ""


def uri_of(text: str) -> Uri:
    """Read a URI. Raises Unreadable.

    >>> uri = uri_of("sips:alice;day=tue@[2001:db8::1]:5061;transport=tcp?subject=x")
    >>> uri.user, uri.host, uri.port, uri.params, uri.headers
    ('alice;day=tue', '2001:db8::1', 5061, {'transport': 'tcp'}, 'subject=x')
    """
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise Unreadable("there is no URI")
    if any(c.isspace() for c in rest):
        raise Unreadable("white space in a URI", len(scheme))
    if scheme.lower() not in {"sip", "sips"}:
        return Uri(scheme=scheme.lower(), params={}, rest=rest)
    user, at, place = rest.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise Unreadable("the user in a URI has signs that must be escaped", len(scheme) + 1)
    place, _, headers = place.partition("?")
    match = _HOST.match(place)
    if match is None:
        raise Unreadable("a URI names no host", len(text) - len(place))
    return Uri(
        scheme=scheme.lower(),
        user=user,
        host=_host(match[1]),
        port=_port(match[2]),
        params=_params(place[match.end() :]),
        headers=headers,
    )


def _host(written: str) -> str:
    if written.startswith("["):
        try:
            IPv6Address(written[1:-1])
        except AddressValueError as why:
            raise Unreadable("no IPv6 address stands in the brackets") from why
    return written.strip("[]").lower()


def _port(written: str | None) -> int | None:
    if written is None:
        return None
    if not 0 < int(written) < 65536:
        raise Unreadable("a port is out of range")
    return int(written)


def _params(text: str) -> dict[str, str | None]:
    """Parameters of a URI: other signs are allowed than in those of a header field (section 25.1, uri-parameter)."""
    if text and not text.startswith(";"):
        raise Unreadable("the host in a URI is not a name, an IPv4 address or an IPv6 address in brackets")
    found: dict[str, str | None] = {}
    for one in text.split(";"):
        name, equal, value = one.partition("=")
        if name:
            found.setdefault(name.lower(), value if equal else None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A name-addr or addr-spec: display: the name shown, '' for none; uri: as written; params: of the header field."""

    display: str
    uri: str
    params: dict[str, str | None]

    @property
    def tag(self) -> str:
        return self.params.get("tag") or ""


def address_of(value: str) -> Address:
    """Read one element of From, To, Contact, Route … Raises Unreadable.

    >>> address_of('"A. B." <sip:a@b.test;lr>;tag=1')
    Address(display='A. B.', uri='sip:a@b.test;lr', params={'tag': '1'})
    >>> address_of("sip:a@b.test;tag=1")
    Address(display='', uri='sip:a@b.test', params={'tag': '1'})
    """
    if "<" in value or '"' in value:
        return _named(value)
    bare = value.strip()
    uri, semicolon, rest = bare.partition(";")
    uri = uri.rstrip()
    if ":" not in uri or any(c.isspace() for c in uri):
        raise Unreadable("there is no URI")
    # Section 20.10: with a comma, a question mark or a semicolon it must stand in angle brackets.
    if "?" in uri or "," in uri:
        raise Unreadable("a URI with a question mark or comma must stand in angle brackets")
    return Address(display="", uri=uri, params=parameters(semicolon + rest))


def _named(value: str) -> Address:
    """A URI in angle brackets, with or without a name before it."""
    quoted = _QUOTED.match(value)
    begin = quoted.end() if quoted else value.find("<")
    end = value.find(">", begin)
    if begin < 0 or end < 0 or value[begin] != "<" or not (quoted or _WORDS.fullmatch(value, 0, begin)):
        raise Unreadable("the name before a URI is neither quoted nor plain words, or a bracket is missing")
    uri = value[begin + 1 : end]
    if not _SCHEME.match(uri) or ":" not in uri or any(c.isspace() for c in uri):
        raise Unreadable("no URI stands in the angle brackets", begin)
    display = unquoted(quoted[1]) if quoted else " ".join(value[:begin].split())
    return Address(display=display, uri=uri, params=parameters(value[end + 1 :]))
