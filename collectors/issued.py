"""Who has signed a certificate? An authority of the contract, or nobody whom it names."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature

__all__ = ["is_issued_by"]


def is_issued_by(shown: x509.Certificate, text: str) -> bool:
    """Whether an authority (PEM) signed it, or it is the very certificate that the contract names."""
    authority = x509.load_pem_x509_certificate(text.encode())
    if authority == shown:
        return True
    try:
        shown.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
