"""How is a host asked by somebody who stands outside and does not log in? Gateways of tunnels, and the way to a host.

Nothing that is asked here changes anything, nor uses up a try of any account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collectors.session import Reply

__all__ = ["Fit", "IkeGate", "OpenvpnGate", "Path"]


class IkeGate(Protocol):
    """An IPsec gateway, greeted as by a stranger: the first packet of a log-in, and what comes of it."""

    @property
    def has_nat_port(self) -> bool:
        """Whether the port behind address translation may be tried as well."""
        ...

    async def begin(self, *, nat: bool = False) -> Reply:
        """What comes of an IKE_SA_INIT (RFC 7296, section 1.2), as it came. Raises Unanswered.

        nat: on port 4500, behind the non-ESP marker (RFC 3948), which is not a part of the answer.
        """
        ...


class OpenvpnGate(Protocol):
    """An OpenVPN server, greeted as by a stranger: the first packet of a log-in, and what comes of it."""

    async def reset(self) -> Reply:
        """What comes of P_CONTROL_HARD_RESET_CLIENT_V2; over TCP without the length before it. Raises Unanswered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What became of a packet that nobody may cut up. size: of the whole IP packet, in bytes.

    mtu: where 'too-big', the largest that a router (or the agent's own port) says fits.
    """

    size: int
    outcome: Literal["arrived", "too-big", "silent"]
    mtu: int = 0


class Path(Protocol):
    """The way to a host, tried with packets of any size; the host itself says that one arrived."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The host's addresses that may be tried."""
        ...

    async def fits(self, address: str, size: int) -> Fit:
        """Send one packet (twice, when nothing comes back). Raises Unanswered: `unreachable` …"""
        ...
