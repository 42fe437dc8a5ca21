"""What can be said of IPsec beyond what holds for every tunnel? IKE (RFC 7296), ESP (RFC 4303), their algorithms (RFC 8247, 8221)."""

from __future__ import annotations

from collectors import fault, note, warn

__all__ = [
    "AUTHENTICATION_FAILED",
    "BOTH_START",
    "CERTIFICATE_UNTRUSTED",
    "CHILD_MISSING",
    "DPD_OFF",
    "IDENTITIES_DIFFER",
    "IDENTITY_REJECTED",
    "INTEGRITY_DROPS",
    "KEY_DIFFERS",
    "LIFETIMES_DIFFER",
    "LOST_BETWEEN",
    "NATIVE_BEHIND_NAT",
    "NO_PROPOSAL",
    "NO_STATE_DROPS",
    "RENEWAL_FAILS",
    "REPLAY_DROPS",
    "REVOCATION_UNKNOWN",
    "SEVERAL_ASSOCIATIONS",
    "TRAFFIC_REFUSED",
    "VERSIONS_DIFFER",
    "WEAK",
]

NO_PROPOSAL = fault(
    "vpn.no-common-proposal",
    "the ends of the tunnel {tunnel} have no {phase} algorithms in common: {ours} here, {theirs} from {peer}",
    "die Enden des Tunnels {tunnel} haben keine gemeinsamen Algorithmen für {phase}: {ours} hier, {theirs} von {peer}",
    do=(
        "Write one proposal that both ends know, with the same key exchange group; then remove what is weak.",
        "Einen Vorschlag eintragen, den beide Enden kennen, mit gleicher Schlüsselaustauschgruppe; dann Schwaches entfernen.",
    ),
)
KEY_DIFFERS = fault(
    "vpn.key-differs",
    "the ends of the tunnel {tunnel} do not have the same pre-shared key ({peer})",
    "die Enden des Tunnels {tunnel} haben nicht denselben Pre-Shared Key ({peer})",
    do=(
        "Enter the key anew at both ends; whoever changed it last knows which.",
        "Den Schlüssel an beiden Enden neu eintragen; wer ihn zuletzt geändert hat, weiß welchen.",
    ),
)
AUTHENTICATION_FAILED = fault(
    "vpn.authentication-failed",
    "{by} does not accept who the other end of the tunnel {tunnel} says it is: {said}",
    "{by} nimmt der anderen Seite des Tunnels {tunnel} nicht ab, wer sie ist: {said}",
    do=(
        "Compare key or certificate and the identities of both ends; the log of the end that refuses says which it is.",
        "Schlüssel oder Zertifikat und die Identitäten beider Enden vergleichen; das Log der ablehnenden Seite sagt, was es ist.",
    ),
)
IDENTITY_REJECTED = fault(
    "vpn.identity-rejected",
    "no connection here fits the identity of the far end of {tunnel}: {said}",
    "keine Verbindung hier passt zur Identität der Gegenstelle von {tunnel}: {said}",
    do=(
        "Write at each end the identity that the other one sends; behind address translation it is not the public address.",
        "An jedem Ende die Identität eintragen, die das andere sendet; hinter Adressumsetzung ist das nicht die öffentliche Adresse.",
    ),
)
IDENTITIES_DIFFER = fault(
    "vpn.identities-differ",
    "the tunnel {tunnel}: {here} calls itself {own}, and {there} expects {expected}",
    "der Tunnel {tunnel}: {here} nennt sich {own}, und {there} erwartet {expected}",
    do=(
        "Write the same identity at both ends, of the same type.",
        "An beiden Enden dieselbe Identität eintragen, vom gleichen Typ.",
    ),
)
CERTIFICATE_UNTRUSTED = fault(
    "vpn.certificate-untrusted",
    "a certificate for the tunnel {tunnel} is not accepted: {said}",
    "ein Zertifikat für den Tunnel {tunnel} wird nicht angenommen: {said}",
    do=(
        "See whether its authority is loaded at the end that refuses, whether it is revoked, and whether the clocks are right.",
        "Prüfen, ob seine Zertifizierungsstelle am ablehnenden Ende geladen ist, ob es gesperrt ist und ob die Uhren stimmen.",
    ),
)
TRAFFIC_REFUSED = fault(
    "vpn.traffic-refused",
    "{by} refuses the networks that the other end of the tunnel {tunnel} offers: {said}",
    "{by} lehnt die Netze ab, die das andere Ende des Tunnels {tunnel} anbietet: {said}",
    do=(
        "Write the same pairs of networks at both ends, mirrored.",
        "An beiden Enden dieselben Paare von Netzen eintragen, spiegelbildlich.",
    ),
)
CHILD_MISSING = fault(
    "vpn.child-missing",
    "the tunnel {tunnel} to {peer} is logged in, but carries nothing for {child} ({networks})",
    "der Tunnel {tunnel} zu {peer} ist angemeldet, trägt aber nichts für {child} ({networks})",
    do=(
        "Compare networks and ESP proposals of {child} at both ends.",
        "Netze und ESP-Vorschläge von {child} an beiden Enden vergleichen.",
    ),
)
RENEWAL_FAILS = fault(
    "vpn.renewal-fails",
    "the keys of the tunnel {tunnel} to {peer} cannot be renewed ({said}): it breaks off in {minutes} minutes at the latest",
    "die Schlüssel des Tunnels {tunnel} zu {peer} lassen sich nicht erneuern ({said}): er bricht in spätestens {minutes} Minuten ab",
    do=(
        "Compare PFS group and ESP proposals at both ends: setting up the tunnel does not need them, renewing it does.",
        "PFS-Gruppe und ESP-Vorschläge beider Enden vergleichen: der Aufbau braucht sie nicht, das Erneuern schon.",
    ),
)
VERSIONS_DIFFER = fault(
    "vpn.ike-versions-differ",
    "the tunnel {tunnel}: {here} speaks IKE version {ours}, {there} version {theirs}",
    "der Tunnel {tunnel}: {here} spricht IKE Version {ours}, {there} Version {theirs}",
    do=(
        "Set IKEv2 at both ends.",
        "An beiden Enden IKEv2 einstellen.",
    ),
)
LOST_BETWEEN = fault(
    "vpn.lost-between-ends",
    "{lost} of {sent} packets that {here} sent into the tunnel {tunnel} did not arrive at {there}, none within the last {seconds} s",
    "{lost} von {sent} Paketen, die {here} in den Tunnel {tunnel} sandte, kamen bei {there} nicht an, in den letzten {seconds} s keines",
    do=(
        "Something on the way from {here} to {there} drops ESP, or UDP 4500: a filter, a provider, or packets that are too large.",
        "Auf dem Weg von {here} zu {there} verwirft etwas ESP oder UDP 4500: ein Filter, ein Provider, oder zu große Pakete.",
    ),
)
LIFETIMES_DIFFER = note(
    "vpn.lifetimes-differ",
    "the tunnel {tunnel}: {here} renews {what} after {ours} s, {there} after {theirs} s",
    "der Tunnel {tunnel}: {here} erneuert {what} nach {ours} s, {there} nach {theirs} s",
)
BOTH_START = note(
    "vpn.both-ends-start",
    "both ends of the tunnel {tunnel} renew {what} after about {seconds} s: they may do so at once",
    "beide Enden des Tunnels {tunnel} erneuern {what} nach etwa {seconds} s: das kann gleichzeitig geschehen",
)
SEVERAL_ASSOCIATIONS = warn(
    "vpn.several-associations",
    "the gateway holds {count} associations for the tunnel {tunnel} at once",
    "das Gateway hält für den Tunnel {tunnel} {count} Verbindungen zugleich",
    do=(
        "Let one end alone start the tunnel, and have identities be unique (unique = replace).",
        "Nur ein Ende den Tunnel aufbauen lassen, und Identitäten eindeutig halten (unique = replace).",
    ),
)
DPD_OFF = warn(
    "vpn.dpd-off",
    "nothing tells that the far end of the tunnel {tunnel} is gone: dead peer detection is off",
    "nichts sagt, dass die Gegenstelle des Tunnels {tunnel} weg ist: Dead Peer Detection ist aus",
    do=(
        "Switch it on (30 s are usual), with an action that starts the tunnel again.",
        "Sie einschalten (üblich sind 30 s), mit einer Aktion, die den Tunnel neu aufbaut.",
    ),
)
WEAK = warn(
    "vpn.algorithm-weak",
    "the tunnel {tunnel} uses {algorithms}, which must not or should not be used any more",
    "der Tunnel {tunnel} nutzt {algorithms}, was nicht mehr verwendet werden darf oder soll",
    do=(
        "Agree on AES-GCM, SHA-256 and group 14, 19 or 31 with the far end, add them, then remove the others.",
        "Mit der Gegenseite AES-GCM, SHA-256 und Gruppe 14, 19 oder 31 vereinbaren, eintragen, dann die anderen entfernen.",
    ),
)
REPLAY_DROPS = warn(
    "vpn.replay-drops",
    "within {seconds} s the kernel dropped {count} packets of tunnels as repeated or too late",
    "in {seconds} s verwarf der Kernel {count} Pakete aus Tunneln als wiederholt oder zu spät",
    do=(
        "Look for several ways or queues that reorder ESP; widen the replay window.",
        "Nach mehreren Wegen oder Warteschlangen suchen, die ESP umordnen; das Replay-Fenster vergrößern.",
    ),
)
INTEGRITY_DROPS = warn(
    "vpn.integrity-drops",
    "within {seconds} s the kernel dropped {count} packets of tunnels that were not intact",
    "in {seconds} s verwarf der Kernel {count} beschädigte Pakete aus Tunneln",
    do=(
        "Look for a device on the way that changes packets, and for ends whose keys do not fit any more.",
        "Nach einem Gerät suchen, das unterwegs Pakete ändert, und nach Enden, deren Schlüssel nicht mehr passen.",
    ),
)
NO_STATE_DROPS = warn(
    "vpn.unknown-spi-drops",
    "within {seconds} s {count} packets came for tunnels that this gateway does not have (any more)",
    "in {seconds} s kamen {count} Pakete für Tunnel, die dieses Gateway nicht (mehr) hat",
    do=(
        "A far end still uses what was given up here: clear that association there.",
        "Eine Gegenstelle nutzt noch, was hier aufgegeben ist: dort diese Verbindung löschen.",
    ),
)
NATIVE_BEHIND_NAT = fault(
    "vpn.nat-without-encapsulation",
    "addresses are translated on the way of the tunnel {tunnel}, but its packets go as bare ESP",
    "auf dem Weg des Tunnels {tunnel} werden Adressen umgesetzt, seine Pakete gehen aber als reines ESP",
    do=(
        "Force UDP encapsulation (encap = yes), and open UDP 4500.",
        "UDP-Kapselung erzwingen (encap = yes) und UDP 4500 öffnen.",
    ),
)
REVOCATION_UNKNOWN = warn(
    "vpn.revocation-list-stale",
    "the revocation list of {issuer} should have been renewed {days} days ago",
    "die Sperrliste von {issuer} hätte vor {days} Tagen erneuert werden sollen",
    do=(
        "Let the authority publish a new list, and see whether the gateway can fetch it.",
        "Die Zertifizierungsstelle eine neue Liste veröffentlichen lassen, und prüfen, ob das Gateway sie holen kann.",
    ),
)
