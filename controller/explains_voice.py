"""Which finding explains which where people say that calls go wrong?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, same, same_host

__all__ = ["VOICE_RULES"]

_POOR = ("voip.rtp-poor", "voip.rtp-mediocre")
_PHONE_POOR = ("voip.phone-poor", "voip.phone-mediocre")
_LOSS = ("voip.rtp-loss", "voip.rtp-loss-small", "voip.rtp-loss-burst", "voip.rtp-far-loss")
_HEARD = (*_LOSS, "voip.rtp-jitter", *_POOR, "voip.phone-loss", "voip.phone-discards", *_PHONE_POOR)
# What a device on the way does to voice that a capture then shows.
_ON_THE_WAY = (
    "net.qos-voice-*",
    "net.port-errors*",
    "net.late-collisions",
    "net.half-duplex",
    "net.qos-uplink-un*",
)


def on_the_way(_: Finding, effect: Finding) -> Sure | None:
    """A device of the customer's network, and a capture of it: whether voice went past it is likely, and not more."""
    return "likely" if effect.host.startswith("capture:") else None


VOICE_RULES: tuple[Rule, ...] = (
    # Of one stream: what it suffers makes how it sounds.
    *(Rule(cause, _POOR, same("worst")) for cause in (*_LOSS, "voip.rtp-jitter", "voip.rtp-delay-far")),
    Rule("voip.rtp-loss*", ("voip.rtp-keys-unended",), same("worst")),
    # What a telephone makes of what came to it.
    *(
        Rule(cause, _PHONE_POOR, same("worst"))
        for cause in (*_LOSS, "voip.phone-loss", "voip.phone-discards")
    ),
    Rule("voip.rtp-jitter", ("voip.phone-discards", *_PHONE_POOR), same("worst")),
    Rule("voip.rtp-mark-lost", (*_LOSS, "voip.rtp-jitter"), same("worst")),
    # An address that nobody can reach, or a message that was changed on the way.
    Rule("voip.call-nat-address", ("voip.call-one-way", "voip.rtp-other-source"), same_host),
    Rule("voip.call-nat-address", ("voip.call-no-ack",), same_host),
    Rule("voip.sip-damaged", ("voip.call-one-way", "voip.call-no-ack", "voip.call-no-answer"), same_host),
    Rule("voip.call-secured-one-side", ("voip.call-one-way", "voip.rtp-payload-unannounced"), same_host),
    *(Rule(cause, _HEARD, on_the_way, far=True) for cause in _ON_THE_WAY),
)
