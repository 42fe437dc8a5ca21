"""Is this host about to run out of file handles, processes or tracked connections?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Shell, collector, fault, warn
from collectors.linux.output import count_of, printed, unparsable

FILES = fault(
    "linux.file-handles-low",
    "{used} of {most} file handles are in use",
    "{used} von {most} Dateihandles sind in Gebrauch",
    do=(
        "Find the process with most open files (lsof).",
        "Den Prozess mit den meisten offenen Dateien suchen (lsof).",
    ),
)
TASKS = fault(
    "linux.processes-low",
    "{used} of {most} possible processes and threads run",
    "{used} von {most} möglichen Prozessen und Threads laufen",
    do=("Find who starts them (ps -eLf).", "Klären, wer sie startet (ps -eLf)."),
)
CONNECTIONS = warn(
    "linux.conntrack-filling",
    "{used} of {most} connections are tracked; at the limit new ones are dropped",
    "{used} von {most} Verbindungen sind in der Tabelle; an der Grenze werden neue verworfen",
    do=("Find who opens so many connections.", "Klären, wer so viele Verbindungen öffnet."),
)
_FILE_NR, _PIDS, _THREADS = "/proc/sys/fs/file-nr", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"
_COUNT, _MOST = "/proc/sys/net/netfilter/nf_conntrack_count", "/proc/sys/net/netfilter/nf_conntrack_max"
_GREP = ("grep", "-H", ".", _FILE_NR, _PIDS, _THREADS, _COUNT, _MOST, "/proc/loadavg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each pair: what is in use, and the most that there may be. Connections are (0, 0) without a firewall."""

    files: tuple[int, int]
    tasks: tuple[int, int]
    connections: tuple[int, int]


def judge(seen: Limits) -> Iterator[Finding]:
    for tag, (used, most) in ((FILES, seen.files), (TASKS, seen.tasks), (CONNECTIONS, seen.connections)):
        if most and used >= most * 0.9:
            yield tag(used=used, most=most)


@collector(
    "linux.limits",
    asks=("Are limits of the system nearly reached?", "Sind Grenzen des Systems fast erreicht?"),
    judge=judge,
    platform="linux",
)
async def limits(host: Shell) -> Limits:
    """Read what the kernel counts and where it stops."""
    # Without connection tracking its two files are missing: grep then ends with 2, or 1 in BusyBox.
    text = printed(await host.run(*_GREP), codes=(0, 1, 2))
    told = dict(re.findall(r"(?m)^(/proc/[\w/-]+):(.*)$", text))
    files = told.get(_FILE_NR, "").split()
    tasks = re.fullmatch(r"\S+ \S+ \S+ \d+/(\d+) \d+", told.get("/proc/loadavg", ""))
    if len(files) != 3 or tasks is None or _PIDS not in told or _THREADS not in told:
        raise unparsable("/proc does not show the limits of Linux", text)
    tracked = (told[_COUNT], told[_MOST]) if {_COUNT, _MOST} <= told.keys() else ("0", "0")
    return Limits(
        files=(count_of(files[0]) - count_of(files[1]), count_of(files[2])),
        tasks=(count_of(tasks[1]), min(count_of(told[_PIDS]), count_of(told[_THREADS]))),
        connections=(count_of(tracked[0]), count_of(tracked[1])),
    )
