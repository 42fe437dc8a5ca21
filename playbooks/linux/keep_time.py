"""Linux: no time service runs, and the clock is left to itself. Start the one that the host has, now and at each start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.linux.shown import Nothing, printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["keep_time"]

# In this order: whoever installs one of the first does not want the last any more.
_SERVICES = (
    "chrony.service",
    "chronyd.service",
    "ntpsec.service",
    "ntp.service",
    "ntpd.service",
    "systemd-timesyncd.service",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The time services that the host has: name, whether it runs, whether it starts with the host ('enabled' …)."""

    services: tuple[tuple[str, bool, str], ...]


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    if not seen.services:
        raise UnfitError(
            "the host has no time service: install one (chrony)",
            "der Host hat keinen Zeitdienst: einen installieren (chrony)",
        )
    if any(runs for _, runs, _ in seen.services):
        return
    name, _, at_start = seen.services[0]
    if at_start == "disabled":
        yield Step(
            why=(f"{name} does not start with the host", f"{name} startet nicht mit dem Host"),
            do=Command(argv=("systemctl", "enable", "--", name)),
            undo=(Command(argv=("systemctl", "disable", "--", name)),),
        )
    yield Step(
        why=(
            f"nothing keeps the clock right while {name} is stopped",
            f"ohne {name} hält nichts die Uhr richtig",
        ),
        do=Command(argv=("systemctl", "start", "--", name)),
        undo=(Command(argv=("systemctl", "stop", "--", name)),),
    )


@playbook(
    "linux.keep_time",
    does=("Start the time service", "Den Zeitdienst starten"),
    notices=(
        "The clock moves to the right time; if it was far off, by a jump.",
        "Die Uhr geht auf die richtige Zeit; war sie weit daneben, in einem Sprung.",
    ),
    treats=("linux.time-unsynchronised",),
    asked=("linux.clock",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
    settle=60.0,
)
async def keep_time(host: Shell, _wanted: Nothing) -> State:
    """Ask systemd which time services there are, and which of them run."""
    ran = await host.run(
        "systemctl",
        "show",
        "--no-pager",
        "--property=Id,LoadState,ActiveState,UnitFileState",
        "--",
        *_SERVICES,
    )
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in re.split(r"\n\s*\n", printed(ran))
    ]
    if not blocks or any("ActiveState" not in block for block in blocks):
        raise Unanswered(Kind.UNPARSABLE, "systemctl does not tell of the time services")
    there = {
        block["Id"]: (block["Id"], block["ActiveState"] == "active", block.get("UnitFileState", ""))
        for block in blocks
        if block.get("LoadState") == "loaded"
    }
    return State(services=tuple(there[name] for name in _SERVICES if name in there))
