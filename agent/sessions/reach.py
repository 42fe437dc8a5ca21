"""How is a TCP service reached that is spoken to in a thread? At one address of the grant, within seconds."""

from __future__ import annotations

import socket

from collectors.silence import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["reached"]

CONNECT = 3.0


def reached(door: Door, within: float = CONNECT) -> socket.socket:
    """A TCP connection to a door. Raises Unanswered (phase `connect`); PermissionError, the wall's."""
    where = f"{door.address} port {door.port}"
    line = socket.socket(socket.AF_INET6 if door.address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    line.settimeout(within)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        line.connect((str(door.address), door.port))
    except BaseException as error:
        line.close()
        match error:
            case TimeoutError():
                kind, detail = Kind.TIMED_OUT, f"no answer from {where} within {within:.2g} s"
            case ConnectionRefusedError():
                kind, detail = Kind.REFUSED, f"{where} refuses connections"
            case PermissionError():
                # The wall's.
                raise
            case OSError():
                kind, detail = Kind.UNREACHABLE, f"{where} cannot be reached ({error.strerror})"
            case _:
                raise
        raise Unanswered(kind, detail, phase=Phase.CONNECT) from None
    return line
