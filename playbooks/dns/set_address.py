"""DNS: a zone has no address of a host, or another than the contract says. Enter the contract's by dynamic update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import Finding, Shell
from playbooks.dns.bind import Records, must_take_updates, records, replacing
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Address, Zone

__all__ = ["set_address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The zone, the host's whole name in it, and its address."""

    zone: Zone
    name: Zone
    address: Address

    @property
    def rtype(self) -> str:
        return "AAAA" if ip_address(self.address).version == 6 else "A"


def propose(finding: Finding) -> Host | None:
    facts = {key: str(value) for key, value in finding.facts.items()}
    try:
        address = str(ip_address(facts.get("address", "")))
    except ValueError:
        # Several addresses: which of them is missing is seen on the server.
        return None
    return Host(zone=facts["zone"].rstrip("."), name=facts["name"].rstrip("."), address=address)


def plan(seen: Records, wanted: Host) -> Iterator[Step]:
    must_take_updates(seen, wanted.zone)
    if not (wanted.name == wanted.zone or wanted.name.endswith(f".{wanted.zone}")):
        raise UnfitError(
            f"{wanted.name} does not lie in {wanted.zone}", f"{wanted.name} liegt nicht in {wanted.zone}"
        )
    if seen.data == (wanted.address,):
        return
    if len(seen.values) > 1:
        raise UnfitError(
            f"{wanted.name} has several addresses ({', '.join(seen.data)}): a person says which shall stay",
            f"{wanted.name} hat mehrere Adressen ({', '.join(seen.data)}): welche bleiben, sagt ein Mensch",
        )
    step = replacing(seen, wanted.zone, wanted.name, wanted.rtype, wanted.address)
    yield Step(
        why=(
            f"the contract gives {wanted.name} the address {wanted.address}, the zone has {', '.join(seen.data) or 'none'}",
            f"laut Vertrag hat {wanted.name} die Adresse {wanted.address}, die Zone nennt {', '.join(seen.data) or 'keine'}",
        ),
        do=step.do,
        undo=step.undo,
    )


@playbook(
    "dns.set_address",
    does=("Enter a host's address in its zone", "Die Adresse eines Hosts in seine Zone eintragen"),
    notices=(
        "The name leads to this address, elsewhere as soon as caches forget the old answer.",
        "Der Name führt zu dieser Adresse, anderswo, sobald Zwischenspeicher die alte Antwort vergessen.",
    ),
    treats=("dns.forward-missing", "dns.forward-mismatch"),
    asked=("dns.reverse",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    role="dns-server",
    settle=30.0,
)
async def set_address(host: Shell, wanted: Host) -> Records:
    """Ask the server for the zone and for the addresses of the name."""
    return await records(host, wanted.zone, wanted.name, wanted.rtype)
