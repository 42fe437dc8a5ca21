"""Has a service of this host failed, or does it start again and again?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from collectors import Finding, Shell, Unanswered, collector, fault, note, warn
from collectors.linux.output import aside, count_of, figure, is_missing, plain, printed, unparsable

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
JOB_FAILED = warn(
    "linux.job-failed",
    "{unit} failed when it last ran ({result}, status {status}); its last log line: {reason}",
    "{unit} ist beim letzten Lauf fehlgeschlagen ({result}, Status {status}); letzte Logzeile: {reason}",
    do=(
        "Read journalctl -u {unit}, remove the cause and run {unit} again.",
        "Mit journalctl -u {unit} das Log lesen, die Ursache beheben und {unit} noch einmal laufen lassen.",
    ),
)
STOPPED = warn(
    "linux.service-stopped",
    "{unit} belongs to the start of the host, ran for {hours} hours and was stopped; its last log line: {reason}",
    "{unit} gehört zum Start des Hosts, lief {hours} Stunden und wurde beendet; letzte Logzeile: {reason}",
    do=(
        "Find out who stopped {unit} (journalctl -u {unit}); start it, or disable it if nobody wants it.",
        "Klären, wer {unit} beendet hat (journalctl -u {unit}); starten, oder deaktivieren, wenn es niemand braucht.",
    ),
)
BLOCKED = fault(
    "linux.service-blocked",
    "{unit} does not run: it requires {by}, which has failed",
    "{unit} läuft nicht: es braucht {by}, und das ist fehlgeschlagen",
    do=(
        "Put {by} in order, then start {unit}: it does not start by itself.",
        "{by} in Ordnung bringen, dann {unit} starten: von selbst startet es nicht.",
    ),
)
ENDS = note(
    "linux.service-ends",
    "{unit} keeps ending without an error and is started again ({restarts} times); its last log line: {reason}",
    "{unit} endet immer wieder ohne Fehler und wird neu gestartet ({restarts} Mal); letzte Logzeile: {reason}",
    do=(
        "If {unit} shall stay, see why it ends: a wrong Type=, an empty configuration, or nothing to do.",
        "Soll {unit} laufen bleiben, klären, warum es endet: falsches Type=, leere Konfiguration oder nichts zu tun.",
    ),
)
_PROPERTIES = (
    "Id,Type,RemainAfterExit,LoadState,UnitFileState,TriggeredBy,ActiveState,SubState,Result,NRestarts,"
    "ExecMainStatus,ExecMainStartTimestampMonotonic,InactiveEnterTimestampMonotonic"
)
_SHOW = ("systemctl", "show", "--no-pager", f"--property={_PROPERTIES}", "*.service")
_REQUIRED = ("systemctl", "show", "--no-pager", "--property=Id,RequiredBy")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}\.service")
# A console's login ends with each logout and is started again: that is its work.
_CONSOLE = re.compile(r"(?:[a-z]+-)?getty@.*")
# What a person's session runs is as little a service of the host as a job of a timer.
_SESSION = re.compile(r"user(?:-runtime-dir)?@\d+\.service")
_LASTING = frozenset({"simple", "exec", "forking", "notify", "notify-reload"})
# Some services see that there is nothing for them to do, and end. Those that ran for long were ended.
_LONG = 600
# What systemd itself says about a unit tells that it failed, not why.
_SYSTEMD = re.compile(
    r"\S+\.service: (?:Main process exited|Control process exited|Failed with result|Unit entered failed|"
    r"Scheduled restart|Start request repeated|Service |Consumed |Deactivated|Triggering|main process exited|"
    r"Changed |[A-Za-z' -]+ timed out|Unit process |Found left-over |Killing process |Sent signal |Processes still around)|"
    r"This usually indicates unclean termination |(?:Failed to start|Stopped|Stopping|Starting|Started|start request repeated) .*|-- .*"
)
_DIED = re.compile(r"Failed with result|process exited, code=|entered failed state|timed out\. Killing")
_DEATH = re.compile(r"\S+\.service: [Mm]ain process exited, code=(exited|killed|dumped), status=(\d{1,3})")
_RESULT = {"exited": "exit-code", "killed": "signal", "dumped": "core-dump"}
# What comes before is about an earlier run.
_BEGINS = re.compile(r"\S+\.service: (?:Scheduled restart|Deactivated|Failed with)|(?:Stopped|Starting) ")
_MOST = 5
_OFTEN = 3
_RECENT = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service that is not well. since_start: seconds since its process started, None if unknown.

    is_job: it runs, ends, and is not meant to stay. ran: seconds that it ran before it was stopped.
    ends_well: it is started again whenever it ends, and it ends without an error.
    """

    name: str
    active: str
    sub: str
    result: str
    status: int
    restarts: int
    since_start: float | None
    is_job: bool = False
    ran: float = 0.0
    reason: str = ""
    ends_well: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """known: services that systemd has loaded; unwell: those that failed or were restarted by it.

    blocked: services that shall run and do not, each with the failed one that it requires.
    """

    known: int
    unwell: tuple[Unit, ...]
    blocked: tuple[tuple[str, str], ...] = ()


def judge(seen: Services) -> Iterator[Finding]:
    for unit in seen.unwell:
        reason = unit.reason or "?"
        facts = {"unit": unit.name, "result": unit.result, "reason": reason}
        if unit.active == "failed":
            yield (JOB_FAILED if unit.is_job else FAILED)(status=unit.status, **facts)
        elif _flaps(unit):
            yield FLAPPING(restarts=unit.restarts, status=unit.status, **facts)
        elif unit.ends_well and _is_restless(unit):
            yield ENDS(unit=unit.name, restarts=unit.restarts, reason=reason)
        elif unit.ran:
            yield STOPPED(unit=unit.name, hours=round(unit.ran / 3600, 1), reason=reason)
    for name, by in seen.blocked:
        yield BLOCKED(unit=name, by=by)


