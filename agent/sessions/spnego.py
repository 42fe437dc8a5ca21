"""How do Kerberos messages travel in HTTP? Wrapped as RFC 4121 (4.1) and RFC 4178 (4.2) have it. Pure.

Kerberos is all that is offered, so a host that wants another mechanism has nothing to agree to.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

__all__ = ["Reply", "TokenError", "asked", "checksum", "end_point", "reply_of"]

# Identifiers, in DER: SPNEGO, and Kerberos 5 as RFC 1964 and as Windows has it.
_SPNEGO = bytes.fromhex("06062b0601050502")
_KERBEROS = bytes.fromhex("06092a864886f712010202")
_KERBEROS_TOO = bytes.fromhex("06092a864882f712010202")
_REQUEST, _REPLY, _ERROR = b"\x01\x00", b"\x02\x00", b"\x03\x00"
_MUTUAL = 2
_APPLICATION, _SEQUENCE, _OCTETS, _ENUMERATED, _RESPONSE = 0x60, 0x30, 0x04, 0x0A, 0xA1
_REJECT = 2


class TokenError(ValueError):
    """What came is no token of this kind."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side said: an AP-REP, a KRB-ERROR, or nothing; and whether it turned us away."""

    proof: bytes = b""
    error: bytes = b""
    is_rejected: bool = False


def end_point(certificate: bytes) -> bytes:
    """The binding `tls-server-end-point` of a certificate in DER (RFC 5929, 4.1).

    The hash is that of its signature, and SHA-256 in the place of MD5, SHA-1, and of signatures that have none.
    """
    known = x509.load_der_x509_certificate(certificate)
    try:
        kind = known.signature_hash_algorithm
    except UnsupportedAlgorithm:
        kind = None
    if kind is None or isinstance(kind, hashes.MD5 | hashes.SHA1):
        kind = hashes.SHA256()
    return b"tls-server-end-point:" + known.fingerprint(kind)


def checksum(binding: bytes) -> bytes:
    """What stands in the place of the authenticator's checksum (RFC 4121, 4.1.1): the channel, and what shall hold."""
    # No addresses, and the binding as the application's own data (4.1.1.2).
    bindings = struct.pack("<IIIII", 0, 0, 0, 0, len(binding)) + binding
    return struct.pack("<I", 16) + hashlib.md5(bindings, usedforsecurity=False).digest() + _flags()


def _flags() -> bytes:
    return struct.pack("<I", _MUTUAL)


def asked(request: bytes, *, is_wrapped: bool) -> bytes:
    """The token for an AP-REQ. is_wrapped: by SPNEGO, for `Negotiate`; else as `Kerberos` has it."""
    inner = _tlv(_APPLICATION, _KERBEROS, _REQUEST, request)
    if not is_wrapped:
        return inner
    first = _tlv(_SEQUENCE, _tlv(0xA0, _tlv(_SEQUENCE, _KERBEROS)), _tlv(0xA2, _tlv(_OCTETS, inner)))
    return _tlv(_APPLICATION, _SPNEGO, _tlv(0xA0, first))


def reply_of(token: bytes) -> Reply:
    """Read the token of an answer, wrapped or not. Raises TokenError, also where another mechanism was chosen."""
    if token[:1] == bytes((_APPLICATION,)):
        return _kerberos(token)
    tag, content, rest = _read(token)
    if tag != _RESPONSE or rest:
        raise TokenError("no answer of SPNEGO")
    fields = _fields(_only(content, _SEQUENCE))
    if 1 in fields and fields[1] not in (_KERBEROS, _KERBEROS_TOO):
        raise TokenError("the host wants to log us in by something other than Kerberos")
    is_rejected = _only(fields[0], _ENUMERATED) == bytes((_REJECT,)) if 0 in fields else False
    inner = _kerberos(_only(fields[2], _OCTETS)) if 2 in fields else Reply()
    return Reply(inner.proof, inner.error, is_rejected)


def _kerberos(token: bytes) -> Reply:
    """RFC 4121, section 4.1: the mechanism, what kind of token, the message."""
    content = _only(token, _APPLICATION)
    for name in (_KERBEROS, _KERBEROS_TOO):
        if content.startswith(name):
            kind, message = content[len(name) :][:2], content[len(name) + 2 :]
            if kind == _REPLY:
                return Reply(proof=message)
            if kind == _ERROR:
                return Reply(error=message)
    raise TokenError("no answer of Kerberos")


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _read(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows. Raises TokenError."""
    if len(data) < 2:
        raise TokenError("it ends too early")
    size, at = data[1], 2
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
        if not 1 <= count <= 3:
            raise TokenError("a length of no use")
    if len(data) < at + size:
        raise TokenError("it ends too early")
    return data[0], data[at : at + size], data[at + size :]


def _only(data: bytes, wanted: int) -> bytes:
    tag, content, rest = _read(data)
    if tag != wanted or rest:
        raise TokenError("another kind of element than it should be")
    return content


def _fields(data: bytes) -> dict[int, bytes]:
    """The elements of a sequence, by their context tags."""
    found: dict[int, bytes] = {}
    while data:
        tag, content, data = _read(data)
        if tag & 0xE0 != 0xA0 or tag & 0x1F in found:
            raise TokenError("another kind of element than it should be")
        found[tag & 0x1F] = content
    return found
