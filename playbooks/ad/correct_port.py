"""AD: a record leads clients to a port where the controller offers nothing. Enter the right one instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from collectors import About, Finding, Shell
from playbooks.ad.samba_dns import change, must_be_services, names_of, port_of, services
from playbooks.plan import Step
from playbooks.playbook import Risk, playbook
from playbooks.wanted import Zone

__all__ = ["correct_port"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """controller: its whole name; names: of the records with another port."""

    controller: Zone
    names: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """domain: of the controller that is asked; records: name, and 'PRIORITY WEIGHT PORT TARGET' of each of its services."""

    domain: str
    records: tuple[tuple[str, tuple[str, ...]], ...]


def propose(finding: Finding) -> Wrong | None:
    facts = {key: str(value) for key, value in finding.facts.items()}
    return Wrong(controller=facts["controller"].rstrip("."), names=names_of(finding))


def plan(seen: State, wanted: Wrong) -> Iterator[Step]:
    must_be_services(wanted.names, seen.domain)
    for name, rows in seen.records:
        own = [row.split() for row in rows if row.split()[3].rstrip(".").lower() == wanted.controller.lower()]
        right = port_of(name)
        good = f"{wanted.controller} {right} 0 100"
        if own and not any(int(row[2]) == right for row in own):
            yield Step(
                why=(
                    f"{name} does not lead to port {right} of {wanted.controller}",
                    f"{name} führt nicht zu Port {right} von {wanted.controller}",
                ),
                do=change("add", name, seen.domain, "SRV", good),
                undo=(change("delete", name, seen.domain, "SRV", good),),
            )
        for first, weight, port, target in (row for row in own if int(row[2]) != right):
            bad = f"{target.rstrip('.')} {port} {first} {weight}"
            yield Step(
                why=(f"nothing answers on port {port}", f"auf Port {port} antwortet nichts"),
                do=change("delete", name, seen.domain, "SRV", bad),
                undo=(change("add", name, seen.domain, "SRV", bad),),
            )


@playbook(
    "ad.correct_port",
    does=(
        "Correct the port in a controller's DNS records",
        "Den Port in DNS-Einträgen eines Controllers berichtigen",
    ),
    notices=("Clients reach the service again.", "Clients erreichen den Dienst wieder."),
    treats=("ad.record-wrong-port",),
    asked=("ad.records",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    role="domain-controller",
    settle=30.0,
)
async def correct_port(host: Shell, about: About, wanted: Wrong) -> State:
    """Ask the controller's own DNS for each name."""
    return State(
        domain=about.domain.name if about.domain else "",
        records=await services(host, wanted.names),
    )
