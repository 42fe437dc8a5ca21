"""Has a service of this host failed, or does it start again and again?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from collectors import Finding, Shell, Unanswered, collector, fault
from collectors.linux.output import count_of, figure, is_missing, plain, printed, unparsable

FAILED = fault(
    "linux.service-failed",
    "{unit} has failed ({result}, status {status}); its last log line: {reason}",
    "{unit} ist fehlgeschlagen ({result}, Status {status}); letzte Logzeile: {reason}",
    do=(
        "Read journalctl -u {unit}, remove the cause, then start {unit} again.",
        "Mit journalctl -u {unit} das Log lesen, die Ursache beheben, dann {unit} neu starten.",
    ),
)
FLAPPING = fault(
    "linux.service-flapping",
    "{unit} dies and is started again and again ({restarts} times, {result}, status {status}); "
    "its last log line: {reason}",
    "{unit} stirbt und wird immer wieder gestartet ({restarts} Mal, {result}, Status {status}); "
    "letzte Logzeile: {reason}",
    do=(
        "Read journalctl -u {unit}; restarts will not help until the cause is gone.",
        "Mit journalctl -u {unit} das Log lesen; Neustarts helfen erst, wenn die Ursache weg ist.",
    ),
)
_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ExecMainStartTimestampMonotonic"
)
_SHOW = ("systemctl", "show", "--no-pager", f"--property={_PROPERTIES}", "*.service")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}\.service")
# A console's login ends with each logout and is started again: that is its work.
_CONSOLE = re.compile(r"(?:[a-z]+-)?getty@.*")
# What systemd itself says about a unit tells that it failed, not why.
_SYSTEMD = re.compile(
    r"\S+\.service: (?:Main process exited|Control process exited|Failed with result|Unit entered failed|"
    r"Scheduled restart|Start request repeated|Service |Consumed |Deactivated|Triggering|main process exited|"
    r"Changed )|(?:Failed to start|Stopped|Stopping|Starting|Started|start request repeated) .*|-- .*"
)
_MOST = 5
_OFTEN = 3
_RECENT = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service that is not well. since_start: seconds since its process started, None if unknown."""

    name: str
    active: str
    sub: str
    result: str
    status: int
    restarts: int
    since_start: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """known: services that systemd has loaded; unwell: those that failed or were restarted by it."""

    known: int
    unwell: tuple[Unit, ...]


def judge(seen: Services) -> Iterator[Finding]:
    for unit in seen.unwell:
        reason = unit.reason or "?"
        if unit.active == "failed":
            yield FAILED(unit=unit.name, result=unit.result, status=unit.status, reason=reason)
        elif _flaps(unit):
            yield FLAPPING(
                unit=unit.name,
                restarts=unit.restarts,
                result=unit.result,
                status=unit.status,
                reason=reason,
            )


def _flaps(unit: Unit) -> bool:
    if _CONSOLE.fullmatch(unit.name):
        return False
    if unit.sub == "auto-restart" and (unit.result != "success" or unit.status != 0):
        return True
    recent = unit.since_start is not None and unit.since_start < _RECENT
    return unit.restarts >= _OFTEN and recent


@collector(
    "linux.services",
    asks=("Do the services run, and steadily?", "Laufen die Dienste, und laufen sie stetig?"),
    judge=judge,
    platform="linux",
)
async def services(host: Shell) -> Services:
    """Ask systemd for the state of its services."""
    ran = await host.run(*_SHOW)
    if is_missing(ran) or "not been booted with systemd" in ran.stderr:
        raise unparsable("the host does not run systemd: its services cannot be asked", ran.stderr)
    blocks = [_properties(block) for block in re.split(r"\n\s*\n", printed(ran)) if block.strip()]
    units = [block for block in blocks if _UNIT.fullmatch(block.get("Id", ""))]
    if not units or any("ActiveState" not in block for block in units):
        raise unparsable("systemctl printed no services", ran.stdout or ran.stderr)
    unwell = [block for block in units if _is_unwell(block)]
    uptime = await _uptime(host) if any(b["ActiveState"] != "failed" for b in unwell) else None
    found = [_unit(block, uptime) for block in unwell]
    bad = [unit.name for unit in found if unit.active == "failed" or _flaps(unit)][:_MOST]
    told = {name: await _reason(host, name) for name in bad}
    return Services(
        known=len(units), unwell=tuple(replace(unit, reason=told.get(unit.name, "")) for unit in found)
    )


def _properties(block: str) -> dict[str, str]:
    return {key: value for key, sep, value in (line.partition("=") for line in block.splitlines()) if sep}


def _is_unwell(block: dict[str, str]) -> bool:
    if block.get("LoadState") in ("not-found", "masked"):
        return False
    restarted = block.get("NRestarts", "0") not in ("", "0")
    return block["ActiveState"] == "failed" or block.get("SubState") == "auto-restart" or restarted


async def _uptime(host: Shell) -> float:
    words = printed(await host.run("cat", "--", "/proc/uptime")).split()
    if not words:
        raise unparsable("/proc/uptime is empty")
    return figure(words[0])


def _unit(block: dict[str, str], uptime: float | None) -> Unit:
    started = count_of(block.get("ExecMainStartTimestampMonotonic") or "0") / 1e6
    return Unit(
        name=block["Id"],
        active=plain(block["ActiveState"]),
        sub=plain(block.get("SubState", "")),
        result=plain(block.get("Result", "")) or "?",
        status=count_of(block.get("ExecMainStatus") or "0"),
        restarts=count_of(block.get("NRestarts") or "0"),
        since_start=round(uptime - started, 1) if uptime is not None and started else None,
    )


async def _reason(host: Shell, unit: str) -> str:
    """Give the last thing the service itself said; empty where the journal may not be read."""
    try:
        ran = await host.run("journalctl", "-u", unit, "-n", "20", "-o", "cat", "--no-pager", "-q")
    except Unanswered:
        return ""
    lines = [plain(line) for line in ran.stdout.splitlines()] if ran.code == 0 else []
    own = [line for line in lines if line and not _SYSTEMD.match(line)]
    return own[-1] if own else ""
