"""Can a phone register here, and if not, why? REGISTER with the account that the contract names (RFC 3261, section 10).

Three steps at the most: ask for the account's bindings, bind it for a minute, take that back. Where somebody else is bound
already only the first is done, as some registrars keep one binding and would drop that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Finding, Kind, Sip, Unanswered, collector, fault, note, warn
from collectors.plain import plain
from collectors.telephony import Talk
from collectors.voip import digest
from collectors.voip.message import Response, Unreadable
from collectors.voip.trace import Try, final_of, product, retry_after, tries
from collectors.voip.uri import address_of, uri_of

__all__ = ["Registration", "register"]

PASSWORD = fault(
    "voip.register-password",
    "the registrar asks for a password and does not accept ours for {user} (realm {realm}): it asks again",
    "der Registrar verlangt ein Passwort und nimmt unseres für {user} nicht an (Realm {realm}): Er fragt wieder",
    do=(
        "Compare account and password of contract and server. Is the account's realm or domain another one there?",
        "Konto und Passwort von Vertrag und Server vergleichen. Hat das Konto dort einen anderen Realm oder eine andere Domain?",
    ),
)
STALE = fault(
    "voip.register-stale",
    "the registrar calls its own fresh challenge outdated, again and again",
    "der Registrar nennt seine eigene frische Abfrage immer wieder veraltet",
    do=(
        "Do several servers answer at one address without sharing their nonces? Otherwise look at its clock and nonce lifetime.",
        "Antworten mehrere Server an einer Adresse, ohne ihre Nonces zu teilen? Sonst seine Uhr und die Nonce-Lebensdauer ansehen.",
    ),
)
ODD_CHALLENGE = fault(
    "voip.register-challenge",
    "the registrar asks who we are in a way that phones cannot answer: {asked}",
    "der Registrar fragt auf eine Art nach der Anmeldung, die Telefone nicht beantworten können: {asked}",
    do=(
        "Switch Digest with MD5 or SHA-256 and qop=auth on for the account.",
        "Für das Konto Digest mit MD5 oder SHA-256 und qop=auth einschalten.",
    ),
)
FORBIDDEN = fault(
    "voip.register-forbidden",
    "the registrar forbids {user} to register: 403 {reason}",
    "der Registrar verbietet {user} die Registrierung: 403 {reason}",
    do=(
        "Is our address blocked (access list, fail2ban), the account locked, or the password wrong? Some servers say 403 to all.",
        "Ist unsere Adresse gesperrt (Zugriffsliste, fail2ban), das Konto gesperrt oder das Passwort falsch? Manche Server sagen dazu immer 403.",
    ),
)
UNKNOWN = fault(
    "voip.register-unknown",
    "the registrar knows no account {user} in {domain}: 404 {reason}",
    "der Registrar kennt kein Konto {user} in {domain}: 404 {reason}",
    do=(
        "Create the account there, or correct user and domain in the contract; is it the right server?",
        "Das Konto dort anlegen oder Benutzer und Domain im Vertrag berichtigen; ist es der richtige Server?",
    ),
)
UNAVAILABLE = fault(
    "voip.register-unavailable",
    "the registrar takes no registrations now: {code} {reason}{wait}",
    "der Registrar nimmt zur Zeit keine Registrierungen an: {code} {reason}{wait}",
    do=(
        "Look at its load, and at the database or the system behind it.",
        "Last des Registrars und die Datenbank oder das System dahinter ansehen.",
    ),
)
REJECTED = fault(
    "voip.register-rejected",
    "the registrar does not register {user}: {code} {reason}",
    "der Registrar registriert {user} nicht: {code} {reason}",
    do=(
        "See the server's log for this account at this time.",
        "Im Protokoll des Servers nach diesem Konto zu dieser Zeit sehen.",
    ),
)
BRIEF = fault(
    "voip.register-interval",
    "the registrar takes no registration shorter than {least} s: phones that ask for less are not registered",
    "der Registrar nimmt keine kürzere Registrierung als {least} s: Telefone, die weniger verlangen, sind nicht registriert",
    do=(
        "Set the interval of phones to at least that, or lower it on the server (behind NAT 60 to 120 s are usual).",
        "Das Intervall der Telefone mindestens so hoch setzen oder am Server senken (hinter NAT sind 60 bis 120 s üblich).",
    ),
)
LEAST = note(
    "voip.register-least",
    "the registrar takes no registration shorter than {least} s",
    "der Registrar nimmt keine kürzere Registrierung als {least} s",
)
NOT_KEPT = fault(
    "voip.register-not-kept",
    "the registrar says yes, and then does not name our binding: phones would not be found",
    "der Registrar sagt ja und nennt unsere Bindung dann nicht: Telefone würden nicht gefunden",
    do=(
        "Look for a SIP ALG or session border controller that rewrites Contact; look at the registrar's storage.",
        "Nach einem SIP-ALG oder Session Border Controller suchen, der Contact umschreibt; Speicher des Registrars ansehen.",
    ),
)
STAYS = warn(
    "voip.register-stays",
    "our test binding could not be taken back ({code} {reason}); it ends by itself after {seconds} s",
    "unsere Testbindung ließ sich nicht zurücknehmen ({code} {reason}); sie endet von selbst nach {seconds} s",
    do=(
        "Nothing, or remove it by hand; look why the registrar refuses it.",
        "Nichts, oder von Hand entfernen; nachsehen, warum der Registrar das ablehnt.",
    ),
)
IN_USE = note(
    "voip.register-in-use",
    "the account {user} is registered already from {places}: the password is right, and no binding was tried",
    "das Konto {user} ist schon registriert, von {places}: Das Passwort stimmt, eine Bindung wurde nicht versucht",
    do=(
        "Keep an account for the tests that no phone uses. If nobody should use it, find out who does.",
        "Für die Tests ein Konto vorsehen, das kein Telefon benutzt. Soll es niemand benutzen: klären, wer es tut.",
    ),
)
UNFINISHED = fault(
    "voip.register-unfinished",
    "the registrar begins and then gives no final answer: its {step} was not answered",
    "der Registrar beginnt und gibt dann keine endgültige Antwort: {step} blieb unbeantwortet",
    do=(
        "Look at what it waits for: its database, the system behind it, a proxy in between.",
        "Nachsehen, worauf er wartet: seine Datenbank, das System dahinter, ein Proxy dazwischen.",
    ),
)
SLOW = warn(
    "voip.register-slow",
    "registering took {took} ms, with the challenge: phones repeat what is not answered within 500 ms",
    "die Registrierung dauerte mit der Abfrage {took} ms: Telefone wiederholen, was nach 500 ms nicht beantwortet ist",
    do=(
        "Look at the registrar's load and database, and for loss on the way.",
        "Last und Datenbank des Registrars ansehen, und auf dem Weg nach Verlusten suchen.",
    ),
)

# Two answers, each within T1 (RFC 3261, section 17.1.1.1); the delay of registration is RRD of RFC 6076, section 4.1.
_SLOW_MS = 1000
_STEPS = ("REGISTER", "REGISTER (bind)", "REGISTER (expires=0)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, from its first request to what came of it. took: ms, None where no final answer came.

    code: 0 for no final answer. challenges: how often we were asked who we are; stale: how often our answer was called old.
    """

    name: str
    code: int
    reason: str
    challenges: int
    stale: int
    took: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """steps: as far as it came. realm, asked: of the last challenge: its realm, and how it wants to be answered.

    could_answer: whether we could. places: where others are bound, as the registrar names them; kept: whether our own
    binding was named after it was accepted, None where none was; granted: for how many seconds; least: Min-Expires.
    """

    server: str
    user: str
    domain: str
    product: str
    steps: tuple[Step, ...]
    realm: str
    asked: str
    could_answer: bool
    places: tuple[str, ...]
    kept: bool | None
    granted: int
    least: int | None
    wait: int | None


