"""AD: records lead clients to a controller that there is not. Take these records out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from collectors import About, Finding, Shell
from playbooks.ad.samba_dns import change, must_be_services, names_of, services
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Zone

__all__ = ["remove_dangling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dangling:
    """target: the name that there is not; names: of the services that lead there."""

    target: Zone
    names: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """is_controller: the contract knows the target as one; records: name, and 'PRIORITY WEIGHT PORT TARGET' of each."""

    domain: str
    is_controller: bool
    records: tuple[tuple[str, tuple[str, ...]], ...]


def propose(finding: Finding) -> Dangling | None:
    facts = {key: str(value) for key, value in finding.facts.items()}
    return Dangling(target=facts["target"].rstrip("."), names=names_of(finding))


def plan(seen: State, wanted: Dangling) -> Iterator[Step]:
    if seen.is_controller:
        raise UnfitError(
            f"the contract knows {wanted.target} as a controller: see why it is away instead",
            f"der Vertrag kennt {wanted.target} als Controller: stattdessen klären, warum er fehlt",
        )
    must_be_services(wanted.names, seen.domain)
    for name, rows in seen.records:
        for first, weight, port, target in (row.split() for row in rows):
            if target.rstrip(".").lower() == wanted.target.lower():
                data = f"{wanted.target} {port} {first} {weight}"
                yield Step(
                    why=(
                        f"{name} leads to {wanted.target}, which is no controller of the domain",
                        f"{name} führt zu {wanted.target}, das kein Controller der Domäne ist",
                    ),
                    do=change("delete", name, seen.domain, "SRV", data),
                    undo=(change("add", name, seen.domain, "SRV", data),),
                )


@playbook(
    "ad.remove_dangling",
    does=(
        "Remove records of a controller that is no more",
        "Einträge eines Controllers entfernen, den es nicht mehr gibt",
    ),
    notices=("Log-ons do not wait for it any more.", "Anmeldungen warten nicht mehr darauf."),
    treats=("ad.record-dangling",),
    asked=("ad.records",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    role="domain-controller",
    settle=30.0,
)
async def remove_dangling(host: Shell, about: About, wanted: Dangling) -> State:
    """Ask the controller's own DNS for each name."""
    known = {one.name.lower() for one in about.domain.controllers} if about.domain else set()
    return State(
        domain=about.domain.name if about.domain else "",
        is_controller=wanted.target.lower() in known,
        records=await services(host, wanted.names),
    )
