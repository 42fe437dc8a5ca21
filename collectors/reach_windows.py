"""What does it mean that Windows does not answer when PowerShell is asked? Findings, before anything was asked."""

from __future__ import annotations

from collectors.finding import Finding, Tag, fault, warn
from collectors.silence import Kind, Phase, before_asking, in_any_phase

__all__ = ["judge_windows_silence"]

NO_ANSWER = fault(
    "reach.winrm-silent",
    "nobody answers at the host's port for remote management (WinRM)",
    "am Port des Hosts für die Fernverwaltung (WinRM) antwortet niemand",
    do=(
        "Is it running and on the network? If it answers otherwise, a firewall drops WinRM.",
        "Läuft er und ist er im Netz? Antwortet er sonst, verwirft eine Firewall WinRM.",
    ),
)
REFUSED = fault(
    "reach.winrm-refused",
    "the host is there, but nothing listens at its port for remote management (WinRM under HTTPS)",
    "der Host ist da, aber an seinem Port für die Fernverwaltung (WinRM unter HTTPS) lauscht nichts",
    do=(
        "Start the service WinRM and give it an HTTPS listener with a certificate ('winrm enumerate winrm/config/listener').",
        "Den Dienst WinRM starten und ihm einen HTTPS-Listener mit Zertifikat geben ('winrm enumerate winrm/config/listener').",
    ),
)
HANGING = fault(
    "reach.winrm-hangs",
    "the host takes connections for remote management (WinRM) and then comes to no end: {detail}",
    "der Host nimmt Verbindungen zur Fernverwaltung (WinRM) an und kommt dann zu keinem Ende: {detail}",
    do=(
        "Look at its load, memory and storage, then at the services WinRM and Winmgmt.",
        "Last, Arbeitsspeicher und Datenträger ansehen, dann die Dienste WinRM und Winmgmt.",
    ),
)
UNTRUSTED = fault(
    "reach.winrm-untrusted",
    "its certificate for remote management (WinRM) is not one that the contract trusts: {detail}",
    "sein Zertifikat für die Fernverwaltung (WinRM) ist keines, dem der Vertrag vertraut: {detail}",
    do=(
        "Do not log in. Renew the listener's certificate, or find out who answers in the host's place.",
        "Nicht anmelden. Das Zertifikat des Listeners erneuern oder klären, wer an Stelle des Hosts antwortet.",
    ),
)
LOGIN_REJECTED = fault(
    "reach.winrm-login-rejected",
    "Windows does not accept our account: {detail}",
    "Windows nimmt unser Konto nicht an: {detail}",
    do=(
        "Read event 4625 in its Security log, or 4771 on the domain controller named; is NTLM forbidden there by policy?",
        "Ereignis 4625 in seinem Protokoll Sicherheit lesen, oder 4771 auf dem genannten Domänencontroller; ist NTLM dort per Richtlinie verboten?",
    ),
)
TICKET_REJECTED = fault(
    "reach.winrm-ticket-rejected",
    "the domain takes our account, but a Kerberos ticket for the host does not lead into it: {detail}",
    "die Domäne nimmt unser Konto an, aber ein Kerberos-Ticket für den Host führt nicht hinein: {detail}",
    do=(
        "Compare the host's clock with the domain's ('w32tm /query /status'), then 'Test-ComputerSecureChannel' and 'setspn -L'.",
        "Die Uhr des Hosts mit der der Domäne vergleichen ('w32tm /query /status'), dann 'Test-ComputerSecureChannel' und 'setspn -L'.",
    ),
)
NO_SPN = fault(
    "reach.winrm-no-spn",
    "nobody can log in to the host by Kerberos under its name: {detail}",
    "am Host kann sich unter seinem Namen niemand per Kerberos anmelden: {detail}",
    do=(
        "Look at the SPNs of its computer account ('setspn -L HOST'), and whether the contract gives its right name.",
        "Die SPNs seines Computerkontos ansehen ('setspn -L HOST') und ob der Vertrag seinen richtigen Namen nennt.",
    ),
)
NO_KDC = fault(
    "reach.winrm-no-kdc",
    "Windows was not logged in to, as no domain controller gives Kerberos tickets: {detail}",
    "an Windows wurde niemand angemeldet, da kein Domänencontroller Kerberos-Tickets ausstellt: {detail}",
    do=(
        "Is the service 'kdc' running on the domain controllers named, and does a firewall let us to TCP 88 there?",
        "Läuft auf den genannten Domänencontrollern der Dienst 'kdc', und lässt eine Firewall uns dort zu TCP 88?",
    ),
)
NO_SHELL = fault(
    "reach.winrm-denied",
    "Windows knows our account and lets it run nothing from afar: {detail}",
    "Windows kennt unser Konto und lässt es aus der Ferne nichts ausführen: {detail}",
    do=(
        "Make it a member of 'Remote Management Users' (S-1-5-32-580), or see which policy forbids remote shells.",
        "Es in 'Remoteverwaltungsbenutzer' (S-1-5-32-580) aufnehmen oder nachsehen, welche Richtlinie Remoteshells verbietet.",
    ),
)
QUOTA = warn(
    "reach.winrm-full",
    "the host takes no more remote commands: {detail}",
    "der Host nimmt keine weiteren Fernbefehle an: {detail}",
    do=(
        "See who holds the shells ('winrm enumerate shell') and end those left over; monitoring and backup leave many.",
        "Nachsehen, wer die Shells hält ('winrm enumerate shell'), und übrige beenden; Monitoring und Sicherung lassen viele.",
    ),
)
CUT_OFF = fault(
    "reach.winrm-cut-off",
    "the host ends our connection for remote management (WinRM): {detail}",
    "der Host beendet unsere Verbindung zur Fernverwaltung (WinRM): {detail}",
    do=(
        "Look at its service WinRM and its listener's certificate with key; a filter does this as well.",
        "Seinen Dienst WinRM und das Zertifikat des Listeners samt Schlüssel ansehen; auch ein Filter tut das.",
    ),
)
NO_WINRM = fault(
    "reach.winrm-other",
    "what answers at the port for remote management is no WinRM that we log in to: {detail}",
    "was am Port für die Fernverwaltung antwortet, ist kein WinRM, an dem wir uns anmelden: {detail}",
    do=(
        "Find out what listens there; WinRM must offer 'Negotiate' there ('winrm get winrm/config/service/auth').",
        "Feststellen, was dort lauscht; WinRM muss dort 'Negotiate' anbieten ('winrm get winrm/config/service/auth').",
    ),
)
CREDENTIAL_UNUSABLE = warn(
    "reach.winrm-credential-unusable",
    "Windows was not asked, because our own credential for it cannot be used: {detail}",
    "Windows wurde nicht gefragt, weil unsere eigenen Zugangsdaten dafür nicht brauchbar sind: {detail}",
    do=("Put the credential in order at the agent.", "Die Zugangsdaten beim Agenten in Ordnung bringen."),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    **in_any_phase(Kind.TIMED_OUT, HANGING),
    **in_any_phase(Kind.QUOTA, QUOTA),
    **before_asking(Kind.CUT_OFF, CUT_OFF),
    **before_asking(Kind.UNPARSABLE, NO_WINRM),
    (Kind.UNREACHABLE, Phase.CONNECT): NO_ANSWER,
    (Kind.TIMED_OUT, Phase.CONNECT): NO_ANSWER,
    (Kind.REFUSED, Phase.CONNECT): REFUSED,
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): CREDENTIAL_UNUSABLE,
    (Kind.CERTIFICATE_REJECTED, Phase.GREET): UNTRUSTED,
    (Kind.REFUSED, Phase.GREET): NO_WINRM,
    (Kind.TICKET_REJECTED, Phase.LOGIN): TICKET_REJECTED,
    (Kind.NOT_THERE, Phase.GREET): NO_SPN,
    (Kind.UNREACHABLE, Phase.LOGIN): NO_KDC,
    (Kind.CREDENTIALS_REJECTED, Phase.LOGIN): LOGIN_REJECTED,
    (Kind.REFUSED, Phase.LOGIN): NO_SHELL,
    (Kind.NOT_THERE, Phase.LOGIN): NO_SHELL,
}


def judge_windows_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a silence is, or None when it says nothing about the host.

    What an account may not read, and what could not be read, are in the report's coverage only.
    """
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else None
