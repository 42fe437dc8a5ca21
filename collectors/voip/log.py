"""What does the telephone server itself say: whom does it refuse, and why do calls fail?

The last ten minutes of the services' journal: lines of the module acc ('ACC: …;method=…;code=…'), of refused log-ins as
administrators have them written for fail2ban ('auth failed … 192.0.2.7'), and of rtpengine without ports.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors import Finding, Shell, Unanswered, collector, fault, note, warn
from collectors.plain import plain
from collectors.voip.ask import NotRunning, journal, kamcmd, unparsable

__all__ = ["CallEnd", "Log", "Refusal", "log"]

REFUSED = fault(
    "voip.phone-refused",
    "the log-in of {account} from {source} was refused {count} times, last {ago} seconds ago: its password is another one",
    "die Anmeldung von {account} von {source} wurde {count} Mal abgelehnt, zuletzt vor {ago} Sekunden: "
    "ihr Kennwort ist ein anderes",
    do=(
        "Enter the password of {account} anew, in the phone or at the server. If nobody knows {source}, somebody is guessing.",
        "Das Kennwort von {account} neu eintragen, im Telefon oder am Server. Kennt niemand {source}, dann rät jemand.",
    ),
)
REFUSED_PAST = note(
    "voip.phone-refused-past",
    "the log-in of {account} from {source} was refused {count} times in the last minutes, and is not any more",
    "die Anmeldung von {account} von {source} wurde in den letzten Minuten {count} Mal abgelehnt, jetzt nicht mehr",
)
GUESSING = warn(
    "voip.login-guessing",
    "somebody at {source} tries passwords: {count} log-ins of {accounts} accounts were refused in ten minutes",
    "jemand unter {source} probiert Kennwörter: in zehn Minuten wurden {count} Anmeldungen von {accounts} Konten abgelehnt",
    do=(
        "Block {source} at the firewall if it is nobody of yours; see that no account has an easy password.",
        "{source} an der Firewall sperren, wenn es niemand von Ihnen ist; auf einfache Kennwörter prüfen.",
    ),
)
NO_CODEC = fault(
    "voip.calls-no-codec",
    "calls fail as both sides have no codec in common ({code}): {count} in the last minutes, last from {caller} to {callee}",
    "Anrufe scheitern, weil beide Seiten keinen gemeinsamen Codec haben ({code}): {count} in den letzten Minuten, "
    "zuletzt von {caller} an {callee}",
    do=(
        "Let both sides offer one codec that the other has (G.711 A-law is the common one in Europe), or transcode.",
        "Beide Seiten einen Codec anbieten lassen, den die andere hat (in Europa üblich: G.711 A-law), oder umcodieren.",
    ),
)
OVERLOADED = fault(
    "voip.calls-no-capacity",
    "calls are refused with {code} ({reason}): {count} in the last minutes, last from {caller} to {callee}",
    "Anrufe werden mit {code} abgelehnt ({reason}): {count} in den letzten Minuten, zuletzt von {caller} an {callee}",
    do=(
        "See who says it: a trunk without free channels, a relay, a destination that is down, a limit of the server.",
        "Klären, wer das sagt: ein Trunk ohne freie Kanäle, ein Relay, ein ausgefallenes Ziel, eine Grenze des Servers.",
    ),
)
NO_ANSWER = fault(
    "voip.calls-unanswered",
    "calls fail as the other side does not answer at all ({code}): {count} in the last minutes, last from {caller} to {callee}",
    "Anrufe scheitern, weil die Gegenseite gar nicht antwortet ({code}): {count} in den letzten Minuten, "
    "zuletzt von {caller} an {callee}",
    do=(
        "Look on the way to {callee}: an address that cannot be reached, a firewall that drops SIP, lost large messages?",
        "Den Weg zu {callee} prüfen: unerreichbare Adresse, Firewall gegen SIP, verlorene große Nachrichten?",
    ),
)
FORBIDDEN = warn(
    "voip.calls-forbidden",
    "calls are forbidden ({code}): {count} in the last minutes, last from {caller} to {callee}",
    "Anrufe werden verboten ({code}): {count} in den letzten Minuten, zuletzt von {caller} an {callee}",
    do=("See the rights of {caller}, and the dial plan.", "Die Rechte von {caller} und den Wählplan prüfen."),
)
CUT = fault(
    "voip.calls-cut-at-32",
    "{count} calls of the last minutes ended 32 seconds after they were answered",
    "{count} Anrufe der letzten Minuten endeten 32 Sekunden nach der Annahme",
    do=(
        "The ACK does not arrive: look at Contact and Record-Route, NAT and SIP ALG between the caller and the server.",
        "Das ACK kommt nicht an: Contact und Record-Route, NAT und SIP-ALG zwischen Anrufer und Server prüfen.",
    ),
)
NO_PORTS = fault(
    "voip.relay-no-ports",
    "the media relay has no free ports: it said so {count} times, last {ago} seconds ago",
    "das Media-Relay hat keine freien Ports: es sagte das {count} Mal, zuletzt vor {ago} Sekunden",
    do=(
        "Widen port-min and port-max, in the firewall too; see whether old calls are left over.",
        "port-min und port-max erweitern, auch in der Firewall; prüfen, ob alte Gespräche übrig sind.",
    ),
)
AT_LIMIT = fault(
    "voip.relay-at-limit",
    "the media relay is at its limit ({limit}) and refuses calls: {count} times, last {ago} seconds ago",
    "das Media-Relay ist an seiner Grenze ({limit}) und lehnt Gespräche ab: {count} Mal, zuletzt vor {ago} Sekunden",
    do=(
        "See max-sessions, max-load, max-cpu and max-bandwidth of rtpengine, and whether old calls are left over.",
        "max-sessions, max-load, max-cpu und max-bandwidth von rtpengine prüfen, und ob alte Gespräche übrig sind.",
    ),
)
_NOW = 90
_OFTEN = 3
# So many accounts at one address are no telephone.
_GUESSES = 5
_ACC = re.compile(r"ACC: (?:transaction answered|call missed|request acknowledged): (.*)")
_REFUSED = re.compile(
    r"\bauth\w* (?:has )?fail|\bfail\w* to authenticate|authentication failure|wrong password|invalid password",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\b([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+:[0-9a-fA-F]+)\b")
_ACCOUNT = re.compile(r"(?:\bof|\bfor|\buser|\baccount|\bau)[ =:'\"]+<?(?:sips?:)?([A-Za-z0-9+*#._-]{1,64})")
_PORTLESS = re.compile(
    r"(?:failed|unable) to get \d+ consecutive ports|no (?:more )?(?:free )?ports available|out of ports",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:ERR|ERROR|WARNING)\b.*?((?:parallel session|load|CPU usage|bandwidth) limit (?:reached|exceeded))",
    re.IGNORECASE,
)
_AOR = re.compile(r"^\s*AoR: ([^@\s]+)", re.MULTILINE)
_CODECS, _CAPACITY, _SILENCE = (
    frozenset({"415", "488", "606"}),
    frozenset({"500", "503"}),
    frozenset({"408", "504"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A log-in that was refused. ago: seconds."""

    account: str
    source: str
    ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnd:
    """A call that came to an end, or to nothing. code: the final answer to its INVITE. lasted: seconds of talk, None of
    one that never was or still goes on. ago: seconds since the last that was heard of it.
    """

    caller: str
    callee: str
    code: str
    reason: str
    lasted: float | None
    ago: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """portless: how many seconds ago each call got no ports. limited: and which limit of the relay stopped one.

    registered: the numbers that are so just now, where somebody was refused and Kamailio says who is.
    """

    refusals: tuple[Refusal, ...] = ()
    calls: tuple[CallEnd, ...] = ()
    portless: tuple[int, ...] = ()
    limited: tuple[tuple[int, str], ...] = ()
    registered: tuple[str, ...] = ()


