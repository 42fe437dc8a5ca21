"""Do all parts of a Samba controller run? One process tree, of which a part can end alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered, collector, fault

__all__ = ["SambaTasks", "samba_services"]

NOT_RUNNING = fault(
    "ad.samba-not-running",
    "Samba does not run on this controller",
    "Samba läuft auf diesem Controller nicht",
    do=(
        "Start samba-ad-dc and read in its log why it ended.",
        "samba-ad-dc starten und im Log nachlesen, warum es endete.",
    ),
)
TASKS_MISSING = fault(
    "ad.samba-task-missing",
    "Samba runs without {tasks}",
    "Samba läuft ohne {tasks}",
    do=(
        "Read Samba's log for the task, then restart samba-ad-dc.",
        "Sambas Log zum Task lesen, dann samba-ad-dc neu starten.",
    ),
)

# samba(8), `server services`: without these there is no domain. DNS may be BIND's.
_NEEDED = ("ldap", "kdc", "drepl")
_TASK = re.compile(r"samba: (?:conn\[[^\]]*\] )?task\[(?P<task>\w+)\]")
_ROOT = re.compile(r"(?:\S*/)?samba: root process|(?:\S*/)?samba(?: -\S.*|$)|samba: ")


@dataclass(frozen=True, slots=True)
class SambaTasks:
    """tasks: names of those that run, in order; runs: that there is a Samba controller process at all."""

    runs: bool
    tasks: tuple[str, ...]


def judge(seen: SambaTasks) -> Iterator[Finding]:
    missing = [task for task in _NEEDED if task not in seen.tasks]
    if not seen.runs:
        yield NOT_RUNNING()
    elif missing and seen.tasks:
        yield TASKS_MISSING(tasks=", ".join(missing))


@collector(
    "ad.samba-services",
    asks=("Do all parts of Samba run?", "Laufen alle Teile von Samba?"),
    judge=judge,
    platform="linux",
    role="domain-controller",
)
async def samba_services(host: Shell) -> SambaTasks:
    """Samba names its processes after their tasks."""
    ran = await host.run("ps", "-e", "-o", "args=")
    lines = [line.strip() for line in ran.stdout.splitlines()]
    if ran.code or len(lines) < 2:
        raise Unanswered(Kind.UNPARSABLE, f"the processes cannot be listed: {ran.stderr.strip()[:200]}")
    tasks = {found["task"] for line in lines if (found := _TASK.match(line))}
    return SambaTasks(any(_ROOT.match(line) for line in lines), tuple(sorted(tasks)))
