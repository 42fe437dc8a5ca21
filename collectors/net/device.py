"""What is this device, and how long has it been running? The system group of its SNMP agent (RFC 3418)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Oid, Smi, Snmp, Unanswered, Varbind, collector, note
from collectors.plain import plain

__all__ = ["Device", "device"]

RESTARTED = note(
    "net.device-restarted",
    "the device or its SNMP agent was started {minutes} minutes ago",
    "das Gerät oder sein SNMP-Agent wurde vor {minutes} Minuten gestartet",
    do=(
        "Was it meant to be? If not, look for the reason in its log, and at its power.",
        "War das so gewollt? Sonst den Grund im Protokoll des Geräts suchen, auch in der Stromversorgung.",
    ),
)

_SYSTEM = (1, 3, 6, 1, 2, 1, 1)
_DESCR, _OBJECT_ID, _UP_TIME, _NAME = ((*_SYSTEM, number, 0) for number in (1, 2, 3, 5))
# snmpEngineTime (RFC 3411): seconds since the agent started, which count for 68 years; hrSystemUptime (RFC 2790).
_ENGINE_TIME = (1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0)
_HOST_UP_TIME = (1, 3, 6, 1, 2, 1, 25, 1, 1, 0)
_RECENT = 3600


@dataclass(frozen=True, slots=True)
class Device:
    """descr, name: texts of the device, fit to be shown; object_id: what it is, as its maker numbers it; '' for none.

    up: seconds that it has been running for at the least. Each of its clocks may have begun anew since (sysUpTime does
    so after 497 days), so the one that shows most counts; None where it shows none.
    """

    descr: str
    object_id: str
    name: str
    up: int | None


def judge(seen: Device) -> Iterator[Finding]:
    if seen.up is not None and seen.up < _RECENT:
        yield RESTARTED(minutes=seen.up // 60)


@collector(
    "net.device",
    asks=(
        "What is the device, and since when does it run?",
        "Was für ein Gerät ist es, und seit wann läuft es?",
    ),
    judge=judge,
)
async def device(host: Snmp) -> Device:
    """Ask for the system group, and for the other clocks that an agent may have."""
    said = await host.get(_DESCR, _OBJECT_ID, _UP_TIME, _NAME, _ENGINE_TIME, _HOST_UP_TIME)
    found = {one.oid: one for one in said if one.value is not None}
    if not found.keys() & {_DESCR, _OBJECT_ID, _UP_TIME}:
        raise Unanswered(Kind.UNPARSABLE, "the agent shows nothing of the system group")
    clocks = [
        *(_ticks(found.get(oid)) for oid in (_UP_TIME, _HOST_UP_TIME)),
        _seconds(found.get(_ENGINE_TIME)),
    ]
    return Device(
        descr=_text(found, _DESCR),
        object_id=".".join(map(str, value)) if isinstance(value := _value(found, _OBJECT_ID), tuple) else "",
        name=_text(found, _NAME),
        up=max((clock for clock in clocks if clock is not None), default=None),
    )


def _text(found: dict[Oid, Varbind], oid: Oid) -> str:
    return plain(found[oid].text) if oid in found else ""


def _value(found: dict[Oid, Varbind], oid: Oid) -> object:
    return found[oid].value if oid in found else None


def _ticks(said: Varbind | None) -> int | None:
    """Hundredths of a second as seconds; of another type they may be anything."""
    number = said.number if said is not None and said.smi is Smi.TIMETICKS else None
    return None if number is None else number // 100


def _seconds(said: Varbind | None) -> int | None:
    number = said.number if said is not None and said.smi is Smi.INTEGER else None
    return number if number is None or number >= 0 else None
