"""AD: clients do not find a controller, as records of it are missing. Enter them anew, on a Samba controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from collectors import About, Finding, Shell
from playbooks.ad.samba_dns import change, found, port_of
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Zone

__all__ = ["add_records"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """controller: its whole name; names: of the records that it lacks, whole."""

    controller: Zone
    names: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """domain: of the controller that is asked, '' for none; targets: name and what it leads to, lower case."""

    domain: str
    targets: tuple[tuple[str, tuple[str, ...]], ...]


def propose(finding: Finding) -> Missing | None:
    facts = {key: str(value) for key, value in finding.facts.items()}
    names = tuple(name.strip().rstrip(".") for name in facts["names"].split(",") if name.strip())
    return Missing(controller=facts["controller"].rstrip("."), names=names)


def plan(seen: State, wanted: Missing) -> Iterator[Step]:
    if not seen.domain or not all(name.endswith(f".{seen.domain}") for name in wanted.names):
        raise UnfitError(
            "not all of these names lie in the controller's domain",
            "nicht alle dieser Namen liegen in der Domäne des Controllers",
        )
    for name, targets in seen.targets:
        if wanted.controller.lower() in targets:
            continue
        if _rtype(name) == "A":
            raise UnfitError(
                f"{name} is an address: restart the controller's DNS update, it knows its addresses",
                f"{name} ist eine Adresse: die DNS-Registrierung des Controllers neu anstoßen, er kennt seine Adressen",
            )
        port = port_of(name)
        rtype, data = ("SRV", f"{wanted.controller} {port} 0 100") if port else ("CNAME", wanted.controller)
        yield Step(
            why=(
                f"{name} does not lead to {wanted.controller}",
                f"{name} führt nicht zu {wanted.controller}",
            ),
            do=change("add", name, seen.domain, rtype, data),
            undo=(change("delete", name, seen.domain, rtype, data),),
        )


def _rtype(name: str) -> str:
    """SRV for a service, CNAME for the name that replication partners look for, else an address."""
    if port_of(name):
        return "SRV"
    return "CNAME" if "._msdcs." in name and name.partition(".")[0].count("-") == 4 else "A"


@playbook(
    "ad.add_records",
    does=("Enter a controller's missing DNS records", "Fehlende DNS-Einträge eines Controllers eintragen"),
    notices=("Clients find the controller again.", "Clients finden den Controller wieder."),
    treats=("ad.record-missing", "ad.record-partly-missing"),
    asked=("ad.records",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    platform="linux",
    role="domain-controller",
    settle=30.0,
)
async def add_records(host: Shell, about: About, wanted: Missing) -> State:
    """Ask the controller's own DNS for each name."""
    targets = []
    for name in wanted.names:
        data = await found(host, name, _rtype(name))
        targets.append((name, tuple(sorted({one.split()[-1].rstrip(".").lower() for one in data}))))
    return State(domain=about.domain.name if about.domain else "", targets=tuple(targets))