def judge(seen: Registration) -> Iterator[Finding]:
    last = seen.steps[-1]
    if seen.least is not None and 200 <= last.code < 300:
        yield LEAST(least=seen.least)
    if last.code == 0:
        yield UNFINISHED(step=last.name)
    elif last.name == _STEPS[2] and not 200 <= last.code < 300:
        yield STAYS(code=last.code, reason=last.reason, seconds=seen.granted)
    elif last.code in {401, 407}:
        yield _login(seen, last)
    elif last.code == 403:
        yield FORBIDDEN(user=seen.user, reason=last.reason)
    elif last.code == 404:
        yield UNKNOWN(user=seen.user, domain=seen.domain, reason=last.reason)
    elif last.code == 423:
        yield BRIEF(least=seen.least if seen.least is not None else "?")
    elif last.code >= 500:
        wait = "" if seen.wait is None else f" (Retry-After {seen.wait} s)"
        yield UNAVAILABLE(code=last.code, reason=last.reason, wait=wait)
    elif not 200 <= last.code < 300:
        yield REJECTED(user=seen.user, code=last.code, reason=last.reason)
    yield from _bound(seen)


def _login(seen: Registration, last: Step) -> Finding:
    if last.stale > 1:
        return STALE()
    if not seen.could_answer:
        return ODD_CHALLENGE(asked=seen.asked or "-")
    return PASSWORD(user=seen.user, realm=seen.realm)


def _bound(seen: Registration) -> Iterator[Finding]:
    if seen.places:
        yield IN_USE(user=seen.user, places=", ".join(seen.places))
    if seen.kept is False:
        yield NOT_KEPT()
    slowest = max((step.took for step in seen.steps if step.took is not None), default=0)
    if slowest > _SLOW_MS:
        yield SLOW(took=round(slowest))


