"""Does the controller give the time to its domain? Members take theirs from it, by NTP (RFC 5905)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Reply, TimeServer, Unanswered, collector, warn

__all__ = ["NtpFacts", "network_time"]

SILENT = warn(
    "ad.time-silent",
    "the controller gives no time by NTP ({detail}): members of the domain have no source",
    "der Controller gibt keine Zeit über NTP ({detail}): Mitglieder der Domäne haben keine Quelle",
    do=(
        "Start its time service (W32Time, chronyd, ntpd), let it answer clients, open UDP 123.",
        "Seinen Zeitdienst starten (W32Time, chronyd, ntpd), Clients antworten lassen, UDP 123 öffnen.",
    ),
)
UNSYNCHRONISED = warn(
    "ad.time-unsynchronised",
    "the controller says itself that its clock follows no source",
    "der Controller sagt selbst, dass seine Uhr keiner Quelle folgt",
    do=("Give it a source that answers.", "Ihm eine Quelle geben, die antwortet."),
)

# Seconds between the beginnings of NTP's and of Unix's time.
_ERA = 2_208_988_800
_ALARM, _TOP = 3, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NtpFacts:
    """leap, stratum: as in the header; offset: its clock against the agent's, in seconds. detail: why it is silent."""

    leap: int | None = None
    stratum: int | None = None
    offset: float | None = None
    detail: str = ""


def judge(seen: NtpFacts) -> Iterator[Finding]:
    if seen.leap is None or seen.stratum is None:
        yield SILENT(detail=seen.detail)
    elif seen.leap == _ALARM or not 0 < seen.stratum < _TOP:
        yield UNSYNCHRONISED()


@collector(
    "ad.network-time",
    asks=("Does the controller give its domain the time?", "Gibt der Controller seiner Domäne die Zeit?"),
    judge=judge,
    deadline=10.0,
)
async def network_time(host: TimeServer) -> NtpFacts:
    """Ask as a client does, once."""
    try:
        return read_packet(await host.time())
    except Unanswered as reason:
        if reason.kind in {Kind.STOPPED, Kind.UNPARSABLE}:
            raise
        return NtpFacts(detail=reason.detail)


def read_packet(reply: Reply) -> NtpFacts:
    """Read the header (RFC 5905, section 7.3). Raises Unanswered."""
    try:
        first, stratum = struct.unpack_from("!BB", reply.content)
        received, sent = struct.unpack_from("!QQ", reply.content, 32)
    except struct.error:
        raise Unanswered(Kind.UNPARSABLE, f"this is no NTP packet: {reply.content[:60]!r}") from None
    leap = first >> 6
    if not sent:
        return NtpFacts(leap=leap, stratum=stratum)
    middle = (received + sent) / 2 / 2**32 - _ERA
    return NtpFacts(
        leap=leap,
        stratum=stratum,
        offset=round(middle - reply.began.timestamp() - reply.took / 2, 3),
    )
