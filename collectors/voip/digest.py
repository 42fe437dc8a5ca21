"""How is a challenge answered? HTTP digest in SIP: MD5 (RFC 3261 section 22) and SHA-256 (RFC 8760).

Nothing is kept here, and no password is in any text or error.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from collectors.voip.unreadable import Unreadable

__all__ = ["ALGORITHMS", "Challenge", "answer", "best", "challenge_of"]

# Best first (RFC 8760, section 2.2): name in a challenge -> how it is counted.
ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_PAIR = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)\s*(,|$)', re.DOTALL)
_LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """algorithm: as in ALGORITHMS, without '-sess'; session: whether it had that; qop: those that are offered.

    proxy: whether a proxy asks (407) and not the server itself (401). stale: the password was right, the nonce too old.
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    session: bool = False
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    proxy: bool = False


def challenge_of(value: str, *, proxy: bool = False) -> Challenge | None:
    """Read a WWW-Authenticate or Proxy-Authenticate; None for another scheme than Digest. Raises Unreadable.

    >>> challenge_of('Digest realm="a.test", nonce="84a4", qop="auth,auth-int", algorithm=SHA-256')
    ... # doctest: +ELLIPSIS
    Challenge(realm='a.test', nonce='84a4', algorithm='SHA-256', session=False, qop=('auth', 'auth-int'), ...)
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    if len(rest) > _LONGEST:
        raise Unreadable("the challenge is too long", _LONGEST)
    said = _pairs(rest)
    if "realm" not in said or "nonce" not in said:
        raise Unreadable("the challenge names no realm, or no nonce")
    algorithm = said.get("algorithm", "MD5").upper()
    return Challenge(
        realm=said["realm"],
        nonce=said["nonce"],
        algorithm=algorithm.removesuffix("-SESS"),
        session=algorithm.endswith("-SESS"),
        qop=tuple(word.strip().lower() for word in said.get("qop", "").split(",") if word.strip()),
        opaque=said.get("opaque"),
        stale=said.get("stale", "").lower() == "true",
        proxy=proxy,
    )


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None:
            raise Unreadable("the challenge is no list of name=value", at)
        value = match[2]
        found.setdefault(match[1].lower(), value[1:-1] if value[0] == '"' else value)
        at = match.end()
    return found


def best(challenges: tuple[Challenge, ...]) -> Challenge | None:
    """The one that can be answered by the best algorithm, None where none can (RFC 8760, section 2.3)."""
    fit = [one for one in challenges if one.algorithm in ALGORITHMS and (not one.qop or "auth" in one.qop)]
    order = list(ALGORITHMS)
    return min(fit, key=lambda one: order.index(one.algorithm), default=None)


def answer(  # noqa: PLR0913 - what RFC 7616, section 3.4, puts into one answer.
    asked: Challenge, *, user: str, password: str, method: str, uri: str, cnonce: str, count: int = 1
) -> str:
    """The value of Authorization or Proxy-Authorization.

    cnonce: ours, of hexadecimal digits; count: how often this nonce was answered, with this answer.

    >>> asked = Challenge(realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=("auth",))
    >>> said = answer(asked, user="Mufasa", password="Circle Of Life", method="GET", uri="/dir/index.html",
    ...               cnonce="0a4f113b")
    >>> 'response="6629fae49393a05397450978507c4ef1"' in said
    True
    """

    def digest(text: str) -> str:
        return hashlib.new(ALGORITHMS[asked.algorithm], text.encode(), usedforsecurity=False).hexdigest()

    secret = digest(f"{user}:{asked.realm}:{password}")
    if asked.session:
        secret = digest(f"{secret}:{asked.nonce}:{cnonce}")
    what = digest(f"{method}:{uri}")
    number = f"{count:08x}"
    middle = f"{number}:{cnonce}:auth:" if asked.qop else ""
    response = digest(f"{secret}:{asked.nonce}:{middle}{what}")
    said = [
        f'username="{_escaped(user)}"',
        f'realm="{asked.realm}"',
        f'nonce="{asked.nonce}"',
        f'uri="{uri}"',
        f'response="{response}"',
        f"algorithm={asked.algorithm}{'-sess' if asked.session else ''}",
    ]
    if asked.opaque is not None:
        said.append(f'opaque="{asked.opaque}"')
    if asked.qop:
        said += ["qop=auth", f"nc={number}", f'cnonce="{cnonce}"']
    return f"Digest {', '.join(said)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
