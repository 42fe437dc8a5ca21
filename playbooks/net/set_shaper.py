"""QoS: what leaves a port is shaped to another rate than was bought, and the provider throws the rest away. Linux, HTB."""

from __future__ import annotations

from collections.abc import Iterator

from collectors import About, Finding, Shell
from playbooks.net.queues import Queues, Uplink, change_class, queues, top
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_shaper"]


def propose(finding: Finding) -> Uplink | None:
    port = str(finding.facts.get("port", ""))
    return Uplink(port=port) if port else None


def plan(seen: Queues, wanted: Uplink) -> Iterator[Step]:
    one = top(seen)
    if one.ceil == seen.bought and one.rate == seen.bought:
        return
    promised = sum(leaf.rate for leaf in seen.below(one.id))
    if promised > seen.bought:
        raise UnfitError(
            f"its classes are promised {promised // 1000} kbit/s together, and {seen.bought // 1000} were bought: set those first",
            f"ihren Klassen sind zusammen {promised // 1000} kbit/s zugesagt, gekauft sind {seen.bought // 1000}: erst diese setzen",
        )
    yield Step(
        why=(
            f"{seen.bought // 1000} kbit/s were bought, and {one.ceil // 1000} leave the port",
            f"gekauft sind {seen.bought // 1000} kbit/s, und {one.ceil // 1000} verlassen den Port",
        ),
        do=change_class(wanted.port, one, "rate", f"{seen.bought}bit", "ceil", f"{seen.bought}bit"),
        undo=(change_class(wanted.port, one, *one.setting),),
    )


@playbook(
    "net.set_shaper",
    does=("Shape a port to the rate that was bought", "Einen Port auf die gekaufte Rate begrenzen"),
    notices=(
        "Calls are no longer cut off by the provider, or the whole of the line is used.",
        "Gespräche werden nicht mehr vom Anbieter beschnitten, oder die Leitung wird ganz genutzt.",
    ),
    treats=("net.qos-shaper-over", "net.qos-shaper-under"),
    asked=("net.traffic-control",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    settle=15.0,
)
async def set_shaper(host: Shell, about: About, wanted: Uplink) -> Queues:
    """Ask how the port is queued."""
    return await queues(host, about, wanted.port)
