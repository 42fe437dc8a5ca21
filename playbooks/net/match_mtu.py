"""Two ends of a cable take frames of different size, and the larger ones vanish. Let this end send no larger ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Interface

__all__ = ["match_mtu"]

# What Ethernet always takes (IEEE 802.3); below it is somebody's tunnel.
_USUAL = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """port: of this device; octets: what the other end takes."""

    port: Interface
    octets: Annotated[int, Field(ge=1280, le=9216)]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """mtu: in octets, 0 where there is no such port."""

    mtu: int


def propose(finding: Finding) -> Port | None:
    """From the end that takes more: the other one may be no device of the customer's."""
    own, far = int(finding.facts["mtu"]), int(finding.facts["far_mtu"])
    return Port(port=str(finding.facts["port"]), octets=far) if _USUAL <= far < own else None


def plan(seen: State, wanted: Port) -> Iterator[Step]:
    if not seen.mtu:
        raise UnfitError(f"there is no port {wanted.port}", f"einen Port {wanted.port} gibt es nicht")
    if wanted.octets < _USUAL:
        raise UnfitError(
            f"the other end takes only {wanted.octets} octets: see what it is before other ports follow it",
            f"die Gegenseite nimmt nur {wanted.octets} Byte: klären, was sie ist, bevor andere ihr folgen",
        )
    if seen.mtu <= wanted.octets:
        return
    yield Step(
        why=(
            f"frames of more than {wanted.octets} octets do not arrive at the other end of {wanted.port}",
            f"Rahmen über {wanted.octets} Byte kommen am anderen Ende von {wanted.port} nicht an",
        ),
        do=Command(argv=("ip", "link", "set", "dev", wanted.port, "mtu", f"{wanted.octets}")),
        undo=(Command(argv=("ip", "link", "set", "dev", wanted.port, "mtu", f"{seen.mtu}")),),
    )


@playbook(
    "net.match_mtu",
    does=(
        "Set a port's frame size to the other end's",
        "Die Rahmengröße eines Ports an die Gegenseite anpassen",
    ),
    notices=(
        "Large transfers over this cable go through.",
        "Große Übertragungen über dieses Kabel gehen durch.",
    ),
    treats=("net.mtu-differs",),
    asked=("net.ports", "net.neighbours"),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    settle=30.0,
)
async def match_mtu(host: Shell, wanted: Port) -> State:
    """Ask for the size that the port has now."""
    ran = await host.run("ip", "-j", "link", "show", "dev", wanted.port)
    if ran.code and "does not exist" in ran.stderr:
        return State(mtu=0)
    try:
        return State(mtu=int(json.loads(ran.stdout)[0]["mtu"]))
    except (ValueError, KeyError, IndexError, TypeError):
        raise Unanswered(
            Kind.UNPARSABLE, f"ip does not tell of {wanted.port}: {ran.stderr.strip()[:80]}"
        ) from None
