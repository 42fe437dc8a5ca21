"""Linux: a service that belongs to the start of the host does not run. Start it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Unit

__all__ = ["start_service"]

_AT_REST = frozenset({"active", "inactive", "failed"})
_MOVING = frozenset({"activating", "deactivating", "reloading", "maintenance"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """unit: the service's name in systemd, with its ending."""

    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What systemd says of a unit: whether it is known, whether it runs, or is just coming or going."""

    load: str
    runs: bool
    moves: bool = False


def propose(finding: Finding) -> Service | None:
    unit = str(finding.facts.get("unit", ""))
    return Service(unit=unit) if unit.endswith(".service") else None


def plan(seen: State, wanted: Service) -> Iterator[Step]:
    unit = wanted.unit
    if seen.load != "loaded":
        raise UnfitError(
            f"{unit} is not there ({seen.load}): nothing can be started",
            f"{unit} gibt es nicht ({seen.load}): nichts kann gestartet werden",
        )
    if seen.moves:
        raise UnfitError(
            f"{unit} is just starting or stopping: wait until it has",
            f"{unit} startet oder stoppt gerade: erst abwarten",
        )
    if seen.runs:
        return
    yield Step(
        why=(
            f"systemd may remember that {unit} failed too often, and then refuses to start it",
            f"hat sich systemd gemerkt, dass {unit} zu oft fehlgeschlagen ist, startet es den Dienst nicht",
        ),
        do=Command(argv=("systemctl", "reset-failed", "--", unit)),
        keeps=True,
    )
    yield Step(
        why=(f"{unit} shall run and does not", f"{unit} soll laufen und läuft nicht"),
        do=Command(argv=("systemctl", "start", "--", unit), seconds=90.0),
        undo=(Command(argv=("systemctl", "stop", "--", unit), seconds=90.0),),
    )


@playbook(
    "linux.start_service",
    does=("Start a service that does not run", "Einen Dienst starten, der nicht läuft"),
    notices=("What the service offers is there again.", "Was der Dienst anbietet, ist wieder da."),
    treats=("linux.service-failed", "linux.service-stopped", "linux.service-blocked"),
    asked=("linux.services",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
)
async def start_service(host: Shell, wanted: Service) -> State:
    """Ask systemd for the state of one unit."""
    ran = await host.run(
        "systemctl", "show", "--no-pager", "--property=LoadState,ActiveState", "--", wanted.unit
    )
    said = dict(line.split("=", 1) for line in ran.stdout.splitlines() if "=" in line)
    active = said.get("ActiveState", "")
    if ran.code or active not in _AT_REST | _MOVING:
        raise Unanswered(Kind.UNPARSABLE, f"systemctl does not tell the state of {wanted.unit}")
    return State(load=said.get("LoadState", ""), runs=active == "active", moves=active in _MOVING)
