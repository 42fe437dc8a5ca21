"""Which complaints are a tunnel's, and in which order is that asked about?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom

__all__ = ["VPN_SYMPTOMS"]

_STATES = ("vpn.ipsec", "vpn.openvpn", "vpn.wireguard")

_UP = Step(
    asks=("Is the tunnel up, and if not, why?", "Steht der Tunnel, und wenn nicht, warum?"),
    questions=_STATES,
    answers=(
        *("vpn.tunnel-down", "vpn.service-down", "vpn.connection-missing", "vpn.peer-*", "vpn.key-differs"),
        *("vpn.authentication-failed", "vpn.identit*", "vpn.no-common-proposal", "vpn.ike-versions-differ"),
        *(
            "vpn.certificate-*",
            "vpn.tls-key-differs",
            "vpn.handshake-*",
            "vpn.endpoint-stale",
            "vpn.port-differs",
        ),
        "vpn.revocation-list-stale",
    ),
    but=("vpn.certificate-expires-soon", "vpn.peer-without-networks"),
)
_CARRIES = Step(
    asks=(
        "Does it carry the networks that it should, in both directions?",
        "Trägt er die Netze, die er soll, in beiden Richtungen?",
    ),
    questions=(*_STATES, "vpn.routes"),
    answers=(
        *(
            "vpn.child-missing",
            "vpn.network*",
            "vpn.traffic-refused",
            "vpn.route-elsewhere",
            "vpn.one-way",
            "vpn.lost-between-ends",
        ),
        *("vpn.source-not-routed", "vpn.peer-without-networks", "vpn.nat-without-encapsulation"),
    ),
)
_USERS = Step(
    asks=("Can people dial in?", "Können Leute sich einwählen?"),
    questions=("vpn.openvpn", "vpn.ipsec", "vpn.wireguard"),
    answers=(
        *("vpn.pool-*", "vpn.login-refused", "vpn.peer-certificate-refused", "vpn.tls-key-differs"),
        *("vpn.name-used-twice", "vpn.service-down", "vpn.certificate-expired", "vpn.status-file-old"),
    ),
)
_LASTS = Step(
    asks=("Does it stay up?", "Bleibt er stehen?"),
    questions=("vpn.ipsec", "vpn.openvpn", "vpn.kernel-drops"),
    answers=(
        *("vpn.flapping", "vpn.outages-at-lifetime", "vpn.renewal-fails", "vpn.several-associations"),
        *("vpn.both-ends-start", "vpn.lifetimes-differ", "vpn.dpd-off", "vpn.replay-drops"),
    ),
)
_FITS = Step(
    asks=("Do large packets fit through?", "Passen große Pakete durch?"),
    questions=("vpn.routes", "vpn.kernel-drops"),
    answers=("vpn.mtu-too-large", "vpn.replay-drops", "vpn.integrity-drops"),
)

VPN_SYMPTOMS: Mapping[str, Symptom] = {
    "remote-access": Symptom(
        title=("People at home cannot get in", "Leute zu Hause kommen nicht herein"),
        steps=(_USERS, _UP, _CARRIES, _FITS),
    ),
    "vpn": Symptom(
        title=("A tunnel does not work", "Ein Tunnel funktioniert nicht"),
        steps=(_UP, _CARRIES, _LASTS, _FITS),
    ),
}
