"""What can be said of OpenVPN beyond what holds for every tunnel?"""

from __future__ import annotations

from collectors import fault, warn

__all__ = ["LOGIN_REFUSED", "NAME_TWICE", "PEER_REFUSED", "SOURCE_DROPPED", "STATUS_OLD", "TLS_KEY_DIFFERS"]

PEER_REFUSED = fault(
    "vpn.peer-certificate-refused",
    "OpenVPN ({tunnel}) refuses the certificate of {peer}: {said}",
    "OpenVPN ({tunnel}) lehnt das Zertifikat von {peer} ab: {said}",
    do=(
        "Renew the certificate, or load the authority that signed it at the end that refuses.",
        "Das Zertifikat erneuern, oder am ablehnenden Ende die Stelle laden, die es unterschrieben hat.",
    ),
)
TLS_KEY_DIFFERS = fault(
    "vpn.tls-key-differs",
    "OpenVPN ({tunnel}) drops packets of {peer} before any login: {said}",
    "OpenVPN ({tunnel}) verwirft Pakete von {peer} schon vor jeder Anmeldung: {said}",
    do=(
        "Give both ends the same file for tls-auth or tls-crypt, with the right direction.",
        "Beiden Enden dieselbe Datei für tls-auth oder tls-crypt geben, mit der richtigen Richtung.",
    ),
)
LOGIN_REFUSED = fault(
    "vpn.login-refused",
    "OpenVPN ({tunnel}) refused the login of {count} users within a day, last {user}",
    "OpenVPN ({tunnel}) lehnte an einem Tag die Anmeldung von {count} Benutzern ab, zuletzt {user}",
    do=(
        "See what the service behind the login (LDAP, RADIUS, PAM) says of {user}.",
        "Prüfen, was der Dienst hinter der Anmeldung (LDAP, RADIUS, PAM) zu {user} sagt.",
    ),
)
NAME_TWICE = warn(
    "vpn.name-used-twice",
    "two clients share the certificate name {name} and throw each other out of {tunnel}",
    "zwei Clients teilen sich den Zertifikatsnamen {name} und werfen einander aus {tunnel}",
    do=(
        "Give each client a certificate of its own.",
        "Jedem Client ein eigenes Zertifikat geben.",
    ),
)
STATUS_OLD = warn(
    "vpn.status-file-old",
    "the status of OpenVPN ({tunnel}) was last written {minutes} minutes ago",
    "der Stand von OpenVPN ({tunnel}) wurde zuletzt vor {minutes} Minuten geschrieben",
    do=(
        "See whether the service still runs; what it says of its clients is old.",
        "Prüfen, ob der Dienst noch läuft; was er von seinen Clients sagt, ist alt.",
    ),
)
SOURCE_DROPPED = fault(
    "vpn.source-not-routed",
    "OpenVPN ({tunnel}) drops what {source} sends through {peer}: it does not know that this network lies behind that client",
    "OpenVPN ({tunnel}) verwirft, was {source} über {peer} sendet: es weiß nicht, dass dieses Netz hinter dem Client liegt",
    do=(
        "Add 'iroute' with that network to the client's file in client-config-dir, and 'route' to the server.",
        "'iroute' mit diesem Netz in die Datei des Clients in client-config-dir eintragen, und 'route' beim Server.",
    ),
)
