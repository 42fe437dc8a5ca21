"""Which complaints are of telephones that do not register, calls that fail or end, and of what is not heard?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom
from controller.symptoms_voice import CAPTURED

__all__ = ["VOIP_SYMPTOMS"]

_CALLS = r"\b(?:telefonate?n?|telefonie|gespräche?n?|anrufe?n?|telefonieren|calls?|phone calls?)\b"
_PHONES = r"\b(?:telefone?n?|tischtelefone?|softphones?|nebenstellen?|apparate?|handsets?|extensions?|(?:ip |desk |sip |voip )?phones?|sip[- ]?(?:accounts?|konto|konten|trunks?))\b"

_SERVER = Step(
    asks=(
        "Does the telephone server run, and does anything reach it?",
        "Läuft der Telefonserver, und kommt etwas bei ihm an?",
    ),
    questions=("voip.kamailio", "voip.asterisk", "voip.options"),
    answers=(
        *("voip.asterisk-down", "voip.options-*", "reach.*"),
        *("voip.kamailio-down", "voip.no-requests", "voip.no-udp", "voip.requests-*", "voip.memory-low"),
        "voip.dns-fails",
    ),
)
_REGISTERED = Step(
    asks=(
        "Which phones are not registered, and whose log-in is refused?",
        "Welche Telefone sind nicht angemeldet, und wessen Anmeldung wird abgelehnt?",
    ),
    questions=("voip.registrations", "voip.asterisk", "voip.log", "voip.register"),
    answers=(
        *("voip.register-*", "voip.contact-silent", "voip.trunk-unregistered"),
        *("voip.phone-*", "voip.no-phone-registered", "voip.contact-elsewhere"),
        *("voip.calls-*", "voip.relay-*"),
    ),
    but=(
        "voip.register-in-use",
        "voip.register-least",
        "voip.phone-several",
        "voip.phone-refused-past",
        "voip.phones-unplanned",
    ),
)
_NAMES = Step(
    asks=(
        "Do phones find the server by its name?",
        "Finden die Telefone den Server über seinen Namen?",
    ),
    questions=("voip.srv", "voip.tls", "dns.answers", "dns.recursion", "linux.resolvers"),
    answers=(
        "voip.srv-*",
        "voip.naptr-dead",
        "voip.tls-*",
        "dns.server-dead",
        "dns.address-dead",
        "dns.lame",
        "dns.recursion-*",
        "linux.resolver-*",
    ),
)
_MEDIA = Step(
    asks=(
        "Does the voice of running calls go both ways through the media relay?",
        "Geht die Sprache laufender Gespräche in beide Richtungen durch das Media-Relay?",
    ),
    questions=("voip.rtpengine",),
    answers=("voip.rtpengine-down", "voip.media-*"),
)
_RELAY = Step(
    asks=(
        "Does the telephone server still use its media relay, and does it say why calls have none?",
        "Benutzt der Telefonserver sein Media-Relay noch, und sagt er, warum Gespräche keins haben?",
    ),
    questions=("voip.kamailio", "voip.log"),
    answers=("voip.relay-*", "voip.kamailio-down", "voip.calls-no-codec", "voip.calls-no-capacity"),
)
_SET_UP = Step(
    asks=(
        "Are calls set up to the end, or does the last word of it get lost?",
        "Werden Anrufe bis zum Ende aufgebaut, oder geht das letzte Wort verloren?",
    ),
    questions=("voip.dialogs", "voip.log"),
    answers=("voip.ack-missing", "voip.calls-cut-at-32"),
)
_REFUSED = Step(
    asks=(
        "With which words are calls refused, and by whom?",
        "Mit welchen Worten werden Anrufe abgelehnt, und von wem?",
    ),
    questions=("voip.log",),
    answers=("voip.calls-*", "voip.relay-*"),
)
_WAYS_OUT = Step(
    asks=(
        "Do the ways out and the server's parts answer?",
        "Antworten die Wege nach draußen und die Teile des Servers?",
    ),
    questions=("voip.kamailio", "voip.rtpengine"),
    answers=(
        *("voip.target*", "voip.kamailio-down", "voip.relay-lost", "voip.server-errors", "voip.requests-*"),
        *("voip.no-requests", "voip.no-udp", "voip.memory-low", "voip.rtpengine-down", "voip.media-ports-*"),
        "voip.media-rejected",
    ),
    but=("voip.target-disabled",),
)

_TRIAL = Step(
    asks=("Does a call work, both ways?", "Gelingt ein Anruf, in beide Richtungen?"),
    questions=("voip.test-call",),
    answers=("voip.test-call-*",),
    but=("voip.test-call-other-source", "voip.test-call-direct"),
)

VOIP_SYMPTOMS: Mapping[str, Symptom] = {
    "no-audio": Symptom(
        title=("Nobody is heard, or only one side", "Man hört nichts, oder nur eine Seite"),
        written=(
            rf"(?:{_CALLS}|{_PHONES}).{{0,60}}(?:kein(?:en)? ton\b|keine sprache|stumm|einseitig|ohne ton|nichts zu hören|no (?:audio|sound|voice)|silent)",
            r"\b(?:kein(?:en)?|ohne) ton\b.{0,60}(?:telefon|gespräch|anruf|call|voip)",
            r"\beinseitige[rsnm]? (?:sprache|audio|gespräche?|ton|verbindung|telefonat)|\bton ist einseitig|\bnur einseitig\b",
            r"\bone[- ]?way (?:audio|voice|speech|sound)\b|\bno (?:audio|sound|speech)\b.{0,40}\bcalls?\b|\bcan(?:no|')?t hear (?:us|them|me|the (?:caller|other))",
            r"\b(?:anrufer|gegenüber|gesprächspartner|gegenseite)\b.{0,40}(?:hört|hören|versteht) (?:uns|mich|man|sie|ihn|ihr)?\s*(?:nicht|nichts)",
        ),
        steps=(CAPTURED, _MEDIA, _RELAY, _SET_UP, _TRIAL),
    ),
    "calls-drop": Symptom(
        title=("Calls end by themselves after a while", "Gespräche brechen nach einer Weile ab"),
        written=(
            rf"{_CALLS}.{{0,60}}(?:brechen?\b.{{0,30}}\bab\b|bricht\b.{{0,30}}\bab\b|abgebrochen|enden? nach|beendet sich|getrennt|weg nach)",
            r"\b(?:nach|after) (?:genau |exactly |about |etwa |ca\.? )?(?:30|31|32|dreißig|thirty)[ -]?(?:s\b|sek|sec)",
            rf"{_CALLS}.{{0,40}}\b(?:drop(?:s|ped)?|hang up|cut off|disconnect(?:s|ed)?|terminate)\b(?!.{{0,20}}(?:queue|packet))",
            r"\bdropped calls?\b|\bgesprächsabbr[uü]ch|\babgebrochene[rsn]? (?:gespräche?|anrufe?|telefonate?)",
        ),
        steps=(CAPTURED, _SET_UP, _MEDIA, _SERVER),
    ),
    "not-registered": Symptom(
        title=("Telephones do not register", "Telefone melden sich nicht an"),
        written=(
            rf"{_PHONES}.{{0,60}}(?:meldet sich nicht|melden sich nicht|nicht (?:mehr )?(?:angemeldet|registrier)|keine registrierung|abgemeldet|offline|unregister|not register|no service|kein dienst|lost registration|won't register|cannot register)",
            r"\b(?:sip[- ]?)?(?:registrierung|registration)\b.{0,40}(?:telefon|phone|sip|nebenstelle|extension|fehl|fail|timeout)",
            r"\bphones? unregistered\b|\bunregistered phones?\b|\bsip register\b|\b40[13]\b.{0,20}\bregister",
        ),
        steps=(CAPTURED, _SERVER, _NAMES, _REGISTERED),
    ),
    "calls-fail": Symptom(
        title=("Calls do not come about", "Anrufe kommen nicht zustande"),
        written=(
            rf"{_CALLS}.{{0,60}}(?:nicht möglich|kommen? nicht (?:durch|zustande|an)|scheiter|geht nicht|gehen nicht|fehlgeschlagen|fail|rejected|cannot be made|impossible|do(?:es)? not go through|don't go through)",
            r"\b(?:besetztzeichen|besetztton|busy (?:tone|signal))\b|\b(?:immer|ständig|dauernd|always) (?:besetzt|busy)\b",
            rf"{_CALLS}.{{0,40}}\b(?:besetzt|busy)\b",
            rf"(?:\b(?:sip|voip)\b|{_CALLS}).{{0,60}}\b(?:40[348]|48[0-8]|50[0-4]|60[0-6])\b|\b488 not acceptable",
            r"\b(?:können|kann) (?:nicht|niemand(?:en)?) (?:mehr )?(?:telefonieren|anrufen|angerufen)|\b(?:nobody|cannot|can't) (?:can )?(?:call|dial|phone)\b|\bwir sind telefonisch nicht erreichbar|\btelefonisch nicht (?:mehr )?erreichbar",
            r"\b(?:keine?|no) (?:telefonate?|gespräche?|anrufe?|freizeichen|amt\b|dial tone)|\b(?:no|cannot make|can't make|unable to make) (?:phone )?calls?\b",
            r"\btelefonanlage\b.{0,40}(?:ausgefallen|tot|gestört|störung|geht nicht|down)|\b(?:pbx|phone system)\b.{0,40}(?:down|dead|outage)",
        ),
        steps=(CAPTURED, _REFUSED, _WAYS_OUT, _REGISTERED, _TRIAL),
    ),
}
