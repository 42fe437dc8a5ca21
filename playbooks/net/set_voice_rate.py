"""QoS: the class of speech is promised too little for its calls, or more than there is. Give it what they need. Linux, HTB."""

from __future__ import annotations

from collections.abc import Iterator

from collectors import About, Finding, Shell
from playbooks.net.queues import Queues, Uplink, change_class, queues, spare, top, voice
from playbooks.plan import Step
from playbooks.playbook import Risk, UnfitError, playbook

__all__ = ["set_voice_rate"]


def propose(finding: Finding) -> Uplink | None:
    port = str(finding.facts.get("port", ""))
    return Uplink(port=port) if port else None


def plan(seen: Queues, wanted: Uplink) -> Iterator[Step]:
    line, one = top(seen), voice(seen)
    if one is None or not seen.needed:
        raise UnfitError(
            "no class takes speech by its mark (EF), or the contract names no calls: nothing to size",
            "keine Klasse nimmt Sprache an ihrer Markierung (EF), oder der Vertrag nennt keine Gespräche: nichts zu bemessen",
        )
    others = sum(leaf.rate for leaf in seen.below(one.parent) if leaf.id != one.id)
    enough = spare(seen.needed)
    if seen.needed <= one.rate and others + one.rate <= line.ceil:
        return
    if others + enough > line.ceil:
        raise UnfitError(
            f"speech needs {enough // 1000} kbit/s, and other classes are promised {others // 1000} of {line.ceil // 1000}: "
            "a person says who gets less",
            f"Sprache braucht {enough // 1000} kbit/s, und anderen Klassen sind {others // 1000} von {line.ceil // 1000} zugesagt: "
            "wer weniger bekommt, sagt ein Mensch",
        )
    setting = ("prio", f"{one.prio}", "rate", f"{enough}bit", "ceil", f"{line.ceil}bit")
    yield Step(
        why=(
            f"the contract's calls need {seen.needed // 1000} kbit/s; the class has {one.rate // 1000} of {line.ceil // 1000}",
            f"die Gespräche des Vertrags brauchen {seen.needed // 1000} kbit/s; die Klasse hat {one.rate // 1000} von {line.ceil // 1000}",
        ),
        do=change_class(wanted.port, one, *setting),
        undo=(change_class(wanted.port, one, *one.setting),),
    )


@playbook(
    "net.set_voice_rate",
    does=(
        "Give the class of speech what its calls need",
        "Der Sprachklasse geben, was ihre Gespräche brauchen",
    ),
    notices=(
        "Calls no longer break up when others send much.",
        "Gespräche setzen nicht mehr aus, wenn andere viel senden.",
    ),
    treats=("net.qos-voice-small", "net.qos-promises-over", "net.qos-voice-drops"),
    asked=("net.traffic-control",),
    plan=plan,
    propose=propose,
    risk=Risk.MEDIUM,
    platform="linux",
    settle=15.0,
)
async def set_voice_rate(host: Shell, about: About, wanted: Uplink) -> Queues:
    """Ask how the port is queued."""
    return await queues(host, about, wanted.port)
