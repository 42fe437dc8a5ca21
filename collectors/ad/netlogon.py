"""What does a controller say to a client that looks for one? The structure of MS-ADTS 6.3.1.9, pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from collectors import Kind, Unanswered

__all__ = ["FLAGS", "Netlogon", "read_netlogon"]

# DS_FLAG_OPTIONS, MS-ADTS 6.3.1.2.
FLAGS = {
    0x0001: "PDC",
    0x0004: "GC",
    0x0008: "LDAP",
    0x0010: "DS",
    0x0020: "KDC",
    0x0040: "TIMESERV",
    0x0080: "CLOSEST",
    0x0100: "WRITABLE",
}
# LOGON_SAM_LOGON_RESPONSE_EX; the same from a controller that is paused; and that does not know the account.
_OPCODES = {23: True, 24: False, 25: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Netlogon:
    """What the answer says; names in small letters. serves: False when the controller is paused."""

    serves: bool
    flags: frozenset[str]
    forest: str
    domain: str
    host: str
    site: str
    client_site: str


def read_netlogon(raw: bytes) -> Netlogon:
    """Read the value of `netlogon`. Raises Unanswered."""
    try:
        opcode, bits = struct.unpack_from("<H2xI", raw)
        names, at = [], 24
        for _ in range(8):
            name, at = _name(raw, at)
            names.append(name)
    except (struct.error, IndexError, RecursionError):
        raise Unanswered(Kind.UNPARSABLE, f"this is no answer to a directory ping: {raw[:60]!r}") from None
    if opcode not in _OPCODES:
        raise Unanswered(Kind.UNPARSABLE, f"operation {opcode} is no answer to a directory ping")
    forest, domain, host, _, _, _, site, client_site = names
    return Netlogon(
        serves=_OPCODES[opcode],
        flags=frozenset(name for bit, name in FLAGS.items() if bits & bit),
        forest=forest.lower(),
        domain=domain.lower(),
        host=host.lower(),
        site=site,
        client_site=client_site,
    )


def _name(raw: bytes, at: int) -> tuple[str, int]:
    """A name compressed as in DNS (RFC 1035, section 4.1.4), and where the next begins."""
    labels: list[str] = []
    after, jumps = -1, 0
    while size := raw[at]:
        if size & 0xC0 == 0xC0:
            after = at + 2 if after < 0 else after
            at, jumps = (size & 0x3F) << 8 | raw[at + 1], jumps + 1
            if jumps > 16:
                raise IndexError("the name leads in circles")
            continue
        labels.append(raw[at + 1 : at + 1 + size].decode("utf-8", "backslashreplace"))
        at += 1 + size
    return ".".join(labels), at + 1 if after < 0 else after
