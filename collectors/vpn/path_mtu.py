"""Does everything get through the tunnel, or only what is small? Packets of growing size to a host behind it, that nobody may cut up.

'Ping works, the remote desktop hangs' mostly ends here. The host itself answers that nobody listens at the port (ICMP), so no
rights and no service are needed; what routers say on the way (RFC 1191) is heard as well. What fits by calculation: `overhead.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Behind, Finding, Kind, Path, Unanswered, collector
from collectors.vpn.overhead import least_inner
from collectors.vpn.probe_tags import PATH_HOLE, PATH_MTU, PATH_NARROW, PATH_SILENT

__all__ = ["Way", "Ways", "path_mtu"]

_WHOLE = 1500
_SMALL = 576
# Closer than this a hole's edge need not be known (bytes).
_STEP = 8
# What every host and every tunnel is made for (RFC 8200, section 5); less is no choice of the tunnel's own.
_NARROW = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way through one tunnel. fits: the largest packet that arrived, 0 for none. lost: the smallest that vanished, 0 for none.

    told: what a router said is the largest, 0 where none said anything.
    """

    behind: Behind
    fits: int
    lost: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    ways: tuple[Way, ...]


def judge(seen: Ways) -> Iterator[Finding]:
    for way in seen.ways:
        place = {"tunnel": way.behind.tunnel, "address": way.behind.address}
        if not way.fits:
            yield PATH_SILENT(**place)
        elif way.lost:
            yield PATH_HOLE(**place, largest=way.fits, lost=way.lost)
        elif way.fits < _NARROW:
            yield PATH_NARROW(**place, mtu=way.fits, kind=way.behind.kind, usual=least_inner(way.behind.kind))
        else:
            yield PATH_MTU(**place, mtu=way.fits)


@collector(
    "vpn.path-mtu",
    asks=("Do large packets get through the tunnels?", "Kommen große Pakete durch die Tunnel?"),
    judge=judge,
    role="behind-tunnel",
    deadline=90.0,
)
async def path_mtu(host: Path, about: About) -> Ways:
    """Try the way to each address that lies behind a tunnel."""
    found = [await _tried(host, one) for one in about.behind if one.address in host.addresses]
    if not any(way.fits for way in found):
        raise Unanswered(Kind.TIMED_OUT, "not even a small packet is answered")
    return Ways(ways=tuple(found))


async def _tried(host: Path, behind: Behind) -> Way:
    """From the whole size down to what is said to fit; where nobody says anything, to what does."""
    if (await host.fits(behind.address, _SMALL)).outcome != "arrived":
        return Way(behind=behind, fits=0)
    size, told = _WHOLE, 0
    while True:
        seen = await host.fits(behind.address, size)
        if seen.outcome == "arrived":
            return Way(behind=behind, fits=size, told=told)
        if seen.outcome == "silent" or not _SMALL <= seen.mtu < size:
            fits, lost = await _edge(host, behind.address, _SMALL, size)
            return Way(behind=behind, fits=fits, lost=lost, told=told)
        size = told = seen.mtu


async def _edge(host: Path, address: str, fits: int, lost: int) -> tuple[int, int]:
    """Between what arrives and what does not."""
    while lost - fits > _STEP:
        middle = (fits + lost) // 2
        if (await host.fits(address, middle)).outcome == "arrived":
            fits = middle
        else:
            lost = middle
    return fits, lost
