"""Which captures hang at the ticket? Fetched from its desk for the time of a run, and read as those that are handed over.

Whoever wrote the ticket may have attached anything: what looks like a capture by its name or media type is fetched within bounds,
and read in the process that has walls. What cannot be fetched is told as that, and not left out.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from controller.capture import Handed
from controller.desks.desk import Attachment, Desk, DeskError, Ticket

__all__ = ["attached"]

_ENDINGS = (".pcap", ".pcapng", ".cap", ".dmp")
_KINDS = frozenset({"application/vnd.tcpdump.pcap", "application/x-pcapng", "application/x-pcap"})
# So many, of so many bytes each: a desk gives a file as a whole.
_MOST, _LARGEST = 4, 100_000_000
_TOO_MANY = f"only the first {_MOST} captures of a ticket are read: give it with --capture"


async def attached(desk: Desk, ticket: Ticket, folder: Path, *, after: int) -> tuple[Handed, ...]:
    """Fetch them into a folder. after: how many captures there are already, whose numbers go before."""
    return tuple(
        [
            await _fetched(desk, ticket.id, one, folder, after + place)
            if place <= _MOST
            else Handed.lacking(after + place, one.name, _TOO_MANY)
            for place, one in enumerate(filter(_is_capture, ticket.attachments), 1)
        ]
    )


def _is_capture(one: Attachment) -> bool:
    kind = one.media_type.partition(";")[0].strip().lower()
    return one.name.lower().endswith(_ENDINGS) or kind in _KINDS


async def _fetched(desk: Desk, ticket: str, one: Attachment, folder: Path, number: int) -> Handed:
    if (one.size or 0) > _LARGEST:
        return Handed.lacking(number, one.name, f"it has {one.size} bytes: give it with --capture")
    try:
        content = await desk.fetch(ticket, one.id, limit=_LARGEST)
    except DeskError as error:
        return Handed.lacking(number, one.name, f"the ticket system does not give it: {error}")
    # By a number, as its name may be anything.
    path = folder / f"{number}.pcap"
    await asyncio.to_thread(path.write_bytes, content)
    return Handed.numbered(number, path, one.name)