def _flaps(unit: Unit) -> bool:
    if _CONSOLE.fullmatch(unit.name) or unit.ends_well:
        return False
    if unit.sub == "auto-restart" and (unit.result != "success" or unit.status != 0):
        return True
    return _is_restless(unit)


def _is_restless(unit: Unit) -> bool:
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
    bad = [unit.name for unit in found if unit.active == "failed" or _flaps(unit) or unit.ran][:_MOST]
    told = {name: await _log(host, name) for name in bad}
    return Services(
        known=len(units),
        unwell=tuple(_explained(unit, told.get(unit.name, ())) for unit in found),
        blocked=await _blocked(host, units, [unit.name for unit in found if unit.active == "failed"]),
    )


async def _blocked(
    host: Shell, units: list[dict[str, str]], failed: list[str]
) -> tuple[tuple[str, str], ...]:
    """Ask who requires what failed, and name those of them that shall run and do not."""
    waiting = {
        b["Id"] for b in units if b["ActiveState"] == "inactive" and b.get("UnitFileState") == "enabled"
    }
    if not failed or not waiting:
        return ()
    shown = await aside(host, *_REQUIRED, *failed[:_MOST])
    blocks = [_properties(block) for block in re.split(r"\n\s*\n", shown)]
    needs = [(name, b.get("Id", "")) for b in blocks for name in b.get("RequiredBy", "").split()]
    return tuple((name, by) for name, by in sorted(needs) if name in waiting and by in failed)


def _properties(block: str) -> dict[str, str]:
    return {key: value for key, sep, value in (line.partition("=") for line in block.splitlines()) if sep}


def _is_unwell(block: dict[str, str]) -> bool:
    if block.get("LoadState") in ("not-found", "masked"):
        return False
    restarted = block.get("NRestarts", "0") not in ("", "0")
    return (
        block["ActiveState"] == "failed"
        or block.get("SubState") == "auto-restart"
        or restarted
        or _ran(block) > _LONG
    )


def _ran(block: dict[str, str]) -> float:
    """How long a service ran that starts with the host and was stopped; 0 when that is not so."""
    is_stopped = block["ActiveState"] == "inactive" and block.get("UnitFileState") == "enabled"
    if not is_stopped or block.get("Type") not in _LASTING or block.get("TriggeredBy"):
        return 0.0
    started, ended = _seconds(block, "ExecMainStart"), _seconds(block, "InactiveEnter")
    return max(ended - started, 0.0) if started else 0.0


def _seconds(block: dict[str, str], event: str) -> float:
    return count_of(block.get(f"{event}TimestampMonotonic") or "0") / 1e6


async def _uptime(host: Shell) -> float:
    words = printed(await host.run("cat", "--", "/proc/uptime")).split()
    if not words:
        raise unparsable("/proc/uptime is empty")
    return figure(words[0])


def _unit(block: dict[str, str], uptime: float | None) -> Unit:
    started, ran = _seconds(block, "ExecMainStart"), _ran(block)
    since = round(uptime - started, 1) if uptime is not None and started else None
    return Unit(
        name=block["Id"],
        active=plain(block["ActiveState"]),
        sub=plain(block.get("SubState", "")),
        result=plain(block.get("Result", "")) or "?",
        status=count_of(block.get("ExecMainStatus") or "0"),
        restarts=count_of(block.get("NRestarts") or "0"),
        # A container counts its own uptime, and its services count their machine's.
        since_start=since if since is not None and since >= 0 else None,
        is_job=(block.get("Type") == "oneshot" and block.get("RemainAfterExit") == "no")
        or _SESSION.fullmatch(block["Id"]) is not None,
        ran=round(ran, 1) if ran > _LONG else 0.0,
    )


async def _log(host: Shell, unit: str) -> tuple[str, ...]:
    """Give the last lines about a service; none where the journal may not be read."""
    try:
        ran = await host.run("journalctl", "-u", unit, "-n", "50", "-o", "cat", "--no-pager", "-q")
    except Unanswered:
        return ()
    return tuple(filter(None, map(plain, ran.stdout.splitlines()))) if ran.code == 0 else ()


def _explained(unit: Unit, log: tuple[str, ...]) -> Unit:
    """Add the last thing that the service said before it died, how it died, and whether it does or only ends."""
    is_restarted = any("Scheduled restart job" in line for line in log)
    deaths = [at for at, line in enumerate(log) if _DEATH.match(line)]
    death = _DEATH.match(log[deaths[-1]]) if deaths else None
    if death and unit.result == "success":
        # It runs again at this moment, and systemd has forgotten how it died.
        unit = replace(unit, result=_RESULT[death[1]], status=int(death[2]))
    run = _last_run(log[: deaths[-1]]) if deaths else log
    own = [line for line in run if not _SYSTEMD.match(line)]
    return replace(
        unit,
        reason=own[-1] if own else "",
        ends_well=is_restarted and not any(_DIED.search(line) for line in log),
    )


def _last_run(log: tuple[str, ...]) -> tuple[str, ...]:
    """Give the lines since the service was last started."""
    begins = [at for at, line in enumerate(log) if _BEGINS.match(line)]
    return log[begins[-1] :] if begins else log
