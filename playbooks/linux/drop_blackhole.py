"""Linux: somebody told the host to throw away what goes to one address that it needs. Take that route away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from collectors import Finding, Shell
from playbooks.linux.shown import printed
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Address

__all__ = ["drop_blackhole"]

_KINDS = ("blackhole", "unreachable", "prohibit")
# A route that rejects more than this is somebody's rule about networks.
_SMALLEST = {4: 24, 6: 64}
_PASSING = frozenset({"linkdown", "dead"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """address: whom the host must reach."""

    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """routes: those that reject what goes to the address, as `ip` shows them."""

    routes: tuple[str, ...]


def propose(finding: Finding) -> Target | None:
    try:
        return Target(address=str(ip_address(str(finding.facts.get("target", "")))))
    except ValueError:
        return None


def plan(seen: State, wanted: Target) -> Iterator[Step]:
    family = f"-{ip_address(wanted.address).version}"
    for route in seen.routes:
        words = tuple(word for word in route.split() if word not in _PASSING)
        if ip_network(words[1]).prefixlen < _SMALLEST[ip_address(wanted.address).version]:
            raise UnfitError(
                f"'{route}' rejects a whole network: somebody decided that",
                f"„{route}“ verwirft ein ganzes Netz: das hat jemand so entschieden",
            )
        yield Step(
            why=(
                f"'{route}' throws away what goes to {wanted.address}",
                f"„{route}“ verwirft, was an {wanted.address} geht",
            ),
            do=Command(argv=("ip", family, "route", "del", *words)),
            undo=(Command(argv=("ip", family, "route", "add", *words)),),
        )


@playbook(
    "linux.drop_blackhole",
    does=(
        "Remove a route that rejects a needed address, until the next start",
        "Eine Route entfernen, die eine benötigte Adresse verwirft, bis zum nächsten Start",
    ),
    notices=("The address is reached again.", "Die Adresse wird wieder erreicht."),
    treats=("linux.route-missing",),
    asked=("linux.routes",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
)
async def drop_blackhole(host: Shell, wanted: Target) -> State:
    """Ask for all routes that reject, and keep those that the address falls under."""
    target = ip_address(wanted.address)
    shown = printed(await host.run("ip", f"-{target.version}", "-o", "route", "show", "table", "main"))
    lines = [line.split() for line in shown.splitlines() if line.startswith(_KINDS)]
    fitting = [words for words in lines if len(words) > 1 and words[1] != "default"]
    return State(
        routes=tuple(" ".join(words) for words in fitting if target in ip_network(words[1], strict=False))
    )
