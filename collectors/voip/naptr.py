"""What do NAPTR and SRV records say? Read from their presentation form (RFC 3403, section 4; RFC 2782)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Naptr", "Srv", "naptr_of", "srv_of"]

_NAPTR = re.compile(r'(\d{1,5}) (\d{1,5}) "?([A-Za-z0-9]*)"? "?([A-Za-z0-9:+.-]*)"? "([^"]*)" (\S+)')
_SRV = re.compile(r"(\d{1,5}) (\d{1,5}) (\d{1,5}) (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naptr:
    """replacement: without its final dot, '' for the root."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str

    @property
    def is_sip(self) -> bool:
        """Whether it leads to SRV records of SIP (RFC 3263, section 4.1)."""
        return self.flags == "s" and self.service.startswith(("sip+d2", "sips+d2")) and bool(self.replacement)

    def order_of(self) -> tuple[int, int]:
        return self.order, self.preference


def naptr_of(data: str) -> Naptr | None:
    """Read one, None for what is none.

    >>> naptr_of('50 50 "s" "SIPS+D2T" "" _sips._tcp.a.test.').replacement
    '_sips._tcp.a.test'
    """
    match = _NAPTR.fullmatch(data.strip())
    if match is None:
        return None
    return Naptr(
        order=int(match[1]),
        preference=int(match[2]),
        flags=match[3].lower(),
        service=match[4].lower(),
        replacement=match[6].lower().rstrip("."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Srv:
    """target: without its final dot; '.' where there is decidedly no such service."""

    priority: int
    weight: int
    port: int
    target: str

    def order_of(self) -> tuple[int, int, str]:
        """As clients try them: a lower priority first, of these the heavier ones more often."""
        return self.priority, -self.weight, self.target


def srv_of(data: str) -> Srv | None:
    """Read one, None for what is none.

    >>> srv_of("10 60 5060 pbx.a.test.")
    Srv(priority=10, weight=60, port=5060, target='pbx.a.test')
    """
    match = _SRV.fullmatch(data.strip())
    if match is None:
        return None
    target = match[4].lower().rstrip(".") or "."
    return Srv(priority=int(match[1]), weight=int(match[2]), port=int(match[3]), target=target)
