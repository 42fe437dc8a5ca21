"""Was the fault named first, and what else was claimed? The score of one diagnosis, and of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.fault import Fault

__all__ = ["Row", "judge", "summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One diagnosis. Causes and findings are written 'tag@host'; seconds: the command's time.

    first: each expected cause is among as many first causes as there are faults. extra: what was said,
    above a note, of hosts that have no fault, and that no expected cause explains. error: why there is none.
    """

    area: str
    fault: str
    run: int
    expected: tuple[str, ...]
    first_cause: str
    first: bool
    extra: tuple[str, ...]
    seconds: float
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['tag']}@{item.get('host') or 'several'}"


def _grave(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [item for item in items if item.get("severity") != "note"]


def _noted(printed: Mapping[str, Any], fault: Fault, others: Sequence[Mapping[str, Any]]) -> bool:
    """A fault that is only worth a note was noted, and nothing else is made a cause in its place."""
    return not others and any(fault.names(f["tag"], f.get("host") or "") for f in printed["findings"])


def judge(
    printed: Mapping[str, Any], faults: Sequence[Fault], *, area: str, name: str, run: int, seconds: float
) -> Row:
    """Score the JSON that the command printed; with no faults every cause is a false alarm."""
    causes = list(printed["causes"])
    leading = causes[: max(len(faults), 1)]
    ours = [c for c in causes if any(f.names(c["tag"], c.get("host") or "") for f in faults)]
    explained = {_name(effect) for cause in ours for effect in cause.get("explains", ())}
    ill = {host for fault in faults for host in (fault.host, *fault.also)}
    others = [
        item
        for item in (*_grave(causes), *_grave(printed["findings"]))
        if (item.get("host") or "") not in ill and item not in ours
    ]
    named = [
        _noted(printed, fault, [c for c in causes if c not in ours])
        if fault.a_note
        else any(fault.names(c["tag"], c.get("host") or "") for c in leading)
        for fault in faults
    ]
    return Row(
        area=area,
        fault=name,
        run=run,
        expected=tuple(f"{'|'.join(fault.tags)}@{fault.host}" for fault in faults),
        first_cause=" + ".join(_name(cause) for cause in leading),
        first=all(named) if faults else not _grave(causes),
        extra=tuple(sorted({_name(item) for item in others} - explained)),
        seconds=round(seconds, 2),
    )


def _of(rows: Sequence[Row]) -> dict[str, Any]:
    faults = [row for row in rows if row.expected]
    first = sum(row.first for row in faults)
    return {
        "faults": len(faults),
        "first": first,
        "share": round(first / len(faults), 4) if faults else None,
        "false_alarms": sum(len(row.extra) for row in rows),
        "errors": sum(bool(row.error) for row in rows),
    }


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures in all, and by area."""
    areas = list(dict.fromkeys(row.area for row in rows))
    return {**_of(rows), "by_area": {area: _of([row for row in rows if row.area == area]) for area in areas}}
