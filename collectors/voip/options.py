"""Is the telephone system, proxy or trunk there, and does it want to work? OPTIONS (RFC 3261, section 11).

Any final answer says that the way to it is open: 401, 403, 404, 405, 407, 483 and 501 as well as 200. Only 503 says that
it is there and takes no calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Sip, Unanswered, collector, fault, note, warn
from collectors.plain import plain
from collectors.voip.conform import flaws
from collectors.voip.message import Response, Unreadable
from collectors.voip.trace import hosts_in, product, retry_after, tries

__all__ = ["Options", "options"]

UNFINISHED = fault(
    "voip.options-unfinished",
    "the SIP server hears us ({provisional}) and never gives a final answer",
    "der SIP-Server hört uns ({provisional}) und gibt nie eine endgültige Antwort",
    do=(
        "Look at what it waits for: the system behind it, name resolution, a database.",
        "Nachsehen, worauf er wartet: das System dahinter, Namensauflösung, eine Datenbank.",
    ),
)
UNAVAILABLE = fault(
    "voip.options-unavailable",
    "the SIP server is there and takes nothing on: 503 {reason}{wait}",
    "der SIP-Server ist da und nimmt nichts an: 503 {reason}{wait}",
    do=(
        "Look at its load, its licences, and whether the system or trunk behind it is down or in maintenance.",
        "Last und Lizenzen ansehen, und ob das System oder der Trunk dahinter ausgefallen oder in Wartung ist.",
    ),
)
FAILING = warn(
    "voip.options-failing",
    "the SIP server answers OPTIONS with an error of its own: {code} {reason}",
    "der SIP-Server beantwortet OPTIONS mit einem eigenen Fehler: {code} {reason}",
    do=(
        "504 and 408 are of what stands behind it; 500 and 513 of its configuration: see its log.",
        "504 und 408 betreffen das, was hinter ihm steht; 500 und 513 seine Konfiguration: Protokoll ansehen.",
    ),
)
MOVED = warn(
    "voip.options-moved",
    "the SIP server sends clients elsewhere: {code} to {places}; nobody was asked there",
    "der SIP-Server schickt Clients weiter: {code} nach {places}; dort wurde niemand gefragt",
    do=(
        "If that is meant, clients and contract should name the new server; if not, somebody redirects calls.",
        "Ist das gewollt, sollten Clients und Vertrag den neuen Server nennen; wenn nicht, leitet jemand Gespräche um.",
    ),
)
RESENT = warn(
    "voip.options-resent",
    "the SIP server answered only when it was asked {tries} times: packets are lost on the way, or it is too busy",
    "der SIP-Server antwortete erst auf die {tries}. Anfrage: Unterwegs gehen Pakete verloren, oder er ist überlastet",
    do=(
        "Look for loss on the way (ports, lines), and at the server's load and receive buffers.",
        "Auf dem Weg nach Verlusten suchen (Ports, Leitungen), Last und Empfangspuffer des Servers ansehen.",
    ),
)
SLOW = warn(
    "voip.options-slow",
    "the SIP server takes {took} ms for an answer: clients ask again after 500 ms",
    "der SIP-Server braucht {took} ms für eine Antwort: Clients fragen nach 500 ms erneut",
    do=(
        "Look at its load, at slow name resolution or databases it waits for, and at the delay of the way.",
        "Last, langsame Namensauflösung oder Datenbanken, auf die er wartet, und die Laufzeit des Weges ansehen.",
    ),
)
FLAWED = warn(
    "voip.options-flawed",
    "the SIP server's answer breaks the standard: {flaws}",
    "die Antwort des SIP-Servers verletzt den Standard: {flaws}",
    do=(
        "Look for a SIP ALG on the way that rewrites messages; otherwise update the server.",
        "Auf dem Weg nach einem SIP-ALG suchen, das Nachrichten umschreibt; sonst den Server aktualisieren.",
    ),
)
STRAYS = warn(
    "voip.options-strays",
    "beside its answer the SIP server's port sent {strays} packets that answer nothing or are no SIP",
    "neben der Antwort kamen vom SIP-Port {strays} Pakete, die nichts beantworten oder kein SIP sind",
    do=(
        "Find out what else listens there, or what rewrites answers on the way.",
        "Feststellen, was dort noch lauscht oder unterwegs Antworten umschreibt.",
    ),
)
TRANSLATED = note(
    "voip.options-translated",
    "between us and the SIP server addresses are translated: it sees {seen}, we are {own}",
    "zwischen uns und dem SIP-Server werden Adressen übersetzt: Er sieht {seen}, wir sind {own}",
    do=(
        "Phones behind the same way need rport and keep-alives (every 20 to 25 s), and no SIP ALG.",
        "Telefone auf demselben Weg brauchen rport und Keep-alives (alle 20 bis 25 s) und kein SIP-ALG.",
    ),
)
NO_CALLS = warn(
    "voip.options-no-calls",
    "the SIP server says that it understands no {methods}: no calls go through it",
    "der SIP-Server sagt, dass er {methods} nicht versteht: Über ihn gehen keine Gespräche",
    do=(
        "Is it the right server and port? If so, look at its modules and profiles.",
        "Ist es der richtige Server und Port? Wenn ja, seine Module und Profile ansehen.",
    ),
)

_SLOW_MS = 500
_NEEDED = ("INVITE", "ACK", "BYE", "CANCEL")
# Of the server itself; 501 and 503 mean something else.
_OWN_ERRORS = frozenset({408, 500, 502, 504, 513, 580})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """code: of the final answer, 0 for none; tries: how often OPTIONS went out; took: ms from the last of these.

    provisional: codes before it. wait: seconds of Retry-After. places: where a 3xx points. seen, own: our address and port
    as the server sees it and as it is, '' where it does not say. allow: methods, empty where it names none.
    """

    server: str
    transport: str
    code: int
    reason: str
    tries: int
    took: float
    provisional: tuple[int, ...]
    product: str
    allow: tuple[str, ...]
    wait: int | None
    places: tuple[str, ...]
    flaws: tuple[str, ...]
    strays: int
    seen: str
    own: str


def judge(seen: Options) -> Iterator[Finding]:
    if not seen.code:
        yield UNFINISHED(provisional=" ".join(map(str, seen.provisional)) or "-")
        return
    if seen.code == 503:
        wait = "" if seen.wait is None else f" (Retry-After {seen.wait} s)"
        yield UNAVAILABLE(reason=seen.reason, wait=wait)
    elif seen.code in _OWN_ERRORS:
        yield FAILING(code=seen.code, reason=seen.reason)
    elif 300 <= seen.code < 400:
        yield MOVED(code=seen.code, places=", ".join(seen.places) or "-")
    yield from _how(seen)


def _how(seen: Options) -> Iterator[Finding]:
    """How it answered, whatever the answer was."""
    lacking = [method for method in _NEEDED if method not in seen.allow]
    if seen.code == 200 and seen.allow and lacking:
        yield NO_CALLS(methods=", ".join(lacking))
    if seen.tries > 1:
        yield RESENT(tries=seen.tries)
    elif seen.took > _SLOW_MS:
        yield SLOW(took=round(seen.took))
    if seen.flaws:
        yield FLAWED(flaws=", ".join(seen.flaws))
    if seen.strays:
        yield STRAYS(strays=seen.strays)
    if seen.seen and seen.seen != seen.own:
        yield TRANSLATED(seen=seen.seen, own=seen.own)


@collector(
    "voip.options",
    asks=(
        "Does the SIP server answer, how fast, and with what?",
        "Antwortet der SIP-Server, wie schnell und womit?",
    ),
    judge=judge,
    deadline=50.0,
)
async def options(host: Sip) -> Options:
    """Ask once, as often as the standard repeats it."""
    talk = await host.options()
    asked = tries(talk, "OPTIONS")
    if not asked:
        raise Unanswered(Kind.UNPARSABLE, "the record of the conversation holds no OPTIONS")
    one, final = asked[0], asked[0].final
    answer = final[1] if final else None
    seen, own = _addresses(one.request.via[0].host, one.request.via[0].port, answer)
    return Options(
        server=talk.server,
        transport=talk.transport,
        code=answer.code if answer else 0,
        reason=plain(answer.reason, 80) if answer else "",
        tries=len([at for at in one.sent if final is None or at <= final[0]]),
        took=round((one.took or 0) * 1000, 1),
        provisional=tuple(response.code for _, response in one.provisional),
        product=product(answer) if answer else "",
        allow=tuple(plain(word.upper(), 20) for word in answer.headers.listed("allow")[:30])
        if answer
        else (),
        wait=retry_after(answer) if answer else None,
        places=hosts_in(answer, "contact") if answer and 300 <= answer.code < 400 else (),
        flaws=tuple(flaws(answer)) if answer else (),
        strays=talk.strays,
        seen=seen,
        own=own,
    )


def _addresses(host: str, port: int | None, answer: Response | None) -> tuple[str, str]:
    """Our place as the server sees it (RFC 3581), and as it is; both empty where it says neither."""
    if answer is None:
        return "", ""
    try:
        params = answer.via[0].params
    except (Unreadable, IndexError):
        return "", ""
    received, rport = params.get("received"), params.get("rport")
    if not received and not rport:
        return "", ""
    address = (received or host).strip("[]")
    return f"{plain(address, 50)} port {plain(rport or str(port), 6)}", f"{host} port {port}"
