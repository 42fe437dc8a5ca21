"""Does a call work, both ways, and how good is it? A test call to a number that the contract names, on request.

What is measured: the way of the messages, how long it took, the sound that came back (RFC 3550), and what the other end
reports of ours. The rating is the E-model's, for the direction that was heard; what was assumed is said with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from collectors import Call, Caller, Finding, Heard, Kind, Sound, Unanswered, collector
from collectors.plain import plain
from collectors.voip import sdp
from collectors.voip.causes import CAUSES, kind_of
from collectors.voip.codecs import G711
from collectors.voip.emodel import rating
from collectors.voip.message import Request, Response, Unreadable
from collectors.voip.trace import Try, elsewhere, final_of, hosts_in, lines, product, reason_of, tries
from collectors.voip.trial_call_tags import (
    ACK_LOST,
    AWAY,
    BUSY,
    BYE_LOST,
    CAPACITY,
    CODEC,
    CUT,
    DELAY,
    DIRECT,
    FAILED,
    FORBIDDEN,
    JITTER,
    LOGIN,
    LOSS,
    LOSS_SEVERE,
    MOVED,
    NO_AUDIO,
    NO_CODEC,
    NO_SOUND_SENT,
    NOT_GRANTED,
    NOT_HEARD,
    ON_HOLD,
    ONE_WAY_BACK,
    OTHER_SOURCE,
    PATH,
    PRIVATE,
    QUALITY,
    QUALITY_BAD,
    REFUSED,
    RESENT,
    ROUTE,
    SDP,
    SECURED,
    SLOW,
    UNANSWERED,
)

__all__ = [
    "AWAY",
    "BUSY",
    "CAPACITY",
    "CODEC",
    "FORBIDDEN",
    "LOGIN",
    "MOVED",
    "NOT_GRANTED",
    "NO_AUDIO",
    "NO_CODEC",
    "ON_HOLD",
    "PATH",
    "REFUSED",
    "ROUTE",
    "SDP",
    "SECURED",
    "TrialCall",
    "trial_call",
]

# Seconds: the slowest twentieth of local calls may take so long to ring (ITU-T E.721, table 1).
_SLOW_RING = 6.0
# Per cent of packets: from where on people notice, and from where on speech breaks up; two packets, as one is chance.
_LOSS, _LOSS_SEVERE, _FEWEST_LOST = 0.5, 3.0, 2
# ms: Cisco's and others' planning value for jitter; ITU-T G.114 for the delay from mouth to ear.
_JITTER, _DELAY = 30.0, 150.0
# ITU-T G.109: below 70 many users are dissatisfied, below 60 nearly all.
_R_POOR, _R_BAD = 70.0, 60.0
# Of its sound a server sends the first packet within a second, or there is none (fewer packets tell nothing).
_ENOUGH = 25
# RFC 1918, RFC 6598, RFC 3927, RFC 4193: from elsewhere nothing gets there.
_PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCall:
    """code: of the final answer to INVITE, 0 for none; cause, text: by Q.850, 0 and '' for none; provisional: codes.

    rang, answered: seconds from the first INVITE that was taken to 18x or 200, and to 200; None where it did not come.
    tries: how often that INVITE went out; repeats: how often its final answer came again. places: addresses that are not
    the server's, to which real phones would send ACK and BYE. ended: seconds after the answer at which the other
    end hung up, None where we did; end_cause: by Q.850. bye: the answer to our BYE, 0 for none, None where it was not said.
    """

    number: str
    server: str
    product: str
    code: int
    reason: str
    cause: int
    text: str
    provisional: tuple[int, ...]
    rang: float | None
    answered: float | None
    tries: int
    repeats: int
    places: tuple[str, ...]
    moved: tuple[str, ...]
    direction: str
    ended: float | None
    end_cause: int
    bye: int | None
    waited: float
    sound: Sound | None


def judge(seen: TrialCall) -> Iterator[Finding]:
    if seen.tries > 1:
        yield RESENT(tries=seen.tries)
    if seen.code == 0:
        codes = " ".join(map(str, dict.fromkeys(seen.provisional))) or "-"
        yield UNANSWERED(number=seen.number, provisional=codes, seconds=round(seen.waited))
    elif not 200 <= seen.code < 300:
        yield _refused(seen)
    else:
        yield from _standing(seen)
    begun = seen.rang if seen.rang is not None else seen.answered
    if begun is not None and begun > _SLOW_RING:
        yield SLOW(took=round(begun, 1))


def _refused(seen: TrialCall) -> Finding:
    places = f" ({', '.join(seen.moved)})" if seen.moved else ""
    tag = FAILED[kind_of(seen.code)]
    cause = _cause(seen.cause, seen.text)
    return tag(number=seen.number, code=seen.code, reason=seen.reason + places, cause=cause)


def _cause(number: int, text: str) -> str:
    if not number:
        return ""
    known = CAUSES.get(number)
    return f" (Q.850 {number}: {text or (known[0] if known else '?')})"


def _standing(seen: TrialCall) -> Iterator[Finding]:
    """What is to be said of a call that was answered."""
    if seen.repeats > 1:
        yield ACK_LOST(times=seen.repeats, places=", ".join(seen.places) or "-")
    elif seen.places:
        yield DIRECT(places=", ".join(seen.places))
    if seen.ended is not None:
        yield CUT(seconds=round(seen.ended, 1), cause=_cause(seen.end_cause, ""))
    elif seen.bye is not None and not 200 <= seen.bye < 300:
        yield BYE_LOST(answer=seen.bye or "-")
    if seen.sound is not None:
        yield from _sounding(seen, seen.sound)


def _sounding(seen: TrialCall, sound: Sound) -> Iterator[Finding]:
    heard = max(sound.heard, key=lambda one: one.packets, default=None)
    host = sound.toward.rpartition(":")[0].strip("[]")
    if host and _is_private(host) and not _is_private(_host(seen.server)):
        yield PRIVATE(toward=sound.toward, server=seen.server)
    elif sound.held_back:
        yield NO_SOUND_SENT[sound.held_back](toward=sound.toward or "-")
    if heard is None:
        # A server that waits for our sound before it sends its own cannot be blamed where none was sent.
        if sound.sent >= _ENOUGH and seen.direction in {"sendrecv", "sendonly"}:
            yield NOT_HEARD(seconds=round(sound.seconds, 1), sent=sound.sent, toward=sound.toward or "-")
    else:
        yield from _heard(sound, heard)
    if sound.reports and sound.sent >= _ENOUGH and all(one.highest == 0 for one in sound.reports):
        yield ONE_WAY_BACK(sent=sound.sent, toward=sound.toward)


def _heard(sound: Sound, heard: Heard) -> Iterator[Finding]:
    if sound.toward and heard.source != sound.toward:
        yield OTHER_SOURCE(source=heard.source, toward=sound.toward)
    expected = heard.packets + heard.lost
    percent = round(100 * heard.lost / expected, 1) if expected else 0.0
    if heard.lost >= _FEWEST_LOST and percent >= _LOSS:
        tag = LOSS_SEVERE if percent >= _LOSS_SEVERE else LOSS
        yield tag(percent=percent, lost=heard.lost, expected=expected, runs=heard.runs)
    if heard.worst > _JITTER:
        yield JITTER(jitter=round(heard.jitter, 1), worst=round(heard.worst, 1))
    trips = [one.round_trip for one in sound.reports if one.round_trip is not None]
    delay = min(trips) / 2 if trips else None
    if delay is not None and delay > _DELAY:
        yield DELAY(delay=round(delay), trip=round(min(trips)))
    if heard.packets >= _ENOUGH:
        yield from _rated(heard, delay, percent)


def _rated(heard: Heard, delay: float | None, percent: float) -> Iterator[Finding]:
    """One way: what was heard. Payload types 0 and 8 are all that we offer."""
    if heard.payload not in {0, 8}:
        return
    rated = rating(delay, percent, _burst(heard), G711)
    if rated.r is None or rated.mos is None or rated.r >= _R_POOR:
        return
    tag = QUALITY_BAD if rated.r < _R_BAD else QUALITY
    yield tag(
        r=round(rated.r),
        mos=round(rated.mos, 1),
        assumed=", ".join(rated.assumed),
    )


def _burst(heard: Heard) -> float | None:
    """Mean run of losses over that of random loss at the same rate (G.107, section 7.4); None without any loss."""
    expected = heard.packets + heard.lost
    if not heard.runs or not heard.lost or heard.lost >= expected:
        return None
    return max(heard.lost / heard.runs * (1 - heard.lost / expected), 1.0)


def _is_private(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE if network.version == address.version)


def _host(place: str) -> str:
    return place.rpartition(":")[0].strip("[]")


@collector(
    "voip.test-call",
    asks=(
        "Does a call work, both ways, and how good is it?",
        "Gelingt ein Anruf, in beide Richtungen, und wie gut ist er?",
    ),
    judge=judge,
    role="sip-calls",
    deadline=120.0,
    on_request=True,
)
async def trial_call(host: Caller) -> TrialCall:
    """Call the first number of the contract, for four seconds of sound."""
    if not host.numbers:
        raise Unanswered(Kind.NOT_THERE, "the contract names no number that may be called")
    call = await host.call(host.numbers[0])
    asked = tries(call.talk, "INVITE")
    if not asked:
        raise Unanswered(Kind.UNPARSABLE, "the record of the conversation holds no INVITE")
    return _read(call, asked[-1])


def _read(call: Call, invite: Try) -> TrialCall:
    talk, answer = call.talk, final_of(invite)
    taken_back = tries(talk, "CANCEL")
    if taken_back and answer is not None and answer.code >= 300:
        # It agrees to what we asked for: that is no refusal of its own.
        answer = None
    stands = answer is not None and 200 <= answer.code < 300
    cause, text = reason_of(answer) if answer else (0, "")
    hung_up = _hung_up(call) if stands else None
    began, said = invite.sent[0], lines(talk)
    ringing = [at for at, one in invite.provisional if 180 <= one.code < 190]
    return TrialCall(
        number=call.number,
        server=talk.server,
        product=product(answer) if answer else "",
        code=answer.code if answer else 0,
        reason=plain(answer.reason, 80) if answer else "",
        cause=cause,
        text=text,
        provisional=tuple(one.code for _, one in invite.provisional)[:20],
        rang=round(ringing[0] - began, 3) if ringing else None,
        answered=round(invite.final[0] - began, 3) if stands and invite.final else None,
        tries=len(invite.sent),
        repeats=invite.repeated,
        places=_direct(answer, talk.server) if answer and stands else (),
        moved=hosts_in(answer, "contact") if answer and 300 <= answer.code < 400 else (),
        direction=_direction(answer) if answer and stands else "",
        ended=round(hung_up[0] - invite.final[0], 2) if hung_up and invite.final else None,
        end_cause=hung_up[1] if hung_up else 0,
        bye=_bye(call) if stands and not hung_up else None,
        waited=round((taken_back[0].sent[0] if taken_back else said[-1].at) - began, 1),
        sound=call.sound,
    )


def _direct(answer: Response, server: str) -> tuple[str, ...]:
    """Where ACK and BYE of a phone would go: to the first of the route, or without one to the Contact."""
    route = answer.headers.listed("record-route")
    return elsewhere(answer, server, "record-route" if route else "contact")


def _direction(answer: Response) -> str:
    try:
        audio = sdp.read(answer.body).audio
    except Unreadable:
        return ""
    return audio.direction if audio else ""


def _hung_up(call: Call) -> tuple[float, int] | None:
    """When the other end said BYE, and why."""
    for line in lines(call.talk):
        if not line.ours and isinstance(line.message, Request) and line.message.method == "BYE":
            return line.at, reason_of(line.message)[0]
    return None


def _bye(call: Call) -> int | None:
    said = tries(call.talk, "BYE")
    if not said:
        return None
    answer = final_of(said[-1])
    return answer.code if answer else 0
