"""Which resolvers does this host ask, are they the contract's, and do they answer it?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from collectors import About, Finding, Ran, Shell, collector, fault, note, survey, warn
from collectors.linux.lookup import LookUp, look_up, look_up_anywhere
from collectors.linux.output import aside, denied, plain, printed, unparsable

NONE = fault(
    "linux.resolver-none",
    "no valid resolver is entered on the host: no name can be looked up",
    "auf dem Host ist kein gültiger Resolver eingetragen: kein Name ist auflösbar",
    do=("Enter the resolvers of the site.", "Die Resolver des Standorts eintragen."),
)
DEAD = fault(
    "linux.resolver-dead",
    "the resolver {server} does not answer this host (asked for {name}, waited {seconds} seconds)",
    "der Resolver {server} antwortet diesem Host nicht (gefragt nach {name}, {seconds} Sekunden gewartet)",
    do=(
        (
            "See whether {server} runs. If it answers other hosts, look on this one and on the way for a filter (port 53), "
            "a wrong route or netmask."
        ),
        (
            "Prüfen, ob {server} läuft. Antwortet er anderen Hosts, auf diesem und auf dem Weg nach einem Filter (Port 53), "
            "falscher Route oder Netzmaske suchen."
        ),
    ),
)
STUB_DEAD = fault(
    "linux.resolver-stub-dead",
    "the host asks a resolver on itself, {server}, and nobody answers there (asked for {name})",
    "der Host fragt einen Resolver auf sich selbst, {server}, und dort antwortet niemand (gefragt nach {name})",
    do=(
        "Start the local resolver (systemd-resolved, dnsmasq, unbound), or enter the resolvers of the site.",
        "Den lokalen Resolver starten (systemd-resolved, dnsmasq, unbound) oder die Resolver des Standorts eintragen.",
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
REFERS = fault(
    "linux.resolver-no-recursion",
    "{server} looks no names up for this host: asked for {name}, it only refers to other servers",
    "{server} löst für diesen Host keine Namen auf: gefragt nach {name}, verweist es nur auf andere Server",
    do=(
        "Enter a resolver; {server} serves zones of its own, or does not permit this host recursion.",
        "Einen Resolver eintragen; {server} bedient nur eigene Zonen oder erlaubt diesem Host keine Rekursion.",
    ),
)
FAILING = warn(
    "linux.resolver-failing",
    "the resolver {server} answers {rcode} when asked for {name}",
    "der Resolver {server} antwortet {rcode} auf die Frage nach {name}",
    do=(
        "Read the log of {server}: a zone that is not loaded, servers that it does not reach, or DNSSEC.",
        "Das Protokoll von {server} lesen: eine nicht geladene Zone, nicht erreichte Server oder DNSSEC.",
    ),
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
UNASKED = fault(
    "linux.name-lookup-off",
    "the host has resolvers ({servers}), but its programs do not ask them: host names are looked up in '{sources}' only",
    "der Host hat Resolver ({servers}), seine Programme fragen sie aber nicht: Hostnamen sucht er nur in „{sources}“",
    do=(
        "Add dns to the line 'hosts:' of /etc/nsswitch.conf.",
        "In /etc/nsswitch.conf die Zeile „hosts:“ um dns ergänzen.",
    ),
)
UNREADABLE = fault(
    "linux.resolver-unreadable",
    "ordinary accounts may not read /etc/resolv.conf: their programs know no resolver and find no name",
    "gewöhnliche Konten dürfen /etc/resolv.conf nicht lesen: Ihre Programme kennen keinen Resolver und finden keinen Namen",
    do=(
        "Make /etc/resolv.conf readable for everybody (chmod 644), and see who wrote it so.",
        "/etc/resolv.conf für alle lesbar machen (chmod 644) und klären, wer sie so geschrieben hat.",
    ),
)
DEAD_TO_ALL = fault(
    "linux.resolver-dead-to-all",
    "the resolver {server} answers none of the {count} hosts that ask it ({hosts})",
    "der Resolver {server} antwortet keinem der {count} Hosts, die ihn fragen ({hosts})",
    do=(
        "See at {server} whether it runs, and whether it and every filter on the way let these hosts ask (port 53).",
        "Bei {server} prüfen, ob er läuft und ob er und alle Filter dazwischen diese Hosts fragen lassen (Port 53).",
    ),
)
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
_UPSTREAM = "/run/systemd/resolve/resolv.conf"
_WORDS = frozenset({"nameserver", "search", "domain", "options", "sortlist", "lookup", "family"})
_MOST = 3
_SLOW = 1.5
# So many hosts do not lose the same resolver by a fault of their own.
_ENOUGH = 3
_NSSWITCH = "/etc/nsswitch.conf"
# Sources of host names that ask nobody beyond the host and its neighbours on the link.
_NEAR = re.compile(r"files|db|compat|myhostname|mymachines|mdns\w*|\[.*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolvers:
    """servers: addresses asked, in order (behind a local stub: the real ones). expected: the contract's.

    name: what was looked up; must_exist: the contract says that it exists. tries: how each server
    answered; finds: whether the host's own look-up works, where single servers could not be tried.
    near_only: the sources of host names, when none of them is a resolver. unreadable: the account may not
    read which resolvers there are.
    """

    servers: tuple[str, ...]
    expected: tuple[str, ...]
    name: str
    must_exist: bool
    tries: tuple[LookUp, ...]
    finds: bool | None
    near_only: str = ""
    unreadable: bool = False


def judge(seen: Resolvers) -> Iterator[Finding]:
    if seen.unreadable:
        yield UNREADABLE()
        return
    match seen.servers:
        case ():
            yield NONE()
        case (server,) if not _is_local(server):
            yield LONE(server=server)
    for server in seen.servers:
        if seen.expected and server not in seen.expected and not _is_local(server):
            yield WRONG(server=server, expected=", ".join(seen.expected))
    if seen.near_only:
        yield UNASKED(servers=", ".join(seen.servers), sources=seen.near_only)
    known = seen.must_exist or any(one.rcode == "NOERROR" and not one.refers for one in seen.tries)
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
            tag = STUB_DEAD if _is_local(one.server) else DEAD
            yield tag(server=one.server, name=name, seconds=one.took, words=one.words)
        case "REFUSED":
            yield REFUSES(server=one.server, name=name)
        case "NOERROR" if one.refers:
            yield REFERS(server=one.server, name=name)
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
    expected = tuple(str(ip_address(a)) for server in about.resolvers for a in server.addresses)
    name, kind = (about.zones[0].name, "SOA") if about.zones else (about.name, "A")
    told = await host.run("cat", "--", "/etc/resolv.conf")
    configured = servers = _servers(_content(told))
    if configured and set(configured) <= _STUBS:
        behind = await host.run("cat", "--", _UPSTREAM)
        # Without that file, systemd-resolved does not run.
        servers = _servers(_content(behind)) if behind.code == 0 else configured
    asked = tuple(dict.fromkeys((*configured, *servers)))
    tries = [await look_up(host, server, name, kind) for server in asked]
    answered = tuple(one for one in tries if one)
    return Resolvers(
        servers=servers,
        expected=expected,
        name=name,
        must_exist=bool(about.zones),
        tries=answered,
        finds=None if answered or not servers else await look_up_anywhere(host, about.name),
        near_only=_near_only(await aside(host, "cat", "--", _NSSWITCH)) if servers else "",
        unreadable=_is_closed(told),
    )


@survey("linux.resolver-reach", over=resolvers)
def resolver_reach(seen: Mapping[str, Resolvers]) -> Iterator[Finding]:
    """Tell a resolver that nobody reaches from hosts that cannot reach theirs."""
    tries: defaultdict[str, dict[str, LookUp]] = defaultdict(dict)
    for host, reading in seen.items():
        for one in reading.tries:
            if not _is_local(one.server):
                tries[one.server][host] = one
    for server, asked in sorted(tries.items()):
        if len(asked) >= _ENOUGH and not any(one.rcode for one in asked.values()):
            yield DEAD_TO_ALL(server=server, count=len(asked), hosts=" ".join(sorted(asked)))


def _content(ran: Ran) -> str:
    """Give a file's text, also when it is not there, or closed to the account: that is judged on its own."""
    return "" if ran.code and ("No such file" in ran.stderr or denied(ran.stderr)) else printed(ran)


def _is_closed(ran: Ran) -> bool:
    return ran.code != 0 and denied(ran.stderr)


def _near_only(nsswitch: str) -> str:
    """Give the sources of host names when none of them asks a resolver; empty when one does, or none is set."""
    line = re.search(r"(?m)^[ \t]*hosts:([^#\n]*)", nsswitch)
    sources = re.findall(r"\[[^]]*\]|\S+", line[1]) if line else []
    return plain(" ".join(sources), 60) if all(map(_NEAR.fullmatch, sources)) else ""


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
