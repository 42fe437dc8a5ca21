"""Does the gateway answer IKE at all, to somebody who stands outside? One IKE_SA_INIT to each of its ports a run.

Any answer means that IKE lives there, a refusal as well: the agent's proposal need not be the gateway's, and nobody logs in.
Silence proves nothing. WireGuard is never tried: it answers nobody whose key it does not know, by design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import About, Finding, IkeGate, Kind, Unanswered, collector
from collectors.vpn.ike_answer import IkeAnswer, read_ike
from collectors.vpn.probe_tags import IKE_CLOSED, IKE_NAT_SILENT, IKE_OLD, IKE_SILENT

__all__ = ["IkeDoor", "IkeDoors", "ike_probe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeDoor:
    """One port. state: 'closed' where the host says so itself. answer: what came, where something did."""

    state: Literal["answers", "closed", "silent"]
    answer: IkeAnswer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeDoors:
    """host: its name in the contract. behind_nat: the port for those behind address translation, None where it is not tried."""

    host: str
    first: IkeDoor
    behind_nat: IkeDoor | None = None


def judge(seen: IkeDoors) -> Iterator[Finding]:
    doors = (seen.first, seen.behind_nat)
    alive = [door.answer for door in doors if door and door.answer]
    if seen.first.state == "closed":
        yield IKE_CLOSED(gateway=seen.host)
    elif seen.first.state == "silent" and not alive:
        yield IKE_SILENT(gateway=seen.host)
    if seen.first.state == "answers" and seen.behind_nat and seen.behind_nat.state != "answers":
        yield IKE_NAT_SILENT(gateway=seen.host, said=seen.behind_nat.state)
    if alive and all(answer.version == 1 for answer in alive):
        yield IKE_OLD(gateway=seen.host)


@collector(
    "vpn.ike-probe",
    asks=("Does the gateway answer IKE?", "Antwortet das Gateway auf IKE?"),
    judge=judge,
)
async def ike_probe(host: IkeGate, about: About) -> IkeDoors:
    """Knock at both ports, the first one first."""
    first = await _try(host, nat=False)
    nat = await _try(host, nat=True) if host.has_nat_port else None
    return IkeDoors(host=about.name, first=first, behind_nat=nat)


async def _try(host: IkeGate, *, nat: bool) -> IkeDoor:
    try:
        reply = await host.begin(nat=nat)
    except Unanswered as reason:
        if reason.kind is Kind.REFUSED:
            return IkeDoor(state="closed")
        if reason.kind is Kind.TIMED_OUT:
            return IkeDoor(state="silent")
        raise
    return IkeDoor(state="answers", answer=read_ike(reply.content))
