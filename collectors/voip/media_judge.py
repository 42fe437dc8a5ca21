"""Is the voice in a capture in order? Pure: from the figures of its streams.

One finding a tag, over all streams: how many, and the worst of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collectors import Finding
from collectors.plain import plain
from collectors.voip.call import Call, Calls, Heard, Offer, Told
from collectors.voip.media_tags import (
    DELAY,
    DELAY_FAR,
    FAR_LOSS,
    JITTER,
    KEYS_UNENDED,
    LATCHED,
    LOSS,
    LOSS_FEW,
    LOSS_ONCE,
    MARK_LOST,
    PHONE_DISCARDS,
    PHONE_LOSS,
    PHONE_MEDIOCRE,
    PHONE_POOR,
    POOR,
    PTIME,
    SOME_POOR,
    STRAYS,
    UNANNOUNCED,
    UNMARKED,
)

__all__ = ["ids_of", "judge_media", "streams_of"]

# Packets of a stream from which on its figures mean something.
_ENOUGH = 100
_EF, _BEST_EFFORT = 46, 0
# MOS at R 60 and R 70 (G.107, annex B): below them nearly all, and many, are dissatisfied (G.109).
_NEARLY_ALL, _MANY = 3.1, 3.6
# What a rating rests on, as G.107 and G.113 call it.
_SYMBOLS = {"delay": "Ta", "burst": "BurstR", "echo": "TELR", "concealment": "Bpl"}


def streams_of(seen: Calls) -> list[Heard]:
    """The streams of all calls, and those of none."""
    return [*(one for call in seen.calls for one in call.streams), *seen.strays]


def ids_of(calls: Sequence[Call]) -> str:
    """The first calls by their ids."""
    return plain(", ".join(call.id for call in calls[:3]) + (" …" if len(calls) > 3 else ""), 80)


def judge_media(seen: Calls) -> Iterator[Finding]:
    every = [one for one in streams_of(seen) if one.packets >= _ENOUGH]
    lossy = [one for one in every if one.loss >= 1.0]
    few = [one for one in every if 0.5 <= one.loss < 1.0]
    once = [one for one in every if one.loss < 0.5 and one.worst >= 5.0]
    for tag, found in ((LOSS, lossy), (LOSS_FEW, few)):
        if found:
            worst = max(found, key=lambda one: one.loss)
            yield tag(percent=round(worst.loss, 2), worst=_way(worst), count=len(found))
    if once:
        worst = max(once, key=lambda one: one.worst)
        yield LOSS_ONCE(
            percent=round(worst.worst, 1), second=round(worst.worst_at), worst=_way(worst), count=len(once)
        )
    uneven = [one for one in every if one.jitter is not None and one.jitter > 30]
    if uneven:
        worst = max(uneven, key=lambda one: one.jitter or 0)
        yield JITTER(
            jitter=round(worst.jitter or 0, 1),
            most=round(worst.jitter_max or 0, 1),
            worst=_way(worst),
            count=len(uneven),
        )
    yield from _rated(every)
    yield from _marks(seen, every)
    yield from _agreed(seen, every)
    if seen.strays and seen.source.sip:
        yield STRAYS(count=len(seen.strays), worst=_way(seen.strays[0]))
    yield from _reports(seen)
    yield from _telephones(seen)


def _way(stream: Heard) -> str:
    return plain(f"{stream.src} → {stream.dst}", 100)


def _rated(every: Iterable[Heard]) -> Iterator[Finding]:
    rated = [(one, one.r / 1.29 if one.scale == "wideband" else one.r) for one in every if one.r is not None]
    for tag, low, high in ((POOR, -1e9, 60.0), (SOME_POOR, 60.0, 70.0)):
        found = [(one, r) for one, r in rated if low <= r < high]
        if not found:
            continue
        worst, r = min(found, key=lambda pair: pair[1])
        yield tag(
            r=round(r, 1),
            mos=round(worst.mos or 1.0, 2),
            assumed=", ".join(_SYMBOLS[name] for name in worst.assumed if name in _SYMBOLS) or "-",
            worst=_way(worst),
            count=len(found),
        )


def _marks(seen: Calls, every: Sequence[Heard]) -> Iterator[Finding]:
    bare = [one for one in every if one.marks and one.marks[0][0] == _BEST_EFFORT]
    if bare:
        yield UNMARKED(count=len(bare), streams=len(every))
    lost = [
        (call, one)
        for call in seen.calls
        for one in call.streams
        if one in bare and any(o.to != one.to and o.marks[:1] and o.marks[0][0] == _EF for o in call.streams)
    ]
    if lost:
        calls = list({call.id: call for call, _ in lost}.values())
        yield MARK_LOST(count=len(calls), calls=ids_of(calls), worst=_way(lost[0][1]))


def _agreed(seen: Calls, every: Sequence[Heard]) -> Iterator[Finding]:
    foreign = [one for one in every if one.unannounced]
    if foreign:
        types = ", ".join(map(str, foreign[0].unannounced[:4]))
        yield UNANNOUNCED(types=types, worst=_way(foreign[0]), count=len(foreign))
    odd = [
        (one, wished)
        for call in seen.calls
        for one in call.streams
        for wished in {offer.ptime for offer in call.offers if offer.by == one.to and offer.ptime}
        if one.packets >= _ENOUGH and one.packet_ms and abs(one.packet_ms - wished) > 1
    ]
    if odd:
        stream, wished = odd[0]
        yield PTIME(sent=round(stream.packet_ms), wished=wished, worst=_way(stream), count=len(odd))
    for one in every:
        if one.keys_unended:
            yield KEYS_UNENDED(keys=one.keys_unended, all=one.keys, worst=_way(one))
            break
    latched = [call for call in seen.calls if any(_is_latched(call, one) for one in call.streams)]
    if latched:
        yield LATCHED(count=len(latched), calls=ids_of(latched))


def _is_latched(call: Call, stream: Heard) -> bool:
    """Whether the sender's packets come from elsewhere than its description says."""
    said = {_written(offer) for offer in call.offers if offer.by != stream.to and offer.address}
    return bool(stream.to and said) and stream.src not in said


