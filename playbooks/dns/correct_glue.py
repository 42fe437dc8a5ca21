"""DNS: a zone of the customer's gives another address of a name server below it than that zone itself. Put the glue right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import Finding, Shell
from playbooks.dns.bind import Records, must_take_updates, records, replacing
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Address, Zone

__all__ = ["correct_glue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glue:
    """zone: the one above, which is kept here; name: of the name server; address: what the zone below says itself."""

    zone: Zone
    name: Zone
    address: Address


def propose(finding: Finding) -> Glue | None:
    """From the zone below: what is kept here is the zone that its own name hangs under."""
    facts = {key: str(value) for key, value in finding.facts.items()}
    try:
        address = str(ip_address(facts["in_zone"]))
    except ValueError:
        return None
    above = facts["zone"].rstrip(".").partition(".")[2]
    return Glue(zone=above, name=facts["name"].rstrip("."), address=address) if "." in above else None


def plan(seen: Records, wanted: Glue) -> Iterator[Step]:
    must_take_updates(seen, wanted.zone)
    rtype = "AAAA" if ip_address(wanted.address).version == 6 else "A"
    if seen.data == (wanted.address,):
        return
    if len(seen.values) > 1:
        raise UnfitError(
            f"the glue of {wanted.name} has several addresses ({', '.join(seen.data)}): a person says which shall stay",
            f"das Glue von {wanted.name} hat mehrere Adressen ({', '.join(seen.data)}): welche bleiben, sagt ein Mensch",
        )
    step = replacing(seen, wanted.zone, wanted.name, rtype, wanted.address)
    yield Step(
        why=(
            f"{wanted.name} says itself that it is {wanted.address}; the delegation in {wanted.zone} says otherwise",
            f"{wanted.name} ist nach eigener Auskunft {wanted.address}; die Delegation in {wanted.zone} sagt anderes",
        ),
        do=step.do,
        undo=step.undo,
    )


@playbook(
    "dns.correct_glue",
    does=(
        "Correct a name server's address in a delegation",
        "Die Adresse eines Namensservers in einer Delegation berichtigen",
    ),
    notices=(
        "Names below are found without detours, elsewhere as soon as caches forget the old answer.",
        "Namen darunter werden ohne Umweg gefunden, anderswo, sobald Zwischenspeicher die alte Antwort vergessen.",
    ),
    treats=("dns.glue-mismatch", "dns.glue-missing"),
    asked=("dns.zones",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    role="dns-server",
    settle=30.0,
)
async def correct_glue(host: Shell, wanted: Glue) -> Records:
    """Ask the server for the zone and for the address that it gives with the delegation."""
    rtype = "AAAA" if ip_address(wanted.address).version == 6 else "A"
    return await records(host, wanted.zone, wanted.name, rtype)
