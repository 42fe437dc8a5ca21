"""What does it mean when a domain controller's directory does not answer? Findings, before anything was asked."""

from __future__ import annotations

from collectors import Finding, Kind, Phase, Tag, fault, warn
from collectors.silence import before_asking, in_any_phase

__all__ = [
    "CUT_OFF",
    "HANGING",
    "LOGIN_REJECTED",
    "NO_ANSWER",
    "NO_LDAP",
    "REFUSED",
    "UNTRUSTED",
    "judge_directory_silence",
]

NO_ANSWER = fault(
    "ad.directory-silent",
    "the domain controller does not answer on its LDAP port",
    "der Domänencontroller antwortet auf seinem LDAP-Port nicht",
    do=(
        "Is it running and on the network? If it answers otherwise, a firewall drops LDAP.",
        "Läuft er und ist er im Netz? Antwortet er sonst, verwirft eine Firewall LDAP.",
    ),
)
REFUSED = fault(
    "ad.directory-refused",
    "the domain controller is there, but nothing listens on its LDAP port",
    "der Domänencontroller ist da, aber an seinem LDAP-Port lauscht nichts",
    do=(
        "Start the directory service (NTDS, or samba-ad-dc) and read why it ended.",
        "Den Verzeichnisdienst starten (NTDS oder samba-ad-dc) und nachlesen, warum er endete.",
    ),
)
HANGING = fault(
    "ad.directory-hangs",
    "the domain controller takes LDAP connections and then comes to no end: {detail}",
    "der Domänencontroller nimmt LDAP-Verbindungen an und kommt dann zu keinem Ende: {detail}",
    do=(
        "Look at its load, memory and storage, and restart the directory service.",
        "Last, Arbeitsspeicher und Datenträger ansehen und den Verzeichnisdienst neu starten.",
    ),
)
UNTRUSTED = fault(
    "ad.certificate-untrusted",
    "its certificate for LDAP is not one that the contract trusts: {detail}",
    "sein Zertifikat für LDAP ist keines, dem der Vertrag vertraut: {detail}",
    do=(
        "Do not log in. Renew the certificate, or find out who answers in the controller's place.",
        "Nicht anmelden. Das Zertifikat erneuern oder klären, wer an Stelle des Controllers antwortet.",
    ),
)
LOGIN_REJECTED = fault(
    "ad.login-rejected",
    "the directory does not accept our account: {detail}",
    "das Verzeichnis nimmt unser Konto nicht an: {detail}",
    do=(
        "Look at the account in the directory: is it there, enabled, not locked, is its password the one we have?",
        "Das Konto im Verzeichnis ansehen: Ist es da, aktiv, nicht gesperrt, ist sein Kennwort das unsere?",
    ),
)
CUT_OFF = fault(
    "ad.directory-cut-off",
    "the domain controller ends our LDAP connection: {detail}",
    "der Domänencontroller beendet unsere LDAP-Verbindung: {detail}",
    do=(
        "Read its directory service's log: limits, a service that ends, or a filter do this.",
        "Das Protokoll seines Verzeichnisdienstes lesen: Grenzen, ein endender Dienst oder ein Filter tun das.",
    ),
)
NO_LDAP = fault(
    "ad.no-ldap",
    "what answers on the LDAP port is no directory: {detail}",
    "was am LDAP-Port antwortet, ist kein Verzeichnis: {detail}",
    do=("Find out what listens there.", "Feststellen, was dort lauscht."),
)
CREDENTIAL_UNUSABLE = warn(
    "ad.credential-unusable",
    "the directory was not asked, because our own credential for it cannot be used: {detail}",
    "das Verzeichnis wurde nicht gefragt, weil unsere eigenen Zugangsdaten dafür nicht brauchbar sind: {detail}",
    do=("Put the credential in order at the agent.", "Die Zugangsdaten beim Agenten in Ordnung bringen."),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    **in_any_phase(Kind.TIMED_OUT, HANGING),
    **before_asking(Kind.CUT_OFF, CUT_OFF),
    **before_asking(Kind.UNPARSABLE, NO_LDAP),
    (Kind.UNREACHABLE, Phase.CONNECT): NO_ANSWER,
    (Kind.TIMED_OUT, Phase.CONNECT): NO_ANSWER,
    (Kind.REFUSED, Phase.CONNECT): REFUSED,
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): CREDENTIAL_UNUSABLE,
    (Kind.CERTIFICATE_REJECTED, Phase.GREET): UNTRUSTED,
    (Kind.REFUSED, Phase.GREET): NO_LDAP,
    (Kind.CREDENTIALS_REJECTED, Phase.LOGIN): LOGIN_REJECTED,
    (Kind.REFUSED, Phase.LOGIN): LOGIN_REJECTED,
}


def judge_directory_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a silence is, or None when it says nothing about the host."""
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else None
