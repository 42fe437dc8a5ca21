"""DNS: a resolver still gives an answer that is not true any more. Let it forget what it knows of that name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collectors import Finding, Kind, Shell, Unanswered
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook
from playbooks.wanted import Zone

__all__ = ["flush_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """name: the whole name that the resolver shall forget, with all below it."""

    name: Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """server: the make of the resolver that runs here, '' for none that is known."""

    server: Literal["bind", "unbound", ""]


def propose(finding: Finding) -> Stale | None:
    name = str(finding.facts.get("name", "")).rstrip(".")
    return Stale(name=name) if name and "," not in name else None


def plan(seen: State, wanted: Stale) -> Iterator[Step]:
    if not seen.server:
        raise UnfitError(
            "neither BIND nor unbound runs here: empty the cache of the resolver that does",
            "hier läuft weder BIND noch unbound: den Zwischenspeicher des Resolvers leeren, der läuft",
        )
    tool = ("rndc", "flushtree") if seen.server == "bind" else ("unbound-control", "flush_zone")
    yield Step(
        why=(
            f"what the resolver remembers of {wanted.name} is old; it asks anew",
            f"was der Resolver von {wanted.name} weiß, ist alt; er fragt neu",
        ),
        do=Command(argv=(*tool, wanted.name)),
        keeps=True,
    )


@playbook(
    "dns.flush_name",
    does=("Let a resolver forget a name", "Einen Resolver einen Namen vergessen lassen"),
    notices=(
        "The first question after it takes a little longer.",
        "Die erste Frage danach dauert etwas länger.",
    ),
    treats=("dns.recursion-other-address", "dns.resolvers-differ"),
    asked=("dns.recursion", "dns.made-up"),
    plan=plan,
    propose=propose,
    risk=Risk.LOW,
    settle=5.0,
)
async def flush_name(host: Shell, _wanted: Stale) -> State:
    """See which resolver lets itself be asked here."""
    unbound = await host.run("unbound-control", "status")
    if unbound.code == 0:
        return State(server="unbound")
    bind = await host.run("rndc", "status")
    if bind.code == 0:
        return State(server="bind")
    if "refused" not in f"{unbound.stdout}{unbound.stderr}{bind.stderr}" and 127 not in (
        unbound.code,
        bind.code,
    ):
        raise Unanswered(Kind.UNPARSABLE, "neither unbound-control nor rndc tells: may the account use them?")
    return State(server="")
