"""Does Kamailio keep up, do its ways out and its media relay answer, and does anything reach it at all?

Its own counters, looked at twice (`kamcmd stats.fetch all`), its destinations (`dispatcher.list`), its relays
(`rtpengine.show all`), its workers (`core.psx`), and how much waits at its sockets (/proc/net/udp, proc(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collectors import About, Finding, Shell, collector, fault, note, warn
from collectors.plain import plain
from collectors.voip.ask import NotRunning, is_running, kamcmd, kamcmd_at, unparsable
from collectors.voip.rpc_text import read

__all__ = ["Kamailio", "Relay", "Target", "kamailio"]

DOWN = fault(
    "voip.kamailio-down",
    "Kamailio does not run: nobody can register or call",
    "Kamailio läuft nicht: niemand kann sich anmelden oder telefonieren",
    do=(
        "See why it ended (journalctl -u kamailio; kamailio -c checks the configuration), then start it.",
        "Klären, warum es endete (journalctl -u kamailio; kamailio -c prüft die Konfiguration), dann starten.",
    ),
)
SILENT = fault(
    "voip.no-requests",
    "not one SIP request came in {seconds} seconds, and nobody is registered",
    "in {seconds} Sekunden kam keine einzige SIP-Anfrage an, und niemand ist angemeldet",
    do=(
        "Look on the way to port 5060 and 5061: firewalls, the server's own packet filter, the address in DNS.",
        "Den Weg zu Port 5060 und 5061 prüfen: Firewalls, der Paketfilter des Servers, die Adresse im DNS.",
    ),
)
DROPPED = fault(
    "voip.requests-dropped",
    "{count} SIP packets were thrown away within {seconds} seconds as nobody fetched them in time ({workers} workers)",
    "{count} SIP-Pakete wurden in {seconds} Sekunden verworfen, weil sie niemand rechtzeitig abholte ({workers} Worker)",
    do=(
        "See what the workers wait for (DNS, a database, a script); then give Kamailio more of them ('children').",
        "Klären, worauf die Worker warten (DNS, Datenbank, Skript); dann mehr davon einrichten ('children').",
    ),
)
WAITING = fault(
    "voip.requests-wait",
    "SIP packets wait at the server's socket, {bytes} bytes of them, and are not fetched ({workers} workers)",
    "am Socket des Servers warten SIP-Pakete, {bytes} Byte, und werden nicht abgeholt ({workers} Worker)",
    do=(
        "See what the workers wait for (DNS, a database, a script); then give Kamailio more of them ('children').",
        "Klären, worauf die Worker warten (DNS, Datenbank, Skript); dann mehr davon einrichten ('children').",
    ),
)
ERRORS = warn(
    "voip.server-errors",
    "{count} of {all} requests were answered by a server's error (5xx) within {seconds} seconds",
    "{count} von {all} Anfragen wurden in {seconds} Sekunden mit einem Serverfehler (5xx) beantwortet",
    do=(
        "Read Kamailio's log of this minute: a destination, a relay or a resource is lacking.",
        "Kamailios Log dieser Minute lesen: es fehlt ein Ziel, ein Relay oder eine Ressource.",
    ),
)
MEMORY = fault(
    "voip.memory-low",
    "Kamailio's {pool} memory is used up but for {percent} % ({process})",
    "Kamailios {pool}-Speicher ist bis auf {percent} % verbraucht ({process})",
    do=(
        "Start it with more (-m for shared, -M for private memory, in MB), and see what grows (kamcmd pkg.stats, mod.stats).",
        "Mit mehr Speicher starten (-m gemeinsam, -M privat, in MB) und klären, was wächst (kamcmd pkg.stats, mod.stats).",
    ),
)
NAMES = warn(
    "voip.dns-fails",
    "{count} DNS questions of Kamailio failed within {seconds} seconds; each keeps a worker waiting",
    "{count} DNS-Anfragen von Kamailio schlugen in {seconds} Sekunden fehl; jede hält einen Worker auf",
    do=(
        "Put the host's resolver in order (/etc/resolv.conf).",
        "Den Resolver des Hosts in Ordnung bringen (/etc/resolv.conf).",
    ),
)
NO_TARGET = fault(
    "voip.targets-gone",
    "no destination of set {set} answers any more ({uris}): calls that go there fail",
    "kein Ziel der Gruppe {set} antwortet mehr ({uris}): Anrufe dorthin scheitern",
    do=(
        "Ask the destination by OPTIONS; look at the trunk, the provider's notice, the way there.",
        "Das Ziel per OPTIONS prüfen; Trunk, Störungsmeldung des Anbieters und Weg dorthin ansehen.",
    ),
)
TARGET = warn(
    "voip.target-down",
    "the destination {uri} of set {set} does not answer; {left} others of the set do",
    "das Ziel {uri} der Gruppe {set} antwortet nicht; {left} andere der Gruppe antworten",
    do=(
        "Put {uri} in order before the others fail too.",
        "{uri} in Ordnung bringen, bevor auch die anderen ausfallen.",
    ),
)
DISABLED = note(
    "voip.target-disabled",
    "the destination {uri} of set {set} was switched off by an administrator",
    "das Ziel {uri} der Gruppe {set} wurde von einem Administrator abgeschaltet",
)
NO_RELAY = fault(
    "voip.relay-lost",
    "Kamailio does not use the media relay {url} any more: it did not answer",
    "Kamailio benutzt das Media-Relay {url} nicht mehr: es antwortete nicht",
    do=(
        "Start rtpengine, see that its control port is the one in Kamailio's configuration, then 'kamcmd rtpengine.reload'.",
        "rtpengine starten und prüfen, ob sein Steuerport der in Kamailios Konfiguration ist; dann 'kamcmd rtpengine.reload'.",
    ),
)
NO_UDP = fault(
    "voip.no-udp",
    "the server takes SIP by {protocols} alone, and nobody is registered: most phones use UDP",
    "der Server nimmt SIP nur über {protocols} an, und niemand ist angemeldet: die meisten Telefone benutzen UDP",
    do=(
        "Let it listen on UDP as well ('listen=udp:…'), or set the phones to the protocol that it has.",
        "Auch UDP annehmen lassen ('listen=udp:…') oder die Telefone auf das vorhandene Protokoll umstellen.",
    ),
)
_WAIT = 3
_LEAST_FREE = 8
_TARGET = re.compile(r"[AITD][PX]")
_COUNT = re.compile(r"-?[0-9]{1,20}")
# A line of /proc/net/udp: local address and port, state, queues, and at the end what was thrown away.
_SOCKET = re.compile(
    r" *[0-9]+: [0-9A-F]{8,32}:([0-9A-F]{4}) [0-9A-F:]+ [0-9A-F]{2} [0-9A-F]{8}:([0-9A-F]{8}) .* ([0-9]+) *"
)
_WANTED = (
    *(
        "core.rcv_requests",
        "usrloc.registered_users",
        "dns.failed_dns_request",
        "sl.sent_replies",
        "tmx.rpl_sent",
    ),
    *("sl.500_replies", "sl.5xx_replies", "tmx.5xx_transactions", "shmem.free_size", "shmem.total_size"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A destination of the dispatcher. state: A(ctive), I(nactive), T(rying) or D(isabled), as it shows them."""

    set: int
    uri: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A media relay as Kamailio sees it."""

    url: str
    is_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kamailio:
    """was, now: its counters at two moments, `seconds` apart; waiting: bytes at its UDP sockets, the less of both looks;
    dropped: packets between them. private: percent of private memory that is free, by process. phones: how many the
    contract wants to be registered.
    """

    is_running: bool
    seconds: float = 0.0
    was: Mapping[str, int] = field(default_factory=dict)
    now: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    relays: tuple[Relay, ...] = ()
    private: Mapping[str, int] = field(default_factory=dict)
    workers: int = 0
    waiting: int = 0
    dropped: int = 0
    phones: int = 0
    protocols: tuple[str, ...] = ()

    def more(self, *names: str) -> int:
        """How far these counters went together; one that began anew (a restart) went nowhere."""
        return sum(max(0, self.now.get(name, 0) - self.was.get(name, 0)) for name in names)


def judge(seen: Kamailio) -> Iterator[Finding]:
    if not seen.is_running:
        yield DOWN()
        return
    seconds = max(1, round(seen.seconds))
    if seen.dropped:
        yield DROPPED(count=seen.dropped, seconds=seconds, workers=seen.workers)
    elif seen.waiting:
        yield WAITING(bytes=seen.waiting, workers=seen.workers)
    elif seen.phones and _is_deserted(seen.now):
        if seen.protocols and "udp" not in seen.protocols:
            yield NO_UDP(protocols=", ".join(seen.protocols))
        elif not seen.more("core.rcv_requests"):
            yield SILENT(seconds=seconds)
    yield from _errors(seen, seconds)
    yield from _memory(seen)
    if failed := seen.more("dns.failed_dns_request"):
        yield NAMES(count=failed, seconds=seconds)
    yield from _targets(seen.targets)
    yield from (NO_RELAY(url=one.url) for one in seen.relays if one.is_disabled)


def _errors(seen: Kamailio, seconds: int) -> Iterator[Finding]:
    failed = seen.more("sl.500_replies", "sl.5xx_replies", "tmx.5xx_transactions")
    everything = seen.more("sl.sent_replies", "tmx.rpl_sent")
    # A few of many are some client's own; one alone is an accident.
    if failed >= 3 and failed * 10 >= everything:
        yield ERRORS(count=failed, all=max(failed, everything), seconds=seconds)


def _memory(seen: Kamailio) -> Iterator[Finding]:
    total = seen.now.get("shmem.total_size", 0)
    if total and (percent := 100 * seen.now.get("shmem.free_size", total) // total) < _LEAST_FREE:
        yield MEMORY(pool="shm", percent=percent, process="all")
    short = {process: percent for process, percent in seen.private.items() if percent < _LEAST_FREE}
    if short:
        process = min(short, key=lambda name: (short[name], name))
        yield MEMORY(pool="pkg", percent=short[process], process=process)


def _targets(targets: tuple[Target, ...]) -> Iterator[Finding]:
    for number in sorted({one.set for one in targets}):
        own = [one for one in targets if one.set == number]
        left = [one for one in own if one.state in "AT"]
        down = [one for one in own if one.state == "I"]
        if down and not left:
            yield NO_TARGET(set=number, uris=", ".join(one.uri for one in down[:4]))
        else:
            yield from (TARGET(set=number, uri=one.uri, left=len(left)) for one in down)
        yield from (DISABLED(set=number, uri=one.uri) for one in own if one.state == "D")


@collector(
    "voip.kamailio",
    asks=(
        "Does Kamailio keep up, and do its destinations and its media relay answer?",
        "Kommt Kamailio nach, und antworten seine Ziele und sein Media-Relay?",
    ),
    judge=judge,
    role="kamailio",
)
async def kamailio(host: Shell, about: About) -> Kamailio:
    """Read its counters twice. It needs the right to use Kamailio's control socket."""
    try:
        return await _asked(host, len(about.registrar.phones) if about.registrar else 0)
    except NotRunning:
        if await is_running(host, "kamailio"):
            raise unparsable("Kamailio runs, and has no control socket: load its module ctl") from None
        return Kamailio(is_running=False)


