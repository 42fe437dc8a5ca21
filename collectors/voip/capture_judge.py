"""What is wrong with the calls in a capture? Pure: from the calls and streams that were read.

One finding a tag, over all calls: how many, and the first of them by their ids.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from collectors import Finding, Tag
from collectors.plain import plain
from collectors.voip.call import Call, Calls, Offer
from collectors.voip.call_tags import (
    BUSY,
    CREDENTIALS,
    CUT,
    DAMAGED,
    DOUBLED,
    EXPIRED,
    FAX_REFUSED,
    FORBIDDEN,
    KEYS_ONE_SIDE,
    LEFT_OUT,
    LINKS,
    NAT_ADDRESS,
    NO_ACK,
    NO_ANSWER,
    NO_CAPACITY,
    NO_CODEC,
    NO_MEDIA,
    NOTHING,
    ONE_WAY,
    OTHER_CODE,
    REGISTER_REFUSED,
    REGISTER_SILENT,
    RESENT,
    SAME_LENGTH,
    SECURED_ONE_SIDE,
    SLOW,
    SNAPPED,
    TIMED_OUT,
    TOO_LARGE,
    UNKNOWN,
)
from collectors.voip.media_judge import ids_of, judge_media, streams_of

__all__ = ["judge"]

# Seconds of speech in one direction, with nothing in the other, that are no accident.
_ONE_WAY = 5.0
# Packets of a stream from which on its figures mean something.
_ENOUGH = 100
_SLOW = 11.0
_UDP_MOST = 1300
_CODES: dict[int, Tag] = {
    **dict.fromkeys((488, 606, 415), NO_CODEC),
    **dict.fromkeys((404, 410, 484, 485, 604, 416), UNKNOWN),
    **dict.fromkeys((403, 607, 608), FORBIDDEN),
    **dict.fromkeys((401, 407), CREDENTIALS),
    **dict.fromkeys((408, 504), TIMED_OUT),
    **dict.fromkeys((500, 502, 503, 580), NO_CAPACITY),
    **dict.fromkeys((480, 486, 600, 603), BUSY),
}


def judge(seen: Calls) -> Iterator[Finding]:
    yield from _capture(seen)
    yield from _failed(seen.calls)
    yield from _setup(seen.calls)
    yield from _drops(seen)
    yield from _audio(seen)
    yield from _sides(seen.calls)
    yield from _registrations(seen)
    yield from judge_media(seen)


def _capture(seen: Calls) -> Iterator[Finding]:
    source = seen.source
    if source.trouble:
        yield CUT(why=plain(source.detail, 80), packets=source.packets)
    if source.short and (source.sip or source.rtp):
        yield SNAPPED(count=source.short, packets=source.packets)
    if source.unknown:
        yield LINKS(count=source.unknown, links=", ".join(map(str, source.links[:5])))
    if not (source.sip or source.rtp or source.rtcp) and source.unknown < max(source.packets, 1):
        yield NOTHING(packets=source.packets)
    if source.left_out:
        yield LEFT_OUT(count=source.left_out)
    if source.damaged:
        yield DAMAGED(count=source.damaged, why=plain(source.why, 80))
    streams = streams_of(seen)
    if sum(one.copies for one in streams) * 3 > sum(one.packets for one in streams) > _ENOUGH:
        yield DOUBLED()


def _failed(calls: Sequence[Call]) -> Iterator[Finding]:
    by_code: defaultdict[int, list[Call]] = defaultdict(list)
    for call in calls:
        # Being sent elsewhere (3xx) is no failure: what comes of it is another try.
        if call.state == "failed" and call.code >= 400:
            by_code[call.code].append(call)
    by_tag: defaultdict[Tag, list[tuple[int, list[Call]]]] = defaultdict(list)
    for code, of_code in sorted(by_code.items()):
        by_tag[_CODES.get(code, OTHER_CODE)].append((code, of_code))
    for tag, groups in by_tag.items():
        every = [call for _, of_code in groups for call in of_code]
        yield tag(code=", ".join(str(code) for code, _ in groups), count=len(every), calls=ids_of(every))


def _setup(calls: Sequence[Call]) -> Iterator[Finding]:
    silent = [call for call in calls if call.state == "silent" and call.resent >= 2]
    large = [call for call in silent if call.fragmented or call.largest > _UDP_MOST]
    if large:
        yield TOO_LARGE(size=max(call.largest for call in large), count=len(large), calls=ids_of(large))
    other = [call for call in silent if call not in large]
    if other:
        server = plain(other[-1].places[1], 60) if len(other[-1].places) > 1 else "?"
        yield NO_ANSWER(count=len(other), calls=ids_of(other), server=server)
    waits = [(moment - call.began, call) for call in calls if (moment := call.ringing or call.answered)]
    slow = [(wait, call) for wait, call in waits if wait > _SLOW]
    if slow:
        longest = round(max(wait for wait, _ in slow), 1)
        yield SLOW(seconds=longest, count=len(slow), calls=ids_of([call for _, call in slow]))
    heard = [call for call in calls if call.state != "silent" and not _lacks_ack(call)]
    resent = [call for call in heard if call.resent or call.answers]
    if resent:
        yield RESENT(
            resent=sum(call.resent + call.answers for call in resent), count=len(resent), calls=ids_of(resent)
        )


def _lacks_ack(call: Call) -> bool:
    """Whether the answer came again at least twice and nobody acknowledged it."""
    return call.state == "answered" and call.answers >= 2 and not call.acked


def _drops(seen: Calls) -> Iterator[Finding]:
    lacking = [call for call in seen.calls if _lacks_ack(call)]
    if lacking:
        yield NO_ACK(count=len(lacking), calls=ids_of(lacking))
    expired = [call for call in seen.calls if _is_expired(call)]
    if expired:
        yield EXPIRED(expires=expired[0].expires, count=len(expired), calls=ids_of(expired))
    known = {id(call) for call in (*lacking, *expired)}
    ended = [call for call in seen.calls if (call.talked or 0) > 20 and id(call) not in known]
    lengths = Counter(round(call.talked or 0) for call in ended)
    if lengths:
        length = max(lengths, key=lambda seconds: lengths[seconds] + lengths[seconds + 1])
        alike = [call for call in ended if length - 0.5 <= (call.talked or 0) < length + 1.5]
        if len(alike) >= 3 and len(alike) * 10 >= len(ended) * 6:
            yield SAME_LENGTH(count=len(alike), seconds=length, calls=ids_of(alike))


def _is_expired(call: Call) -> bool:
    """Whether it ended when an unrefreshed session does (RFC 4028, section 10), or after a refresh was refused."""
    if not call.expires or call.talked is None:
        return False
    if call.refused:
        return True
    early = call.expires - min(32.0, call.expires / 3)
    return not call.refreshes and early - 2 <= call.talked <= call.expires + 2


def _audio(seen: Calls) -> Iterator[Finding]:
    one_way: list[tuple[Call, str]] = []
    none: list[Call] = []
    for call in seen.calls:
        if call.answered is None or call.held or _wants_silence(call.offers):
            continue
        until = call.ended if call.ended is not None else seen.source.seconds
        if until - call.answered < _ONE_WAY:
            continue
        if not call.streams:
            none.append(call)
            continue
        spoken = {side: _after(call, side) for side in ("caller", "callee")}
        deaf = min(spoken, key=lambda side: spoken[side])
        if spoken[deaf] <= 0 and max(spoken.values()) >= _ONE_WAY:
            one_way.append((call, deaf))
    if one_way:
        first, deaf = one_way[0]
        yield ONE_WAY(
            count=len(one_way),
            calls=ids_of([call for call, _ in one_way]),
            first=first.id,
            ear=_ear(first, deaf),
        )
    if none:
        yield NO_MEDIA(count=len(none), calls=ids_of(none))


def _ear(call: Call, side: str) -> str:
    """Where one side wants to hear, by its own last word."""
    offer = next((one for one in reversed(call.offers) if one.by == side), None)
    return plain(f"{offer.address}:{offer.port}" if offer else "?", 60)


def _wants_silence(offers: Sequence[Offer]) -> bool:
    return any(offer.direction != "sendrecv" for offer in offers)


def _after(call: Call, side: str) -> float:
    """Seconds of voice to one ear after the call was answered; a stray packet or two are none."""
    spans = [
        one.began + one.seconds - max(one.began, call.answered or 0.0)
        for one in call.streams
        if one.to == side and one.packets > 3
    ]
    return max(spans, default=0.0)


def _sides(calls: Sequence[Call]) -> Iterator[Finding]:
    translated = [(call, offer) for call in calls for offer in call.offers if _is_translated(offer)]
    if translated:
        every = list({call.id: call for call, _ in translated}.values())
        offer = translated[0][1]
        yield NAT_ADDRESS(
            private=offer.address, public=offer.sent_from, count=len(every), calls=ids_of(every)
        )
    answered = [call for call in calls if call.state == "answered"]
    for tag, differs in ((KEYS_ONE_SIDE, _keys), (SECURED_ONE_SIDE, _secured)):
        found = [call for call in answered if _differ(call, differs)]
        if found:
            yield tag(count=len(found), calls=ids_of(found))
    fax = [call for call in calls if call.refused_fax]
    if fax:
        yield FAX_REFUSED(count=len(fax), calls=ids_of(fax))


def _keys(offer: Offer) -> bool:
    return offer.keys


def _secured(offer: Offer) -> bool:
    return offer.secured


def _differ(call: Call, what: Callable[[Offer], bool]) -> bool:
    """Whether all that one side described is so, and nothing of what the other did."""
    sides = [[what(offer) for offer in call.offers if offer.by == side] for side in ("caller", "callee")]
    return all(sides) and ((all(sides[0]) and not any(sides[1])) or (all(sides[1]) and not any(sides[0])))


def _is_translated(offer: Offer) -> bool:
    try:
        said = ipaddress.ip_address(offer.address)
        came = ipaddress.ip_address(offer.sent_from.strip("[]"))
    except ValueError:
        return False
    return _is_inside(said) and not _is_inside(came) and said.version == came.version


# Not Python's `is_private`: addresses for documentation, which are no one's inside, are private there too.
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
            "127.0.0.0/8",
            "::1/128",
        ),
    )
)


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_unspecified or any(
        address in network for network in _INSIDE if network.version == address.version
    )


def _registrations(seen: Calls) -> Iterator[Finding]:
    refused = [one for one in seen.registrations if one.code >= 300 and one.code != 423]
    silent = [one for one in seen.registrations if not one.code and one.resent >= 2 and not one.challenges]
    for tag, found in ((REGISTER_REFUSED, refused), (REGISTER_SILENT, silent)):
        if found:
            users = plain(
                ", ".join(one.user or "?" for one in found[:3]) + (" …" if len(found) > 3 else ""), 60
            )
            codes = ", ".join(sorted({str(one.code) for one in found}))
            yield tag(code=codes, count=len(found), users=users, server=plain(found[0].server, 60))
