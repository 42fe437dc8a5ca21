"""Has a certificate of this host's services expired, or will it soon?

Private keys are never fetched: of a file that holds one, the host itself gives its certificates alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collectors import Finding, Kind, Shell, Unanswered, collector, fault, note, warn
from collectors.linux.certificate_file import Certificate, certificate_in, is_trust_store
from collectors.linux.output import plain, printed

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
CHAIN_EXPIRED = warn(
    "linux.certificate-chain-expired",
    "the certificate {path} comes with the authority {authority}, which expired {days} days ago",
    "das Zertifikat {path} bringt die Ausgabestelle {authority} mit, die vor {days} Tagen abgelaufen ist",
    do=(
        "Put the issuer's present chain into {path}; clients that know no other way refuse it.",
        "Die aktuelle Kette der Ausgabestelle in {path} eintragen; wer keinen anderen Weg kennt, lehnt ab.",
    ),
)
PLACEHOLDER = note(
    "linux.certificate-placeholder",
    "{path}, made by the system itself as a placeholder, expired {days} days ago: that matters if a service shows it",
    "{path}, vom System selbst als Platzhalter erzeugt, ist vor {days} Tagen abgelaufen: "
    "wichtig nur, wenn ein Dienst es verwendet",
)
HIDDEN = note(
    "linux.certificates-hidden",
    "the account may not look into {places}: certificates there are not judged",
    "das Konto darf in {places} nicht hineinsehen: Zertifikate dort sind nicht beurteilt",
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
_ARCHIVE = re.compile(r"/etc/letsencrypt/archive/|.*/(?:old|bak|backups?|archive|expired)/")
# The pieces of a chain that is there as a whole.
_PIECE = re.compile(r"(/etc/letsencrypt/live/[^/]+/)(?:cert|chain)\.pem")
_MADE_BY_SYSTEM = re.compile(
    r".*/(?:ssl-cert-snakeoil\.pem|localhost\.crt|certs/(?:postfix|dovecot|imapd|pop3d)\.pem)"
)
_PRUNE = tuple(word for path in _PRUNED for word in ("-o", "-path", path))[1:]
_NAMES = ("(", "-name", "*.pem", "-o", "-name", "*.crt", "-o", "-name", "*.cer", ")")
_NOT_KEYS = tuple(word for name in ("*key.pem", "*private*", "dh*.pem") for word in ("!", "-name", name))
_LIVE = ("(", "-type", "f", "-o", "-path", "/etc/letsencrypt/live/*", ")")
_FIND = ("find", *_PLACES, "-maxdepth", "5", "(", *_PRUNE, ")", "-prune", "-o", *_LIVE, *_NAMES, *_NOT_KEYS)
_COUNT_KEYS = ("-size", "-64k", "-exec", "grep", "-Hc", "PRIVATE KEY", "{}", "+")
# From the first line of each certificate to the next such line, whatever that begins or ends.
_CERTIFICATES_OF = ("sed", "-n", "/-----BEGIN CERTIFICATE-----/,/^-----/p")
_DENIED = re.compile(r"(?m)^(?:find|grep): [^/\s]?(/.+?)[^\w/.-]?: Permission denied$")
_LIKELY = re.compile(
    r"cert|letsencrypt|/(?:pki|ssl|tls|nginx|apache2|httpd|haproxy|postfix|dovecot|ldap|openldap|openvpn|ipsec\.d"
    r"|swanctl|freeradius|raddb)(?:/|$)|\.(?:pem|crt|cer)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """asked: the agent's time (UTC). found: files that may hold a service's; read: those read.

    hidden: folders and files that the account may not read.
    """

    asked: datetime
    found: int
    read: int
    certificates: tuple[Certificate, ...]
    hidden: tuple[str, ...]


def judge(seen: Certificates) -> Iterator[Finding]:
    for one in seen.certificates:
        yield from _judged(one, seen)
    if seen.read < seen.found:
        yield LEFT_OUT(read=seen.read, found=seen.found)
    if seen.hidden:
        yield HIDDEN(places=plain(", ".join(seen.hidden)))


def _judged(one: Certificate, seen: Certificates) -> Iterator[Finding]:
    facts = {"path": one.path, "subject": one.subject}
    newer = _newer(one, seen) if _ends_soon(one, seen.asked) else None
    if newer is not None:
        yield SUPERSEDED(newer=newer.path, until=f"{newer.not_after:%Y-%m-%d}", **facts)
    elif one.signs_itself and _MADE_BY_SYSTEM.fullmatch(one.path):
        if one.not_after <= seen.asked:
            yield PLACEHOLDER(path=one.path, days=_days(seen.asked - one.not_after))
    elif one.not_after <= seen.asked:
        yield EXPIRED(days=_days(seen.asked - one.not_after), **facts)
    elif one.not_before > seen.asked + timedelta(minutes=5):
        yield NOT_YET(days=_days(one.not_before - seen.asked), **facts)
    elif _ends_soon(one, seen.asked):
        yield EXPIRING(days=_days(one.not_after - seen.asked), **facts)
    elif one.carries is not None and one.carries.not_after <= seen.asked:
        days = _days(seen.asked - one.carries.not_after)
        yield CHAIN_EXPIRED(path=one.path, authority=one.carries.subject, days=days)


def _ends_soon(one: Certificate, asked: datetime) -> bool:
    """Three weeks; less for one that lives for weeks or days and is renewed near its end by design."""
    return one.not_after <= asked + min(_SOON, (one.not_after - one.not_before) / 4)


def _newer(one: Certificate, seen: Certificates) -> Certificate | None:
    """The certificate that took its place: in the same folder, for the same subject, valid now and for long."""
    return next(
        (
            other
            for other in seen.certificates
            if other.not_before <= seen.asked
            and not _ends_soon(other, seen.asked)
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
    ran = await host.run(*_FIND, *_COUNT_KEYS, deadline=40.0)
    # Folders and files that the account may not read make find and grep end with 1 or 2.
    shown = [line.rpartition(":") for line in printed(ran, codes=(0, 1, 2)).splitlines()]
    # How many lines of each file begin or end a private key.
    keys = {path: count for path, _, count in shown if path.startswith("/") and path.isprintable()}
    paths = [path for path in keys if not _ARCHIVE.match(path) and not _is_piece(path, keys)]
    paths.sort(key=lambda path: (is_trust_store(path), path))
    wanted, others = paths[:_MOST], [path for path in paths[_MOST:] if not is_trust_store(path)]
    contents = {path: await _content(host, path, has_key=keys[path] != "0") for path in wanted}
    read = {path: content for path, content in contents.items() if content is not None}
    found = (certificate_in(path, content) for path, content in read.items())
    return Certificates(
        asked=ran.began.astimezone(UTC),
        found=len(wanted) + len(others),
        read=len(read),
        certificates=tuple(one for one in found if one),
        hidden=tuple(
            p for p in dict.fromkeys(_DENIED.findall(ran.stderr)) if _LIKELY.search(p) and "private" not in p
        ),
    )


def _is_piece(path: str, known: Collection[str]) -> bool:
    piece = _PIECE.fullmatch(path)
    return piece is not None and f"{piece[1]}fullchain.pem" in known


async def _content(host: Shell, path: str, *, has_key: bool) -> bytes | None:
    """Give a file's content; of one with a private key in it, its certificates alone."""
    if has_key:
        return await _certificates_of(host, path)
    try:
        return await host.fetch(path)
    except Unanswered as reason:
        if reason.kind is Kind.UNPARSABLE:
            return None
        if reason.kind is not Kind.CUT_OFF:
            raise
    # Many a host hands out no files over SFTP. When it is the line that broke, this says so.
    return await _certificates_of(host, path)


async def _certificates_of(host: Shell, path: str) -> bytes | None:
    ran = await host.run(*_CERTIFICATES_OF, path)
    return ran.stdout.encode() if ran.code == 0 else None
