"""Did the holder of this key say exactly this? Signed texts of every kind: grants, contracts, endings.

A token is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037, RFC 9864). Stricter than the RFC where it costs
nothing: the header holds exactly `alg`, `typ` and `kid`, and a token has one spelling, so that no second text
carries the same signature. There is no choice of algorithm and no negotiation.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

__all__ = ["LARGEST", "KeyFormatError", "Pin", "TokenError", "new_key", "open_token", "pin_of", "seal_token"]

LARGEST = 4_000_000

# Three parts of base64url; the header is short, and of the signature's last character only the bits that
# count may be set.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,400}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
_PIN = re.compile(r"ed25519 ([A-Za-z0-9_-]{43})(?: ([^\x00-\x1f\x7f-\x9f]{1,200}))?")


class _Registry(jws.JWSRegistry):
    """The library's own limits are for web logins; a grant names many hosts."""

    max_payload_length = LARGEST


_REGISTRY = _Registry(algorithms=["Ed25519"])


class TokenError(Exception):
    """None of the pinned keys' holders has said this; the message says why it does not count."""


class KeyFormatError(ValueError):
    """The text is no key; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A public key that is trusted, and the person or program that holds its other half.

    Written on one line, as SSH does: `ed25519 BASE64URL NAME`.
    """

    public: str
    name: str = ""

    @classmethod
    def read(cls, line: str) -> Pin:
        """Raises KeyFormatError."""
        found = _PIN.fullmatch(line.strip())
        if not found or not _is_whole(found[1]):
            raise KeyFormatError("this is no public key: write the line that 'secondline key new' made")
        return cls(found[1], (found[2] or "").strip())

    def __str__(self) -> str:
        return f"ed25519 {self.public} {self.name}".strip()

    def key(self) -> OKPKey:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": self.public}, {"use": "sig"})

    @property
    def kid(self) -> str:
        """The key's thumbprint (RFC 7638)."""
        return self.key().thumbprint()


def _is_whole(public: str) -> bool:
    """Whether the 43 signs, which the pattern has seen, are 32 bytes in their one spelling."""
    raw = base64.urlsafe_b64decode(f"{public}=")
    return len(raw) == 32 and base64.urlsafe_b64encode(raw).decode().rstrip("=") == public


def new_key() -> Mapping[str, Any]:
    """Make a signing key, as a private JWK (RFC 7517)."""
    return OKPKey.generate_key("Ed25519", private=True, auto_kid=True).as_dict(private=True)


def pin_of(key: Mapping[str, Any], name: str = "") -> Pin:
    """The public half of a key. Raises KeyFormatError."""
    return Pin.read(f"ed25519 {key.get('x', '')} {name}")


def seal_token(content: bytes, key: Mapping[str, Any], typ: str) -> str:
    """Sign a text with a private JWK. Raises ValueError when it is too long, KeyFormatError for no key."""
    if len(content) > LARGEST // 4 * 3:
        raise ValueError(f"{len(content)} bytes are too many to sign: at most {LARGEST // 4 * 3}")
    try:
        private = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x", "d")})
        header = {"alg": "Ed25519", "typ": typ, "kid": private.thumbprint()}
        return jws.serialize_compact(header, content, private, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, KeyError):
        raise KeyFormatError("this is no private key: make one with 'secondline key new'") from None


def open_token(token: str, pins: Iterable[Pin], typ: str) -> tuple[bytes, Pin]:
    """The text, and whose of the pinned keys signed it. Raises TokenError."""
    if len(token) > LARGEST or not _TOKEN.fullmatch(token):
        raise TokenError("not three parts of base64url")
    for pin in pins:
        key = pin.key()
        try:
            message = jws.deserialize_compact(token, key, registry=_REGISTRY)
        except (JoseError, ValueError):
            continue
        if message.headers() != {"alg": "Ed25519", "typ": typ, "kid": key.thumbprint()}:
            raise TokenError(f"it is signed, but it is no {typ}")
        return message.payload, pin
    raise TokenError("its signature fits none of the pinned keys")
