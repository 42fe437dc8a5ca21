"""Which SIP messages came over TCP? Puts the segments of a connection in order, and cuts messages out, in bounded memory.

A capture may begin in the middle of a connection and lack segments: reading begins, and begins again, where a segment
begins with a message.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.voip.frames import Unit
from collectors.voip.framing import Framing
from collectors.voip.message import Message
from collectors.voip.unreadable import Unreadable

__all__ = ["Segments", "looks_like_sip"]

_MOST_FLOWS = 4_096
_MOST_AHEAD = 64
_SIP = re.compile(rb"(?:SIP/2\.0 [1-6]\d\d|[A-Z]{3,12} \S{1,300} SIP/2\.0\r\n)")
_SYN, _ENDING = 2, 5
_Key = tuple[bytes, int, bytes, int]


def looks_like_sip(data: bytes) -> bool:
    r"""Say whether a datagram begins as SIP messages do.

    >>> looks_like_sip(b"SIP/2.0 200 OK\r\n"), looks_like_sip(b"BYE sip:a@b SIP/2.0\r\n"), looks_like_sip(b"GET / HTTP/1.1\r\n")
    (True, True, False)
    """
    return _SIP.match(data) is not None


@dataclass(slots=True)
class _Flow:
    expected: int = -1
    framing: Framing | None = None
    ahead: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Segments:
    """The connections that carry SIP, one direction each. damaged: how often one was lost, with the reason of the last."""

    damaged: int = 0
    why: str = ""
    _flows: OrderedDict[_Key, _Flow] = field(default_factory=OrderedDict)

    def add(self, unit: Unit) -> Iterator[Message]:
        """Take one segment; give the messages that are whole now."""
        key = (unit.src, unit.sport, unit.dst, unit.dport)
        flow = self._flows.get(key)
        if unit.flags & _SYN or (unit.flags & _ENDING and not unit.payload):
            self._flows.pop(key, None)
            return
        if not unit.payload:
            return
        if flow is None:
            if not looks_like_sip(unit.payload):
                return
            flow = self._flows[key] = _Flow()
            if len(self._flows) > _MOST_FLOWS:
                self._flows.popitem(last=False)
        if flow.framing is None and not self._begins(flow, unit):
            return
        yield from self._in_order(flow, unit)

    @staticmethod
    def _begins(flow: _Flow, unit: Unit) -> bool:
        if not looks_like_sip(unit.payload):
            return False
        flow.framing, flow.expected = Framing(), unit.sequence
        flow.ahead.clear()
        return True

    def _in_order(self, flow: _Flow, unit: Unit) -> Iterator[Message]:
        ahead = unit.sequence - flow.expected & 0xFFFFFFFF
        if ahead >= 0x80000000:
            # Sent before, at least in part; what is new in it counts.
            old = 0x100000000 - ahead
            if old >= len(unit.payload):
                return
            yield from self._feed(flow, unit.payload[old:])
        elif ahead == 0:
            yield from self._feed(flow, unit.payload)
        elif len(flow.ahead) < _MOST_AHEAD:
            flow.ahead.setdefault(unit.sequence, unit.payload)
            return
        else:
            # What is lacking will not come: go on at the next message.
            flow.framing = None
            return
        while flow.framing is not None and (more := flow.ahead.pop(flow.expected, None)) is not None:
            yield from self._feed(flow, more)

    def _feed(self, flow: _Flow, data: bytes) -> Iterator[Message]:
        flow.expected = flow.expected + len(data) & 0xFFFFFFFF
        if flow.framing is None:
            return
        try:
            yield from flow.framing.feed(data)
        except Unreadable as reason:
            self.damaged, self.why = self.damaged + 1, str(reason)
            flow.framing = None
