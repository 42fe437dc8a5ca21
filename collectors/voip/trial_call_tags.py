"""What can come of a test call? The tags, by what failed: the call itself, its sound, its way."""

from __future__ import annotations

from collectors import Tag, fault, note, warn

__all__ = [
    "ACK_LOST",
    "AWAY",
    "BUSY",
    "BYE_LOST",
    "CAPACITY",
    "CODEC",
    "CUT",
    "DELAY",
    "DIRECT",
    "FAILED",
    "FORBIDDEN",
    "JITTER",
    "LOGIN",
    "LOSS",
    "LOSS_SEVERE",
    "MOVED",
    "NOT_GRANTED",
    "NOT_HEARD",
    "NO_AUDIO",
    "NO_CODEC",
    "NO_SOUND_SENT",
    "ONE_WAY_BACK",
    "ON_HOLD",
    "OTHER_SOURCE",
    "PATH",
    "PRIVATE",
    "QUALITY",
    "QUALITY_BAD",
    "REFUSED",
    "RESENT",
    "ROUTE",
    "SDP",
    "SECURED",
    "SLOW",
    "UNANSWERED",
]

_SEE_ROUTE = (
    "Look at the dial plan: is the number known there, and may this account call it?",
    "Wählplan ansehen: Ist die Nummer dort bekannt, und darf dieses Konto sie anrufen?",
)


def _failed(name: str, what: tuple[str, str], do: tuple[str, str]) -> Tag:
    return fault(
        f"voip.test-call-{name}",
        f"the test call to {{number}} fails, {what[0]}: {{code}} {{reason}}{{cause}}",
        f"der Testanruf zu {{number}} scheitert, {what[1]}: {{code}} {{reason}}{{cause}}",
        do=do,
    )


