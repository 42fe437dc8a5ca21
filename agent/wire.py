"""How do agent and worker talk? Frames of JSON with raw bytes behind, over a socket pair.

A frame is: four bytes length of the head (big-endian), the head (JSON), then the parts one after the other;
the head's key `parts` holds their lengths. Nothing that runs code when it is read, and every size is capped.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

__all__ = ["MAX_FRAME", "Frame", "WireError", "pack", "receive", "take"]

MAX_FRAME = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")

Frame = tuple[dict[str, Any], tuple[bytes, ...]]


class WireError(Exception):
    """The other side sent what is not a frame: its worker is given up."""


def pack(head: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """Make one frame."""
    text = json.dumps({**head, "parts": [len(part) for part in parts]}, separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, *parts))


async def receive(stream: asyncio.StreamReader) -> Frame | None:
    """Read one frame; None at the end of the stream. Raises WireError."""
    try:
        (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise WireError("the stream ended inside a frame") from None
        return None
    except ConnectionError:
        return None
    try:
        head = json.loads(await stream.readexactly(_checked(length)))
        sizes = head.pop("parts")
        _checked(sum(sizes))
        return head, tuple([await stream.readexactly(size) for size in sizes])
    except (asyncio.IncompleteReadError, ConnectionError):
        raise WireError("the stream ended inside a frame") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WireError("this is not a frame") from None


def take(line: socket.socket) -> Frame | None:
    """Read one frame, waiting for it, and not a byte more; None when there is none. Raises WireError."""
    start = _exactly(line, _LENGTH.size)
    if not start:
        return None
    try:
        head = json.loads(_exactly(line, _checked(*_LENGTH.unpack(start))))
        sizes = head.pop("parts")
        _checked(sum(sizes))
        return head, tuple(_exactly(line, size) for size in sizes)
    except (ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise WireError("this is not a frame") from None


def _exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the stream ends."""
    got = bytearray()
    while len(got) < size and (piece := line.recv(min(size - len(got), 1 << 20))):
        got += piece
    return bytes(got)


def _checked(length: int) -> int:
    if not 0 <= length <= MAX_FRAME:
        raise WireError(f"a frame of {length} bytes is over the limit of {MAX_FRAME}")
    return length
