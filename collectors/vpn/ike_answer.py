"""What does a gateway say to the first packet of IKE? Header and notifies of its answer (RFC 7296, sections 3.1 and 3.10)."""

from __future__ import annotations

from dataclasses import dataclass

from collectors import Kind, Unanswered

__all__ = ["IkeAnswer", "read_ike"]

_HEADER = 28
_NOTIFY, _SA = 41, 33
_MOST_PAYLOADS = 64
# RFC 7296, section 3.10.1; RFC 5685 for the redirect. Those above 16383 are no errors.
_NOTIFIES = {
    1: "UNSUPPORTED_CRITICAL_PAYLOAD",
    4: "INVALID_IKE_SPI",
    5: "INVALID_MAJOR_VERSION",
    7: "INVALID_SYNTAX",
    14: "NO_PROPOSAL_CHOSEN",
    17: "INVALID_KE_PAYLOAD",
    24: "AUTHENTICATION_FAILED",
    16390: "COOKIE",
    16407: "REDIRECT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeAnswer:
    """version: of IKE in the answer's header. says: 'SA' where it would go on, else what it notifies, in the RFC's words."""

    version: int
    says: tuple[str, ...]


def read_ike(raw: bytes) -> IkeAnswer:
    """Read an answer to IKE_SA_INIT, behind the non-ESP marker. Raises Unanswered (`unparsable`) with its first bytes."""
    if len(raw) < _HEADER or int.from_bytes(raw[24:28]) != len(raw):
        raise _odd(raw, "its length is not what its header says")
    version, flags = raw[17] >> 4, raw[19]
    if version == 1:
        # Its payloads are others; that it is IKEv1 is all that matters.
        return IkeAnswer(version=1, says=())
    if version != 2 or not flags & 0x20:
        raise _odd(raw, "it is no response of IKE version 2")
    says: list[str] = []
    following, at = raw[16], _HEADER
    for _ in range(_MOST_PAYLOADS):
        if following == 0:
            break
        size = int.from_bytes(raw[at + 2 : at + 4]) if at + 4 <= len(raw) else 0
        if size < 4 or at + size > len(raw):
            raise _odd(raw, "a payload does not fit into it")
        content = raw[at + 4 : at + size]
        if following == _SA:
            says.append("SA")
        elif following == _NOTIFY:
            says += _notified(content, raw)
        following, at = raw[at], at + size
    if following or at != len(raw):
        raise _odd(raw, "its payloads do not end where it ends")
    return IkeAnswer(version=2, says=tuple(says))


def _notified(content: bytes, raw: bytes) -> list[str]:
    if len(content) < 4:
        raise _odd(raw, "a notify is cut off")
    number = int.from_bytes(content[2:4])
    name = _NOTIFIES.get(number)
    if name is None:
        # What is no error says only what the gateway can do.
        return [f"error {number}"] if number < 16384 else []
    return [name]


def _odd(raw: bytes, why: str) -> Unanswered:
    return Unanswered(Kind.UNPARSABLE, f"the answer is no IKE, {why}: {raw[:48].hex()} ({len(raw)} bytes)")
