"""Does this machine still have its place in the domain? The secure channel, asked on a Linux member itself.

`wbinfo --ping-dc` makes winbind talk to a controller over NETLOGON with the machine's own password, and wants no
right. Its words are not read; its exit status, and the names of wbclient's error codes, are the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import Finding, Kind, Shell, Unanswered, collector, fault

__all__ = ["Membership", "trust"]

BROKEN = fault(
    "ad.trust-broken",
    "the machine's secure channel to the domain {domain} is broken ({code}): nobody of the domain can log on to it",
    "der sichere Kanal der Maschine zur Domäne {domain} ist gestört ({code}): niemand aus der Domäne kann sich anmelden",
    do=(
        "First see whether controllers answer and the clock is right; then set the machine's password again (net ads changetrustpw, or rejoin).",
        "Erst prüfen, ob Controller antworten und die Uhr stimmt; dann das Maschinenkennwort neu setzen (net ads changetrustpw oder neu beitreten).",
    ),
)
NO_WINBIND = fault(
    "ad.winbind-silent",
    "winbind does not answer on this member of the domain",
    "winbind antwortet auf diesem Mitglied der Domäne nicht",
    do=("Start winbind and read its log.", "winbind starten und sein Log lesen."),
)

_CODE = re.compile(r"\bWBC_ERR_[A-Z_]+\b")
_NOT_THERE = "WBC_ERR_WINBIND_NOT_AVAILABLE"


@dataclass(frozen=True, slots=True)
class Membership:
    """domain: its short name, as winbind has it. works: that a controller was reached. code: why not, '' if unsaid."""

    domain: str
    works: bool
    code: str


def judge(seen: Membership) -> Iterator[Finding]:
    if seen.code == _NOT_THERE:
        yield NO_WINBIND()
    elif not seen.works:
        yield BROKEN(domain=seen.domain or "-", code=seen.code or "?")


@collector(
    "ad.trust",
    asks=(
        "Does the machine still have its place in the domain?",
        "Hat die Maschine noch ihren Platz in der Domäne?",
    ),
    judge=judge,
    platform="linux",
    role="domain-member",
)
async def trust(host: Shell) -> Membership:
    """Let winbind talk to a controller."""
    own = await host.run("wbinfo", "--own-domain")
    asked = await host.run("wbinfo", "--ping-dc")
    if asked.code not in {0, 1}:
        raise Unanswered(Kind.UNPARSABLE, f"wbinfo cannot be asked: {asked.stderr.strip()[:200]}")
    code = _CODE.search(asked.stderr)
    return Membership(own.stdout.strip() if not own.code else "", asked.code == 0, code[0] if code else "")
