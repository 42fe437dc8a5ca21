"""Does replication wait in a queue? Operations that a Windows controller has taken up and not carried out.

Source: MS-ADTS, attributes of the rootDSE (msDS-ReplQueueStatistics: a DS_REPL_QUEUE_STATISTICSW as XML).
Whoever may not monitor replication is shown nothing there, as if there were no such attribute; Samba has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collectors import Directory, Finding, Kind, Unanswered, collector, warn

__all__ = ["Queue", "queue"]

LONG = warn(
    "ad.replication-queued",
    "{count} replication operations wait on this controller, the oldest for {minutes} minutes",
    "{count} Replikationsvorgänge warten auf diesem Controller, der älteste seit {minutes} Minuten",
    do=(
        "See what it is busy with (repadmin /queue): a slow partner or line, a large first copy, or a full or slow disk.",
        "Nachsehen, womit er beschäftigt ist (repadmin /queue): langsamer Partner oder Leitung, große Erstkopie, volle oder langsame Platte.",
    ),
)

_NUMBER = re.compile(r"<cNumPendingOps>\s*([0-9]{1,9})\s*</cNumPendingOps>")
_OLDEST = re.compile(r"<ftimeOldest(?:Sync|Add|Mod|Del|UpdRefs)>\s*([^<]{1,40})</ftimeOldest")
_LONG = timedelta(minutes=15)
# Where FILETIME begins: nothing waits.
_NOTHING = 1601


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """count: that wait. oldest: since when, UTC; now: the controller's own clock. is_kept: this kind of server has a queue."""

    is_kept: bool
    count: int
    oldest: datetime | None
    now: datetime


def judge(seen: Queue) -> Iterator[Finding]:
    if seen.count and seen.oldest is not None and seen.now - seen.oldest > _LONG:
        yield LONG(count=seen.count, minutes=int((seen.now - seen.oldest).total_seconds() // 60))


@collector(
    "ad.replication-queue",
    asks=("Does replication wait in a queue?", "Steht die Replikation in einer Warteschlange?"),
    judge=judge,
)
async def queue(host: Directory) -> Queue:
    """Read the statistics of the queue."""
    root = await host.root("currentTime", "vendorName", "msDS-ReplQueueStatistics")
    now = root.moment("currentTime")
    if now is None:
        raise Unanswered(Kind.UNPARSABLE, "the server says no time: it is no domain controller")
    text = root.text("msDS-ReplQueueStatistics")
    if not text:
        if "samba" in root.text("vendorName").lower():
            return Queue(is_kept=False, count=0, oldest=None, now=now)
        raise Unanswered(
            Kind.REFUSED,
            "our account is not shown the queue: it lacks the right 'Monitor Active Directory Replication'",
        )
    number = _NUMBER.search(text)
    if number is None:
        raise Unanswered(Kind.UNPARSABLE, f"these are no statistics of a queue: {text[:80]!r}")
    times = [_moment(found) for found in _OLDEST.findall(text)]
    waiting = [at for at in times if at.year > _NOTHING]
    return Queue(is_kept=True, count=int(number[1]), oldest=min(waiting, default=None), now=now)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Unanswered(Kind.UNPARSABLE, f"this is no moment: {text[:40]!r}") from None