@collector(
    "voip.register",
    asks=(
        "Can a phone register, and if not, why?",
        "Kann sich ein Telefon registrieren, und wenn nicht, warum?",
    ),
    judge=judge,
    role="sip-account",
    deadline=150.0,
)
async def register(host: Sip, about: About) -> Registration:
    """Register the test account, and take it back."""
    talk = await host.register()
    steps = _steps(talk)
    if not steps:
        raise Unanswered(Kind.UNPARSABLE, "the record of the conversation holds no REGISTER")
    first, bound = steps[0], steps[1] if len(steps) > 1 else None
    every = [one for step in steps for one in step]
    last = final_of(every[-1])
    challenges = _challenges(every)
    own = (
        every[-1].request.headers.first("contact")
        if bound is None
        else bound[-1].request.headers.first("contact")
    )
    answer = final_of(bound[-1]) if bound else None
    return Registration(
        server=talk.server,
        user=about.sip.user if about.sip else "",
        domain=about.sip.domain if about.sip else "",
        product=product(last) if last else "",
        steps=tuple(_step(name, step) for name, step in zip(_STEPS, steps, strict=False)),
        realm=plain(challenges[-1].realm, 80) if challenges else "",
        asked=_asked(every),
        could_answer=digest.best(challenges) is not None,
        places=_places(final_of(first[-1])),
        kept=_is_kept(answer, own) if answer and 200 <= answer.code < 300 else None,
        granted=_granted(answer, own),
        least=_least(every),
        wait=retry_after(last) if last else None,
    )


def _steps(talk: Talk) -> list[list[Try]]:
    """The requests of each step: they ask for bindings, make one, or take it back; 423 makes a step's second try."""
    found: list[list[Try]] = [[], [], []]
    for one in tries(talk, "REGISTER"):
        contact = one.request.headers.first("contact")
        found[0 if contact is None else 2 if ";expires=0" in contact else 1].append(one)
    return [step for step in found if step]


def _step(name: str, tried: list[Try]) -> Step:
    final = tried[-1].final
    answers = [answer for one in tried if (answer := final_of(one)) is not None and answer.code in {401, 407}]
    return Step(
        name=name,
        code=final[1].code if final else 0,
        reason=plain(final[1].reason, 80) if final else "",
        challenges=len(answers),
        stale=sum(_is_stale(answer) for answer in answers),
        took=round((final[0] - tried[0].sent[0]) * 1000, 1) if final else None,
    )


def _is_stale(answer: Response) -> bool:
    return any(challenge.stale for challenge in _read(answer))


def _read(answer: Response) -> list[digest.Challenge]:
    found = []
    for name in ("www-authenticate", "proxy-authenticate"):
        for value in answer.headers.every(name):
            try:
                challenge = digest.challenge_of(value)
            except Unreadable:
                continue
            if challenge is not None:
                found.append(challenge)
    return found


def _challenges(every: list[Try]) -> tuple[digest.Challenge, ...]:
    """Of the last answer that asked who we are."""
    for one in reversed(every):
        answer = final_of(one)
        if answer is not None and answer.code in {401, 407}:
            return tuple(_read(answer))
    return ()


def _asked(every: list[Try]) -> str:
    """How the last challenge wants to be answered, in a few words."""
    for one in reversed(every):
        answer = final_of(one)
        if answer is not None and answer.code in {401, 407}:
            values = (*answer.headers.every("www-authenticate"), *answer.headers.every("proxy-authenticate"))
            schemes = [value.split(" ")[0] for value in values]
            wanted = [f"{one.algorithm} {'/'.join(one.qop)}".strip() for one in _read(answer)]
            return plain(", ".join(wanted or schemes), 120)
    return ""


def _places(answer: Response | None) -> tuple[str, ...]:
    """Where the account is bound, as the first answer names it: nothing of ours stands there yet."""
    if answer is None or not 200 <= answer.code < 300:
        return ()
    found = []
    for contact in answer.headers.listed("contact")[:10]:
        try:
            uri = uri_of(address_of(contact).uri)
        except Unreadable:
            found.append("?")
        else:
            found.append(f"{uri.host}:{uri.port}" if uri.port else uri.host)
    return tuple(dict.fromkeys(found))


def _is_kept(answer: Response, own: str | None) -> bool:
    return _own(answer, own) is not None


def _own(answer: Response, own: str | None) -> str | None:
    """The registrar's word on our binding: the same user at the same place."""
    try:
        wanted = uri_of(address_of(own or "").uri)
    except Unreadable:
        return None
    for contact in answer.headers.listed("contact"):
        try:
            said = uri_of(address_of(contact).uri)
        except Unreadable:
            continue
        if (said.user, said.host, said.port) == (wanted.user, wanted.host, wanted.port):
            return contact
    return None


def _granted(answer: Response | None, own: str | None) -> int:
    """Seconds for which we were bound, 0 where we were not."""
    if answer is None:
        return 0
    contact = _own(answer, own)
    text = address_of(contact).params.get("expires") if contact else answer.headers.first("expires")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _least(every: list[Try]) -> int | None:
    for one in every:
        answer = final_of(one)
        if answer is not None and answer.code == 423:
            try:
                return answer.number("min-expires")
            except Unreadable:
                return None
    return None
