"""Is this host short of processor or memory? Has the kernel killed a process to get some back?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell, Unanswered, collector, fault, note, warn
from collectors.linux.kernel_log import HOURS, kernel_log
from collectors.linux.output import count_of, figure, plain, printed, rounded_bytes, unparsable

LOAD_HIGH = warn(
    "linux.load-high",
    "the load is {load} on {cores} cores: {running} processes want to run now, {blocked} wait for storage",
    "die Last ist {load} bei {cores} Kernen: {running} Prozesse wollen jetzt rechnen, {blocked} warten auf Datenträger",
    do=(
        "Look at the processes with most CPU time (top); those in state D wait for storage or a file server.",
        "Die Prozesse mit der meisten CPU-Zeit ansehen (top); die im Zustand D warten auf Datenträger oder Dateiserver.",
    ),
)
MEMORY_LOW = fault(
    "linux.memory-low",
    "memory is nearly used up: {available} of {total} are available, {swap} of swap are free",
    "der Arbeitsspeicher ist fast aufgebraucht: {available} von {total} verfügbar, {swap} Swap frei",
    do=("Find the largest processes (ps, RSS).", "Die größten Prozesse suchen (ps, RSS)."),
)
MEMORY_TIGHT = warn(
    "linux.memory-tight",
    "memory is getting short: {available} of {total} are available",
    "der Arbeitsspeicher wird knapp: {available} von {total} verfügbar",
)
OOM_KILL = fault(
    "linux.oom-kill",
    "the kernel killed {process} in the last {hours} hours because memory ran out (kills: {count})",
    "der Kernel hat in den letzten {hours} Stunden {process} beendet, weil der Speicher ausging "
    "(beendet: {count})",
    do=(
        "Give {process} more memory, or limit what it may use.",
        "{process} mehr Speicher geben oder seinen Bedarf begrenzen.",
    ),
)
OOM_PAST = note(
    "linux.oom-kill-past",
    "since its start {days} days ago the host ran out of memory {count} times, when is not visible ({where})",
    "seit dem Start vor {days} Tagen ging dem Host {count} Mal der Speicher aus, wann ist nicht sichtbar "
    "({where})",
)
_KILLED = re.compile(r"Killed process \d+,? ?\(([^)]{1,64})\)")
# What systemd calls the container that it runs in, alone on the last line.
_CONTAINER = re.compile(r"\n[a-z][a-z-]{1,30}\n?\Z")
_GIB = 1 << 30
_PROC = (
    *("/proc/loadavg", "/proc/uptime", "/proc/meminfo", "/proc/stat", "/proc/vmstat"),
    # Most hosts have no ZFS, and are no container.
    *("/proc/spl/kstat/zfs/arcstats", "/run/systemd/container"),
)
# Containers and services count for themselves; the machine's own counter also sees its neighbours.
_GROUPS = ("find", "/sys/fs/cgroup", "-maxdepth", "4", "-name", "memory.events")
_SHOW = ("-exec", "grep", "-H", "^oom_kill [1-9]", "{}", "+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load averages (1 and 5 minutes), uptime in seconds, memory in bytes.

    total: without the huge pages that are set aside; available: with what a cache of ZFS gives back.

    running, blocked: processes that want to compute, or wait for storage, at this moment.

    kills: since the start, None where the kernel does not count. recent: names of processes killed in
    the last 24 hours, None where the log may not be read. groups: control groups that saw a kill.
    """

    one: float
    five: float
    cores: int
    running: int
    blocked: int
    uptime: float
    total: int
    available: int
    swap_total: int
    swap_free: int
    kills: int | None
    recent: tuple[str, ...] | None
    groups: tuple[str, ...]


def judge(seen: Load) -> Iterator[Finding]:
    # The averages remember for minutes what is over already; the counts of this moment do not. Who waits
    # for a file server is in the averages alone: they tell when they do not fall.
    lasts = seen.one >= seen.five * 0.95 and seen.five > 2 * seen.cores + 1
    goes_on = seen.running + seen.blocked > seen.cores or lasts
    if goes_on and (seen.one > 2 * seen.cores + 1 or seen.five > 2 * seen.cores):
        yield LOAD_HIGH(load=round(seen.one, 1), cores=seen.cores, running=seen.running, blocked=seen.blocked)
    facts = {"available": rounded_bytes(seen.available), "total": rounded_bytes(seen.total)}
    swapped_out = seen.swap_total > 0 and seen.swap_free < seen.swap_total / 10
    if seen.available < min(seen.total / 20, 2 * _GIB):
        yield MEMORY_LOW(swap=rounded_bytes(seen.swap_free), **facts)
    elif seen.available < min(seen.total / (5 if swapped_out else 10), 4 * _GIB):
        yield MEMORY_TIGHT(**facts)
    yield from _kills(seen)


