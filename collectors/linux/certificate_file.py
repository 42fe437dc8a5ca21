"""What does a certificate file say? Whom it is for, from when to when, and what it carries along."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from collectors.linux.output import plain

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Carried", "Certificate", "certificate_in", "is_trust_store"]

_TRUST = re.compile(
    r"/etc/ssl/certs/|/etc/pki/tls/certs/|/etc/ssl/cert\.pem|.*/(?:ca-?bundle|cacerts?|root)[^/]*$"
)
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An authority between a certificate and its root."""

    subject: str
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A service's own certificate. Times are UTC.

    signs_itself: nobody else vouches for it. carries: the authority in its file that ends first.
    """

    path: str
    subject: str
    not_before: datetime
    not_after: datetime
    signs_itself: bool
    carries: Carried | None


def is_trust_store(path: str) -> bool:
    """Say whether a file of that path most likely holds authorities that others trust."""
    return _TRUST.match(path) is not None


def certificate_in(path: str, content: bytes) -> Certificate | None:
    """Give the certificate that the file is about; None for a bundle of authorities or another thing."""
    # Slow to import, and only this question needs it.
    from cryptography import x509  # noqa: PLC0415

    blocks = _BLOCK.findall(content)
    try:
        first, *others = [x509.load_pem_x509_certificate(block) for block in blocks] or [
            x509.load_der_x509_certificate(content)
        ]
        if _is_authority(first) and (others or is_trust_store(path)):
            return None
        return Certificate(
            path=plain(path),
            subject=plain(first.subject.rfc4514_string(), 120) or "?",
            not_before=first.not_valid_before_utc,
            not_after=first.not_valid_after_utc,
            signs_itself=first.issuer == first.subject,
            carries=_carried(others),
        )
    except (ValueError, x509.InvalidVersion):
        return None


def _carried(others: list[x509.Certificate]) -> Carried | None:
    # Nobody looks at the dates of a root that comes along.
    between = [
        Carried(subject=plain(one.subject.rfc4514_string(), 120) or "?", not_after=one.not_valid_after_utc)
        for one in others
        if one.issuer != one.subject and _is_authority(one)
    ]
    return min(between, key=lambda one: one.not_after, default=None)


def _is_authority(certificate: x509.Certificate) -> bool:
    """Say whether it only signs others. A self-signed server certificate often says CA, but has names."""
    from cryptography import x509  # noqa: PLC0415 - see above.

    try:
        extensions = [extension.value for extension in certificate.extensions]
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        # What it is for cannot be read; how long it is valid can.
        return False
    named = any(isinstance(value, x509.SubjectAlternativeName) for value in extensions)
    return not named and any(isinstance(v, x509.BasicConstraints) and v.ca for v in extensions)
