"""AD: Samba does not run on a controller that lives by it. Start it, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["start_samba"]

_UNIT = "samba-ad-dc.service"
_AT_REST = {"active", "inactive", "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No parameter: there is one such service on a controller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """load: how systemd knows the service; active: how it is; is_sound: Samba finds no mistake in its configuration."""

    load: str
    active: str
    is_sound: bool


def propose(_finding: Finding) -> Nothing:
    return Nothing()


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    if seen.load != "loaded" or seen.active not in _AT_REST:
        raise UnfitError(
            f"{_UNIT} is {seen.load}, {seen.active}: wait, or see how Samba is run here",
            f"{_UNIT} ist {seen.load}, {seen.active}: abwarten oder klären, wie Samba hier läuft",
        )
    if seen.active == "active":
        return
    if not seen.is_sound:
        raise UnfitError(
            "Samba cannot read its configuration: put that right first (testparm)",
            "Samba kann seine Konfiguration nicht lesen: erst diese berichtigen (testparm)",
        )
    yield Step(
        why=(
            "systemd may remember that it failed too often, and then refuses to start it",
            "hat sich systemd gemerkt, dass es zu oft fehlgeschlagen ist, startet es den Dienst nicht",
        ),
        do=Command(argv=("systemctl", "reset-failed", "--", _UNIT)),
        keeps=True,
    )
    yield Step(
        why=("the controller serves nobody without it", "ohne ihn bedient der Controller niemanden"),
        do=Command(argv=("systemctl", "start", "--", _UNIT), seconds=90.0),
        undo=(Command(argv=("systemctl", "stop", "--", _UNIT), seconds=90.0),),
    )


@playbook(
    "ad.start_samba",
    does=("Start the controller's Samba", "Samba auf dem Controller starten"),
    notices=("The controller serves its domain again.", "Der Controller bedient seine Domäne wieder."),
    treats=("ad.samba-not-running",),
    asked=("ad.samba-services",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
    role="domain-controller",
    settle=60.0,
)
async def start_samba(host: Shell, _wanted: Nothing) -> State:
    """Ask systemd for the service, and Samba whether it understands its configuration."""
    ran = await host.run("systemctl", "show", "--no-pager", "--property=LoadState,ActiveState", "--", _UNIT)
    said = dict(line.split("=", 1) for line in ran.stdout.splitlines() if "=" in line)
    if ran.code or "ActiveState" not in said:
        raise Unanswered(Kind.UNPARSABLE, f"systemctl does not tell the state of {_UNIT}")
    test = await host.run("testparm", "-s", "--suppress-prompt")
    return State(load=said.get("LoadState", ""), active=said["ActiveState"], is_sound=test.code == 0)
