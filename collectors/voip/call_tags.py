"""What can be said of the calls in a capture, and of the capture itself? The tags; `capture_judge` says when."""

from __future__ import annotations

from collectors import fault, note, warn

__all__ = [
    "BUSY",
    "CREDENTIALS",
    "CUT",
    "DAMAGED",
    "DOUBLED",
    "EXPIRED",
    "FAX_REFUSED",
    "FORBIDDEN",
    "KEYS_ONE_SIDE",
    "LEFT_OUT",
    "LINKS",
    "NAT_ADDRESS",
    "NOTHING",
    "NO_ACK",
    "NO_ANSWER",
    "NO_CAPACITY",
    "NO_CODEC",
    "NO_MEDIA",
    "ONE_WAY",
    "OTHER_CODE",
    "REGISTER_REFUSED",
    "REGISTER_SILENT",
    "RESENT",
    "SAME_LENGTH",
    "SECURED_ONE_SIDE",
    "SLOW",
    "SNAPPED",
    "TIMED_OUT",
    "TOO_LARGE",
    "UNKNOWN",
]

CUT = warn(
    "voip.capture-cut",
    "the capture cannot be read to its end ({why}); {packets} packets before that were judged",
    "der Mitschnitt lässt sich nicht bis zum Ende lesen ({why}); {packets} Pakete davor wurden beurteilt",
    do=(
        "Copy the file again, or stop the capture properly; what comes after that place is not known.",
        "Die Datei erneut kopieren oder den Mitschnitt sauber beenden; was nach der Stelle kommt, ist unbekannt.",
    ),
)
SNAPPED = warn(
    "voip.capture-snapped",
    "{count} of {packets} packets were captured only in part",
    "{count} von {packets} Paketen wurden nur zum Teil mitgeschnitten",
    do=(
        "Capture whole packets (tcpdump -s 0): in cut messages codecs and addresses are missing.",
        "Ganze Pakete mitschneiden (tcpdump -s 0): In abgeschnittenen Nachrichten fehlen Codecs und Adressen.",
    ),
)
LINKS = warn(
    "voip.capture-links",
    "{count} packets are of link types that are not read ({links})",
    "{count} Pakete haben Verbindungsarten, die nicht gelesen werden ({links})",
    do=(
        "Capture on an Ethernet port, or on 'any', or convert the file.",
        "An einem Ethernet-Port oder auf 'any' mitschneiden, oder die Datei umwandeln.",
    ),
)
NOTHING = note(
    "voip.capture-silent",
    "among {packets} packets there is neither SIP nor RTP",
    "unter {packets} Paketen ist weder SIP noch RTP",
    do=(
        "Capture where the telephone's traffic passes: at its switch port, at the PBX or the SBC.",
        "Dort mitschneiden, wo der Verkehr des Telefons vorbeikommt: an seinem Switchport, an Telefonanlage oder SBC.",
    ),
)
LEFT_OUT = note(
    "voip.capture-left-out",
    "{count} calls are beyond what one report holds, and were only counted",
    "{count} Gespräche passen nicht mehr in einen Bericht und wurden nur gezählt",
)
DOUBLED = note(
    "voip.capture-doubled",
    "most packets are in the capture twice; copies are not counted as received",
    "die meisten Pakete sind doppelt im Mitschnitt; Kopien zählen nicht als empfangen",
)
DAMAGED = warn(
    "voip.sip-damaged",
    "{count} SIP messages cannot be read ({why})",
    "{count} SIP-Nachrichten lassen sich nicht lesen ({why})",
    do=(
        "Something on the way may rewrite them (SIP ALG of a router or firewall): compare both sides, switch it off.",
        "Etwas auf dem Weg schreibt sie womöglich um (SIP-ALG in Router oder Firewall): beide Seiten vergleichen, abschalten.",
    ),
)
ONE_WAY = fault(
    "voip.call-one-way",
    "voice in one direction only: {count} ({calls}); nothing goes to {ear} in {first}",
    "Sprache nur in einer Richtung: {count} ({calls}); bei {first} geht nichts an {ear}",
    do=(
        "Look at where the silent side's packets should go (its SDP) and come from: NAT, firewall, SIP ALG, routing.",
        "Prüfen, wohin (laut SDP) und woher die Pakete der stummen Richtung gehen sollen: NAT, Firewall, SIP-ALG, Routing.",
    ),
)
NO_MEDIA = note(
    "voip.call-no-media",
    "answered calls without any voice in the capture: {count} ({calls})",
    "angenommene Gespräche ganz ohne Sprache im Mitschnitt: {count} ({calls})",
    do=(
        "Voice may take another way than signalling: capture at the telephone or where media pass.",
        "Sprache nimmt womöglich einen anderen Weg als die Signalisierung: am Telefon oder am Weg der Medien mitschneiden.",
    ),
)
NO_ACK = fault(
    "voip.call-no-ack",
    "the answer was sent again and again, no ACK came: {count} ({calls}); such calls end after 32 seconds",
    "die Annahme wurde immer wieder gesendet, kein ACK kam: {count} ({calls}); solche Gespräche enden nach 32 Sekunden",
    do=(
        "The caller's ACK does not find its way: look at Contact and Record-Route of the answer, NAT and SIP ALG.",
        "Das ACK des Anrufers findet nicht hin: Contact und Record-Route der Annahme, NAT und SIP-ALG prüfen.",
    ),
)
EXPIRED = fault(
    "voip.call-session-expired",
    "ended by the session timer ({expires} seconds), which nobody refreshed: {count} ({calls})",
    "durch den Session-Timer ({expires} Sekunden) beendet, den niemand auffrischte: {count} ({calls})",
    do=(
        "Find out why the re-INVITE or UPDATE fails (RFC 4028): firewall, PBX settings, provider.",
        "Klären, warum re-INVITE oder UPDATE scheitern (RFC 4028): Firewall, Einstellung der Telefonanlage, Provider.",
    ),
)
SAME_LENGTH = warn(
    "voip.call-same-length",
    "{count} calls ended after the same time, {seconds} seconds ({calls})",
    "{count} Gespräche endeten nach der gleichen Zeit, {seconds} Sekunden ({calls})",
    do=(
        "A timer ends them: NAT or firewall (30 to 300 seconds), registration, session timer, licence.",
        "Ein Timer beendet sie: NAT oder Firewall (30 bis 300 Sekunden), Registrierung, Session-Timer, Lizenz.",
    ),
)
NO_ANSWER = fault(
    "voip.call-no-answer",
    "the INVITE had no answer at all: {count} ({calls}), last sent to {server}",
    "auf das INVITE kam gar keine Antwort: {count} ({calls}), zuletzt an {server}",
    do=(
        "Is the far side up, is the port open on the way, is the address right?",
        "Läuft die Gegenseite, ist der Port auf dem Weg offen, stimmt die Adresse?",
    ),
)
TOO_LARGE = fault(
    "voip.call-too-large",
    "the INVITE of {size} bytes went over UDP in pieces or past 1300 bytes, and had no answer: {count} ({calls})",
    "das INVITE von {size} Byte ging über UDP in Stücken oder über 1300 Byte und blieb ohne Antwort: {count} ({calls})",
    do=(
        "Use TCP or TLS (RFC 3261 18.1.1), or offer fewer codecs: fragments are dropped on the way.",
        "TCP oder TLS verwenden (RFC 3261 18.1.1) oder weniger Codecs anbieten: Fragmente gehen unterwegs verloren.",
    ),
)
NO_CODEC = fault(
    "voip.call-no-codec",
    "refused because nobody has a codec in common ({code}): {count} ({calls})",
    "abgelehnt, weil es keinen gemeinsamen Codec gibt ({code}): {count} ({calls})",
    do=(
        "Compare the codec lists of both sides, and whether one wants encryption.",
        "Die Codec-Listen beider Seiten vergleichen, und ob eine Verschlüsselung verlangt.",
    ),
)
UNKNOWN = warn(
    "voip.call-number-unknown",
    "the number was not known ({code}): {count} ({calls})",
    "die Nummer war nicht bekannt ({code}): {count} ({calls})",
    do=(
        "Compare the dialled number with the dial plan and the form that the provider wants.",
        "Die gewählte Nummer mit dem Wählplan und der vom Provider verlangten Form vergleichen.",
    ),
)
FORBIDDEN = fault(
    "voip.call-forbidden",
    "the far side forbids it ({code}): {count} ({calls})",
    "die Gegenseite verbietet es ({code}): {count} ({calls})",
    do=(
        "Look at permissions, the calling number that is shown, and credit.",
        "Berechtigungen, die gesendete Absendernummer und das Guthaben prüfen.",
    ),
)
CREDENTIALS = fault(
    "voip.call-credentials",
    "credentials were asked for and none were accepted ({code}): {count} ({calls})",
    "Zugangsdaten wurden verlangt und keine angenommen ({code}): {count} ({calls})",
    do=(
        "Check user, password and realm of the account.",
        "Benutzer, Passwort und Realm des Kontos prüfen.",
    ),
)
TIMED_OUT = fault(
    "voip.call-timed-out",
    "somebody further on did not answer in time ({code}): {count} ({calls})",
    "jemand weiter hinten antwortete nicht rechtzeitig ({code}): {count} ({calls})",
    do=(
        "Is the telephone that is called registered and reachable; is the trunk?",
        "Ist das gerufene Telefon registriert und erreichbar, ist es der Trunk?",
    ),
)
NO_CAPACITY = fault(
    "voip.call-no-capacity",
    "the far side cannot serve the call now ({code}): {count} ({calls})",
    "die Gegenseite kann den Ruf gerade nicht bedienen ({code}): {count} ({calls})",
    do=(
        "Look at channels, licences and load of PBX, SBC and trunk at that time.",
        "Kanäle, Lizenzen und Last von Telefonanlage, SBC und Trunk zu der Zeit prüfen.",
    ),
)
BUSY = note(
    "voip.call-declined",
    "busy, not there or declined ({code}): {count} ({calls})",
    "besetzt, nicht da oder abgewiesen ({code}): {count} ({calls})",
)
OTHER_CODE = warn(
    "voip.call-failed",
    "failed with {code}: {count} ({calls})",
    "gescheitert mit {code}: {count} ({calls})",
    do=("Look the code up at the far side.", "Den Code bei der Gegenseite nachschlagen."),
)
SLOW = warn(
    "voip.call-slow-setup",
    "it took {seconds} seconds from INVITE to ringing: {count} ({calls})",
    "vom INVITE bis zum Klingeln dauerte es {seconds} Sekunden: {count} ({calls})",
    do=(
        "A first target that is dead, or a search through routes: look which station answers late (E.721: 11 seconds at most).",
        "Ein totes erstes Ziel oder eine Suche über Routen: prüfen, welche Station spät antwortet (E.721: höchstens 11 Sekunden).",
    ),
)
RESENT = warn(
    "voip.sip-resent",
    "signalling had to be sent again: {resent} messages in {count} calls ({calls})",
    "Signalisierung musste wiederholt werden: {resent} Nachrichten in {count} Gesprächen ({calls})",
    do=(
        "Packets of signalling are lost or late on the way: look at the path and at the load of the far side.",
        "Pakete der Signalisierung gehen verloren oder kommen spät: Weg und Last der Gegenseite prüfen.",
    ),
)
NAT_ADDRESS = warn(
    "voip.call-nat-address",
    "a private address in SDP came from a public one: {private} from {public}, {count} calls ({calls})",
    "eine private Adresse im SDP kam von einer öffentlichen: {private} von {public}, {count} Gespräche ({calls})",
    do=(
        "The device does not know its outer address: set it (external address, STUN) or let the SBC handle it.",
        "Das Gerät kennt seine äußere Adresse nicht: eintragen (externe Adresse, STUN) oder den SBC das übernehmen lassen.",
    ),
)
KEYS_ONE_SIDE = warn(
    "voip.call-keys-one-side",
    "only one side offers telephone-event, keys may not get through: {count} ({calls})",
    "nur eine Seite bietet telephone-event an, Tasten kommen womöglich nicht an: {count} ({calls})",
    do=("Set DTMF to RFC 4733 (2833) on both sides.", "DTMF auf beiden Seiten auf RFC 4733 (2833) stellen."),
)
SECURED_ONE_SIDE = fault(
    "voip.call-secured-one-side",
    "one side encrypts media and the other does not: {count} ({calls})",
    "eine Seite verschlüsselt die Medien, die andere nicht: {count} ({calls})",
    do=("Set SRTP alike on both sides.", "SRTP auf beiden Seiten gleich einstellen."),
)
FAX_REFUSED = warn(
    "voip.call-fax-refused",
    "the change to fax (T.38) was refused: {count} ({calls})",
    "der Wechsel zu Fax (T.38) wurde abgelehnt: {count} ({calls})",
    do=(
        "Permit T.38 on both sides, or force G.711 without silence suppression.",
        "T.38 auf beiden Seiten erlauben oder G.711 ohne Sprechpausenerkennung erzwingen.",
    ),
)
REGISTER_REFUSED = fault(
    "voip.register-refused",
    "registrations that were refused ({code}): {count} ({users}) at {server}",
    "abgelehnte Registrierungen ({code}): {count} ({users}) bei {server}",
    do=(
        "403: blocked or not permitted; 404: wrong user; 401, 407: wrong password.",
        "403: gesperrt oder nicht erlaubt; 404: falscher Benutzer; 401, 407: falsches Passwort.",
    ),
)
REGISTER_SILENT = fault(
    "voip.register-silent",
    "registrations without any answer: {count} ({users}) at {server}",
    "Registrierungen ganz ohne Antwort: {count} ({users}) bei {server}",
    do=(
        "Is the registrar up, is the port open on the way, is the sender banned?",
        "Läuft der Registrar, ist der Port auf dem Weg offen, ist der Absender gesperrt?",
    ),
)
