"""What attempts by plain sockets share."""

from __future__ import annotations

import socket

__all__ = ["NOT_ITS_OWN", "WHAT", "datagram", "stream"]

WHAT = b"out"
NOT_ITS_OWN = "what is held in another thread is in the ledger, and its job is not known there"


def datagram(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


def stream(family: socket.AddressFamily = socket.AF_INET, protocol: int = 0) -> socket.socket:
    line = socket.socket(family, socket.SOCK_STREAM, protocol)
    line.settimeout(1)
    return line
