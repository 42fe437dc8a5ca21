"""Which complaints are a tunnel's, and in which order is that asked about?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom

__all__ = ["VPN_SYMPTOMS"]

_STATES = ("vpn.ipsec", "vpn.openvpn", "vpn.wireguard")
_TUNNEL = r"\b(?:(?:ipsec|ssl|site[- ]to[- ]site|s2s)[- ]?)?(?:vpns?|vpn[- ]?tunnels?|tunnels?|ipsec|ikev?[12]?|openvpn|wireguard|standort(?:kopplung|vernetzung|verbindung))\b"
_HOME = r"\b(?:home[- ]?office|remote (?:access|users?|workers?)|einwahl|außendienst|fernzugriff|von zu(?:hause| hause)|from home|anyconnect|globalprotect|forticlient)\b"

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
        written=(
            _HOME,
            _HOME + r".{0,60}(?:nicht|kein|not\b|can ?not|cannot|can't|fail|abgelehnt|unmöglich|broken)",
            r"\bvpn\b.{0,40}\b(?:client|einwahl|benutzer|users?|laptop|nutzer)",
            r"\b(?:nicht|kein).{0,30}\b(?:per|über|via|mit) (?:das )?vpn\b.{0,20}(?:ein|an|verb)",
        ),
        steps=(_USERS, _UP, _CARRIES, _FITS),
    ),
    "vpn": Symptom(
        title=("A tunnel does not work", "Ein Tunnel funktioniert nicht"),
        written=(
            _TUNNEL,
            _TUNNEL
            + r".{0,80}(?:kein|nicht|down\b|weg\b|tot\b|aus(?:gefallen)?\b|bricht|abbr|fehl|fails?\b|drops?\b|broken|unterbroch|instabil|langsam|slow|hängt)",
            r"(?:kein|nicht|down|ausfall|no access|lost|abbrüche|drops).{0,60}" + _TUNNEL,
            r"\bzwischen\b.{0,40}\b(?:standort|filiale|zentrale)\w*\b.{0,60}(?:kein|nicht|unterbroch|weg\b)",
            r"\b(?:filiale|außenstelle|standort|branch|site)\b.{0,50}(?:nicht erreichbar|offline|abgeschnitten|not reachable|unreachable)",
        ),
        steps=(_UP, _CARRIES, _LASTS, _FITS),
    ),
}