async def _asked(host: Shell, phones: int) -> Kamailio:
    was, began = await _counters(host)
    sockets = _listening(await kamcmd(host, "core.sockets_list"))
    ports = frozenset(port for protocol, port in sockets if protocol == "udp")
    first = _sockets(await host.read("/proc/net/udp"), ports)
    targets = _listed(await kamcmd(host, "dispatcher.list"))
    relays = _relays(await kamcmd(host, "rtpengine.show", "all"))
    workers = (await kamcmd(host, "core.psx")).count("udp receiver")
    private = _private(await kamcmd(host, "pkg.stats"))
    await host.pause(_WAIT)
    again = _sockets(await host.read("/proc/net/udp"), ports)
    now, ended = await _counters(host)
    if phones and _is_deserted(now) and was.get("core.rcv_requests") != now.get("core.rcv_requests"):
        # It may have been us, who ask it over SIP meanwhile: that is over soon.
        was, began = now, ended
        await host.pause(_WAIT)
        now, ended = await _counters(host)
    return Kamailio(
        is_running=True,
        seconds=max(0.0, ended - began),
        was=was,
        now=now,
        targets=targets,
        relays=relays,
        private=private,
        workers=workers,
        waiting=min(sum(waits for waits, _ in first.values()), sum(waits for waits, _ in again.values())),
        dropped=sum(max(0, lost - first.get(port, (0, lost))[1]) for port, (_, lost) in again.items()),
        phones=phones,
        protocols=tuple(sorted({plain(protocol, 8) for protocol, _ in sockets})),
    )


