"""What does it mean that a network device does not answer at its command line? What differs from a server's silence."""

from __future__ import annotations

from collectors.finding import Finding, Tag, fault, warn
from collectors.reach import judge_silence
from collectors.silence import Kind, Phase

__all__ = ["judge_device_silence"]

LOGIN_REJECTED = fault(
    "reach.device-login-rejected",
    "the device does not accept our log-in: {detail}",
    "das Gerät nimmt unsere Anmeldung nicht an: {detail}",
    do=(
        (
            "Try the account at its console; then look at the AAA server (TACACS+, RADIUS) and the local user, and whether SSH "
            "is permitted to it."
        ),
        (
            "Konto an der Konsole probieren; dann AAA-Server (TACACS+, RADIUS) und lokalen Benutzer ansehen und ob ihm SSH "
            "erlaubt ist."
        ),
    ),
)
NO_TERMINAL = fault(
    "reach.device-no-terminal",
    "the device lets our account in and gives it no terminal: {detail}",
    "das Gerät lässt unser Konto herein, gibt ihm aber kein Terminal: {detail}",
    do=(
        (
            "Are all its VTY lines taken ('show users', 'display users')? Clear those that hang; then look at the authorization "
            "of the account (AAA 'exec', service type)."
        ),
        (
            "Sind alle VTY-Leitungen belegt ('show users', 'display users')? Hängende beenden; dann die Autorisierung des "
            "Kontos ansehen (AAA 'exec', Diensttyp)."
        ),
    ),
)
NO_PROMPT = fault(
    "reach.device-no-prompt",
    "the device lets our account in and comes to no prompt: {detail}",
    "das Gerät lässt unser Konto herein, kommt aber zu keiner Eingabe: {detail}",
    do=(
        (
            "See at its console whether it is busy or waits for an answer (first set-up, password to change, AAA server that is "
            "silent)."
        ),
        (
            "An der Konsole nachsehen, ob es ausgelastet ist oder auf eine Antwort wartet (Ersteinrichtung, Passwortwechsel, "
            "stummer AAA-Server)."
        ),
    ),
)
OUTDATED = warn(
    "reach.device-outdated",
    "the device offers no SSH algorithm that is safe: {detail}",
    "das Gerät bietet kein sicheres SSH-Verfahren an: {detail}",
    do=(
        (
            "Update its system, or have it make a new host key and permit newer algorithms. Until then the contract can permit "
            "outdated ones for it: 'legacy: true' under its 'ssh'."
        ),
        (
            "System aktualisieren oder neuen Hostschlüssel erzeugen und neuere Verfahren zulassen. Bis dahin kann der Vertrag "
            "veraltete für dieses Gerät zulassen: 'legacy: true' unter 'ssh'."
        ),
    ),
)

_TAGS: dict[tuple[Kind, Phase], Tag] = {
    (Kind.CREDENTIALS_REJECTED, Phase.LOGIN): LOGIN_REJECTED,
    (Kind.REFUSED, Phase.LOGIN): NO_TERMINAL,
    (Kind.CUT_OFF, Phase.LOGIN): NO_TERMINAL,
    (Kind.TIMED_OUT, Phase.LOGIN): NO_PROMPT,
    (Kind.REFUSED, Phase.GREET): OUTDATED,
}


def judge_device_silence(host: str, kind: Kind, phase: Phase, detail: str) -> Finding | None:
    """Give the finding that a device's silence is, or None when it says nothing about the device.

    Reaching its port, its greeting and its key are those of every SSH server.
    """
    tag = _TAGS.get((kind, phase))
    return tag(host=host, detail=detail) if tag is not None else judge_silence(host, kind, phase, detail)
