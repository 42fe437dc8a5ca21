"""To whom does this resolver pass questions on? Read on the host itself, from what its own programs say is configured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Kind, Ran, Shell, Unanswered, collector, fault, note
from collectors.dns.forwarding import Forwarding, of_bind, of_samba, of_unbound
from collectors.dns.names import listed, same_form

__all__ = ["Conditional", "Forwarders", "forwarders"]

ITSELF = fault(
    "dns.forwarder-itself",
    "{server} passes questions for {zone} on to itself ({address}): they go in a circle until they fail",
    "{server} reicht Fragen nach {zone} an sich selbst weiter ({address}): Sie gehen im Kreis, bis sie scheitern",
    do=(
        "Name another server as forwarder on {server}; on a controller an upstream resolver, never the controller.",
        "Auf {server} einen anderen Server als Forwarder eintragen; auf einem Controller nie ihn selbst.",
    ),
)
LONE = note(
    "dns.forwarder-lone",
    "{server} passes questions on to a single server, {address}: when it fails, {server} finds nothing outside its zones",
    "{server} reicht Fragen an einen einzigen Server weiter, {address}: Fällt er aus, findet {server} nur noch eigene Zonen",
)

_PROGRAMS = ("named", "unbound", "samba")
_NOT_THERE = (126, 127)
_UNBOUND = "/etc/unbound"
# Options that end a part of the configuration, and those of the parts that are looked for; no line with a key.
_LINES = r"^[[:space:]]*([a-z-]+:[[:space:]]*(#.*)?$|(name|forward-addr|forward-host|stub-addr|stub-host):)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """Where questions go, and the addresses of those who serve the zone by the contract; none where it does not say."""

    to: Forwarding
    by_contract: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarders:
    """What a resolver passes on. programs: the name servers that run on it."""

    server: str
    own: tuple[str, ...]
    programs: tuple[str, ...]
    passes: tuple[Conditional, ...]


def judge(seen: Forwarders) -> Iterator[Finding]:
    for one in seen.passes:
        if own := set(one.to.targets) & set(seen.own):
            yield ITSELF(server=seen.server, zone=one.to.zone, address=listed(own))
        everything = (*one.to.targets, *one.to.odd)
        if one.to.zone == "." and len(everything) == 1:
            yield LONE(server=seen.server, address=everything[0])


@collector(
    "dns.forwarders",
    asks=(
        "To whom does the resolver pass questions on?",
        "An wen reicht der Resolver Fragen weiter?",
    ),
    judge=judge,
    platform="linux",
    role="resolver",
)
async def forwarders(host: Shell, about: About) -> Forwarders:
    """Ask which name server runs, and that one for its configuration, with keys left out."""
    programs = await _running(host)
    found: list[Forwarding] = []
    if "named" in programs:
        found += await _of_bind(host)
    # Beside BIND Samba leaves DNS to it.
    elif "samba" in programs:
        said = await host.run("testparm", "-s", "--parameter-name=dns forwarder")
        found += of_samba(_printed(said))
    if "unbound" in programs:
        said = await host.run("grep", "-rhsE", "--include=*.conf", _LINES, _UNBOUND)
        found += of_unbound(_printed(said, 0, 1, 2))
    zones = {zone.name: same_form(a for s in zone.servers for a in s.addresses) for zone in about.zones}
    return Forwarders(
        server=about.name,
        own=same_form(about.addresses),
        programs=programs,
        passes=tuple(Conditional(to=one, by_contract=zones.get(one.zone, ())) for one in found),
    )


async def _running(host: Shell) -> tuple[str, ...]:
    said = _printed(await host.run("pgrep", "-l", "-x", "|".join(_PROGRAMS)), 0, 1)
    names = {line.split()[1] for line in said.splitlines() if len(line.split()) > 1}
    return tuple(name for name in _PROGRAMS if name in names)


async def _of_bind(host: Shell) -> tuple[Forwarding, ...]:
    for program in ("named-checkconf", "/usr/sbin/named-checkconf"):
        said = await host.run(program, "-p", "-x")
        if said.code not in _NOT_THERE:
            break
    found = of_bind(_printed(said))
    if found is None:
        raise Unanswered(Kind.UNPARSABLE, "what named-checkconf printed is no configuration of BIND")
    return found


def _printed(ran: Ran, *codes: int) -> str:
    """What a command printed. Raises Unanswered when it is missing or failed: an empty answer would be a guess."""
    if ran.code in _NOT_THERE:
        raise Unanswered(Kind.UNPARSABLE, f"the host has no command {ran.argv[0]}")
    if ran.code not in (codes or (0,)):
        raise Unanswered(Kind.UNPARSABLE, f"{ran.argv[0]} failed with status {ran.code}")
    return ran.stdout