UNANSWERED = fault(
    "voip.test-call-unanswered",
    "the test call to {number} was taken on ({provisional}) and not answered within {seconds} s",
    "der Testanruf zu {number} wurde angenommen ({provisional}) und in {seconds} s nicht beantwortet",
    do=(
        "Does the number still answer by itself (echo test)? Otherwise look where the server sends the call.",
        "Nimmt die Nummer noch von selbst ab (Echotest)? Sonst nachsehen, wohin der Server den Anruf schickt.",
    ),
)
BUSY = _failed(
    "busy",
    ("the other end is busy", "die Gegenseite ist besetzt"),
    (
        "Is the test number in use, or are all lines taken (trunk, licence)?",
        "Ist die Testnummer in Gebrauch, oder sind alle Leitungen belegt (Trunk, Lizenz)?",
    ),
)
AWAY = _failed(
    "away",
    ("the other end is not there", "die Gegenseite ist nicht erreichbar"),
    (
        "Is the number registered at the server, and does its phone or service run?",
        "Ist die Nummer am Server registriert, und läuft ihr Telefon oder Dienst?",
    ),
)
ROUTE = _failed("route", ("nobody knows the number", "niemand kennt die Nummer"), _SEE_ROUTE)
CODEC = _failed(
    "codec",
    ("no common codec or encryption", "kein gemeinsamer Codec oder keine gemeinsame Verschlüsselung"),
    (
        "Both ends must have G.711 (PCMU or PCMA) in common, and agree whether sound is encrypted (RTP or SRTP).",
        "Beide Seiten brauchen G.711 (PCMU oder PCMA) und müssen sich über die Verschlüsselung einig sein (RTP oder SRTP).",
    ),
)
LOGIN = _failed(
    "login",
    ("our account is not accepted", "unser Konto wird nicht angenommen"),
    (
        "Compare account and password; see what registering says.",
        "Konto und Passwort vergleichen; nachsehen, was die Registrierung sagt.",
    ),
)
FORBIDDEN = _failed(
    "forbidden",
    ("it is forbidden", "er ist verboten"),
    (
        "Look at the account's class of service, blocked numbers and address lists.",
        "Berechtigungen des Kontos, gesperrte Nummern und Adresslisten ansehen.",
    ),
)
PATH = _failed(
    "path",
    ("what stands behind the server does not answer", "was hinter dem Server steht, antwortet nicht"),
    (
        "Look at the trunk or system to which the server sends this number: is it reachable, does its name resolve?",
        "Trunk oder System ansehen, wohin der Server diese Nummer schickt: Ist es erreichbar, wird sein Name aufgelöst?",
    ),
)
CAPACITY = _failed(
    "capacity",
    ("the server or trunk has no room", "Server oder Trunk haben keine Kapazität"),
    (
        "Look at channels in use against licence and trunk, at load, and at maintenance.",
        "Belegte Kanäle gegen Lizenz und Trunk, Last und Wartung ansehen.",
    ),
)
MOVED = _failed(
    "moved",
    (
        "we are sent elsewhere, where nobody was asked",
        "wir werden weitergeschickt, dort wurde niemand gefragt",
    ),
    (
        "Is a forwarding set at the number? If not, somebody redirects calls.",
        "Ist an der Nummer eine Umleitung gesetzt? Wenn nicht, leitet jemand Gespräche um.",
    ),
)
REFUSED = _failed(
    "refused",
    ("it is refused", "er wird abgewiesen"),
    (
        "See the server's log for this call at this time.",
        "Im Protokoll des Servers nach diesem Anruf zu dieser Zeit sehen.",
    ),
)
# By final response, as `causes.kind_of` names it.
FAILED: dict[str, Tag] = {
    "busy": BUSY,
    "away": AWAY,
    "route": ROUTE,
    "codec": CODEC,
    "login": LOGIN,
    "forbidden": FORBIDDEN,
    "path": PATH,
    "capacity": CAPACITY,
    "moved": MOVED,
    "refused": REFUSED,
}
NOT_HEARD = fault(
    "voip.test-call-not-heard",
    "the test call stood for {seconds} s, we sent {sent} packets to {toward}, and heard nothing",
    "der Testanruf stand {seconds} s, wir haben {sent} Pakete an {toward} gesendet und nichts gehört",
    do=(
        (
            "Look for the sound on the way: is its port span open back to us, does the server know its outer "
            "address, does a SIP ALG rewrite SDP, does the way back go over another line or VPN?"
        ),
        (
            "Auf dem Weg nach dem Ton suchen: Ist sein Portbereich zu uns zurück offen, kennt der Server seine "
            "äußere Adresse, schreibt ein SIP-ALG das SDP um, führt der Rückweg über eine andere Leitung oder ein VPN?"
        ),
    ),
)
ONE_WAY_BACK = fault(
    "voip.test-call-not-received",
    "we hear the other end, and it reports that nothing of our {sent} packets to {toward} came",
    "wir hören die Gegenseite, und sie meldet, dass von unseren {sent} Paketen an {toward} nichts ankam",
    do=(
        "Look for a firewall or NAT that lets no UDP through to there.",
        "Nach einer Firewall oder einem NAT suchen, das kein UDP dorthin durchlässt.",
    ),
)
PRIVATE = fault(
    "voip.test-call-private-address",
    "the server wants sound at {toward}, a private address, though it is reached at {server}: no sound gets there",
    "der Server will den Ton an {toward}, einer privaten Adresse, obwohl er an {server} erreicht wird: Dort kommt nichts an",
    do=(
        "Tell the server its outer address (external address, advertised address), and switch a SIP ALG off.",
        "Dem Server seine äußere Adresse nennen (external address, advertised address) und ein SIP-ALG ausschalten.",
    ),
)


def _unsaid(name: str, why: tuple[str, str], do: tuple[str, str]) -> Tag:
    return warn(
        f"voip.test-call-{name}",
        f"no sound was sent in the test call: {why[0]}",
        f"im Testanruf wurde kein Ton gesendet: {why[1]}",
        do=do,
    )


