"""Which complaints are the network's, and in which order is that asked about?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom

__all__ = ["NET_SYMPTOMS"]


_LOOPS = Step(
    asks=(
        "Do frames go round, or does spanning tree come to no rest?",
        "Kreisen Frames, oder kommt der Spanning Tree nicht zur Ruhe?",
    ),
    questions=("net.spanning-tree", "net.neighbours", "net.ports"),
    answers=(
        *(
            "net.loop-open",
            "net.tree-changes-*",
            "net.tree-off-on-loop",
            "net.edge-to-bridge",
            "net.hears-itself",
        ),
        "net.root-way-held-back",
    ),
)
_ROOTS = Step(
    asks=(
        "Does everybody follow the right root, over the right ways?",
        "Folgen alle dem richtigen Root, auf den richtigen Wegen?",
    ),
    questions=("net.spanning-tree", "net.neighbours", "net.ports"),
    answers=(
        *(
            "net.root-*",
            "net.roots-disagree",
            "net.region-differs",
            "net.timers-differ",
            "net.cost-methods-mixed",
        ),
        *("net.backup-not-next", "net.tree-timers-unsound"),
    ),
    but=("net.root-unknown", "net.root-way-held-back"),
)
_HELD = Step(
    asks=(
        "Does a switch hold ports back, or has it shut some?",
        "Hält ein Switch Ports zurück, oder hat er welche abgeschaltet?",
    ),
    questions=("net.spanning-tree",),
    answers=("net.port-inconsistent", "net.port-broken", "net.port-err-disabled"),
)

NET_SYMPTOMS: Mapping[str, Symptom] = {
    "network": Symptom(
        title=("The network is slow or drops out", "Das Netzwerk ist langsam oder fällt aus"),
        steps=(_LOOPS, _ROOTS, _HELD),
    ),
}
