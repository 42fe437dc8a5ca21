"""What does the secret of an SNMP agent say? The one place that reads a community, or the two pass phrases of a user."""

from __future__ import annotations

import re

from agent.credentials import CredentialError
from agent.start import SnmpUser, SnmpWay
from inventory.snmp_reach import SnmpReach

__all__ = ["snmp_way"]

# RFC 3414, section 11.2: shorter ones are guessed too easily, and agents refuse them.
_SHORTEST = 8
_LINE = re.compile(r"(authentication|privacy):[ \t]*(.*)")
_FORM = "write two lines, 'authentication: PASS PHRASE' and 'privacy: PASS PHRASE'"


def snmp_way(reach: SnmpReach, secret: str) -> SnmpWay:
    """How an agent is asked, by what the contract says and what its secret holds.

    secret: for 2c one line, the community; for version 3 two, 'authentication: …' and 'privacy: …', each to the end of
    its line. Raises CredentialError, which says what to do and shows nothing of it.
    """
    name = reach.credential
    lines = [line.removesuffix("\r") for line in secret.split("\n") if line.strip()]
    if reach.version == "2c":
        if len(lines) != 1 or _LINE.fullmatch(lines[0]) or not lines[0].isprintable():
            raise CredentialError(f"the credential {name!r} is no community: write it alone, on one line")
        return SnmpWay(community=lines[0], gentle=reach.gentle)
    phrases: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found or found[1] in phrases:
            raise CredentialError(f"the credential {name!r} is not in the form of an SNMP user's: {_FORM}")
        phrases[found[1]] = found[2]
    for key in ("authentication", "privacy"):
        if key not in phrases:
            raise CredentialError(f"the credential {name!r} has no pass phrase for {key}: {_FORM}")
        if len(phrases[key].encode()) < _SHORTEST:
            raise CredentialError(
                f"the pass phrase for {key} in the credential {name!r} is shorter than {_SHORTEST} characters: give the "
                "user on the device a longer one, and write it there"
            )
    user = SnmpUser(
        name=reach.user or "",
        authentication=reach.authentication or "sha256",
        privacy=reach.privacy or "aes128",
        authentication_phrase=phrases["authentication"],
        privacy_phrase=phrases["privacy"],
    )
    return SnmpWay(user=user, gentle=reach.gentle)
