"""What can be said of a tunnel, whatever it is made of? The fact `tunnel` is its id in the contract, or the connection's name."""

from __future__ import annotations

from collectors import fault, note, warn

__all__ = [
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_SOON",
    "CONNECTION_MISSING",
    "DOWN",
    "FAR_NOT_ASKED",
    "FLAPPING",
    "LIFETIME_OUTAGES",
    "LOG_UNREAD",
    "MTU_TOO_LARGE",
    "NETWORKS_DIFFER",
    "NETWORKS_OVERLAP",
    "NETWORK_NOT_CARRIED",
    "ONE_WAY",
    "PEER_ADDRESS_DIFFERS",
    "PEER_SILENT",
    "POOL_EXHAUSTED",
    "POOL_FILLING",
    "ROUTE_ELSEWHERE",
    "SERVICE_DOWN",
    "UNPLANNED",
]

DOWN = fault(
    "vpn.tunnel-down",
    "the tunnel {tunnel} to {peer} is down: {why}",
    "der Tunnel {tunnel} zu {peer} steht nicht: {why}",
    do=(
        "See what else is said of {tunnel}; else start it once from one end and read the log of both ends.",
        "Prüfen, was sonst zu {tunnel} gemeldet ist; sonst ihn einmal von einem Ende aus starten und das Log beider Enden lesen.",
    ),
)
SERVICE_DOWN = fault(
    "vpn.service-down",
    "{service}, which carries the tunnel {tunnel}, does not run",
    "{service}, der Dienst hinter dem Tunnel {tunnel}, läuft nicht",
    do=(
        "Read its log (systemctl status, journalctl), then start it.",
        "Sein Log lesen (systemctl status, journalctl), dann ihn starten.",
    ),
)
CONNECTION_MISSING = fault(
    "vpn.connection-missing",
    "the gateway does not know the connection {connection} of the tunnel {tunnel}",
    "das Gateway kennt die Verbindung {connection} des Tunnels {tunnel} nicht",
    do=(
        "Load the configuration again and see what it complains of; or correct 'connection' in the contract.",
        "Die Konfiguration neu laden und sehen, was sie bemängelt; oder 'connection' im Vertrag berichtigen.",
    ),
)
PEER_SILENT = fault(
    "vpn.peer-silent",
    "the far end {peer} of the tunnel {tunnel} does not answer: {said}",
    "die Gegenstelle {peer} des Tunnels {tunnel} antwortet nicht: {said}",
    do=(
        (
            "See whether {peer} is reached at all, and whether a filter on the way drops the tunnel's port; then whether the "
            "service runs there."
        ),
        (
            "Prüfen, ob {peer} überhaupt erreicht wird und ob ein Filter auf dem Weg den Port des Tunnels verwirft; dann, ob dort "
            "der Dienst läuft."
        ),
    ),
)
NETWORK_NOT_CARRIED = fault(
    "vpn.network-not-carried",
    "the tunnel {tunnel} does not carry {networks}, as the contract says it does",
    "der Tunnel {tunnel} trägt {networks} nicht, wie es der Vertrag sagt",
    do=(
        "Add {networks} at both ends, or correct the contract.",
        "{networks} an beiden Enden eintragen, oder den Vertrag berichtigen.",
    ),
)
NETWORKS_DIFFER = fault(
    "vpn.networks-differ",
    "the ends of the tunnel {tunnel} do not mean the same networks: {here} has {ours}, {there} has {theirs}",
    "die Enden des Tunnels {tunnel} meinen nicht dieselben Netze: {here} hat {ours}, {there} hat {theirs}",
    do=(
        "Write the same pairs of networks at both ends, mirrored.",
        "An beiden Enden dieselben Paare von Netzen eintragen, spiegelbildlich.",
    ),
)
ONE_WAY = fault(
    "vpn.one-way",
    "the tunnel {tunnel} sends to {peer} and gets nothing back: {sent} packets out, {got} in, within {seconds} s",
    "der Tunnel {tunnel} sendet zu {peer} und bekommt nichts zurück: {sent} Pakete hinaus, {got} herein, in {seconds} s",
    do=(
        (
            "Look at the far end: a route back into the tunnel, address translation before it, a packet filter, and whether "
            "ESP or the tunnel's UDP port passes in that direction."
        ),
        (
            "Die Gegenstelle ansehen: Rückroute in den Tunnel, Adressumsetzung davor, Paketfilter, und ob ESP oder der "
            "UDP-Port des Tunnels in dieser Richtung durchkommt."
        ),
    ),
)
FLAPPING = warn(
    "vpn.flapping",
    "the tunnel {tunnel} was set up anew {times} times within {minutes} minutes",
    "der Tunnel {tunnel} wurde {times} Mal innerhalb von {minutes} Minuten neu aufgebaut",
    do=(
        "Look for loss on the way between the gateways, and for a dead peer detection that gives up too early.",
        "Nach Verlust auf dem Weg zwischen den Gateways suchen, und nach einer Dead Peer Detection, die zu früh aufgibt.",
    ),
)
LIFETIME_OUTAGES = warn(
    "vpn.outages-at-lifetime",
    "the tunnel {tunnel} breaks off every {minutes} minutes, which is its lifetime of {lifetime} minutes ({what})",
    "der Tunnel {tunnel} bricht alle {minutes} Minuten ab, das ist seine Lebensdauer von {lifetime} Minuten ({what})",
    do=(
        "Renewing the keys fails: write the same lifetimes, PFS groups and proposals at both ends.",
        "Das Erneuern der Schlüssel scheitert: an beiden Enden gleiche Lebensdauern, PFS-Gruppen und Vorschläge eintragen.",
    ),
)
ROUTE_ELSEWHERE = fault(
    "vpn.route-elsewhere",
    "{network} belongs into the tunnel {tunnel}, but the gateway sends {part} out of {device}",
    "{network} gehört in den Tunnel {tunnel}, aber das Gateway schickt {part} über {device} hinaus",
    do=(
        "Find who set the route to {part}; two networks with the same addresses need translation at one end.",
        "Klären, wer die Route zu {part} gesetzt hat; zwei Netze mit gleichen Adressen brauchen an einem Ende eine Umsetzung.",
    ),
)
NETWORKS_OVERLAP = fault(
    "vpn.networks-overlap",
    "{network} lies behind two tunnels: {tunnel} and {other}; only one of them gets the packets",
    "{network} liegt hinter zwei Tunneln: {tunnel} und {other}; nur einer von beiden bekommt die Pakete",
    do=(
        "Give each tunnel networks of its own.",
        "Jedem Tunnel eigene Netze geben.",
    ),
)
PEER_ADDRESS_DIFFERS = warn(
    "vpn.peer-address-differs",
    "the tunnel {tunnel} goes to {address}; the contract knows {peer} at {known}",
    "der Tunnel {tunnel} geht zu {address}; der Vertrag kennt {peer} unter {known}",
    do=(
        "See which address {peer} has today; a name is often looked up only when the tunnel is set up.",
        "Klären, welche Adresse {peer} heute hat; ein Name wird oft nur beim Einrichten des Tunnels nachgeschlagen.",
    ),
)
MTU_TOO_LARGE = warn(
    "vpn.mtu-too-large",
    "packets of up to {mtu} bytes go into the tunnel {tunnel} on {device}, but only {fits} fit through {underlay} ({below} bytes)",
    "in den Tunnel {tunnel} auf {device} gehen Pakete bis {mtu} Byte, durch {underlay} ({below} Byte) passen nur {fits}",
    do=(
        "Set the tunnel's MTU to {fits}, and clamp the MSS of TCP in both directions.",
        "Die MTU des Tunnels auf {fits} setzen und die MSS von TCP in beiden Richtungen begrenzen.",
    ),
)
POOL_EXHAUSTED = fault(
    "vpn.pool-exhausted",
    "all {size} addresses of the pool {pool} are given away: nobody else can dial in",
    "alle {size} Adressen des Pools {pool} sind vergeben: niemand kann sich mehr einwählen",
    do=(
        "End sessions that nobody uses, then make the pool larger.",
        "Sitzungen beenden, die niemand nutzt, dann den Pool vergrößern.",
    ),
)
POOL_FILLING = warn(
    "vpn.pool-filling",
    "{used} of {size} addresses of the pool {pool} are given away",
    "{used} von {size} Adressen des Pools {pool} sind vergeben",
    do=(
        "Make the pool larger before it is full.",
        "Den Pool vergrößern, bevor er voll ist.",
    ),
)
CERTIFICATE_EXPIRED = fault(
    "vpn.certificate-expired",
    "the certificate {subject} of the VPN is not valid: it ended {days} days ago ({whose})",
    "das Zertifikat {subject} des VPN gilt nicht mehr: es endete vor {days} Tagen ({whose})",
    do=(
        "Issue a new one, load it, and keep the old one until the tunnel stands.",
        "Ein neues ausstellen und laden; das alte aufheben, bis der Tunnel steht.",
    ),
)
CERTIFICATE_SOON = warn(
    "vpn.certificate-expires-soon",
    "the certificate {subject} of the VPN ends in {days} days ({whose})",
    "das Zertifikat {subject} des VPN endet in {days} Tagen ({whose})",
    do=(
        "Issue a new one in time: everybody who needs it drops out at once.",
        "Rechtzeitig ein neues ausstellen: sonst fallen alle, die es brauchen, auf einmal aus.",
    ),
)
FAR_NOT_ASKED = note(
    "vpn.far-end-not-asked",
    "of the tunnel {tunnel} only {here} was asked, and not the far end {peer}",
    "vom Tunnel {tunnel} wurde nur {here} gefragt, nicht die Gegenstelle {peer}",
)
LOG_UNREAD = note(
    "vpn.log-unread",
    "why the tunnel {tunnel} does not stand was not to be read: the account may not read the journal",
    "warum der Tunnel {tunnel} nicht steht, war nicht zu lesen: das Konto darf das Journal nicht lesen",
    do=(
        "Add the account to the group systemd-journal or adm.",
        "Das Konto in die Gruppe systemd-journal oder adm aufnehmen.",
    ),
)
UNPLANNED = note(
    "vpn.connection-unplanned",
    "the gateway has the connection {connection} to {peer}, which is no tunnel of the contract",
    "das Gateway hat die Verbindung {connection} zu {peer}, die kein Tunnel des Vertrags ist",
)
