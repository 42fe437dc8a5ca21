"""What can be said of WireGuard beyond what holds for every tunnel? Its times are those of the protocol (wireguard.com/papers)."""

from __future__ import annotations

from collectors import fault, note

__all__ = [
    "ALLOWED_LOST",
    "ENDPOINT_STALE",
    "HANDSHAKE_NEVER",
    "HANDSHAKE_OLD",
    "KEEPALIVE_OFF",
    "KEY_UNKNOWN",
    "PORT_DIFFERS",
]

HANDSHAKE_NEVER = fault(
    "vpn.handshake-never",
    "WireGuard ({tunnel}) sends to {peer} and never got a handshake",
    "WireGuard ({tunnel}) sendet zu {peer} und bekam nie einen Handshake",
    do=(
        "Compare the public keys of both ends, then endpoint and port, then the filters between them.",
        "Die öffentlichen Schlüssel beider Enden vergleichen, dann Endpunkt und Port, dann die Filter dazwischen.",
    ),
)
HANDSHAKE_OLD = fault(
    "vpn.handshake-old",
    "WireGuard ({tunnel}) still sends to {peer}, whose last handshake is {minutes} minutes old; keys end after 3",
    "WireGuard ({tunnel}) sendet noch zu {peer}, dessen letzter Handshake {minutes} Minuten alt ist; Schlüssel enden nach 3",
    do=(
        "See whether {peer} has another address or key now, and whether UDP passes in both directions.",
        "Prüfen, ob {peer} jetzt eine andere Adresse oder einen anderen Schlüssel hat und ob UDP in beiden Richtungen durchkommt.",
    ),
)
ENDPOINT_STALE = fault(
    "vpn.endpoint-stale",
    "WireGuard ({tunnel}) sends to {endpoint}, but {peer} is at {now} now",
    "WireGuard ({tunnel}) sendet zu {endpoint}, aber {peer} ist jetzt unter {now}",
    do=(
        "Set the endpoint of that peer anew: WireGuard looks a name up only once.",
        "Den Endpunkt dieses Peers neu setzen: WireGuard schlägt einen Namen nur einmal nach.",
    ),
)
KEY_UNKNOWN = fault(
    "vpn.peer-key-unknown",
    "{here} ({tunnel}) has the public key {key}, which {there} does not know",
    "{here} ({tunnel}) hat den öffentlichen Schlüssel {key}, den {there} nicht kennt",
    do=(
        "Enter the public key of {here} at {there}; who made a new pair must tell the other end.",
        "Den öffentlichen Schlüssel von {here} bei {there} eintragen; wer ein neues Paar macht, muss es der anderen Seite sagen.",
    ),
)
PORT_DIFFERS = fault(
    "vpn.port-differs",
    "{here} ({tunnel}) sends to port {port}, and {there} listens on {listens}",
    "{here} ({tunnel}) sendet an Port {port}, und {there} hört auf {listens}",
    do=(
        "Write the same port at both ends.",
        "An beiden Enden denselben Port eintragen.",
    ),
)
ALLOWED_LOST = fault(
    "vpn.peer-without-networks",
    "WireGuard ({tunnel}) has no allowed networks for {peer}: nothing is sent to it, and nothing from it is taken",
    "WireGuard ({tunnel}) hat für {peer} keine erlaubten Netze: nichts geht zu ihm, und nichts von ihm wird angenommen",
    do=(
        "Write its networks; a network that is given to a second peer is silently taken from the first.",
        "Seine Netze eintragen; ein Netz, das ein zweiter Peer bekommt, wird dem ersten stillschweigend genommen.",
    ),
)
KEEPALIVE_OFF = note(
    "vpn.keepalive-off",
    "WireGuard ({tunnel}) knows no endpoint of {peer} and sends it nothing until {peer} speaks first",
    "WireGuard ({tunnel}) kennt keinen Endpunkt von {peer} und sendet ihm nichts, bis {peer} zuerst spricht",
)
