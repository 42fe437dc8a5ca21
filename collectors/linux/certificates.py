"""Has a certificate of this host's services expired, or will it soon?

Private keys are never fetched: files that hold one are left out on the host itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collectors import Finding, Kind, Shell, Unanswered, collector, fault, note, warn
from collectors.linux.output import plain, printed

if TYPE_CHECKING:
    from cryptography import x509

EXPIRED = fault(
    "linux.certificate-expired",
    "the certificate {path} ({subject}) expired {days} days ago",
    "das Zertifikat {path} ({subject}) ist vor {days} Tagen abgelaufen",
    do=("Renew {path} and reload the service that uses it.", "{path} erneuern und den Dienst neu laden."),
)
EXPIRING = warn(
    "linux.certificate-expiring",
    "the certificate {path} ({subject}) expires in {days} days",
    "das Zertifikat {path} ({subject}) läuft in {days} Tagen ab",
    do=(
        "Renew {path}; check why it was not renewed by itself.",
        "{path} erneuern; klären, warum es nicht von selbst geschah.",
    ),
)
NOT_YET = fault(
    "linux.certificate-not-yet-valid",
    "the certificate {path} ({subject}) is valid only in {days} days",
    "das Zertifikat {path} ({subject}) gilt erst in {days} Tagen",
    do=("Check the clock of whoever issued {path}.", "Die Uhr der Ausgabestelle von {path} prüfen."),
)
SUPERSEDED = note(
    "linux.certificate-superseded",
    "the certificate {path} ({subject}) is an old one: {newer} beside it is valid until {until}",
    "das Zertifikat {path} ({subject}) ist ein altes: daneben liegt {newer}, gültig bis {until}",
    do=(
        "See that the service uses {newer}.",
        "Prüfen, dass der Dienst {newer} verwendet.",
    ),
)
LEFT_OUT = note(
    "linux.certificates-left-out",
    "only {read} of {found} certificate files were read",
    "nur {read} von {found} Zertifikatsdateien wurden gelesen",
)
_SOON = timedelta(days=21)
_MOST = 40
_PLACES = ("/etc", "/usr/local/etc")
_PRUNED = (
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/trust",
    "/etc/ssl/certs/java",
    "/etc/selinux",
)
# Every certificate that there ever was; the present ones are in /etc/letsencrypt/live.
_ARCHIVE = "/etc/letsencrypt/archive/"
_PRUNE = tuple(word for path in _PRUNED for word in ("-o", "-path", path))[1:]
_NAMES = ("(", "-name", "*.pem", "-o", "-name", "*.crt", "-o", "-name", "*.cer", ")")
_NOT_KEYS = tuple(word for name in ("*key*.pem", "*private*", "dh*.pem") for word in ("!", "-name", name))
_LIVE = ("(", "-type", "f", "-o", "-path", "/etc/letsencrypt/live/*", ")")
_FIND = ("find", *_PLACES, "-maxdepth", "5", "(", *_PRUNE, ")", "-prune", "-o", *_LIVE, *_NAMES, *_NOT_KEYS)
_WITHOUT_KEY = ("-size", "-64k", "-exec", "grep", "-L", "PRIVATE KEY", "{}", "+")
_TRUST = re.compile(
    r"/etc/ssl/certs/|/etc/pki/tls/certs/|/etc/ssl/cert\.pem|.*/(?:ca-?bundle|cacerts?|root)[^/]*$"
)
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A service's own certificate. Times are UTC."""

    path: str
    subject: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """asked: the agent's time (UTC). found: files that may hold a service's; read: those read."""

    asked: datetime
    found: int
    read: int
    certificates: tuple[Certificate, ...]


def judge(seen: Certificates) -> Iterator[Finding]:
    for one in seen.certificates:
        facts = {"path": one.path, "subject": one.subject}
        newer = _newer(one, seen) if one.not_after <= seen.asked + _SOON else None
        if newer is not None:
            yield SUPERSEDED(newer=newer.path, until=f"{newer.not_after:%Y-%m-%d}", **facts)
        elif one.not_after <= seen.asked:
            yield EXPIRED(days=_days(seen.asked - one.not_after), **facts)
        elif one.not_before > seen.asked + timedelta(minutes=5):
            yield NOT_YET(days=_days(one.not_before - seen.asked), **facts)
        elif one.not_after <= seen.asked + _SOON:
            yield EXPIRING(days=_days(one.not_after - seen.asked), **facts)
    if seen.read < seen.found:
        yield LEFT_OUT(read=seen.read, found=seen.found)


def _newer(one: Certificate, seen: Certificates) -> Certificate | None:
    """The certificate that took its place: in the same folder, for the same subject, valid now and for long."""
    return next(
        (
            other
            for other in seen.certificates
            if other.not_before <= seen.asked
            and other.not_after > seen.asked + _SOON
            and (_folder(other.path), other.subject) == (_folder(one.path), one.subject)
        ),
        None,
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _days(span: timedelta) -> float:
    return round(span / timedelta(days=1), 1)


@collector(
    "linux.certificates",
    asks=(
        "Are certificate files valid, and for how long?",
        "Sind Zertifikatsdateien gültig, und wie lange noch?",
    ),
    judge=judge,
    platform="linux",
    deadline=90.0,
)
async def certificates(host: Shell) -> Certificates:
    """Read the certificates in the usual places, without their keys."""
    ran = await host.run(*_FIND, *_WITHOUT_KEY, deadline=40.0)
    # Folders and files that the account may not read make find and grep end with 1 or 2.
    paths = [p for p in printed(ran, codes=(0, 1, 2)).splitlines() if p.startswith("/") and p.isprintable()]
    paths = [path for path in dict.fromkeys(paths) if not path.startswith(_ARCHIVE)]
    paths.sort(key=lambda p: (bool(_TRUST.match(p)), p))
    wanted, others = paths[:_MOST], [path for path in paths[_MOST:] if not _TRUST.match(path)]
    contents = {path: await _content(host, path) for path in wanted}
    read = {path: content for path, content in contents.items() if content is not None}
    found = (_certificate(path, content) for path, content in read.items())
    return Certificates(
        asked=ran.began.astimezone(UTC),
        found=len(wanted) + len(others),
        read=len(read),
        certificates=tuple(one for one in found if one),
    )


async def _content(host: Shell, path: str) -> bytes | None:
    try:
        return await host.fetch(path)
    except Unanswered as reason:
        if reason.kind is Kind.UNPARSABLE:
            return None
        raise


def _certificate(path: str, content: bytes) -> Certificate | None:
    """Give the certificate that the file is about; None for a bundle of authorities or another thing."""
    # Slow to import, and only this question needs it.
    from cryptography import x509  # noqa: PLC0415

    blocks = _BLOCK.findall(content)
    try:
        first = (
            x509.load_pem_x509_certificate(blocks[0]) if blocks else x509.load_der_x509_certificate(content)
        )
        authority = _is_authority(first)
        subject = plain(first.subject.rfc4514_string(), 120)
        if authority and (len(blocks) > 1 or _TRUST.match(path)):
            return None
        return Certificate(
            path=plain(path),
            subject=subject or "?",
            not_before=first.not_valid_before_utc,
            not_after=first.not_valid_after_utc,
        )
    except ValueError:
        return None


def _is_authority(certificate: x509.Certificate) -> bool:
    """Say whether it only signs others. A self-signed server certificate often says CA, but has names."""
    from cryptography import x509  # noqa: PLC0415 - see above.

    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    named = any(isinstance(e.value, x509.SubjectAlternativeName) for e in certificate.extensions)
    return constraints.ca and not named
