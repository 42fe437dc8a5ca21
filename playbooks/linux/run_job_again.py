"""Linux: a job (backup, clean-up …) failed when it last ran, and its cause is gone. Run it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.linux.shown import printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Unit

__all__ = ["run_job_again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """unit: the job's name in systemd, with its ending."""

    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What systemd says of a unit: whether it is known, of which type, and how it is."""

    load: str
    kind: str
    active: str


def propose(finding: Finding) -> Job | None:
    unit = str(finding.facts.get("unit", ""))
    return Job(unit=unit) if unit.endswith(".service") else None


def plan(seen: State, wanted: Job) -> Iterator[Step]:
    unit = wanted.unit
    if seen.load != "loaded" or seen.kind != "oneshot":
        raise UnfitError(
            f"{unit} is no job that runs and ends (it is {seen.load}, of type {seen.kind or 'none'}): look at it first",
            f"{unit} ist kein Auftrag, der läuft und endet ({seen.load}, Typ {seen.kind or 'keiner'}): erst ansehen",
        )
    if seen.active == "activating":
        raise UnfitError(
            f"{unit} runs just now: wait for how it ends", f"{unit} läuft gerade: abwarten, wie es endet"
        )
    if seen.active != "failed":
        return
    yield Step(
        why=(
            f"{unit} failed when it last ran; what it does cannot be taken back",
            f"{unit} ist beim letzten Lauf fehlgeschlagen; was es tut, lässt sich nicht zurücknehmen",
        ),
        do=Command(argv=("systemctl", "start", "--", unit), seconds=600.0),
    )


@playbook(
    "linux.run_job_again",
    does=("Run a job again that failed", "Einen fehlgeschlagenen Auftrag noch einmal ausführen"),
    notices=("The load of the job, for as long as it runs.", "Die Last des Auftrags, solange er läuft."),
    treats=("linux.job-failed",),
    asked=("linux.services",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def run_job_again(host: Shell, wanted: Job) -> State:
    """Ask systemd for the type and the state of one unit."""
    ran = await host.run(
        "systemctl", "show", "--no-pager", "--property=LoadState,Type,ActiveState", "--", wanted.unit
    )
    said = dict(line.split("=", 1) for line in printed(ran).splitlines() if "=" in line)
    if "ActiveState" not in said:
        raise Unanswered(Kind.UNPARSABLE, f"systemctl does not tell the state of {wanted.unit}")
    return State(load=said.get("LoadState", ""), kind=said.get("Type", ""), active=said["ActiveState"])
