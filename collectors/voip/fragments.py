"""Which IP fragments belong together? Puts datagrams together again (RFC 791, RFC 8200), in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Fragments"]

_MOST_OPEN = 512
_MOST_PARTS = 64
_LARGEST = 65_535
_Key = tuple[bytes, bytes, int, bytes]


@dataclass(slots=True)
class _Open:
    parts: dict[int, bytes] = field(default_factory=dict)
    size: int = -1
    held: int = 0


@dataclass(slots=True)
class Fragments:
    """Datagrams that wait for the rest of them. lost: how many were given up, because too many waited or a part was cut."""

    lost: int = 0
    _open: OrderedDict[_Key, _Open] = field(default_factory=OrderedDict)

    @property
    def waiting(self) -> int:
        return len(self._open)

    def add(self, key: _Key, offset: int, body: bytes, *, is_last: bool, is_cut: bool) -> bytes | None:
        """Take one fragment; give the datagram's content once it is whole."""
        if is_cut or offset + len(body) > _LARGEST:
            # It can never be whole.
            self.lost += 1
            self._open.pop(key, None)
            return None
        waiting = self._open.get(key)
        if waiting is None:
            waiting = self._open[key] = _Open()
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
                self.lost += 1
        if offset not in waiting.parts:
            waiting.parts[offset] = body
            waiting.held += len(body)
        if is_last:
            waiting.size = offset + len(body)
        if len(waiting.parts) > _MOST_PARTS:
            del self._open[key]
            self.lost += 1
            return None
        if waiting.size < 0 or waiting.held < waiting.size:
            return None
        return self._whole(key, waiting)

    def _whole(self, key: _Key, waiting: _Open) -> bytes | None:
        whole = bytearray()
        for offset, part in sorted(waiting.parts.items()):
            if offset > len(whole):
                return None
            # Where two overlap the first one counts, as most systems have it.
            whole += part[len(whole) - offset :]
        del self._open[key]
        return bytes(whole[: waiting.size])
