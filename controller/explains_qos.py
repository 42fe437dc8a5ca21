"""Which finding explains which where voice and data share a line?"""

from __future__ import annotations

from controller.links import Rule, same

__all__ = ["QOS_RULES"]

_LOSES = ("net.qos-voice-drops", "net.qos-voice-drops-few")

QOS_RULES: tuple[Rule, ...] = (
    # Too small for the calls that were sold, or filled by what is no call: then it is over its rate, and drops.
    *(
        Rule(cause, ("net.qos-voice-policed", "net.qos-voice-over", *_LOSES), same("port"))
        for cause in ("net.qos-voice-foreign", "net.qos-voice-small", "net.qos-promises-over")
    ),
    *(Rule(cause, _LOSES, same("port")) for cause in ("net.qos-voice-policed", "net.qos-voice-over")),
    Rule("net.qos-voice-early", _LOSES, same("port")),
)
