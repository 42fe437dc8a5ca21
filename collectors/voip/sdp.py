"""Where shall the media of a call go, and in which codecs? A session description (SDP, RFC 8866), read.

Also: how it is answered (RFC 3264), encrypted (RFC 4568, RFC 5763), and how keys are sent (RFC 4733).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from collectors.voip.unreadable import Unreadable

__all__ = ["STATIC", "Attribute", "Format", "Media", "Session", "common_formats", "read"]

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Attribute = tuple[str, str | None]

_LONGEST, _MOST_LINES = 65_535, 2_000
_DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")
_MEDIA = re.compile(r"([A-Za-z0-9.+!#$%&'*^_`{|}~-]+) (\d{1,5})(?:/(\d{1,3}))? (\S+) (\S.*)")
_CONNECTION = re.compile(r"IN (IP4|IP6) ([^\s/]+)(?:/\S*)?")
_RTPMAP = re.compile(r"(\d{1,3}) ([^/\s]+)/(\d{1,6})(?:/(\d{1,2}))?")
# Payload types that need no rtpmap (RFC 3551, table 4): encoding, clock.
STATIC = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    5: ("DVI4", 8000),
    6: ("DVI4", 16000),
    7: ("LPC", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    10: ("L16", 44100),
    11: ("L16", 44100),
    12: ("QCELP", 8000),
    13: ("CN", 8000),
    14: ("MPA", 90000),
    15: ("G728", 8000),
    16: ("DVI4", 11025),
    17: ("DVI4", 22050),
    18: ("G729", 8000),
    19: ("CN", 8000),
    25: ("CELB", 90000),
    26: ("JPEG", 90000),
    28: ("NV", 90000),
    31: ("H261", 90000),
    32: ("MPV", 90000),
    33: ("MP2T", 90000),
    34: ("H263", 90000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One payload type: encoding in upper case ('' when nothing names it), clock in Hz (0 so), channels, fmtp as written."""

    number: int
    encoding: str = ""
    clock: int = 0
    channels: int = 1
    parameters: str = ""

    @property
    def key(self) -> tuple[str, int, int]:
        """What two descriptions must have alike to mean the same, whatever number each gives it."""
        return self.encoding, self.clock, self.channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One m= line and what belongs to it.

    kind: 'audio' … port: 0 for refused (RFC 3264, section 6). address: from its own c= or the session's, '' for none.
    words: the formats as written, of which `formats` are the payload types of RTP.
    """

    kind: str
    port: int
    protocol: str
    words: tuple[str, ...]
    address: str
    attributes: tuple[Attribute, ...]
    formats: tuple[Format, ...]
    direction: Direction

    def value(self, name: str) -> str | None:
        """Of the first attribute of a name; '' for one without a value, None for none."""
        return next((value or "" for key, value in self.attributes if key == name), None)

    @property
    def ptime(self) -> int | None:
        """Milliseconds in a packet, as wished (section 6.4)."""
        value = self.value("ptime") or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 5 else None

    @property
    def telephone_event(self) -> Format | None:
        """How pressed keys are sent, as RFC 4733 has it."""
        return next((one for one in self.formats if one.encoding == "TELEPHONE-EVENT"), None)

    @property
    def crypto(self) -> tuple[str, ...]:
        """The suites of a=crypto (RFC 4568), without their keys."""
        lines = (value.split() for key, value in self.attributes if key == "crypto" and value)
        return tuple(words[1] for words in lines if len(words) > 1)

    @property
    def fingerprint(self) -> str | None:
        """Of a certificate for DTLS-SRTP (RFC 8122)."""
        return self.value("fingerprint")

    @property
    def secured(self) -> bool:
        """Whether the media are encrypted, by the profile or by keys that are offered beside it."""
        return "SAVP" in self.protocol or bool(self.crypto) or self.fingerprint is not None

    @property
    def held(self) -> bool:
        """Whether nothing is to be heard: direction, or the old address 0.0.0.0 (RFC 3264, section 8.4)."""
        return self.direction != "sendrecv" or self.address in {"0.0.0.0", "::"}  # noqa: S104 - what is read.


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """origin: the address in o=; number, version: of the session there, as text; address: of c=, '' for none."""

    origin: str
    number: str
    version: str
    name: str
    address: str
    attributes: tuple[Attribute, ...]
    media: tuple[Media, ...]

    @property
    def audio(self) -> Media | None:
        """The first audio that was not refused."""
        return next((one for one in self.media if one.kind == "audio" and one.port), None)


def read(raw: bytes) -> Session:
    r"""Read a description; line ends may lack the CR (section 5). Raises Unreadable.

    >>> said = read(b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 8 101\n"
    ...             b"a=rtpmap:101 telephone-event/8000\na=ptime:20\na=sendonly\n")
    >>> audio = said.audio
    >>> audio.address, audio.port, audio.ptime, audio.direction, [one.encoding for one in audio.formats]
    ('192.0.2.1', 4000, 20, 'sendonly', ['PCMA', 'TELEPHONE-EVENT'])
    """
    if len(raw) > _LONGEST:
        raise Unreadable(f"the description is larger than {_LONGEST} bytes", _LONGEST)
    lines = [line.rstrip("\r") for line in raw.decode("utf-8", "surrogateescape").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) > _MOST_LINES:
        raise Unreadable(f"the description has more than {_MOST_LINES} lines")
    if not lines or lines[0] != "v=0":
        raise Unreadable("the description does not begin with 'v=0'")
    blocks = _blocks(lines)
    session = _values(blocks[0])
    origin = session.get("o", [""])[0].split(" ")
    if len(origin) != 6:
        raise Unreadable("o= does not name user, session, version and address")
    address = _address(session.get("c", []))
    attributes = _attributes(session)
    return Session(
        origin=origin[5],
        number=origin[1],
        version=origin[2],
        name=session.get("s", [""])[0],
        address=address,
        attributes=attributes,
        media=tuple(_media(block, address, attributes) for block in blocks[1:]),
    )


def _blocks(lines: list[str]) -> list[list[tuple[str, str]]]:
    """The lines of the session, and those of each medium, each as letter and value."""
    blocks: list[list[tuple[str, str]]] = [[]]
    at = 0
    for line in lines:
        if len(line) < 2 or line[1] != "=" or not (line[0].isascii() and line[0].islower()):
            raise Unreadable("a line is not 'x=value'", at)
        if line[0] == "m":
            blocks.append([])
        blocks[-1].append((line[0], line[2:]))
        at += len(line) + 1
    return blocks


def _values(block: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for letter, value in block:
        found.setdefault(letter, []).append(value)
    return found


def _address(lines: list[str]) -> str:
    if not lines:
        return ""
    match = _CONNECTION.fullmatch(lines[0].strip())
    if match is None:
        raise Unreadable("c= is not 'IN IP4 address' or 'IN IP6 address'")
    return match[2].lower()


def _attributes(values: dict[str, list[str]]) -> tuple[Attribute, ...]:
    split = (value.partition(":") for value in values.get("a", []))
    return tuple((name.strip().lower(), value.strip() if colon else None) for name, colon, value in split)


def _media(block: list[tuple[str, str]], address: str, of_session: tuple[Attribute, ...]) -> Media:
    values = _values(block)
    match = _MEDIA.fullmatch(values["m"][0].strip())
    if match is None or int(match[2]) > 65_535:
        raise Unreadable("m= is not 'kind port protocol formats'")
    attributes = _attributes(values)
    words = tuple(match[5].split())
    return Media(
        kind=match[1].lower(),
        port=int(match[2]),
        protocol=match[4].upper(),
        words=words,
        address=_address(values.get("c", [])) or address,
        attributes=attributes,
        formats=_formats(words, attributes) if "RTP/" in match[4].upper() else (),
        direction=_direction(attributes) or _direction(of_session) or "sendrecv",
    )


def _direction(attributes: tuple[Attribute, ...]) -> Direction | None:
    for name, value in attributes:
        for direction in _DIRECTIONS:
            if name == direction and value is None:
                return direction
    return None


def _formats(words: tuple[str, ...], attributes: tuple[Attribute, ...]) -> tuple[Format, ...]:
    known: dict[int, Format] = {}
    for word in words:
        if not (word.isascii() and word.isdigit() and int(word) < 128):
            raise Unreadable("a payload type is no number below 128")
        encoding, clock = STATIC.get(int(word), ("", 0))
        known.setdefault(int(word), Format(number=int(word), encoding=encoding, clock=clock))
    for name, value in attributes:
        if name == "rtpmap" and (match := _RTPMAP.match(value or "")) and int(match[1]) in known:
            known[int(match[1])] = replace(
                known[int(match[1])],
                encoding=match[2].upper(),
                clock=int(match[3]),
                channels=int(match[4] or 1),
            )
        elif name == "fmtp":
            number, _, text = (value or "").partition(" ")
            if number.isascii() and number.isdigit() and len(number) < 4 and int(number) in known:
                known[int(number)] = replace(known[int(number)], parameters=text.strip())
    return tuple(known.values())


def common_formats(ours: Media, theirs: Media) -> tuple[Format, ...]:
    """What of theirs we know as well, in their order, without the events of keys and comfort noise."""
    mine = {one.key for one in ours.formats}
    return tuple(
        one for one in theirs.formats if one.key in mine and one.encoding not in {"", "TELEPHONE-EVENT", "CN"}
    )
