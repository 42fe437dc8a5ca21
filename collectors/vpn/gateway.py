"""Does the IPsec gateway have the tunnels that it shall have? Asked of strongSwan, where the host has it."""

from __future__ import annotations

from datetime import UTC

from collectors import About, Shell, collector
from collectors.vpn.ipsec import Ipsec
from collectors.vpn.ipsec_judge import judge
from collectors.vpn.rights import unparsable
from collectors.vpn.strongswan import strongswan

__all__ = ["ipsec"]


@collector(
    "vpn.ipsec",
    asks=("Are the IPsec tunnels up, and are they well?", "Stehen die IPsec-Tunnel, und sind sie gesund?"),
    judge=judge,
    platform="linux",
    role="vpn-gateway",
    deadline=90.0,
)
async def ipsec(host: Shell, about: About) -> Ipsec:
    """Ask whichever IPsec service there is."""
    seen = await strongswan(host, about)
    if seen is not None:
        return seen
    if any(tunnel.kind == "ipsec" for tunnel in about.tunnels):
        raise unparsable("the host has no IPsec service that can be asked: there is no swanctl")
    ran = await host.run("date", "+%s")
    return Ipsec(host=about.id, now=ran.began.astimezone(UTC))
