"""DNS: a secondary did not hear that a zone has changed. Let the primary tell all of them again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Zone

__all__ = ["notify_secondaries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """zone: of which a secondary is behind."""

    zone: Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """kind: what BIND says that the zone is to it, '' for a zone that it does not know."""

    kind: str


def propose(finding: Finding) -> Changed | None:
    zone = str(finding.facts.get("zone", "")).rstrip(".")
    return Changed(zone=zone) if zone else None


def plan(seen: State, wanted: Changed) -> Iterator[Step]:
    if seen.kind not in {"primary", "master"}:
        raise UnfitError(
            f"the server keeps no {wanted.zone} of its own: tell from its primary",
            f"der Server pflegt {wanted.zone} nicht selbst: vom Primary aus benachrichtigen",
        )
    yield Step(
        why=(
            f"a secondary has not fetched the present {wanted.zone}: it is told again that there is a newer one",
            f"ein Secondary hat die aktuelle {wanted.zone} nicht geholt: er erfährt noch einmal, dass es eine neuere gibt",
        ),
        do=Command(argv=("rndc", "notify", wanted.zone)),
        keeps=True,
    )


@playbook(
    "dns.notify_secondaries",
    does=(
        "Tell the secondaries of a zone's change again",
        "Den Secondaries die Änderung einer Zone noch einmal melden",
    ),
    notices=("Nothing but present answers.", "Nichts außer aktuellen Antworten."),
    treats=("dns.serial-behind",),
    asked=("dns.zones",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    role="dns-server",
    settle=30.0,
)
async def notify_secondaries(host: Shell, wanted: Changed) -> State:
    """Ask BIND what the zone is to it."""
    ran = await host.run("rndc", "zonestatus", wanted.zone)
    if ran.code and "no matching zone" not in ran.stdout + ran.stderr:
        raise Unanswered(Kind.UNPARSABLE, f"rndc does not tell of {wanted.zone}: {ran.stderr.strip()[:100]}")
    said = dict(line.split(": ", 1) for line in ran.stdout.splitlines() if ": " in line)
    return State(kind=said.get("type", ""))
