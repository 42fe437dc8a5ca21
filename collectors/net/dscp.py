"""As what is a packet marked? Code points of RFC 2474 by name, and what RFC 4594 keeps them for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["BEST_EFFORT", "EF", "SERVICES", "VOICE", "dscp_of", "name_of", "tos_of"]

EF = 46
# EF (RFC 3246) and VOICE-ADMIT (RFC 5865): what voice itself is marked as.
VOICE = frozenset({EF, 44})
# Default, CS1 and LE (RFC 8622): nobody cares for these.
BEST_EFFORT = frozenset({0, 1, 8})
_NAMES: Mapping[int, str] = MappingProxyType(
    {n * 8: f"CS{n}" for n in range(8)}
    | {8 * x + 2 * y: f"AF{x}{y}" for x in range(1, 5) for y in range(1, 4)}
    | {EF: "EF", 44: "VOICE-ADMIT", 1: "LE"}
)
_VALUES = MappingProxyType(
    {name.lower(): value for value, name in _NAMES.items()} | {"default": 0, "be": 0, "voice-admit": 44}
)
# RFC 4594, table 3; low priority by RFC 8622.
SERVICES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "network control": (48,),
        "telephony": (46,),
        "signalling": (40,),
        "multimedia conferencing": (34, 36, 38),
        "real-time interactive": (32,),
        "multimedia streaming": (26, 28, 30),
        "broadcast video": (24,),
        "low-latency data": (18, 20, 22),
        "OAM": (16,),
        "high-throughput data": (10, 12, 14),
        "standard": (0,),
        "low-priority data": (1, 8),
    }
)


def name_of(dscp: int) -> str:
    """A code point as people write it; a number where it has no name.

    >>> name_of(46), name_of(26), name_of(0), name_of(5)
    ('EF', 'AF31', 'CS0', '5')
    """
    return _NAMES.get(dscp, str(dscp))


def dscp_of(text: str) -> int | None:
    """Read a code point, by name or number; None where it is none.

    >>> dscp_of("ef"), dscp_of("0x2e"), dscp_of("af31"), dscp_of("default"), dscp_of("64")
    (46, 46, 26, 0, None)
    """
    word = text.strip().lower()
    if word in _VALUES:
        return _VALUES[word]
    if not re.fullmatch(r"0x[0-9a-f]{1,2}|[0-9]{1,2}", word):
        return None
    value = int(word, 16 if word.startswith("0x") else 10)
    return value if value < 64 else None


def tos_of(dscp: int, ecn: int = 0) -> int:
    """The octet in the IP header (RFC 3168, section 5).

    >>> hex(tos_of(46))
    '0xb8'
    """
    return dscp << 2 | ecn
