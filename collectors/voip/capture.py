"""How do calls go on this telephone system just now? Captures a little of its traffic, as far as the contract lets it.

Nothing is written on the host: tcpdump gives its packets to us, for so long and so many as the contract says, and only those
of signalling and voice to and from the host's own addresses. It needs an account that may capture (CAP_NET_RAW).
"""

from __future__ import annotations

from io import BytesIO

from collectors import About, CaptureBounds, Kind, Ran, Shell, Unanswered, collector
from collectors.voip.call import Calls
from collectors.voip.capture_judge import judge
from collectors.voip.listen import listen

__all__ = ["capture", "filter_of"]

# How `timeout` says that it ended the program, and what shells say of one that is not there, or may not be run.
_ENDED, _NOT_RUN, _MISSING = 124, 126, 127
_SPARE = 15.0
_DENIED = ("not permitted", "permission", "access denied")


@collector(
    "voip.capture",
    asks=(
        "How do calls go on this system just now, captured for a short time?",
        "Wie verlaufen Gespräche auf diesem System gerade, kurz mitgeschnitten?",
    ),
    judge=judge,
    platform="linux",
    deadline=150.0,
    on_request=True,
)
async def capture(host: Shell, about: About) -> Calls:
    """Capture within the contract's bounds. Refused: the contract lets nobody do it, or the account may not."""
    bounds = about.capture
    if bounds is None:
        raise Unanswered(
            Kind.REFUSED,
            f"the contract permits no capture on {about.id}: it needs 'capture:' at this host, which the customer signs",
        )
    ran = await host.run(
        *("timeout", f"{bounds.seconds}", "tcpdump", "-i", "any", "-n", "-U", "-s", "0"),
        *("-c", f"{bounds.packets}", "-w", "-", *filter_of(bounds, about.addresses)),
        deadline=bounds.seconds + _SPARE,
    )
    _check(ran)
    heard = listen(BytesIO(ran.raw))
    if heard.source.trouble == "no-capture":
        raise Unanswered(Kind.UNPARSABLE, f"tcpdump gave no capture: {ran.stderr[:200]}")
    return heard


def filter_of(bounds: CaptureBounds, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """What tcpdump lets through, as words: SIP and voice of these addresses, and nothing else.

    >>> bounds = CaptureBounds(seconds=5, packets=10, signalling=(5060,), media=(10000, 20000))
    >>> " ".join(filter_of(bounds, ("192.0.2.10",)))
    '( host 192.0.2.10 ) and ( port 5060 or udp portrange 10000-20000 )'
    """
    hosts = " or ".join(f"host {address}" for address in addresses)
    ports = " or ".join(f"port {port}" for port in bounds.signalling)
    low, high = bounds.media
    return tuple(f"( {hosts} ) and ( {ports} or udp portrange {low}-{high} )".split())


def _check(ran: Ran) -> None:
    """Say what hindered it. Raises Unanswered."""
    if ran.code in {0, _ENDED} and ran.raw:
        return
    said = ran.stderr.strip()
    if any(word in said.lower() for word in _DENIED):
        raise Unanswered(
            Kind.REFUSED,
            f"the account may not capture: it needs CAP_NET_RAW, or tcpdump that has it ({said[:160]})",
        )
    if ran.code in {_NOT_RUN, _MISSING}:
        raise Unanswered(Kind.UNPARSABLE, "the host has no tcpdump, or no timeout, that the account may run")
    raise Unanswered(Kind.UNPARSABLE, f"tcpdump failed with status {ran.code}: {said[:200]}")
