"""Which complaints are of calls that sound badly, and in which order is that asked about?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom

__all__ = ["CAPTURED", "VOICE_SYMPTOMS"]

# Of a capture that came with the ticket; where none did, nobody is asked.
CAPTURED = Step(
    asks=(
        "What does the capture of the calls show?",
        "Was zeigt der Mitschnitt der Gespräche?",
    ),
    questions=("voip.calls",),
    answers=("voip.call-*", "voip.rtp-*", "voip.register-*", "voip.sip-*"),
)
_QUEUES = ("net.traffic-control", "net.class-based-qos", "net.policy-maps")

VOICE_SYMPTOMS: Mapping[str, Symptom] = {
    "voice": Symptom(
        title=("Calls are choppy or drop out", "Gespräche sind abgehackt oder setzen aus"),
        steps=(
            CAPTURED,
            Step(
                asks=(
                    "Does a voice class lose packets, or voice wait behind everything else?",
                    "Verliert eine Sprachklasse Pakete, oder wartet Sprache hinter allem anderen?",
                ),
                questions=_QUEUES,
                answers=("net.qos-voice-*", "net.qos-uplink-unqueued", "net.qos-promises-over"),
                but=("net.qos-voice-idle",),
            ),
            Step(
                asks=(
                    "Is the line used as it was bought, so that queues are here and not at the provider?",
                    "Wird die Leitung so genutzt, wie sie gekauft ist, damit hier gestaut wird und nicht beim Provider?",
                ),
                questions=_QUEUES,
                answers=("net.qos-shaper-over", "net.qos-uplink-unshaped", "net.qos-uplink-unknown"),
            ),
            Step(
                asks=(
                    "Does the media relay miss packets of running calls?",
                    "Fehlen dem Media-Relay Pakete laufender Gespräche?",
                ),
                questions=("voip.rtpengine",),
                answers=("voip.media-*",),
            ),
            Step(
                asks=("Do ports on the way damage frames?", "Beschädigen Ports auf dem Weg Frames?"),
                questions=("net.ports",),
                answers=("net.port-errors*", "net.late-collisions", "net.half-duplex", "net.lag-member-*"),
            ),
        ),
    ),
}
