"""Can mail servers read what a zone says beside SPF? DMARC, DKIM keys, MTA-STS and TLS reports, each a list of tags."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from collectors.dns.texts import tags_in

__all__ = ["DkimKey", "Dmarc", "read_dkim", "read_dmarc", "wrong_in_sts", "wrong_in_tls_reports"]

_POLICIES = ("none", "quarantine", "reject")
_ONE_OF = {
    **dict.fromkeys(("p", "sp", "np"), _POLICIES),
    **dict.fromkeys(("adkim", "aspf"), ("r", "s")),
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
}
_MAIL = re.compile(r"mailto:[^\s@,!;]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(?:![0-9]+[kmgtKMGT]?)?", re.IGNORECASE)
_HTTPS = re.compile(r"https://[^\s,;]+", re.IGNORECASE)
_STS_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_ED25519_BYTES = 32


@dataclass(frozen=True, slots=True)
class Dmarc:
    """A policy that can be read. reports: entries of rua and ruf that nobody can send to."""

    policy: str
    wrong_reports: tuple[str, ...]


def read_dmarc(text: str) -> Dmarc | str:
    """The policy, or what is wrong with it, as a code (RFC 7489, section 6.3).

    >>> read_dmarc("v=DMARC1; p=reject; rua=mailto:d@a.test"), read_dmarc("v=DMARC1; p=block")
    (Dmarc(policy='reject', wrong_reports=()), 'value:p=block')
    """
    tags = tags_in(text)
    if isinstance(tags, str):
        return tags
    if next(iter(tags), "") != "v" or tags["v"] != "DMARC1":
        return "version"
    for name, values in _ONE_OF.items():
        if tags.get(name, values[0]).lower() not in values:
            return f"value:{name}={tags[name][:20]}"
    share = tags.get("pct", "100")
    if not re.fullmatch(r"[0-9]{1,3}", share) or int(share) > 100:
        return f"value:pct={share[:20]}"
    reports = tuple(
        uri.strip()[:60]
        for name in ("rua", "ruf")
        for uri in (tags[name].split(",") if name in tags else ())
        if not _MAIL.fullmatch(uri.strip())
    )
    # Without a policy, but with somewhere to report to, it is read as 'none' (section 6.6.3).
    if "p" not in tags and ("rua" not in tags or reports):
        return "missing:p"
    return Dmarc(tags.get("p", "none").lower(), reports)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that can be read. bits: 0 where the kind of key has but one size; is_revoked: it is there and empty."""

    kind: str
    bits: int = 0
    is_revoked: bool = False


def read_dkim(text: str) -> DkimKey | str:
    """The key, or what is wrong with its record, as a code (RFC 6376, section 3.6.1; RFC 8463).

    >>> read_dkim("v=DKIM1; p="), read_dkim("v=DKIM1; k=rsa"), read_dkim("v=DKIM1; p=abc$")
    (DkimKey(kind='rsa', bits=0, is_revoked=True), 'missing:p', 'key')
    """
    tags = tags_in(text)
    if isinstance(tags, str):
        return tags
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        return "version"
    kind = tags.get("k", "rsa")
    if kind not in {"rsa", "ed25519"}:
        return f"value:k={kind[:20]}"
    if "p" not in tags:
        return "missing:p"
    written = re.sub(r"\s", "", tags["p"])
    if not written:
        return DkimKey(kind, is_revoked=True)
    try:
        raw = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return "key"
    if kind == "ed25519":
        return DkimKey(kind) if len(raw) == _ED25519_BYTES else "key"
    return _rsa(raw)


def _rsa(raw: bytes) -> DkimKey | str:
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return "key"
    return DkimKey("rsa", key.key_size) if isinstance(key, RSAPublicKey) else "key"


def wrong_in_sts(text: str) -> str:
    """What is wrong with the record of MTA-STS, as a code; empty for nothing (RFC 8461, section 3.1).

    >>> wrong_in_sts("v=STSv1; id=20261126;"), wrong_in_sts("v=STSv1; id=2026-11")
    ('', 'value:id=2026-11')
    """
    tags = tags_in(text)
    if isinstance(tags, str):
        return tags
    if not _STS_ID.fullmatch(tags.get("id", "")):
        return f"value:id={tags['id'][:20]}" if "id" in tags else "missing:id"
    return ""


def wrong_in_tls_reports(text: str) -> str:
    """What is wrong with the record of TLS reports, as a code; empty for nothing (RFC 8460, section 3).

    >>> wrong_in_tls_reports("v=TLSRPTv1; rua=mailto:t@a.test"), wrong_in_tls_reports("v=TLSRPTv1; rua=t@a.test")
    ('', 'value:rua=t@a.test')
    """
    tags = tags_in(text)
    if isinstance(tags, str):
        return tags
    if "rua" not in tags:
        return "missing:rua"
    uris = (uri.strip() for uri in tags["rua"].split(","))
    wrong = [uri for uri in uris if not (_MAIL.fullmatch(uri) or _HTTPS.fullmatch(uri))]
    return f"value:rua={wrong[0][:40]}" if wrong else ""
