"""Where does one SIP message end and the next begin, on a connection? By Content-Length (RFC 3261, section 18.3)."""

from __future__ import annotations

import re

from collectors.voip.message import LARGEST, Message, length_of, read
from collectors.voip.unreadable import Unreadable

__all__ = ["Framing"]

_LENGTH = re.compile(rb"(?:^|\r\n)(?:content-length|l)[ \t]*:(?:[ \t]|\r\n[ \t])*([^\r\n]*)", re.IGNORECASE)
# A connection is kept open by empty lines (RFC 5626, section 3.5.1), which are no messages.
_BREAK = b"\r\n"
_HALVES = (_BREAK, _BREAK + b"\r")


class Framing:
    """Bytes in as they come, whole messages out. After Unreadable the place in the stream is lost: hang up.

    pings: how many double line breaks came between messages, which a server wants answered (RFC 5626).
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        # How far it was searched for the end of a header, and the size of the message once that is known.
        self._searched = 0
        self._wanted: int | None = None
        self.pings = 0

    @property
    def waiting(self) -> int:
        """Bytes of a message that is not whole yet."""
        return len(self._kept)

    def feed(self, more: bytes) -> list[Message]:
        """Give the messages that are whole now. Raises Unreadable."""
        return [read(raw) for raw in self.cut(more)]

    def cut(self, more: bytes) -> list[bytes]:
        """The same, as their bytes."""
        self._kept += more
        found: list[bytes] = []
        while (size := self._size()) is not None and len(self._kept) >= size:
            found.append(bytes(self._kept[:size]))
            del self._kept[:size]
            self._searched, self._wanted = 0, None
        return found

    def _size(self) -> int | None:
        """Of the first message, or None where its header is not whole."""
        if self._wanted is None:
            self._skip_breaks()
            end = self._kept.find(_BREAK * 2, max(0, self._searched - 3))
            self._searched = len(self._kept)
            if end >= 0:
                self._wanted = _size_of(self._kept, end)
            elif len(self._kept) > LARGEST:
                raise Unreadable(f"the header does not end within {LARGEST} bytes", LARGEST)
        return self._wanted

    def _skip_breaks(self) -> None:
        # What may be the first half of a ping waits for the second: a connection cuts where it likes.
        while self._kept.startswith(_BREAK) and self._kept not in _HALVES:
            ping = self._kept.startswith(_BREAK * 2)
            self.pings += ping
            del self._kept[: 4 if ping else 2]


def _size_of(kept: bytearray, end: int) -> int:
    said = _LENGTH.search(kept, 0, end)
    if said is None:
        raise Unreadable("a message on a connection does not say its Content-Length", end)
    size = end + 4 + length_of(said[1].decode("ascii", "replace").strip(), end)
    if size > LARGEST:
        raise Unreadable(f"a message is larger than {LARGEST} bytes", end)
    return size
