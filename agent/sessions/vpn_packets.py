"""What does a VPN gateway hear first from whoever wants in? The bytes of IKE_SA_INIT and of OpenVPN's hard reset, and whose answer they have.

Nothing of it is a log-in: the key exchange is begun with a random value that is thrown away.
"""

from __future__ import annotations

import secrets
import struct

__all__ = ["answers_ike", "answers_openvpn", "ike_init", "openvpn_reset"]

# RFC 7296, section 3.2: what the next payload is.
_SA, _KE, _NONCE = 33, 34, 40
_INIT = 34
_CURVE_25519 = 31
# One proposal of transforms that every gateway knows which is not decades old (RFC 8247): AES-CBC-256, HMAC-SHA2-256, Curve25519
# or group 14 (type, id, key length).
_TRANSFORMS = ((1, 12, 256), (1, 12, 128), (2, 5, 0), (3, 12, 0), (4, 31, 0), (4, 14, 0), (4, 19, 0))
# OpenVPN, 'Network protocol', opcodes: shifted by three, with the key's number below.
_RESET_CLIENT, _RESET_SERVER = 7, 8


def ike_init() -> tuple[bytes, bytes]:
    """An IKE_SA_INIT request, and the initiator's number in it."""
    number = secrets.token_bytes(8)
    proposal = b"".join(
        _transform(kind, value, bits, last=at == len(_TRANSFORMS) - 1)
        for at, (kind, value, bits) in enumerate(_TRANSFORMS)
    )
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(proposal), 1, 1, 0, len(_TRANSFORMS)) + proposal
    exchanged = struct.pack("!HH", _CURVE_25519, 0) + secrets.token_bytes(32)
    body = _payload(_KE, proposal) + _payload(_NONCE, exchanged) + _payload(0, secrets.token_bytes(32))
    head = number + bytes(8) + struct.pack("!BBBBII", _SA, 0x20, _INIT, 0x08, 0, 28 + len(body))
    return head + body, number


def _payload(following: int, content: bytes) -> bytes:
    return struct.pack("!BBH", following, 0, 4 + len(content)) + content


def _transform(kind: int, value: int, bits: int, *, last: bool) -> bytes:
    size = struct.pack("!HH", 0x800E, bits) if bits else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(size), kind, 0, value) + size


def answers_ike(raw: bytes, number: bytes) -> bool:
    """Say whether a packet is for who sent this number; whatever else is wrong with it, its bytes are evidence."""
    return raw[:8] == number


def openvpn_reset() -> tuple[bytes, bytes]:
    """A hard reset of a client (version 2) without tls-auth, and its session's number."""
    number = secrets.token_bytes(8)
    return bytes([_RESET_CLIENT << 3]) + number + b"\0" + struct.pack("!I", 0), number


def answers_openvpn(raw: bytes, number: bytes) -> bool:
    """Say whether a packet acknowledges the reset: a server repeats the client's number in it."""
    return bool(raw) and raw[0] >> 3 == _RESET_SERVER and number in raw[9:]
