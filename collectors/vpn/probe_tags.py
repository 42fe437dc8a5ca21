"""What can be said of a gateway or a way by somebody who stands outside?"""

from __future__ import annotations

from collectors import fault, note, warn

__all__ = [
    "IKE_CLOSED",
    "IKE_NAT_SILENT",
    "IKE_OLD",
    "IKE_SILENT",
    "OPENVPN_CLOSED",
    "OPENVPN_SILENT",
    "PATH_HOLE",
    "PATH_MTU",
    "PATH_NARROW",
    "PATH_SILENT",
]

IKE_CLOSED = fault(
    "vpn.ike-closed",
    "nothing listens for IKE on {gateway}: it says itself that the port is closed",
    "auf {gateway} lauscht nichts auf IKE: der Host sagt selbst, dass der Port zu ist",
    do=(
        "Start the IPsec service; where it runs, see at which addresses it listens.",
        "Den IPsec-Dienst starten; wo er läuft, nachsehen, an welchen Adressen er lauscht.",
    ),
)
IKE_SILENT = note(
    "vpn.ike-silent",
    "{gateway} did not answer one packet of IKE: it may be filtered, lost, or not wanted from strangers",
    "{gateway} antwortete auf ein Paket IKE nicht: es kann gefiltert, verloren oder von Fremden unerwünscht sein",
)
IKE_NAT_SILENT = warn(
    "vpn.ike-nat-port-silent",
    "{gateway} answers IKE on its first port and not on the one behind address translation ({said})",
    "{gateway} antwortet auf IKE am ersten Port, aber nicht am Port hinter Adressumsetzung ({said})",
    do=(
        "Open UDP 4500 as well: whoever stands behind address translation comes no further without it.",
        "Auch UDP 4500 öffnen: wer hinter Adressumsetzung steht, kommt ohne ihn nicht weiter.",
    ),
)
IKE_OLD = warn(
    "vpn.ike-version-old",
    "{gateway} answers in IKE version 1 only",
    "{gateway} antwortet nur in IKE Version 1",
    do=(
        "Set IKEv2 at both ends: version 1 is historic (RFC 9395).",
        "An beiden Enden IKEv2 einstellen: Version 1 ist historisch (RFC 9395).",
    ),
)
OPENVPN_CLOSED = fault(
    "vpn.openvpn-closed",
    "nothing listens for OpenVPN on {gateway}: it says itself that the port is closed",
    "auf {gateway} lauscht nichts auf OpenVPN: der Host sagt selbst, dass der Port zu ist",
    do=(
        "Start the OpenVPN server; where it runs, see at which address and port it listens.",
        "Den OpenVPN-Server starten; wo er läuft, nachsehen, an welcher Adresse und welchem Port er lauscht.",
    ),
)
OPENVPN_SILENT = note(
    "vpn.openvpn-silent",
    "{gateway} did not answer one packet of OpenVPN; with tls-auth or tls-crypt it answers no stranger, so that proves nothing",
    "{gateway} antwortete auf ein Paket OpenVPN nicht; mit tls-auth oder tls-crypt antwortet es Fremden nie, das beweist also nichts",
)
PATH_HOLE = fault(
    "vpn.path-black-hole",
    "through the tunnel {tunnel} to {address} packets of more than {largest} bytes vanish, and nobody says so: {lost} did not arrive",
    "durch den Tunnel {tunnel} zu {address} verschwinden Pakete über {largest} Byte, ohne dass es jemand sagt: {lost} kamen nicht an",
    do=(
        (
            "Set the tunnel's MTU to {largest} or less at both gateways, clamp the MSS of TCP in both directions, and let "
            "ICMP 'fragmentation needed' through."
        ),
        (
            "Die MTU des Tunnels an beiden Gateways auf höchstens {largest} setzen, die MSS von TCP in beiden Richtungen "
            "begrenzen, und ICMP 'fragmentation needed' durchlassen."
        ),
    ),
)
PATH_NARROW = warn(
    "vpn.path-narrow",
    "only {mtu} bytes fit through the tunnel {tunnel} to {address}; usual for {kind} is {usual}",
    "durch den Tunnel {tunnel} zu {address} passen nur {mtu} Byte; üblich für {kind} sind {usual}",
    do=(
        "Look for what lies below the tunnel: another tunnel, PPPoE, or an MTU that somebody set.",
        "Ansehen, was unter dem Tunnel liegt: ein weiterer Tunnel, PPPoE, oder eine MTU, die jemand gesetzt hat.",
    ),
)
PATH_MTU = note(
    "vpn.path-mtu",
    "{mtu} bytes fit through the tunnel {tunnel} to {address}",
    "durch den Tunnel {tunnel} zu {address} passen {mtu} Byte",
)
PATH_SILENT = warn(
    "vpn.path-silent",
    "not even a small packet came through the tunnel {tunnel} to {address} and back, while others answer",
    "nicht einmal ein kleines Paket kam durch den Tunnel {tunnel} zu {address} und zurück, während andere antworten",
    do=(
        "See whether the tunnel is up; where it is, whether the host or its gateway filters what is sent to it.",
        "Prüfen, ob der Tunnel steht; wenn ja, ob der Host oder sein Gateway filtert, was an ihn geht.",
    ),
)
