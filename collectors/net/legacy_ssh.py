"""Is a network device still spoken to by SSH algorithms that are outdated?

It takes them only because its contract says `legacy: true`. Whoever listens at the line may forge or read what a device of
this kind says, and takes the same for every administrator's log-in. RFC 8332 and RFC 9142 (SHA-1 is to go), RFC 4344 (CBC).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Cli, Finding, collector, warn

LEGACY_SSH = warn(
    "net.legacy-ssh",
    "the device's SSH knows only outdated algorithms: {weak}",
    "das SSH des Geräts kann nur veraltete Verfahren: {weak}",
    do=(
        (
            "Update its system, or have it make a new host key and permit newer algorithms ('ip ssh', 'ssh server'); "
            "then take 'legacy' out of the contract."
        ),
        (
            "System aktualisieren oder neuen Hostschlüssel erzeugen und neuere Verfahren zulassen ('ip ssh', 'ssh server'); "
            "danach 'legacy' aus dem Vertrag nehmen."
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """By which algorithms the device is spoken to, by their names in SSH."""

    kex: str
    host_key: str
    cipher: str
    mac: str


def judge(line: Line) -> Iterator[Finding]:
    weak = [
        *([line.kex] if line.kex.endswith("-sha1") else []),
        *([line.host_key] if line.host_key in {"ssh-rsa", "ssh-dss"} else []),
        *([line.cipher] if line.cipher.endswith("-cbc") else []),
        *([line.mac] if line.mac.startswith(("hmac-sha1", "hmac-md5")) else []),
    ]
    if weak:
        yield LEGACY_SSH(weak=", ".join(weak))


@collector(
    "net.legacy-ssh",
    asks=(
        "Is the device spoken to by SSH algorithms that are outdated?",
        "Wird mit dem Gerät über veraltete SSH-Verfahren gesprochen?",
    ),
    judge=judge,
)
async def legacy_ssh(host: Cli) -> Line:
    """Ask what was agreed on at the log-in; the device itself is asked nothing."""
    how = await host.secured()
    return Line(how.kex, how.host_key, how.cipher, how.mac)