def _written(offer: Offer) -> str:
    address = f"[{offer.address}]" if ":" in offer.address else offer.address
    return f"{address}:{offer.port}"


def _reports(seen: Calls) -> Iterator[Finding]:
    told = [one for one in streams_of(seen) if one.far is not None and one.packets >= _ENOUGH]
    behind = [
        (one.far.loss, one)
        for one in told
        if one.far is not None and one.far.loss is not None and one.far.loss >= max(1.0, 2 * one.loss + 0.5)
    ]
    if behind:
        loss, worst = max(behind, key=lambda pair: pair[0])
        yield FAR_LOSS(
            percent=round(loss, 2), here=round(worst.loss, 2), worst=_way(worst), count=len(behind)
        )
    trips = [(one.far.round_trip / 2, one) for one in told if one.far and one.far.round_trip is not None]
    for tag, low, high in ((DELAY_FAR, 400.0, 1e9), (DELAY, 150.0, 400.0)):
        late = [(delay, one) for delay, one in trips if low < delay <= high]
        if late:
            delay, worst = max(late, key=lambda pair: pair[0])
            yield tag(delay=round(delay), worst=_way(worst), count=len(late))


def _telephones(seen: Calls) -> Iterator[Finding]:
    """What telephones say of themselves: by RFC 6035, and by the extended reports of RFC 3611 beside their voice."""
    here = {one.dst: one.loss for one in streams_of(seen) if one.packets >= _ENOUGH}
    lost = [
        (one.loss, _said(one))
        for one in seen.told
        # Where its voice passed here as well, less was lost before this place than it says.
        if one.loss is not None and one.loss >= max(1.0, 2 * here.get(one.dst, 0.0) + 0.5)
    ]
    if lost:
        percent, worst = max(lost)
        yield PHONE_LOSS(percent=round(percent, 2), worst=worst, count=len(lost))
    beside = [(one.far, _way(one)) for one in streams_of(seen) if one.far is not None]
    late = [(one.discard, _said(one)) for one in seen.told if one.discard is not None and one.discard >= 1.0]
    late += [(far.discard, way) for far, way in beside if far.discard is not None and far.discard >= 1.0]
    if late:
        percent, worst = max(late)
        yield PHONE_DISCARDS(percent=round(percent, 2), worst=worst, count=len(late))
    rated = [(one.mos, _said(one)) for one in seen.told if one.mos is not None]
    rated += [(far.mos, way) for far, way in beside if far.mos is not None]
    for tag, low, high in ((PHONE_POOR, 0.0, _NEARLY_ALL), (PHONE_MEDIOCRE, _NEARLY_ALL, _MANY)):
        found = [(mos, way) for mos, way in rated if low < mos < high]
        if found:
            mos, worst = min(found)
            yield tag(mos=round(mos, 2), worst=worst, count=len(found))


def _said(one: Told) -> str:
    """The stream that a report speaks of; where it names no places, its call."""
    return plain(f"{one.src or '?'} → {one.dst or '?'}" if one.src or one.dst else one.call, 100)
