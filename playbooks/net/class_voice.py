"""QoS: speech goes where everything goes, as no filter takes its mark. Lead it into the first class. Linux, HTB."""

from __future__ import annotations

from collections.abc import Iterator

from collectors import About, Finding, Shell
from playbooks.net.queues import EF, Queues, Uplink, queues, top, voice
from playbooks.operation import Command
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["class_voice"]

# Where few people put filters; it must be free.
_PLACE = "46"


def propose(finding: Finding) -> Uplink | None:
    port = str(finding.facts.get("port", ""))
    return Uplink(port=port) if port else None


def plan(seen: Queues, wanted: Uplink) -> Iterator[Step]:
    top(seen)
    if voice(seen) is not None:
        return
    first = min((one.prio for one in seen.leaves), default=0)
    fitting = [one for one in seen.leaves if one.prio == first and one.rate >= seen.needed]
    if len(fitting) != 1 or len(seen.leaves) < 2:
        raise UnfitError(
            "it is not clear which class is meant for speech (first, and large enough for the contract's calls)",
            "welche Klasse für Sprache gedacht ist (die erste, groß genug für die Gespräche des Vertrags), ist nicht klar",
        )
    where = ("dev", wanted.port, "parent", seen.root[1], "protocol", "ip", "prio", _PLACE)
    match = ("u32", "match", "ip", "dsfield", f"{EF:#x}", "0xfc", "flowid", fitting[0].id)
    yield Step(
        why=(
            f"packets marked EF (RFC 3246) belong into the class {fitting[0].id}, and wait with all others",
            f"mit EF (RFC 3246) markierte Pakete gehören in die Klasse {fitting[0].id} und warten mit allen anderen",
        ),
        do=Command(argv=("tc", "filter", "add", *where, *match)),
        undo=(Command(argv=("tc", "filter", "del", *where)),),
    )


@playbook(
    "net.class_voice",
    does=("Lead speech into its class by its mark", "Sprache an ihrer Markierung in ihre Klasse leiten"),
    notices=(
        "Calls no longer wait behind other traffic.",
        "Gespräche warten nicht mehr hinter anderem Verkehr.",
    ),
    treats=("net.qos-voice-unclassed", "net.qos-voice-starves"),
    asked=("net.traffic-control",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    settle=15.0,
)
async def class_voice(host: Shell, about: About, wanted: Uplink) -> Queues:
    """Ask how the port is queued."""
    return await queues(host, about, wanted.port)
