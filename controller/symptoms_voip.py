"""Which complaints are of telephones that do not register, calls that fail or end, and of what is not heard?"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom
from controller.symptoms_voice import CAPTURED

__all__ = ["VOIP_SYMPTOMS"]


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
        steps=(CAPTURED, _MEDIA, _RELAY, _SET_UP, _TRIAL),
    ),
    "calls-drop": Symptom(
        title=("Calls end by themselves after a while", "Gespräche brechen nach einer Weile ab"),
        steps=(CAPTURED, _SET_UP, _MEDIA, _SERVER),
    ),
    "not-registered": Symptom(
        title=("Telephones do not register", "Telefone melden sich nicht an"),
        steps=(CAPTURED, _SERVER, _NAMES, _REGISTERED),
    ),
    "calls-fail": Symptom(
        title=("Calls do not come about", "Anrufe kommen nicht zustande"),
        steps=(CAPTURED, _REFUSED, _WAYS_OUT, _REGISTERED, _TRIAL),
    ),
}
