"""How did the calls in this capture go? Reads a recording of packets that was handed over; nobody is asked."""

from __future__ import annotations

from collectors import Captured, Kind, Unanswered, collector
from collectors.voip.call import Calls
from collectors.voip.capture_judge import judge
from collectors.voip.frames import LINKS
from collectors.voip.listen import listen

__all__ = ["calls"]


@collector(
    "voip.calls",
    asks=(
        "How did the calls in the capture go, and how did they sound?",
        "Wie verliefen die Gespräche im Mitschnitt, und wie klangen sie?",
    ),
    judge=judge,
    deadline=600.0,
)
async def calls(capture: Captured) -> Calls:
    """Read it to its end, or as far as it can be read. Unparsable: it is no capture, or of nothing that is read here."""
    with await capture.content() as file:
        heard = listen(file)
    source = heard.source
    if source.packets == 0:
        raise Unanswered(
            Kind.UNPARSABLE, f"the capture cannot be read: {source.detail or 'it holds no packet'}"
        )
    if source.unknown == source.packets:
        kinds = ", ".join(map(str, source.links[:5]))
        known = ", ".join(dict.fromkeys(LINKS.values()))
        raise Unanswered(
            Kind.UNPARSABLE, f"all {source.packets} packets are of link type {kinds}; read are {known}"
        )
    return heard
