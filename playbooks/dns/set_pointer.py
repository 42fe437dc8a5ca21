"""DNS: an address leads back to no name, or to another than the contract's. Enter the pointer by dynamic update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import Finding, Shell
from playbooks.dns.bind import Records, must_take_updates, records, replacing
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Address, Zone

__all__ = ["set_pointer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The zone of the addresses, an address, and the whole name that it shall lead to."""

    zone: Zone
    address: Address
    name: Zone

    @property
    def owner(self) -> str:
        return ip_address(self.address).reverse_pointer


def propose(finding: Finding) -> Pointer | None:
    facts = {key: str(value) for key, value in finding.facts.items()}
    name = facts["name"].rstrip(".")
    # Where the contract knows several names, a person says which one an address leads to.
    return (
        None if "," in name else Pointer(zone=facts["zone"].rstrip("."), address=facts["address"], name=name)
    )


def plan(seen: Records, wanted: Pointer) -> Iterator[Step]:
    must_take_updates(seen, wanted.zone)
    if not wanted.owner.endswith(f".{wanted.zone}"):
        raise UnfitError(
            f"{wanted.address} does not lie in {wanted.zone}",
            f"{wanted.address} liegt nicht in {wanted.zone}",
        )
    if tuple(data.lower() for data in seen.data) == (f"{wanted.name}.".lower(),):
        return
    if len(seen.values) > 1:
        raise UnfitError(
            f"{wanted.address} leads to several names ({', '.join(seen.data)}): a person says which shall stay",
            f"{wanted.address} führt zu mehreren Namen ({', '.join(seen.data)}): welcher bleibt, sagt ein Mensch",
        )
    step = replacing(seen, wanted.zone, wanted.owner, "PTR", f"{wanted.name}.")
    yield Step(
        why=(
            f"{wanted.address} belongs to {wanted.name}, and leads to {', '.join(seen.data) or 'nothing'}",
            f"{wanted.address} gehört {wanted.name} und führt zu {', '.join(seen.data) or 'nichts'}",
        ),
        do=step.do,
        undo=step.undo,
    )


@playbook(
    "dns.set_pointer",
    does=("Enter the name that an address leads to", "Den Namen eintragen, zu dem eine Adresse führt"),
    notices=(
        "Mail servers and logs find the host's name.",
        "Mailserver und Logs finden den Namen des Hosts.",
    ),
    treats=("dns.reverse-missing", "dns.reverse-mismatch"),
    asked=("dns.reverse",),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    role="dns-server",
    settle=30.0,
)
async def set_pointer(host: Shell, wanted: Pointer) -> Records:
    """Ask the server for the zone and for what the address leads to."""
    return await records(host, wanted.zone, wanted.owner, "PTR")
