"""What do the telephones of a capture report of their calls? Each report once, however often it passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.voip.call import Told, short_id
from collectors.voip.message import Message, Request
from collectors.voip.quality_report import MEDIA_TYPE, Experience, QualityReport, Spot, read
from collectors.voip.unreadable import Unreadable

__all__ = ["Telling", "is_report"]

_MOST = 3_000


def is_report(message: Message) -> bool:
    """Whether it carries a quality report: telephones publish them, servers hand them on."""
    if not isinstance(message, Request) or message.method not in {"PUBLISH", "NOTIFY"}:
        return False
    kind = (message.headers.first("content-type") or "").partition(";")[0]
    return kind.strip().lower() == MEDIA_TYPE and bool(message.body)


@dataclass(slots=True)
class Telling:
    """Reports as they pass. damaged: how many cannot be read, with the last reason in `why`."""

    damaged: int = 0
    why: str = ""
    _last: dict[tuple[str, str, int], QualityReport] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        try:
            report = read(message.body)
        except Unreadable as reason:
            self.damaged, self.why = self.damaged + 1, str(reason)
            return
        # A later report of the same call and end says more; the same one that passes again says the same.
        key = (report.call_id, report.local.address, report.local.port)
        known = self._last.get(key)
        if known is not None and known.kind == "session" and report.kind != "session":
            return
        if known is not None or len(self._last) < _MOST:
            self._last[key] = report

    def told(self) -> tuple[Told, ...]:
        return tuple(one for report in self._last.values() for one in _sides(report))


def _sides(report: QualityReport) -> Iterator[Told]:
    """What came to the telephone, and what came to the other one."""
    ways = (
        (report.here, report.remote, report.local, False),
        (report.there, report.local, report.remote, True),
    )
    for came, src, dst, is_second_hand in ways:
        if came is not None:
            yield _told(report.call_id, came, src, dst, is_second_hand=is_second_hand)


def _told(call_id: str, came: Experience, src: Spot, dst: Spot, *, is_second_hand: bool) -> Told:
    return Told(
        call=short_id(call_id),
        src=_written(src),
        dst=_written(dst),
        loss=came.loss,
        discard=came.discard,
        jitter=came.jitter,
        round_trip=came.round_trip,
        mos=came.mos,
        second_hand=is_second_hand,
    )


def _written(spot: Spot) -> str:
    if not spot.address:
        return ""
    return f"[{spot.address}]:{spot.port}" if ":" in spot.address else f"{spot.address}:{spot.port}"
