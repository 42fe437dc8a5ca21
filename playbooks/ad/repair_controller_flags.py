"""AD: the account of a controller lacks the flags of one. Set those that every writable controller has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Directory, Finding
from playbooks.ad.entries import Controller, escaped
from playbooks.operation import Attributes
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["repair_controller_flags"]

# SERVER_TRUST_ACCOUNT and TRUSTED_FOR_DELEGATION (MS-ADTS 2.2.16), as `dcdiag` wants them.
_CONTROLLER, _READ_ONLY, _DISABLED = 0x82000, 0x4000000, 0x2


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """entry: the controller's account, '' for none; control: userAccountControl."""

    entry: str
    control: int


def propose(finding: Finding) -> Controller | None:
    name = str(finding.facts.get("controller", ""))
    return Controller(controller=name) if "." in name else None


def plan(seen: State, wanted: Controller) -> Iterator[Step]:
    if not seen.entry or ",OU=Domain Controllers," not in seen.entry:
        raise UnfitError(
            f"{wanted.controller} has no account among the domain controllers: see whether it is one",
            f"{wanted.controller} hat kein Konto unter den Domänencontrollern: prüfen, ob es einer ist",
        )
    if seen.control & (_READ_ONLY | _DISABLED):
        raise UnfitError(
            f"{wanted.controller} is disabled or read-only: a person decides what it shall be",
            f"{wanted.controller} ist deaktiviert oder schreibgeschützt: was es sein soll, entscheidet ein Mensch",
        )
    if seen.control == _CONTROLLER:
        return
    yield Step(
        why=(
            f"the account has the flags {seen.control:#x}; a controller has {_CONTROLLER:#x}",
            f"das Konto hat die Merkmale {seen.control:#x}; ein Controller hat {_CONTROLLER:#x}",
        ),
        do=Attributes(entry=seen.entry, values=(("userAccountControl", (f"{_CONTROLLER}",)),)),
        undo=(Attributes(entry=seen.entry, values=(("userAccountControl", (f"{seen.control}",)),)),),
    )


@playbook(
    "ad.repair_controller_flags",
    does=("Set the flags of a controller's account", "Die Merkmale eines Controllerkontos setzen"),
    notices=("Nothing.", "Nichts."),
    treats=("ad.controller-flags",),
    asked=("ad.controllers",),
    plan=plan,
    propose=propose,
    risk=Risk.HIGH,
    role="domain-controller",
    settle=60.0,
)
async def repair_controller_flags(host: Directory, about: About, wanted: Controller) -> State:
    """Look at the controller's account."""
    base = about.domain.base if about.domain else ""
    where = f"(&(objectClass=computer)(dNSHostName={escaped(wanted.controller)}))"
    found = await host.search(base, where, "userAccountControl")
    if len(found) != 1:
        return State(entry="", control=0)
    return State(entry=found[0].dn, control=found[0].number("userAccountControl") or 0)
