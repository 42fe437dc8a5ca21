"""Does the OpenVPN server answer at all, to somebody who stands outside? One hard reset a run (OpenVPN, 'Network protocol').

With tls-auth or tls-crypt a server is silent to whoever does not have its key, so silence proves nothing and is only noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import About, Finding, Kind, OpenvpnGate, Unanswered, collector
from collectors.vpn.probe_tags import OPENVPN_CLOSED, OPENVPN_SILENT

__all__ = ["OpenvpnDoor", "openvpn_probe"]

# P_CONTROL_HARD_RESET_SERVER_V2, above the three bits of the key's number.
_ANSWER = 8
_LEAST = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenvpnDoor:
    """host: its name in the contract. state: 'closed' where the host says so itself."""

    host: str
    state: Literal["answers", "closed", "silent"]


def judge(seen: OpenvpnDoor) -> Iterator[Finding]:
    match seen.state:
        case "closed":
            yield OPENVPN_CLOSED(gateway=seen.host)
        case "silent":
            yield OPENVPN_SILENT(gateway=seen.host)
        case "answers":
            pass


@collector(
    "vpn.openvpn-probe",
    asks=("Does the OpenVPN server answer?", "Antwortet der OpenVPN-Server?"),
    judge=judge,
)
async def openvpn_probe(host: OpenvpnGate, about: About) -> OpenvpnDoor:
    """Knock once."""
    try:
        reply = await host.reset()
    except Unanswered as reason:
        if reason.kind is Kind.REFUSED:
            return OpenvpnDoor(host=about.name, state="closed")
        # Over TCP a server with tls-auth hangs up without a word.
        if reason.kind in {Kind.TIMED_OUT, Kind.CUT_OFF}:
            return OpenvpnDoor(host=about.name, state="silent")
        raise
    raw = reply.content
    if len(raw) < _LEAST or raw[0] >> 3 != _ANSWER:
        shown = f"{raw[:48].hex()} ({len(raw)} bytes)"
        raise Unanswered(Kind.UNPARSABLE, f"the answer is no OpenVPN: {shown}")
    return OpenvpnDoor(host=about.name, state="answers")
