"""What does a SIP message say? Bytes into a request or a response, and back (RFC 3261, section 7).

The reader holds a message to its outer form: start line, header fields, length of the body. What its fields say is
read when it is asked for (`headers`, `uri`), and what is wrong in them is `conform.flaws`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from collectors.voip.headers import Headers, Via, canonical, via_of
from collectors.voip.unreadable import Unreadable
from collectors.voip.uri import Address, address_of

__all__ = ["LARGEST", "MOST_FIELDS", "CSeq", "Message", "Request", "Response", "Unreadable", "read", "write"]

# Bytes of a whole message, and header fields in it. A datagram cannot hold more, and no honest message comes near.
LARGEST, MOST_FIELDS = 65_535, 256
_METHOD = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: ([^\r\n]*))?", re.IGNORECASE)
_FOLDED = re.compile(r"\r\n[ \t]+")
_CSEQ = re.compile(r"(\d{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)")
_WRITTEN = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
}


@dataclass(frozen=True, slots=True)
class CSeq:
    """The number of a request in its dialogue, and its method (RFC 3261, section 20.16)."""

    number: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What requests and responses have in common. surplus: bytes that came behind the body, in the same datagram."""

    headers: Headers
    body: bytes = b""
    surplus: int = field(default=0, compare=False)

    @property
    def via(self) -> tuple[Via, ...]:
        """The way back, nearest station first. Raises Unreadable."""
        return tuple(map(via_of, self.headers.listed("via")))

    @property
    def sender(self) -> Address:
        """From. Raises Unreadable."""
        return address_of(self._one("from"))

    @property
    def target(self) -> Address:
        """To. Raises Unreadable."""
        return address_of(self._one("to"))

    @property
    def call_id(self) -> str:
        return self.headers.first("call-id") or ""

    @property
    def cseq(self) -> CSeq:
        """Raises Unreadable."""
        match = _CSEQ.fullmatch(self._one("cseq"))
        if match is None:
            raise Unreadable("CSeq is no number and method")
        return CSeq(int(match[1]), match[2])

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Contact, Route, Record-Route …; the star of a REGISTER is none. Raises Unreadable."""
        return tuple(address_of(one) for one in self.headers.listed(name) if one != "*")

    def number(self, name: str) -> int | None:
        """A field that holds one number (Max-Forwards, Expires, Min-Expires …); None without it. Raises Unreadable."""
        value = self.headers.first(name)
        if value is None:
            return None
        digits = value.split("(")[0].split(";")[0].strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
            raise Unreadable(f"{name} is no number")
        return int(digits)

    def _one(self, name: str) -> str:
        value = self.headers.first(name)
        if value is None:
            raise Unreadable(f"{name} is missing")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(_Said):
    """method: as written, as case counts; uri: as written."""

    method: str
    uri: str

    @property
    def max_forwards(self) -> int | None:
        return self.number("max-forwards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(_Said):
    """code: 100 to 699; reason: the phrase, for people."""

    code: int
    reason: str = ""


Message = Request | Response


def read(raw: bytes) -> Message:
    r"""Read one datagram, or one message that `framing` cut from a stream. Raises Unreadable.

    Line breaks before it are passed over (section 7.5). Content-Length cuts the body; what follows counts as surplus.

    >>> said = read(b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a.test;branch=z9hG4bK1\r\nCSeq: 1\r\n OPTIONS\r\n\r\n")
    >>> said.code, said.via[0].host, said.cseq
    (200, 'a.test', CSeq(number=1, method='OPTIONS'))
    """
    if len(raw) > LARGEST:
        raise Unreadable(f"the message is larger than {LARGEST} bytes", LARGEST)
    begin = 0
    while raw.startswith(b"\r\n", begin):
        begin += 2
    end = raw.find(b"\r\n\r\n", begin)
    if end < 0:
        raise Unreadable("the header does not end", len(raw))
    head = raw[begin:end].decode("utf-8", "surrogateescape")
    breaks = head.count("\r\n")
    if head.count("\n") != breaks or head.count("\r") != breaks:
        raise Unreadable("a line ends in half a line break", begin)
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLDED.sub(" ", head)
    start, *lines = head.split("\r\n")
    headers = _fields(lines, begin)
    body, surplus = _body(headers, raw, end + 4)
    status = _STATUS.fullmatch(start)
    if status is not None:
        return Response(
            code=int(status[1]), reason=status[2] or "", headers=headers, body=body, surplus=surplus
        )
    method, uri = _request_line(start, begin)
    return Request(method=method, uri=uri, headers=headers, body=body, surplus=surplus)


def _fields(lines: list[str], begin: int) -> Headers:
    if len(lines) > MOST_FIELDS:
        raise Unreadable(f"there are more than {MOST_FIELDS} header fields", begin)
    found = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Unreadable("a header field has no colon", begin)
        found.append((canonical(name), value.strip(" \t")))
    return Headers(tuple(found))


def _body(headers: Headers, raw: bytes, begin: int) -> tuple[bytes, int]:
    """The body, and how many bytes came behind it."""
    said = headers.every("content-length")
    if not said:
        return raw[begin:], 0
    if len(said) > 1:
        raise Unreadable("there is more than one Content-Length", begin)
    size, there = length_of(said[0], begin), len(raw) - begin
    if size > there:
        raise Unreadable(f"Content-Length is {size}, and the body has {there} bytes", begin)
    return raw[begin : begin + size], there - size


def length_of(value: str, begin: int = 0) -> int:
    """What Content-Length says. Raises Unreadable."""
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise Unreadable("Content-Length is no number", begin)
    return int(value)


def _request_line(line: str, begin: int) -> tuple[str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or "\t" in line:
        if line[:4].upper() == "SIP/" and parts[0].upper() == "SIP/2.0":
            raise Unreadable("the status code is none", begin)
        raise Unreadable("the first line is neither a request's nor a response's", begin)
    method, uri, version = parts
    if version.upper() != "SIP/2.0":
        if method.upper() == "SIP/2.0":
            raise Unreadable("the status code is none", begin)
        raise Unreadable("it is no message of SIP 2.0", begin)
    if not _METHOD.fullmatch(method):
        raise Unreadable("the method has no proper name", begin)
    if not uri:
        raise Unreadable("the request names no URI", begin)
    return method, uri


def write(message: Message) -> bytes:
    r"""The message as it goes over the wire; Content-Length is counted here. Raises ValueError for what must not go.

    >>> write(Response(code=200, reason="OK", headers=Headers((("cseq", "1 OPTIONS"),))))
    b'SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n'
    """
    match message:
        case Request(method=method, uri=uri):
            start = f"{method} {uri} SIP/2.0"
        case Response(code=code, reason=reason):
            start = f"SIP/2.0 {code} {reason}"
    lines = [start]
    for name, value in message.headers.fields:
        if name != "content-length":
            lines.append(f"{_WRITTEN.get(name) or name.title()}: {value}")
    lines.append(f"Content-Length: {len(message.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header field would begin another one")
    return "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape") + message.body
