"""Linux: the default route is gone, or leads to another gateway than the contract's. Put it back until the next start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Shell
from playbooks.linux.shown import Nothing, printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_gateway"]

_REPLACE = ("ip", "-4", "route", "replace")
# What a route's line says of the moment, and is no part of it.
_PASSING = frozenset({"linkdown", "dead", "onlink"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """routes: the default routes of IPv4, as `ip` shows them; gateways: the contract's, those that are on a link."""

    routes: tuple[str, ...]
    gateways: tuple[str, ...]


def propose(finding: Finding) -> Nothing | None:
    return (
        None if ":" in f"{finding.facts.get('target', '')}{finding.facts.get('gateway', '')}" else Nothing()
    )


def plan(seen: State, _wanted: Nothing) -> Iterator[Step]:
    if not seen.gateways:
        raise UnfitError(
            "no gateway of the contract lies in a network of the host",
            "kein Gateway des Vertrags liegt in einem Netz des Hosts",
        )
    if any(" dhcp" in route for route in seen.routes) or len(seen.routes) > 1:
        raise UnfitError(
            "the host has several default routes, or one from DHCP: put it right where they come from",
            "der Host hat mehrere Standardrouten oder eine von DHCP: an ihrer Quelle richtigstellen",
        )
    gateway = seen.gateways[0]
    old = seen.routes[0].split() if seen.routes else []
    if "via" in old and old[old.index("via") + 1] in seen.gateways:
        return
    back = (*_REPLACE, *(word for word in old if word not in _PASSING))
    gone = ("ip", "-4", "route", "del", "default", "via", gateway)
    yield Step(
        why=(
            f"the contract names the gateway {gateway}; the routes are {', '.join(seen.routes) or 'none'}",
            f"der Vertrag nennt das Gateway {gateway}; die Routen sind {', '.join(seen.routes) or 'keine'}",
        ),
        do=Command(argv=(*_REPLACE, "default", "via", gateway)),
        undo=(Command(argv=back if old else gone),),
        cuts=True,
    )


@playbook(
    "linux.set_gateway",
    does=(
        "Set the contract's gateway, until the host's next start",
        "Das Gateway des Vertrags setzen, bis zum nächsten Start des Hosts",
    ),
    notices=(
        "Other networks are reached over another way; connections over the old one may break.",
        "Andere Netze werden auf anderem Weg erreicht; Verbindungen über den alten können abbrechen.",
    ),
    treats=("linux.gateway-wrong", "linux.route-missing"),
    asked=("linux.routes",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def set_gateway(host: Shell, about: About, _wanted: Nothing) -> State:
    """Ask for the default routes, and which of the contract's gateways a link reaches."""
    shown = printed(await host.run("ip", "-4", "-o", "route", "show", "default"))
    near = [one for one in about.gateways if ":" not in one and await _is_near(host, one)]
    return State(
        routes=tuple(line.strip() for line in shown.splitlines() if line.strip()), gateways=tuple(near)
    )


async def _is_near(host: Shell, address: str) -> bool:
    ran = await host.run("ip", "-4", "-o", "route", "get", address)
    return ran.code == 0 and " via " not in ran.stdout and " dev " in ran.stdout