def _kills(seen: Load) -> Iterator[Finding]:
    if seen.recent:
        names = ", ".join(dict.fromkeys(seen.recent))
        yield OOM_KILL(process=plain(names), count=len(seen.recent), hours=HOURS)
    elif not seen.kills:
        return
    elif seen.recent is None and seen.uptime < HOURS * 3600:
        yield OOM_KILL(process=plain(", ".join(seen.groups)) or "?", count=seen.kills, hours=HOURS)
    else:
        where = plain(", ".join(seen.groups)) or "?"
        yield OOM_PAST(days=round(seen.uptime / 86400, 1), count=seen.kills, where=where)


@collector(
    "linux.load",
    asks=("Is there enough processor and memory?", "Reichen Prozessor und Arbeitsspeicher?"),
    judge=judge,
    platform="linux",
)
async def load(host: Shell) -> Load:
    """Read load, memory and the traces of the out-of-memory killer."""
    text = printed(await host.run("cat", "--", *_PROC), codes=(0, 1))
    first = re.match(r"([\d.]+) ([\d.]+) [\d.]+ (\d+)/\d+ \d+\n([\d.]+) [\d.]+\n", text)
    if first is None:
        raise unparsable("/proc does not look like Linux", text)
    memory = {key: count_of(kib) * 1024 for key, kib in re.findall(r"(?m)^(\w+): +(\d+) kB$", text)}
    cores = len(re.findall(r"(?m)^cpu\d+ ", text))
    if not cores or not memory.get("MemTotal") or "MemAvailable" not in memory:
        raise unparsable("/proc shows neither cores nor available memory (Linux 3.14 or newer is needed)")
    is_container = _CONTAINER.search(text) is not None
    total = memory["MemTotal"] - _set_aside(memory, text)
    kills = _number(r"(?m)^oom_kill (\d+)$", text)
    shown = (await host.run(*_GROUPS, *_SHOW)).stdout if kills != 0 else ""
    if is_container:
        kills = _number(r"(?m)^/sys/fs/cgroup/memory\.events:oom_kill (\d+)$", shown)
    return Load(
        one=figure(first[1]),
        five=figure(first[2]),
        cores=cores,
        # The command that reads runs as well.
        running=max(count_of(first[3]) - 1, 0),
        blocked=_number(r"(?m)^procs_blocked (\d+)$", text) or 0,
        uptime=figure(first[4]),
        total=total,
        available=min(memory["MemAvailable"] + (0 if is_container else _given_back(text)), total),
        swap_total=memory.get("SwapTotal", 0),
        swap_free=memory.get("SwapFree", 0),
        kills=kills,
        recent=await _killed(host),
        groups=_groups(shown),
    )


def _set_aside(memory: dict[str, int], text: str) -> int:
    """Huge pages are kept for the programs that ask for them by name: no other has less for it."""
    pages = _number(r"(?m)^HugePages_Total: +(\d+)$", text) or 0
    aside = memory.get("Hugetlb", pages * memory.get("Hugepagesize", 0))
    return aside if aside < memory["MemTotal"] else 0


def _given_back(text: str) -> int:
    """The cache of ZFS shrinks when somebody needs memory, down to its minimum; the kernel calls it used."""
    size, least = (_number(rf"(?m)^{name} +\d+ +(\d+)$", text) or 0 for name in ("size", "c_min"))
    return max(size - least, 0)


def _number(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text)
    return count_of(match[1]) if match else None


def _groups(text: str) -> tuple[str, ...]:
    found = re.findall(r"(?m)^/sys/fs/cgroup/?(.*)/memory\.events:oom_kill \d+$", text)
    return tuple(sorted({plain(path.rpartition("/")[2]) for path in found if path}))


async def _killed(host: Shell) -> tuple[str, ...] | None:
    try:
        log = await kernel_log(host)
    except Unanswered:
        return None
    return tuple(plain(match[1]) for line in log if (match := _KILLED.search(line)))
