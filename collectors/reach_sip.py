"""What does it mean that a telephone system does not answer over SIP? Findings, before anything was learned from it.

Nothing within 64 T1, half a minute, is silence (RFC 3261, section 17.1.2.2); whatever it answers, it is there.
"""

from __future__ import annotations

from collectors.finding import Finding, Tag, fault, warn
from collectors.silence import Kind, Phase, before_asking, in_any_phase

__all__ = ["judge_sip_silence"]

NO_ANSWER = fault(
    "reach.sip-silent",
    "nobody answers SIP at the host ({detail})",
    "am Host antwortet niemand auf SIP ({detail})",
    do=(
        (
            "See whether it answers otherwise. Then: does the telephone service run, is our agent's address blocked there "
            "(access list, fail2ban), does a firewall drop the port, is transport or port another one?"
        ),
        (
            "Prüfen, ob er sonst antwortet. Dann: Läuft der Telefondienst, ist die Adresse unseres Agenten dort gesperrt "
            "(Zugriffsliste, fail2ban), verwirft eine Firewall den Port, ist Transport oder Port ein anderer?"
        ),
    ),
)
REFUSED = fault(
    "reach.sip-refused",
    "the host is there, but no telephone service listens at its SIP port",
    "der Host ist da, aber an seinem SIP-Port lauscht kein Telefondienst",
    do=(
        "Start the telephone service; if it runs, see at which port, address and transport it listens.",
        "Den Telefondienst starten; läuft er, nachsehen, an welchem Port, welcher Adresse und über welchen Transport er lauscht.",
    ),
)
HANGING = fault(
    "reach.sip-hanging",
    "the SIP server accepts connections and comes no further: {detail}",
    "der SIP-Server nimmt Verbindungen an und kommt nicht weiter: {detail}",
    do=(
        "It is overloaded or hangs: look at its load and its processes.",
        "Er ist überlastet oder hängt: Last und Prozesse ansehen.",
    ),
)
OTHER = fault(
    "reach.sip-other",
    "what answers at the host's SIP port speaks no SIP with us: {detail}",
    "was am SIP-Port des Hosts antwortet, spricht mit uns kein SIP: {detail}",
    do=(
        "Find out what listens there; a wrong port or transport (TLS or not), or something that rewrites messages, is likely.",
        "Feststellen, was dort lauscht; wahrscheinlich falscher Port oder Transport (TLS oder nicht) oder etwas, das Nachrichten umschreibt.",
    ),
)
CERTIFICATE = fault(
    "reach.sip-certificate",
    "the SIP server's certificate cannot be trusted: {detail}",
    "dem Zertifikat des SIP-Servers ist nicht zu trauen: {detail}",
    do=(
        "See what is said of the certificate; renew it, or correct name or authority in the contract.",
        "Ansehen, was zum Zertifikat gesagt ist; es erneuern oder Namen oder Stelle im Vertrag berichtigen.",
    ),
)
CUT = fault(
    "reach.sip-cut-off",
    "the SIP server ends the connection before it answers",
    "der SIP-Server beendet die Verbindung, bevor er antwortet",
    do=(
        "Look at its log; access lists, limits of connections, or an expected client certificate do this.",
        "Sein Protokoll ansehen; Zugriffslisten, Verbindungsgrenzen oder ein verlangtes Clientzertifikat tun das.",
    ),
)
CREDENTIAL_UNUSABLE = warn(
    "reach.sip-credential-unusable",
    "nobody registered or called, because our own credential for it cannot be used: {detail}",
    "niemand hat sich registriert oder angerufen, weil unsere eigenen Zugangsdaten dafür nicht brauchbar sind: {detail}",
    do=("Put the credential in order at the agent.", "Die Zugangsdaten beim Agenten in Ordnung bringen."),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    **before_asking(Kind.UNPARSABLE, OTHER),
    **before_asking(Kind.CUT_OFF, CUT),
    **in_any_phase(Kind.CERTIFICATE_REJECTED, CERTIFICATE),
    (Kind.UNREACHABLE, Phase.CONNECT): NO_ANSWER,
    (Kind.TIMED_OUT, Phase.CONNECT): NO_ANSWER,
    (Kind.REFUSED, Phase.CONNECT): REFUSED,
    (Kind.TIMED_OUT, Phase.GREET): HANGING,
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): CREDENTIAL_UNUSABLE,
}


def judge_sip_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a silence is, or None when it says nothing about the host."""
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else None
