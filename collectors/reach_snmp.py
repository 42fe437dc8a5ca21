"""What does it mean that an SNMP agent does not answer? Findings, before anything was learned from it.

Version 2c has no word for a wrong community: a device keeps silent then, as it does when it is off or a filter stands
in between. Version 3 says what is wrong with the user, by a report (RFC 3414, section 3.2).
"""

from __future__ import annotations

from collectors.finding import Finding, Tag, fault, warn
from collectors.silence import Kind, Phase, before_asking

__all__ = ["judge_snmp_silence"]

NO_ANSWER = fault(
    "reach.snmp-silent",
    "nobody answers SNMP at the host: it is off, SNMP is filtered, or it does not know our community ({detail})",
    "am Host antwortet niemand auf SNMP: Er ist aus, SNMP wird gefiltert, oder er kennt unsere Community nicht ({detail})",
    do=(
        (
            "See whether it answers otherwise. Then: is SNMP on, is our agent's address in its access list, is the community "
            "(2c) the right one, does it answer from another address than it was asked at?"
        ),
        (
            "Prüfen, ob er sonst antwortet. Dann: Ist SNMP an, steht die Adresse unseres Agenten in seiner Zugriffsliste, "
            "stimmt die Community (2c), antwortet er von einer anderen Adresse, als er gefragt wird?"
        ),
    ),
)
REFUSED = fault(
    "reach.snmp-refused",
    "the host is there, but no SNMP agent listens at its port",
    "der Host ist da, aber an seinem Port lauscht kein SNMP-Agent",
    do=(
        "Switch its SNMP agent on; if it runs, see on which port and address it listens.",
        "Seinen SNMP-Agenten einschalten; läuft er, nachsehen, an welchem Port und welcher Adresse er lauscht.",
    ),
)
LOGIN_REJECTED = fault(
    "reach.snmp-login-rejected",
    "the SNMP agent does not accept our user: {detail}",
    "der SNMP-Agent nimmt unseren Benutzer nicht an: {detail}",
    do=(
        (
            "Compare user, methods and both pass phrases of the device with the contract and our credential. Where its engine "
            "ID has changed (replaced, restored), its users must be set up anew."
        ),
        (
            "Benutzer, Verfahren und beide Passphrasen des Geräts mit dem Vertrag und unseren Zugangsdaten vergleichen. Hat "
            "sich seine Engine-ID geändert (getauscht, wiederhergestellt), sind die Benutzer neu anzulegen."
        ),
    ),
)
MUTE_TO_US = fault(
    "reach.snmp-login-silent",
    "the SNMP agent is there and does not answer our user: {detail}",
    "der SNMP-Agent ist da und antwortet unserem Benutzer nicht: {detail}",
    do=(
        "Most often the pass phrase for privacy or the cipher is another one there: set both anew.",
        "Meist ist dort die Passphrase für Privacy oder das Verfahren anders: beides neu setzen.",
    ),
)
DENIED = fault(
    "reach.snmp-denied",
    "the SNMP agent knows our account and lets it read nothing",
    "der SNMP-Agent kennt unser Konto und lässt es nichts lesen",
    do=(
        "Give its group a view to read (VACM), from this address and with authentication and privacy.",
        "Seiner Gruppe eine Sicht zum Lesen geben (VACM), von dieser Adresse aus und mit Authentifizierung und Privacy.",
    ),
)
ENGINE = warn(
    "reach.snmp-engine",
    "the SNMP agent does not keep to its own engine ID or clock: {detail}",
    "der SNMP-Agent hält sich nicht an seine eigene Engine-ID oder Uhr: {detail}",
    do=(
        "Is the address, or the engine ID (copied configuration), another device's as well? Then restart its SNMP agent.",
        "Hat noch ein Gerät diese Adresse oder diese Engine-ID (kopierte Konfiguration)? Dann seinen SNMP-Agenten neu starten.",
    ),
)
NO_SNMP = fault(
    "reach.snmp-other",
    "what answers at the host's SNMP port does not answer our questions: {detail}",
    "was am SNMP-Port des Hosts antwortet, beantwortet unsere Fragen nicht: {detail}",
    do=(
        "Find out what listens there, and which versions of SNMP it speaks.",
        "Feststellen, was dort lauscht und welche Versionen von SNMP es spricht.",
    ),
)
ANSWER_SLOW = warn(
    "reach.snmp-falls-silent",
    "the SNMP agent answers, and then falls silent in the middle of a question: {detail}",
    "der SNMP-Agent antwortet und verstummt dann mitten in einer Frage: {detail}",
    do=(
        "Look at the device's load; if questions are too much for it, write 'gentle: true' into its contract.",
        "Last des Geräts ansehen; sind ihm die Fragen zu viel, 'gentle: true' in seinen Vertrag schreiben.",
    ),
)
CREDENTIAL_UNUSABLE = warn(
    "reach.snmp-credential-unusable",
    "the SNMP agent was not asked, because our own credential for it cannot be used: {detail}",
    "der SNMP-Agent wurde nicht gefragt, weil unsere eigenen Zugangsdaten dafür nicht brauchbar sind: {detail}",
    do=("Put the credential in order at the agent.", "Die Zugangsdaten beim Agenten in Ordnung bringen."),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    **before_asking(Kind.UNPARSABLE, NO_SNMP),
    (Kind.UNREACHABLE, Phase.CONNECT): NO_ANSWER,
    (Kind.TIMED_OUT, Phase.CONNECT): NO_ANSWER,
    (Kind.REFUSED, Phase.CONNECT): REFUSED,
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): CREDENTIAL_UNUSABLE,
    (Kind.REFUSED, Phase.GREET): ENGINE,
    (Kind.CREDENTIALS_REJECTED, Phase.LOGIN): LOGIN_REJECTED,
    (Kind.TIMED_OUT, Phase.LOGIN): MUTE_TO_US,
    (Kind.REFUSED, Phase.LOGIN): DENIED,
    (Kind.TIMED_OUT, Phase.ASK): ANSWER_SLOW,
}


def judge_snmp_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a silence is, or None when it says nothing about the host.

    What an account may not read, and what could not be read, are in the report's coverage only.
    """
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else None