def _is_deserted(counters: Mapping[str, int]) -> bool:
    """Whether nobody is registered."""
    return not counters.get("usrloc.registered_users", 1)


async def _counters(host: Shell) -> tuple[dict[str, int], float]:
    """The counters, and the agent's time when they were asked for."""
    text, at = await kamcmd_at(host, "stats.fetch", "all")
    found = {name: value for part in read(text) for name, value in part.values.items() if name in _WANTED}
    if "core.rcv_requests" not in found:
        raise unparsable("Kamailio shows no counters: load its module kex", text)
    return {name: _whole(value) for name, value in found.items()}, at


def _whole(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise unparsable("this is no number", text)
    return int(text)


def _listening(text: str) -> tuple[tuple[str, int], ...]:
    """Protocol and port of each socket."""
    sockets = [one for top in read(text) for one in top.every("socket")]
    return tuple((one.values.get("proto", ""), _whole(one.values.get("port", ""))) for one in sockets)


def _sockets(text: str, ports: frozenset[int]) -> dict[int, tuple[int, int]]:
    """What waits at the sockets of these ports in bytes, and how many packets they lost since they were opened."""
    found: dict[int, tuple[int, int]] = {}
    for line in text.splitlines():
        if (match := _SOCKET.fullmatch(line)) and (port := int(match[1], 16)) in ports:
            waits, lost = found.get(port, (0, 0))
            found[port] = waits + int(match[2], 16), lost + int(match[3])
    return found


def _listed(text: str) -> tuple[Target, ...]:
    found: list[Target] = []
    for group in (one for top in read(text) for one in top.every("SET")):
        number = _whole(group.values.get("ID", ""))
        for target in group.every("DEST"):
            flags = target.values.get("FLAGS", "")
            if not _TARGET.fullmatch(flags):
                raise unparsable("a destination has a state that is none", flags)
            found.append(Target(set=number, uri=plain(target.values.get("URI", ""), 120), state=flags[0]))
    return tuple(found)


def _relays(text: str) -> tuple[Relay, ...]:
    return tuple(
        Relay(url=plain(one.values.get("url", ""), 80), is_disabled=one.values.get("disabled", "0") != "0")
        for one in read(text)
        if "url" in one.values
    )


def _private(text: str) -> dict[str, int]:
    """Percent that is free, by what the process is for."""
    found: dict[str, int] = {}
    for one in read(text):
        total, free = (_whole(one.values.get(name, "")) for name in ("total_size", "free"))
        name = plain(one.values.get("desc", ""), 60)
        found[name] = min(found.get(name, 100), 100 * free // max(1, total))
    return found
