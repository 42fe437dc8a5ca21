"""What does it mean that a host did not answer? A silence is judged too, and never taken for an answer."""

from __future__ import annotations

from collectors.finding import Finding, Tag, fault, warn
from collectors.silence import Kind, Phase, before_asking, in_any_phase

__all__ = ["SITE_UNREACHABLE", "judge_silence"]

NO_ANSWER = fault(
    "reach.no-answer",
    "nobody answers at the host's SSH port",
    "am SSH-Port des Hosts antwortet niemand",
    do=(
        (
            "See whether it runs (console, ping), whether its network port and the way to it are up, and whether a "
            "firewall drops SSH."
        ),
        (
            "Prüfen, ob er läuft (Konsole, Ping), ob sein Netzanschluss und der Weg dorthin stehen und ob eine Firewall "
            "SSH verwirft."
        ),
    ),
)
REFUSED = fault(
    "reach.refused",
    "the host is there, but its SSH service is not",
    "der Host ist da, aber sein SSH-Dienst nicht",
    do=(
        "Start the SSH service from the console; if it runs, see on which port, and whether a firewall rejects SSH.",
        "Den SSH-Dienst über die Konsole starten; läuft er, Port prüfen und ob eine Firewall SSH abweist.",
    ),
)
HANGING = fault(
    "reach.hanging",
    "the host accepts connections and then says nothing",
    "der Host nimmt Verbindungen an und schweigt dann",
    do=(
        "It is overloaded or its SSH service hangs: look at the console for load, memory and storage.",
        "Er ist überlastet oder sein SSH-Dienst hängt: an der Konsole Last, Speicher und Datenträger ansehen.",
    ),
)
TARPIT = fault(
    "reach.tarpit",
    "what talks on the host's SSH port is no SSH server: {detail}",
    "was am SSH-Port des Hosts spricht, ist kein SSH-Dienst: {detail}",
    do=(
        "Find out what listens there; a tarpit, another service or a wrong redirection is likely.",
        "Feststellen, was dort lauscht; wahrscheinlich eine Teergrube, ein anderer Dienst oder eine falsche Umleitung.",
    ),
)
KEY_CHANGED = fault(
    "reach.key-changed",
    "the host shows another key than the contract pins",
    "der Host zeigt einen anderen Schlüssel, als der Vertrag festhält",
    do=(
        "Find out why (new installation, other machine, attack) before anybody logs in; then pin the new key.",
        "Vor jeder Anmeldung klären, warum (Neuinstallation, andere Maschine, Angriff); dann den neuen eintragen.",
    ),
)
CREDENTIALS_REJECTED = fault(
    "reach.credentials-rejected",
    "the host does not accept our login",
    "der Host nimmt unsere Anmeldung nicht an",
    do=(
        (
            "Read the host's SSH log: is the account missing, locked, without its key, kept out by sshd_config (AllowUsers), "
            "or is its home writable for others?"
        ),
        (
            "SSH-Log des Hosts lesen: Fehlt das Konto, ist es gesperrt, ohne Schlüssel, durch sshd_config (AllowUsers) "
            "ausgeschlossen, oder sein Home für andere beschreibbar?"
        ),
    ),
)
CREDENTIAL_UNUSABLE = warn(
    "reach.credential-unusable",
    "the host was not asked, because our own credential for it cannot be used: {detail}",
    "der Host wurde nicht gefragt, weil unsere eigenen Zugangsdaten für ihn nicht brauchbar sind: {detail}",
    do=("Put the credential in order at the agent.", "Die Zugangsdaten beim Agenten in Ordnung bringen."),
)
CUT_OFF = fault(
    "reach.cut-off",
    "the host ends the connection before anything was asked",
    "der Host beendet die Verbindung, bevor etwas gefragt wurde",
    do=(
        "Look at the host's SSH log; connection limits, a broken service or a filter do this.",
        "Das SSH-Protokoll des Hosts ansehen; Verbindungsgrenzen, ein defekter Dienst oder ein Filter tun das.",
    ),
)
OUTDATED = warn(
    "reach.outdated",
    "the host offers only outdated SSH algorithms",
    "der Host bietet nur veraltete SSH-Verfahren an",
    do=("Update its SSH service.", "Seinen SSH-Dienst aktualisieren."),
)
NO_SHELL = fault(
    "reach.no-shell",
    "the host lets our account in and runs no commands for it: {detail}",
    "der Host lässt unser Konto herein, führt aber keine Befehle dafür aus: {detail}",
    do=(
        "Look at the account's shell (/etc/passwd), at sshd_config and authorized_keys (forced command, MaxSessions), and /etc/nologin.",
        "Shell des Kontos (/etc/passwd), sshd_config und authorized_keys (erzwungener Befehl, MaxSessions) und /etc/nologin ansehen.",
    ),
)
LOGIN_SLOW = fault(
    "reach.login-hangs",
    "the host speaks SSH, but its login does not come to an end",
    "der Host spricht SSH, aber seine Anmeldung kommt zu keinem Ende",
    do=(
        "Look at what its login waits for: directory service, name resolution, storage.",
        "Nachsehen, worauf die Anmeldung wartet: Verzeichnisdienst, Namensauflösung, Datenträger.",
    ),
)
ANSWER_SLOW = warn(
    "reach.answers-slowly",
    "the host did not finish an answer in time",
    "der Host hat eine Antwort nicht rechtzeitig beendet",
    do=("Look at its load and storage.", "Last und Datenträger ansehen."),
)
ANSWER_CUT = warn(
    "reach.answer-cut-off",
    "an answer of the host did not come whole: {detail}",
    "eine Antwort des Hosts kam nicht vollständig an: {detail}",
)
SITE_UNREACHABLE = fault(
    "reach.site-unreachable",
    "none of the {count} hosts asked at site {site} can be reached",
    "keiner der {count} gefragten Hosts am Standort {site} ist erreichbar",
    do=(
        "Look at the site's line, VPN and power before any single host.",
        "Zuerst Anbindung, VPN und Strom des Standorts prüfen, dann einzelne Hosts.",
    ),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    **in_any_phase(Kind.HOST_KEY_CHANGED, KEY_CHANGED),
    **before_asking(Kind.CUT_OFF, CUT_OFF),
    (Kind.UNREACHABLE, Phase.CONNECT): NO_ANSWER,
    (Kind.TIMED_OUT, Phase.CONNECT): NO_ANSWER,
    (Kind.REFUSED, Phase.CONNECT): REFUSED,
    (Kind.TIMED_OUT, Phase.GREET): HANGING,
    (Kind.TIMED_OUT, Phase.LOGIN): LOGIN_SLOW,
    (Kind.REFUSED, Phase.LOGIN): NO_SHELL,
    (Kind.CREDENTIALS_REJECTED, Phase.LOGIN): CREDENTIALS_REJECTED,
    (Kind.CREDENTIALS_REJECTED, Phase.CONNECT): CREDENTIAL_UNUSABLE,
    (Kind.UNPARSABLE, Phase.GREET): TARPIT,
    (Kind.REFUSED, Phase.GREET): OUTDATED,
    (Kind.TIMED_OUT, Phase.ASK): ANSWER_SLOW,
    (Kind.CUT_OFF, Phase.ASK): ANSWER_CUT,
}


def judge_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a silence is, or None when it says nothing about the host.

    An answer that could not be read, and one that was stopped, are in the report's coverage only.
    """
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else None
