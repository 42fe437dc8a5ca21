"""Does the kernel throw tunnels' packets away, and why? /proc/net/xfrm_stat (Linux, xfrm_proc.rst), looked at twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors import About, Finding, Shell, collector
from collectors.vpn.ipsec_tags import INTEGRITY_DROPS, NO_STATE_DROPS, REPLAY_DROPS
from collectors.vpn.rights import unparsable

__all__ = ["Drops", "kernel_drops"]

_WAIT = 5
_FILE = "/proc/net/xfrm_stat"
_CAT = ("cat", "--", _FILE)
_LINE = re.compile(r"(Xfrm[A-Za-z]+)[ \t]+([0-9]{1,20})")
# One or two may be left over from a tunnel that was just renewed.
_SOME = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """Packets dropped between two looks: out of order or repeated, not intact, for a tunnel that is not there."""

    seconds: int = 0
    replay: int = 0
    integrity: int = 0
    no_state: int = 0


def judge(seen: Drops) -> Iterator[Finding]:
    for tag, count in (
        (REPLAY_DROPS, seen.replay),
        (INTEGRITY_DROPS, seen.integrity),
        (NO_STATE_DROPS, seen.no_state),
    ):
        if count >= _SOME:
            yield tag(count=count, seconds=seen.seconds)


@collector(
    "vpn.kernel-drops",
    asks=("Does the kernel drop packets of IPsec tunnels?", "Verwirft der Kernel Pakete der IPsec-Tunnel?"),
    judge=judge,
    platform="linux",
    role="vpn-gateway",
)
async def kernel_drops(host: Shell, about: About) -> Drops:
    """Read the counters twice; a kernel without them, or a gateway without IPsec, has nothing to tell."""
    if not any(tunnel.kind == "ipsec" for tunnel in about.tunnels):
        return Drops()
    first = await _counts(host)
    if first is None:
        return Drops()
    await host.pause(_WAIT)
    second = await _counts(host) or first
    rose = {name: max(0, count - first.get(name, count)) for name, count in second.items()}
    return Drops(
        seconds=_WAIT,
        replay=rose.get("XfrmInStateSeqError", 0),
        integrity=rose.get("XfrmInStateProtoError", 0),
        no_state=rose.get("XfrmInNoStates", 0),
    )


async def _counts(host: Shell) -> Mapping[str, int] | None:
    """The counters by name; None where the kernel keeps none."""
    ran = await host.run(*_CAT)
    if ran.code and "No such file" in ran.stderr:
        return None
    found = dict(_LINE.findall(ran.stdout))
    if ran.code or not found:
        raise unparsable(f"{_FILE} shows no counters", ran.stderr or ran.stdout)
    return {name: int(count) for name, count in found.items()}
