"""Which machine answers here? The key that a host proves to hold, before anybody logs in to it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Greeting, collector, note

KEY_SEEN = note(
    "linux.host-key-seen",
    "the host shows the key {key} ({fingerprint})",
    "der Host zeigt den Schlüssel {key} ({fingerprint})",
    do=(
        "Compare the fingerprint with the one at the host's console (ssh-keygen -lf) before the key is pinned.",
        "Den Fingerabdruck mit dem an der Konsole des Hosts vergleichen (ssh-keygen -lf), ehe er festgehalten wird.",
    ),
)


@dataclass(frozen=True, slots=True)
class HostKey:
    """key: 'type base64', as a contract pins it. fingerprint: 'SHA256:…', as OpenSSH shows it."""

    key: str
    fingerprint: str


def judge(seen: HostKey) -> Iterator[Finding]:
    yield KEY_SEEN(key=seen.key, fingerprint=seen.fingerprint)


@collector(
    "linux.host_keys",
    asks=("Which machine answers at the SSH port?", "Welche Maschine antwortet am SSH-Port?"),
    judge=judge,
    on_request=True,
)
async def host_keys(host: Greeting) -> HostKey:
    key = await host.host_key()
    blob = base64.b64decode(key.partition(" ")[2])
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return HostKey(key=key, fingerprint=f"SHA256:{digest}")
