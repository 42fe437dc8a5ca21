"""Why does the voice class drop? Pure: from two looks at the classes of all ports, and what the contract bought.

Best effort that drops while voice does not is what queues are for, and no finding. Counters since the start are none
either: only what happened between the two looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors import Finding, Uplink
from collectors.net.dscp import BEST_EFFORT, VOICE, name_of
from collectors.net.qos import Change, Policy, PolicyPort, Qos, QosClass, change, is_same_port
from collectors.net.qos_tags import (
    CONTROL_DROPS,
    PORT_UNKNOWN,
    PROMISES_OVER,
    SHAPER_OVER,
    SHAPER_UNDER,
    SIGNAL_EARLY,
    UNQUEUED,
    UNSHAPED,
    VOICE_DROPS,
    VOICE_DROPS_FEW,
    VOICE_EARLY,
    VOICE_FOREIGN,
    VOICE_IDLE,
    VOICE_OVER,
    VOICE_POLICED,
    VOICE_REMARKED,
    VOICE_SMALL,
    VOICE_STARVES,
    VOICE_UNCLASSED,
)
from collectors.net.qos_text import spoken_rate
from collectors.net.rates import call_rate
from collectors.plain import plain

__all__ = ["judge"]

# Loss of voice that people hear (ITU-T G.113; Cisco's design guides bound it there).
_HEARD = 0.01
# A class of the control plane that the network itself lives by.
_VITAL = re.compile(
    r"(?i)routing|ospf|bgp|eigrp|is-?is\b|bpdu|critical|\bigp|hsrp|vrrp|lacp|(?:^|[-_ ])(?:arp|r?stp)(?:$|[-_ ])"
)
# What a tunnel, its encryption and the line can add to a packet, in bytes: as much as is ever seen.
_TUNNELLED = 120
# Rates are configured in round numbers, and some disciplines count headers that others do not.
_OVER, _UNDER = 1.02, 0.9


def judge(seen: Qos) -> Iterator[Finding]:
    for policy in seen.policies:
        if policy.direction == "control-plane":
            yield from _control_plane(policy, seen.seconds)
            continue
        yield from _voice(policy, seen)
        yield from _promises(policy)
    calling = [one.port for one in seen.uplinks if one.calls]
    for remark in seen.remarks:
        is_there = bool(calling) if remark.port == "*" else any(is_same_port(remark.port, p) for p in calling)
        if remark.dscp in VOICE and remark.to in BEST_EFFORT and is_there:
            place = {"port": plain(remark.port), "direction": plain(remark.where)}
            yield VOICE_REMARKED(mark=name_of(remark.to), **place)
    for uplink in seen.uplinks:
        port = next((one for one in seen.ports if any(is_same_port(n, uplink.port) for n in one.names)), None)
        if port is None:
            yield PORT_UNKNOWN(port=plain(uplink.port))
        else:
            yield from _uplink(port, uplink, seen)


def _control_plane(policy: Policy, seconds: float) -> Iterator[Finding]:
    for one in policy.leaves:
        went = change(one, seconds)
        if went and went.drops and _VITAL.search(one.name):
            yield CONTROL_DROPS(name=plain(one.name), drops=went.drops, seconds=round(seconds))


def _voice(policy: Policy, seen: Qos) -> Iterator[Finding]:
    place = {"port": plain(policy.port), "direction": policy.direction}
    for one in policy.leaves:
        name = plain(one.name)
        if one.is_voice:
            if one.sets is not None and one.sets in BEST_EFFORT and _takes_calls(policy, one, seen):
                yield VOICE_REMARKED(mark=name_of(one.sets), **place)
            if one.drops_early:
                yield VOICE_EARLY(name=name, port=place["port"])
            if went := change(one, seen.seconds):
                yield from _lost(one, went, place)
        elif one.is_signalling and one.drops_early:
            yield SIGNAL_EARLY(name=name, port=place["port"])


def _takes_calls(policy: Policy, one: QosClass, seen: Qos) -> bool:
    """Whether calls of the contract lose their mark there: on an uplink, or before it, where some arrive.

    Marks of strangers are taken away on purpose: on ports to providers inwards, and where nobody makes calls.
    """
    uplink = seen.uplink(policy.port)
    if policy.direction == "out":
        return uplink is not None and uplink.calls > 0
    went = change(one, seen.seconds)
    return uplink is None and any(u.calls for u in seen.uplinks) and went is not None and went.packets > 0


def _lost(one: QosClass, went: Change, place: dict[str, str]) -> Iterator[Finding]:
    """What a voice class dropped, and why as far as its own numbers say."""
    name, offered = plain(one.name), spoken_rate(went.rate)
    limit = one.police or one.rate
    if went.policed and limit:
        yield VOICE_POLICED(name=name, offered=offered, rate=spoken_rate(limit), **place)
    if not went.drops:
        return
    tag = VOICE_DROPS if went.share >= _HEARD else VOICE_DROPS_FEW
    percent, seconds = round(went.share * 100, 1), round(went.seconds)
    yield tag(name=name, percent=percent, drops=went.drops, packets=went.packets, seconds=seconds, **place)
    if not went.policed and one.rate and went.rate > one.rate:
        yield VOICE_OVER(name=name, port=place["port"], offered=offered, rate=spoken_rate(one.rate))


def _promises(policy: Policy) -> Iterator[Finding]:
    """Whether what classes are promised together is there."""
    sums: dict[str, int] = {}
    for one in policy.classes:
        sums[one.parent] = sums.get(one.parent, 0) + (one.rate or 0)
    for above in policy.classes:
        promised = sums.get(above.path, 0)
        if above.ceiling and promised > above.ceiling * _OVER:
            yield PROMISES_OVER(
                name=plain(above.name),
                port=plain(policy.port),
                sum=spoken_rate(promised),
                most=spoken_rate(above.ceiling),
            )


def _uplink(port: PolicyPort, uplink: Uplink, seen: Qos) -> Iterator[Finding]:
    """What the contract bought, against what leaves through the port."""
    name = plain(uplink.port)
    outward = [p for p in seen.policies if p.direction == "out" and _is_on(p, port)]
    if not outward:
        if uplink.calls and port.has_queues is False:
            yield UNQUEUED(port=name, calls=uplink.calls)
        return
    for policy in outward:
        yield from _shaped(policy, port, uplink)
        if uplink.calls:
            yield from _calls(policy, uplink, seen.seconds)


def _is_on(policy: Policy, port: PolicyPort) -> bool:
    return any(is_same_port(policy.port, name) for name in port.names)


def _shaped(policy: Policy, port: PolicyPort, uplink: Uplink) -> Iterator[Finding]:
    bought, name = uplink.mbits * 1_000_000, plain(policy.port)
    contract = spoken_rate(bought)
    shape, is_known = _shape(policy)
    if not is_known:
        return
    if shape is None:
        if port.speed and port.speed > bought * _OVER and len(policy.leaves) > 1:
            yield UNSHAPED(port=name, contract=contract, speed=spoken_rate(port.speed))
    elif shape > bought * _OVER:
        # A port cannot send faster than it is.
        if not port.speed or port.speed > bought * _OVER:
            yield SHAPER_OVER(port=name, shape=spoken_rate(shape), contract=contract)
    elif shape < bought * _UNDER:
        yield SHAPER_UNDER(port=name, shape=spoken_rate(shape), contract=contract)


def _shape(policy: Policy) -> tuple[int | None, bool]:
    """What everything that leaves is shaped to, and whether that can be told."""
    if policy.shape:
        return policy.shape, True
    tops = [*policy.below("")]
    if len(tops) == 1:
        return tops[0].ceiling, True
    ceilings = [one.ceiling for one in tops]
    # Several shaped branches can lead to several places beyond this port.
    return None, not any(ceilings)


def _calls(policy: Policy, uplink: Uplink, seconds: float) -> Iterator[Finding]:
    """What the contract's calls need, against the classes that they find."""
    port, calls = plain(policy.port), uplink.calls
    needed = calls * call_rate(uplink.codec, uplink.packet_ms)
    voice = policy.voice
    for one in voice:
        rates = [rate for rate in (one.rate, one.police) if rate]
        if len(voice) == 1 and rates and min(rates) < needed:
            rate = spoken_rate(min(rates))
            yield VOICE_SMALL(
                name=plain(one.name), port=port, rate=rate, calls=calls, needed=spoken_rate(needed)
            )
        most = calls * call_rate(uplink.codec, uplink.packet_ms, overhead=_TUNNELLED)
        if (went := change(one, seconds)) and went.rate > most:
            offered = spoken_rate(went.rate)
            yield VOICE_FOREIGN(
                name=plain(one.name), port=port, offered=offered, calls=calls, needed=spoken_rate(most)
            )
    if voice:
        yield from _idle(policy, port, seconds)
    else:
        yield from _unclassed(policy, port, seconds)


def _idle(policy: Policy, port: str, seconds: float) -> Iterator[Finding]:
    changes = {one.path: change(one, seconds) for one in policy.leaves}
    silent = all((went := changes[one.path]) is not None and not went.packets for one in policy.voice)
    if silent and any(went and went.drops for went in changes.values()):
        yield VOICE_IDLE(name=plain(policy.voice[0].name), port=port, seconds=round(seconds))


def _unclassed(policy: Policy, port: str, seconds: float) -> Iterator[Finding]:
    """Voice surely goes where everything goes that nobody thought of."""
    common = next((one for one in policy.leaves if one.path == policy.voice_goes and one.is_default), None)
    if common is None or not policy.is_certain:
        return
    went, name = change(common, seconds), plain(common.name)
    if went and went.share >= _HEARD:
        yield VOICE_STARVES(port=port, name=name, percent=round(went.share * 100, 1))
    else:
        yield VOICE_UNCLASSED(port=port, name=name)