def judge(seen: Log) -> Iterator[Finding]:
    yield from _refusals(seen.refusals, frozenset(seen.registered))
    recent = [one for one in seen.calls if one.ago <= _NOW]
    for codes, tag in ((_CODECS, NO_CODEC), (_SILENCE, NO_ANSWER), (frozenset({"403"}), FORBIDDEN)):
        if own := [one for one in recent if one.code in codes]:
            last = min(own, key=lambda one: one.ago)
            yield tag(count=len(own), code=last.code, caller=last.caller, callee=last.callee)
    if own := [one for one in recent if one.code in _CAPACITY]:
        last = min(own, key=lambda one: one.ago)
        yield OVERLOADED(
            count=len(own), code=last.code, reason=last.reason, caller=last.caller, callee=last.callee
        )
    # One may be chance; the timer of RFC 3261 is exact to a second.
    cut = [one for one in seen.calls if one.lasted is not None and 31 <= one.lasted <= 34]
    if len(cut) > 1:
        yield CUT(count=len(cut))
    if now := [ago for ago in seen.portless if ago <= _NOW]:
        yield NO_PORTS(count=len(now), ago=min(now))
    if limited := [one for one in seen.limited if one[0] <= _NOW]:
        ago, limit = min(limited)
        yield AT_LIMIT(count=len(limited), limit=limit, ago=ago)


