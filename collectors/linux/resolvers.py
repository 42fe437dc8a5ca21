"""Which resolvers does this host ask, are they the contract's, and do they answer it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import About, Finding, Shell, collector, fault, note, warn
from collectors.linux.lookup import LookUp, look_up, look_up_anywhere
from collectors.linux.output import plain, printed, unparsable

NONE = fault(
    "linux.resolver-none",
    "the host has no resolver configured: no name can be looked up",
    "der Host hat keinen Resolver eingetragen: kein Name ist auflösbar",
    do=("Enter the resolvers of the site.", "Die Resolver des Standorts eintragen."),
)
DEAD = fault(
    "linux.resolver-dead",
    "the resolver {server} does not answer this host (asked for {name}, waited {seconds} seconds)",
    "der Resolver {server} antwortet diesem Host nicht (gefragt nach {name}, {seconds} Sekunden gewartet)",
    do=(
        "Check that {server} runs and that nothing between blocks UDP and TCP port 53.",
        "Prüfen, ob {server} läuft und ob nichts dazwischen UDP- und TCP-Port 53 sperrt.",
    ),
)
REFUSES = fault(
    "linux.resolver-refuses",
    "the resolver {server} refuses to answer this host (asked for {name})",
    "der Resolver {server} verweigert diesem Host die Antwort (gefragt nach {name})",
    do=(
        "Let {server} answer the host's network, or ask another.",
        "{server} für das Netz des Hosts freigeben oder einen anderen fragen.",
    ),
)
FAILING = warn(
    "linux.resolver-failing",
    "the resolver {server} answers {rcode} when asked for {name}",
    "der Resolver {server} antwortet {rcode} auf die Frage nach {name}",
)
LACKS = fault(
    "linux.resolver-lacks-name",
    "the resolver {server} says that {name} does not exist, but it must",
    "der Resolver {server} sagt, {name} gebe es nicht; das muss es aber",
    do=(
        "Ask a resolver that knows the customer's zones.",
        "Einen Resolver fragen, der die Zonen des Kunden kennt.",
    ),
)
SLOW = warn(
    "linux.resolver-slow",
    "the resolver {server} took {seconds} seconds for {name}",
    "der Resolver {server} brauchte {seconds} Sekunden für {name}",
)
WRONG = warn(
    "linux.resolver-wrong",
    "the host asks the resolver {server}; the contract names {expected}",
    "der Host fragt den Resolver {server}; der Vertrag nennt {expected}",
    do=("Enter the contract's resolvers instead of {server}.", "Statt {server} die des Vertrags eintragen."),
)
LONE = note(
    "linux.resolver-lone",
    "the host depends on one resolver, {server}",
    "der Host hängt an einem einzigen Resolver, {server}",
)
LOOKUP_FAILS = fault(
    "linux.name-lookup-fails",
    "the host's own look-up of {name} fails; its resolvers are {servers}",
    "der Host kann {name} nicht auflösen; seine Resolver sind {servers}",
    do=("Ask each resolver directly.", "Jeden Resolver direkt fragen."),
)
UNTRIED = note(
    "linux.resolver-untried",
    "the host has no tool to ask its resolvers ({servers}) one by one",
    "der Host hat kein Werkzeug, um seine Resolver ({servers}) einzeln zu fragen",
)
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
_UPSTREAM = "/run/systemd/resolve/resolv.conf"
_WORDS = frozenset({"nameserver", "search", "domain", "options", "sortlist", "lookup", "family"})
_MOST = 3
_SLOW = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolvers:
    """servers: addresses asked, in order (behind a local stub: the real ones). expected: the contract's.

    name: what was looked up; must_exist: the contract says that it exists. tries: how each server
    answered; finds: whether the host's own look-up works, where single servers could not be tried.
    """

    servers: tuple[str, ...]
    expected: tuple[str, ...]
    name: str
    must_exist: bool
    tries: tuple[LookUp, ...]
    finds: bool | None


def judge(seen: Resolvers) -> Iterator[Finding]:
    match seen.servers:
        case ():
            yield NONE()
        case (server,) if not _is_local(server):
            yield LONE(server=server)
    for server in seen.servers:
        if seen.expected and server not in seen.expected and not _is_local(server):
            yield WRONG(server=server, expected=", ".join(seen.expected))
    known = seen.must_exist or any(one.rcode == "NOERROR" for one in seen.tries)
    for one in seen.tries:
        yield from _tried(one, seen.name, known=known)
    if seen.servers and not seen.tries:
        servers = ", ".join(seen.servers)
        yield (
            LOOKUP_FAILS(name=seen.name, servers=servers) if seen.finds is False else UNTRIED(servers=servers)
        )


def _tried(one: LookUp, name: str, *, known: bool) -> Iterator[Finding]:
    match one.rcode:
        case "":
            yield DEAD(server=one.server, name=name, seconds=one.took, words=one.words)
        case "REFUSED":
            yield REFUSES(server=one.server, name=name)
        case "NOERROR" | "NXDOMAIN":
            if one.rcode == "NXDOMAIN" and known:
                yield LACKS(server=one.server, name=name)
            if one.took >= _SLOW:
                yield SLOW(server=one.server, name=name, seconds=round(one.took, 1))
        case rcode:
            yield FAILING(server=one.server, name=name, rcode=rcode)


@collector(
    "linux.resolvers",
    asks=(
        "Does the host ask the right resolvers, and do they answer?",
        "Fragt der Host die richtigen Resolver, und antworten sie?",
    ),
    judge=judge,
    platform="linux",
    deadline=60.0,
)
async def resolvers(host: Shell, about: About) -> Resolvers:
    """Read the configured resolvers and look a name up at each, from the host itself."""
    configured = _servers(await _configuration(host, "/etc/resolv.conf"))
    servers = configured
    if configured and set(configured) <= _STUBS:
        servers = _servers(await _configuration(host, _UPSTREAM))
    name, kind = (about.zones[0].name, "SOA") if about.zones else (about.name, "A")
    asked = tuple(dict.fromkeys((*configured, *servers)))
    tries = [await look_up(host, server, name, kind) for server in asked]
    answered = tuple(one for one in tries if one)
    return Resolvers(
        servers=servers,
        expected=tuple(str(ip_address(a)) for server in about.resolvers for a in server.addresses),
        name=name,
        must_exist=bool(about.zones),
        tries=answered,
        finds=None if answered or not servers else await look_up_anywhere(host, about.name),
    )


async def _configuration(host: Shell, path: str) -> str:
    ran = await host.run("cat", "--", path)
    if ran.code and "No such file" in ran.stderr:
        return ""
    return printed(ran)


def _servers(text: str) -> tuple[str, ...]:
    """Give the addresses that the C library would ask: valid ones, at most three."""
    lines = [line.split() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;"]
    strange = [words[0] for words in lines if words[0] not in _WORDS]
    if strange and not any(words[0] == "nameserver" for words in lines):
        raise unparsable("this is no resolv.conf", " ".join(strange))
    found = (_address(words[1]) for words in lines if words[0] == "nameserver" and len(words) > 1)
    return tuple(dict.fromkeys(address for address in found if address))[:_MOST]


def _address(text: str) -> str:
    try:
        return plain(str(ip_address(text)))
    except ValueError:
        return ""


def _is_local(server: str) -> bool:
    return ip_address(server).is_loopback
