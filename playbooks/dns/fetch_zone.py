"""DNS: a secondary has an old copy of a zone. Let it fetch the zone now, whatever it believes of its age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Zone

__all__ = ["fetch_zone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """zone: of which the host has an old copy."""

    zone: Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """server: the make that runs here; is_copy: it fetches the zone from another one."""

    server: Literal["bind", "nsd", ""]
    is_copy: bool


def propose(finding: Finding) -> Copy | None:
    zone = str(finding.facts.get("zone", "")).rstrip(".")
    return Copy(zone=zone) if zone else None


def plan(seen: State, wanted: Copy) -> Iterator[Step]:
    if not seen.is_copy:
        raise UnfitError(
            f"no server of this host fetches {wanted.zone} from another one: it is no secondary of it",
            f"kein Server dieses Hosts holt {wanted.zone} von einem anderen: er ist kein Secondary dafür",
        )
    tool = ("rndc", "retransfer") if seen.server == "bind" else ("nsd-control", "force_transfer")
    yield Step(
        why=(
            f"the copy of {wanted.zone} is behind; the whole zone is fetched anew",
            f"die Kopie von {wanted.zone} ist veraltet; die ganze Zone wird neu geholt",
        ),
        do=Command(argv=(*tool, wanted.zone)),
        keeps=True,
    )


@playbook(
    "dns.fetch_zone",
    does=("Fetch a zone anew from its primary", "Eine Zone neu vom Primary holen"),
    notices=(
        "The secondary answers with the present records.",
        "Der Secondary antwortet mit den aktuellen Einträgen.",
    ),
    treats=("dns.serial-behind", "dns.copy-differs"),
    asked=("dns.zones", "dns.reverse"),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    role="dns-server",
    settle=30.0,
)
async def fetch_zone(host: Shell, wanted: Copy) -> State:
    """Ask the control programs of BIND and NSD; whichever answers is the server that runs."""
    bind = await host.run("rndc", "zonestatus", wanted.zone)
    if bind.code == 0:
        return State(server="bind", is_copy="type: secondary" in bind.stdout or "type: slave" in bind.stdout)
    nsd = await host.run("nsd-control", "zonestatus", wanted.zone)
    if nsd.code == 0:
        # A zone that it keeps itself is told as 'primary'; of a copy it says how old it is.
        return State(server="nsd", is_copy="served-serial" in nsd.stdout or "state: refreshing" in nsd.stdout)
    if "no matching zone" in bind.stdout + bind.stderr or "not configured" in nsd.stdout + nsd.stderr:
        return State(server="", is_copy=False)
    raise Unanswered(
        Kind.UNPARSABLE, "neither rndc nor nsd-control tells of the zones: may the account use them?"
    )