NOT_GRANTED = _unsaid(
    "not-granted",
    (
        "the server wants it at {toward}, which the contract does not permit",
        "der Server will ihn an {toward}, was der Vertrag nicht erlaubt",
    ),
    (
        "If the address is right, name host and ports in the contract ('media') and in the agent's ceiling.",
        "Stimmt die Adresse, Host und Ports im Vertrag ('media') und in der Obergrenze des Agenten nennen.",
    ),
)
SECURED = _unsaid(
    "secured",
    ("the server wants it encrypted (SRTP)", "der Server will ihn verschlüsselt (SRTP)"),
    (
        "That is well for phones that do so too; a phone that does not is not heard. The test sends plain RTP only.",
        "Für Telefone, die das auch tun, ist es gut; andere werden nicht gehört. Der Test sendet nur einfaches RTP.",
    ),
)
NO_CODEC = _unsaid(
    "no-codec",
    (
        "the server answers without G.711, which we offered alone",
        "der Server antwortet ohne G.711, das wir allein anboten",
    ),
    (
        "An answer may only choose from the offer: look at the server's codec settings.",
        "Eine Antwort darf nur aus dem Angebot wählen: Codec-Einstellungen des Servers ansehen.",
    ),
)
NO_AUDIO = _unsaid(
    "no-audio",
    (
        "the server takes the call and no sound (port 0, or no m=audio)",
        "der Server nimmt den Anruf an und keinen Ton (Port 0 oder kein m=audio)",
    ),
    (
        "Look at codecs and media of the number's service.",
        "Codecs und Medien des Dienstes hinter der Nummer ansehen.",
    ),
)
ON_HOLD = _unsaid(
    "on-hold",
    ("the server answers and puts the call on hold", "der Server antwortet und hält den Anruf"),
    (
        "Is music on hold meant there? Otherwise look at what answers the number.",
        "Ist dort Wartemusik gewollt? Sonst ansehen, was die Nummer beantwortet.",
    ),
)
SDP = _unsaid(
    "sdp",
    ("the server's SDP cannot be read", "das SDP des Servers ist nicht lesbar"),
    (
        "Look at the raw answer; does an ALG on the way cut it short?",
        "Die rohe Antwort ansehen; kürzt ein ALG unterwegs sie?",
    ),
)
# By what kept the sound back (`Sound.held_back`).
NO_SOUND_SENT: dict[str, Tag] = {
    "not-granted": NOT_GRANTED,
    "secured": SECURED,
    "no-codec": NO_CODEC,
    "no-audio": NO_AUDIO,
    "on-hold": ON_HOLD,
    "unreadable": SDP,
}
LOSS = warn(
    "voip.test-call-loss",
    "of the sound that came, {percent} % was lost ({lost} of {expected} packets, in {runs} gaps)",
    "vom Ton, der kam, gingen {percent} % verloren ({lost} von {expected} Paketen, in {runs} Lücken)",
    do=(
        "Look at queues, duplex and errors of the ports on the way, and at Wi-Fi.",
        "Warteschlangen, Duplex und Fehler der Ports auf dem Weg ansehen, und WLAN.",
    ),
)
LOSS_SEVERE = fault(
    "voip.test-call-loss-severe",
    "of the sound that came, {percent} % was lost ({lost} of {expected} packets, in {runs} gaps): speech breaks up",
    "vom Ton, der kam, gingen {percent} % verloren ({lost} von {expected} Paketen, in {runs} Lücken): Sprache setzt aus",
    do=(
        "Look at queues, duplex and errors of the ports on the way, and at Wi-Fi.",
        "Warteschlangen, Duplex und Fehler der Ports auf dem Weg ansehen, und WLAN.",
    ),
)
JITTER = warn(
    "voip.test-call-jitter",
    "the sound comes unevenly: jitter of {jitter} ms, up to {worst} ms",
    "der Ton kommt ungleichmäßig: Jitter {jitter} ms, bis {worst} ms",
    do=(
        "Look for queues on the way in which voice is not sent first, and at the load of server and hosts.",
        "Auf dem Weg nach Warteschlangen suchen, in denen Sprache nicht vorgeht, und Last von Server und Hosts ansehen.",
    ),
)
DELAY = warn(
    "voip.test-call-delay",
    "sound takes {delay} ms one way (half of a round trip of {trip} ms): people talk over each other from 150 ms on",
    "der Ton braucht {delay} ms für einen Weg (die Hälfte von {trip} ms hin und zurück): Ab 150 ms fällt man sich ins Wort",
    do=(
        "Look for detours: a VPN over a distant place, full queues, a server abroad.",
        "Nach Umwegen suchen: ein VPN über einen fernen Ort, volle Warteschlangen, ein Server im Ausland.",
    ),
)
QUALITY = warn(
    "voip.test-call-quality",
    "by the E-model the test call is rated R {r} (MOS {mos}): many users are dissatisfied; what was not measured (echo, and delay without reports) counts as none",
    "nach dem E-Modell hat der Testanruf R {r} (MOS {mos}): Viele Benutzer sind unzufrieden; nicht Gemessenes (Echo, und Laufzeit ohne Berichte) zählt als keines",
    do=(
        "See what is said of loss, jitter and delay.",
        "Ansehen, was zu Verlust, Jitter und Laufzeit gesagt ist.",
    ),
)
QUALITY_BAD = fault(
    "voip.test-call-quality-bad",
    "by the E-model the test call is rated R {r} (MOS {mos}): nearly everybody is dissatisfied; what was not measured (echo, and delay without reports) counts as none",
    "nach dem E-Modell hat der Testanruf R {r} (MOS {mos}): Fast alle Benutzer sind unzufrieden; nicht Gemessenes (Echo, und Laufzeit ohne Berichte) zählt als keines",
    do=(
        "See what is said of loss, jitter and delay.",
        "Ansehen, was zu Verlust, Jitter und Laufzeit gesagt ist.",
    ),
)
SLOW = warn(
    "voip.test-call-slow",
    "it took {took} s until the test call rang or was answered",
    "es dauerte {took} s, bis der Testanruf klingelte oder angenommen wurde",
    do=(
        "Does the server try dead targets or slow look-ups first? Look at its routes, DNS and trunks.",
        "Versucht der Server zuerst tote Ziele oder langsame Abfragen? Routen, DNS und Trunks ansehen.",
    ),
)
RESENT = warn(
    "voip.test-call-resent",
    "the INVITE had to be sent {tries} times before the server answered",
    "das INVITE musste {tries}-mal gesendet werden, bis der Server antwortete",
    do=(
        "Look for loss on the way, and whether large packets get through (fragments of UDP).",
        "Auf dem Weg nach Verlusten suchen, und ob große Pakete durchkommen (UDP-Fragmente).",
    ),
)
ACK_LOST = fault(
    "voip.test-call-ack-lost",
    "the server repeats its 200 OK {times} times: it does not get our ACK ({places}), and real calls would end after 32 s",
    "der Server wiederholt sein 200 OK {times}-mal: Unser ACK kommt nicht an ({places}), und echte Gespräche endeten nach 32 s",
    do=(
        "Look at Contact and Record-Route: can the ACK get there? A SIP ALG or a wrong outer address does this.",
        "Contact und Record-Route ansehen: Kommt das ACK dorthin? Ein SIP-ALG oder eine falsche äußere Adresse tut das.",
    ),
)
BYE_LOST = warn(
    "voip.test-call-bye-lost",
    "the server did not answer our BYE ({answer}): calls may stay open there",
    "der Server hat unser BYE nicht beantwortet ({answer}): Gespräche könnten dort offen bleiben",
    do=(
        "See whether the call still stands there, and end it; look at Record-Route and at dialogs in the server.",
        "Nachsehen, ob der Anruf dort noch steht, und ihn beenden; Record-Route und Dialoge im Server ansehen.",
    ),
)
CUT = warn(
    "voip.test-call-cut",
    "the other end hung up after {seconds} s, before we did{cause}",
    "die Gegenseite legte nach {seconds} s auf, vor uns{cause}",
    do=(
        "Is the number's service meant to do so? Otherwise look why: no sound, no licence, a timer.",
        "Soll der Dienst dieser Nummer das tun? Sonst nach dem Grund suchen: kein Ton, keine Lizenz, ein Timer.",
    ),
)
OTHER_SOURCE = note(
    "voip.test-call-other-source",
    "the sound comes from {source}, and the server's SDP names {toward}",
    "der Ton kommt von {source}, und das SDP des Servers nennt {toward}",
    do=(
        "Phones and firewalls that are strict about it hear nothing; look for NAT between server and media.",
        "Telefone und Firewalls, die es genau nehmen, hören nichts; nach NAT zwischen Server und Medien suchen.",
    ),
)
DIRECT = note(
    "voip.test-call-direct",
    "the server steps out of calls: ACK and BYE of phones go to {places} directly, which nobody tried",
    "der Server tritt aus Gesprächen heraus: ACK und BYE der Telefone gehen direkt zu {places}, was niemand versucht hat",
    do=(
        "Can phones reach that address? Otherwise let the server stay in the way (Record-Route).",
        "Erreichen die Telefone diese Adresse? Sonst den Server im Weg bleiben lassen (Record-Route).",
    ),
)
