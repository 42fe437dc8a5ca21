"""Can phones and trunks trust the certificate of the SIP server's TLS port, and for how long still?

It must be for the SIP domain or the host's own name (RFC 5922, section 7.1), and a wildcard is for no SIP domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from collectors import About, Finding, Kind, Sip, Unanswered, collector, fault, note, warn
from collectors.issued import is_issued_by
from collectors.plain import plain

__all__ = ["SipCertificate", "certificate"]

EXPIRED = fault(
    "voip.tls-expired",
    "the SIP server's certificate expired on {until}",
    "das Zertifikat des SIP-Servers ist am {until} abgelaufen",
    do=(
        "Renew it and reload the server; keep the old one until calls work.",
        "Erneuern und den Server neu laden; das alte behalten, bis Anrufe funktionieren.",
    ),
)
EXPIRES = warn(
    "voip.tls-expires",
    "the SIP server's certificate expires on {until}, in {days} days",
    "das Zertifikat des SIP-Servers läuft am {until} ab, in {days} Tagen",
    do=(
        "Renew it in time, and see why it was not renewed by itself.",
        "Rechtzeitig erneuern und klären, warum es nicht von selbst geschah.",
    ),
)
EXPIRES_LATER = note(
    "voip.tls-expires-later",
    "the SIP server's certificate expires on {until}, in {days} days",
    "das Zertifikat des SIP-Servers läuft am {until} ab, in {days} Tagen",
)
NOT_YET = fault(
    "voip.tls-not-yet-valid",
    "the SIP server's certificate is valid only from {start} on",
    "das Zertifikat des SIP-Servers gilt erst ab {start}",
    do=(
        "Is the server's clock right, and that of who issued it?",
        "Stimmt die Uhr des Servers, und die der ausstellenden Stelle?",
    ),
)
OTHER_NAME = fault(
    "voip.tls-other-name",
    "the SIP server's certificate is for {names}, and not for {domain} or {name}",
    "das Zertifikat des SIP-Servers gilt für {names} und nicht für {domain} oder {name}",
    do=(
        "Issue one that names the SIP domain, and the name that clients connect to.",
        "Eines ausstellen, das die SIP-Domain nennt und den Namen, mit dem sich Clients verbinden.",
    ),
)
OTHER_ISSUER = fault(
    "voip.tls-other-issuer",
    "the SIP server's certificate is signed by {issuer}, and by no authority of the contract",
    "das Zertifikat des SIP-Servers ist von {issuer} unterschrieben und von keiner Stelle des Vertrags",
    do=(
        "Find out who made it; put the right one in place, or add the authority to the contract.",
        "Klären, wer es ausgestellt hat; das richtige einsetzen oder die Stelle in den Vertrag aufnehmen.",
    ),
)

_WARN_DAYS, _NOTE_DAYS = 14, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SipCertificate:
    """start, until: UTC. names: DNS names and SIP URIs that it is for. is_trusted: signed by an authority of the contract.

    asked: when; name, domain: the host's and its telephony's in the contract; has_authorities: that it names any.
    """

    name: str
    domain: str
    names: tuple[str, ...]
    issuer: str
    start: datetime
    until: datetime
    asked: datetime
    is_trusted: bool
    has_authorities: bool


def judge(seen: SipCertificate) -> Iterator[Finding]:
    days = (seen.until - seen.asked).days
    until = f"{seen.until:%Y-%m-%d}"
    if seen.until <= seen.asked:
        yield EXPIRED(until=until)
    elif days < _WARN_DAYS:
        yield EXPIRES(until=until, days=days)
    elif days < _NOTE_DAYS and (seen.until - seen.start).days > 2 * _NOTE_DAYS:
        yield EXPIRES_LATER(until=until, days=days)
    if seen.start > seen.asked:
        yield NOT_YET(start=f"{seen.start:%Y-%m-%d %H:%M} UTC")
    if not any(_fits(name, seen) for name in seen.names):
        yield OTHER_NAME(names=", ".join(seen.names) or "-", domain=seen.domain, name=seen.name)
    if seen.has_authorities and not seen.is_trusted:
        yield OTHER_ISSUER(issuer=seen.issuer)


def _fits(pattern: str, seen: SipCertificate) -> bool:
    if pattern.startswith("*."):
        return seen.name.partition(".")[2] == pattern[2:]
    return pattern.removeprefix("sips:").removeprefix("sip:") in {seen.name, seen.domain}


@collector(
    "voip.tls",
    asks=(
        "Can phones trust the SIP server's certificate?",
        "Können Telefone dem Zertifikat des SIP-Servers vertrauen?",
    ),
    judge=judge,
    role="sip-tls",
    deadline=15.0,
)
async def certificate(host: Sip, about: About) -> SipCertificate:
    """Take down the certificate that it shows, trusted or not."""
    reply = await host.certificate()
    try:
        shown = x509.load_der_x509_certificate(reply.content)
        names = _names(shown)
        issuer = plain(shown.issuer.rfc4514_string())
    except ValueError as error:
        raise Unanswered(Kind.UNPARSABLE, f"this is no certificate: {error}") from None
    authorities = about.sip.authorities if about.sip else ()
    return SipCertificate(
        name=about.name,
        domain=about.sip.domain if about.sip else "",
        names=names,
        issuer=issuer,
        start=shown.not_valid_before_utc,
        until=shown.not_valid_after_utc,
        asked=reply.began.astimezone(UTC),
        is_trusted=any(is_issued_by(shown, text) for text in authorities),
        has_authorities=bool(authorities),
    )


def _names(shown: x509.Certificate) -> tuple[str, ...]:
    """The names that it is for; the subject's own where it names no other."""
    try:
        other = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        own = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(plain(str(name.value).lower(), 100) for name in own)
    found = (
        *other.get_values_for_type(x509.DNSName),
        *other.get_values_for_type(x509.UniformResourceIdentifier),
    )
    return tuple(plain(name.lower(), 100) for name in found)
