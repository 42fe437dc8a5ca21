"""Can clients trust the controller's certificate for LDAP, and for how long still?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from collectors import About, Certified, Finding, Kind, Unanswered, collector, fault, note, warn
from collectors.issued import is_issued_by

__all__ = ["CertificateFacts", "certificate"]

EXPIRED = fault(
    "ad.certificate-expired",
    "the controller's certificate for LDAP expired on {until}",
    "das LDAP-Zertifikat des Controllers ist am {until} abgelaufen",
    do=(
        "Renew it (certutil -pulse, or the certificate files of samba), then restart the directory service.",
        "Erneuern (certutil -pulse oder sambas Zertifikatsdateien), dann den Verzeichnisdienst neu starten.",
    ),
)
EXPIRES = warn(
    "ad.certificate-expires",
    "the controller's certificate for LDAP expires on {until}, in {days} days",
    "das LDAP-Zertifikat des Controllers läuft am {until} ab, in {days} Tagen",
    do=("Renew it in time.", "Rechtzeitig erneuern."),
)
EXPIRES_LATER = note(
    "ad.certificate-expires-later",
    "the controller's certificate for LDAP expires on {until}, in {days} days",
    "das LDAP-Zertifikat des Controllers läuft am {until} ab, in {days} Tagen",
)
NOT_YET = fault(
    "ad.certificate-not-yet-valid",
    "the controller's certificate for LDAP is valid only from {start} on",
    "das LDAP-Zertifikat des Controllers gilt erst ab {start}",
    do=(
        "Is its clock right? If so, was the certificate issued by a machine whose clock is ahead?",
        "Stimmt seine Uhr? Wenn ja: Ging die Uhr der ausstellenden Maschine vor?",
    ),
)
OTHER_NAME = fault(
    "ad.certificate-other-name",
    "the controller's certificate for LDAP is for {names}, and not for {name}",
    "das LDAP-Zertifikat des Controllers gilt für {names} und nicht für {name}",
    do=(
        "Issue one for the controller's own name.",
        "Eines für den eigenen Namen des Controllers ausstellen.",
    ),
)
OTHER_ISSUER = fault(
    "ad.certificate-other-issuer",
    "the controller's certificate for LDAP is signed by {issuer}, and by no authority of the contract",
    "das LDAP-Zertifikat des Controllers ist von {issuer} unterschrieben und von keiner Stelle des Vertrags",
    do=(
        "Find out who made it; put the right one in place, or add the authority to the contract.",
        "Klären, wer es ausgestellt hat; das richtige einsetzen oder die Stelle in den Vertrag aufnehmen.",
    ),
)

_WARN_DAYS, _NOTE_DAYS = 14, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """start, until: UTC. names: whom it is for. is_trusted: signed by an authority that the contract names.

    asked: when; name: the controller's in the contract; has_authorities: that the contract names any.
    """

    name: str
    names: tuple[str, ...]
    issuer: str
    start: datetime
    until: datetime
    asked: datetime
    is_trusted: bool
    has_authorities: bool


def judge(seen: CertificateFacts) -> Iterator[Finding]:
    days = (seen.until - seen.asked).days
    until, names = f"{seen.until:%Y-%m-%d}", ", ".join(seen.names)
    if seen.until <= seen.asked:
        yield EXPIRED(until=until, names=names)
    elif days < _WARN_DAYS:
        yield EXPIRES(until=until, days=days, names=names)
    elif days < _NOTE_DAYS and (seen.until - seen.start).days > 2 * _NOTE_DAYS:
        yield EXPIRES_LATER(until=until, days=days)
    if seen.start > seen.asked:
        yield NOT_YET(names=names, start=f"{seen.start:%Y-%m-%d %H:%M} UTC")
    if not any(_fits(name, seen.name) for name in seen.names):
        yield OTHER_NAME(names=names or "-", name=seen.name)
    if seen.has_authorities and not seen.is_trusted:
        yield OTHER_ISSUER(issuer=seen.issuer)


def _fits(pattern: str, name: str) -> bool:
    """Whether a certificate's name is the host's (RFC 6125, section 6.4.3).

    >>> _fits("*.ad.musterbau.test", "dc1.ad.musterbau.test"), _fits("*.musterbau.test", "dc1.ad.musterbau.test")
    (True, False)
    """
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name


@collector(
    "ad.certificate",
    asks=(
        "Can clients trust the controller's certificate?",
        "Können Clients dem Zertifikat des Controllers vertrauen?",
    ),
    judge=judge,
    deadline=10.0,
)
async def certificate(host: Certified, about: About) -> CertificateFacts:
    """Take down the certificate that it shows, trusted or not."""
    reply = await host.certificate()
    try:
        shown = x509.load_der_x509_certificate(reply.content)
        names = _names(shown)
        issuer = shown.issuer.rfc4514_string()
    except ValueError as error:
        raise Unanswered(Kind.UNPARSABLE, f"this is no certificate: {error}") from None
    return CertificateFacts(
        name=about.name,
        names=names,
        issuer=issuer,
        start=shown.not_valid_before_utc,
        until=shown.not_valid_after_utc,
        asked=reply.began.astimezone(UTC),
        is_trusted=any(is_issued_by(shown, text) for text in about.authorities),
        has_authorities=bool(about.authorities),
    )


def _names(shown: x509.Certificate) -> tuple[str, ...]:
    """The DNS names that it is for; the subject's own where it names no other."""
    try:
        other = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        own = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in own)
    return tuple(name.lower() for name in other.get_values_for_type(x509.DNSName))