def _refusals(refusals: Sequence[Refusal], registered: frozenset[str]) -> Iterator[Finding]:
    guessers = {
        source: names
        for source in sorted({one.source for one in refusals})
        if len(names := {one.account for one in refusals if one.source == source}) >= _GUESSES
    }
    for source, names in guessers.items():
        yield GUESSING(
            source=source, count=sum(one.source == source for one in refusals), accounts=len(names)
        )
    counted = Counter((one.account, one.source) for one in refusals if one.source not in guessers)
    for (account, source), count in sorted(counted.items()):
        ago = min(one.ago for one in refusals if (one.account, one.source) == (account, source))
        # A nonce that grew old is refused as well, once.
        if count < _OFTEN:
            continue
        if ago <= _NOW or account not in registered:
            yield REFUSED(account=account, source=source, count=count, ago=ago)
        else:
            yield REFUSED_PAST(account=account, source=source, count=count)


@collector(
    "voip.log",
    asks=(
        "Whom does the telephone server refuse, and why did calls fail of late?",
        "Wen lehnt der Telefonserver ab, und warum scheiterten zuletzt Anrufe?",
    ),
    judge=judge,
    role="pbx",
)
async def log(host: Shell) -> Log:
    """Read the journal of Kamailio and rtpengine. It needs the right to read the journal."""
    ran = await host.run("date", "+%s")
    if not ran.stdout.strip().isdigit():
        raise unparsable("the host does not say what time it is", ran.stdout or ran.stderr)
    now = int(ran.stdout)
    lines = await journal(host)
    refusals = tuple(
        Refusal(account=_first(_ACCOUNT, line), source=_first(_SOURCE, line), ago=max(0, now - int(at)))
        for at, line in lines
        if _REFUSED.search(line)
    )
    return Log(
        refusals=refusals,
        registered=await _registered(host) if refusals else (),
        calls=tuple(_calls([(at, found[1]) for at, line in lines if (found := _ACC.search(line))], now)),
        portless=tuple(max(0, now - int(at)) for at, line in lines if _PORTLESS.search(line)),
        limited=tuple(
            (max(0, now - int(at)), plain(found[1].lower(), 40))
            for at, line in lines
            if (found := _LIMIT.search(line))
        ),
    )


async def _registered(host: Shell) -> tuple[str, ...]:
    """Who is registered; nobody known where Kamailio does not say."""
    try:
        text = await kamcmd(host, "ul.dump", "brief")
    except (NotRunning, Unanswered):
        return ()
    return tuple(sorted({plain(found, 64) for found in _AOR.findall(text)}))


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return plain(found[1], 64) if found else "?"


def _calls(lines: Sequence[tuple[float, str]], now: int) -> Iterator[CallEnd]:
    """One of each call: the answer to its INVITE, and when its BYE came."""
    answers: dict[str, tuple[float, dict[str, str]]] = {}
    ends: dict[str, float] = {}
    for at, text in lines:
        said = dict(part.partition("=")[::2] for part in text.split(";"))
        call = said.get("call_id", "")
        if said.get("method") == "INVITE" and call and call not in answers:
            answers[call] = at, said
        elif said.get("method") == "BYE" and call:
            ends.setdefault(call, at)
    for call, (at, said) in answers.items():
        end = ends.get(call)
        yield CallEnd(
            caller=plain(said.get("src_user", "?"), 64),
            callee=plain(said.get("dst_user", "?"), 64),
            code=plain(said.get("code", ""), 3),
            reason=plain(said.get("reason", ""), 60),
            lasted=end - at if end is not None and said.get("code", "").startswith("2") else None,
            ago=max(0, now - int(end or at)),
        )
