"""Does this router send voice first, and does it lose any? By `show policy-map interface`, looked at twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from collectors import About, Cli, Kind, Shown, Unanswered, collector
from collectors.net.mqc import ports_with_queues, way_of_voice
from collectors.net.policy_map_text import ShownPolicy, read_policies, read_ports
from collectors.net.qos import Policy, Qos, QosClass
from collectors.net.qos_judge import judge

_INTERFACES, _CONTROL = "show policy-map interface", "show policy-map control-plane"
# Routers with processors of their own on their lines count anew only every ten seconds.
_WAIT = 11


@collector(
    "net.policy-maps",
    asks=(
        "Do the policy maps of this router send voice first, without loss?",
        "Senden die Policy-Maps dieses Routers Sprache zuerst und ohne Verlust?",
    ),
    judge=judge,
    platform="cisco-ios",
    deadline=120.0,
)
async def policy_maps(host: Cli, about: About) -> Qos:
    """Show all policies, those of ports again later, and the ports where the contract speaks of them."""
    first = await host.show(_INTERFACES)
    shown = (*read_policies(first.text), *await _control_plane(host))
    names: Mapping[object, tuple[tuple[str, ...], int | None]] = {}
    if about.uplinks:
        names = read_ports((await host.show("show interfaces")).text)
    again: tuple[ShownPolicy, ...] = ()
    seconds = 0.0
    if shown:
        await host.pause(_WAIT)
        second = await host.show(_INTERFACES)
        seconds = max(0.0, _time_of(second) - _time_of(first))
        again = (*read_policies(second.text), *await _control_plane(host))
    policies = tuple(_policy(one, {two.key: two for two in again}) for one in shown)
    return Qos(
        seconds=seconds,
        ports=ports_with_queues(names, policies, shows_all=True),
        policies=policies,
        uplinks=about.uplinks,
    )


def _time_of(shown: Shown) -> float:
    return shown.began.timestamp()


async def _control_plane(host: Cli) -> tuple[ShownPolicy, ...]:
    """What protects the processor; not every device has it."""
    try:
        return read_policies((await host.show(_CONTROL)).text)
    except Unanswered as reason:
        if reason.kind is not Kind.NOT_THERE:
            raise
        return ()


def _policy(one: ShownPolicy, again: Mapping[tuple[str, str, str], ShownPolicy]) -> Policy:
    later = {two.path: two for two in again[one.key].classes} if one.key in again else {}
    classes: Sequence[QosClass] = [
        replace(each, now=two.was if (two := later.get(each.path)) and _is_same(each, two) else None)
        for each in one.classes
    ]
    goes, is_certain = way_of_voice(classes)
    return Policy(
        port=one.port,
        direction=one.direction,
        kind="policy-map",
        name=one.name,
        classes=tuple(classes),
        voice_goes=goes,
        is_certain=is_certain,
    )


def _is_same(one: QosClass, other: QosClass) -> bool:
    """Whether a class is still configured as it was."""
    return replace(one, was=None) == replace(other, was=None)
