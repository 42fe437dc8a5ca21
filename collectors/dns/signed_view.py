"""What is wrong with a signed zone as one server serves it? Its signatures, keys and denials, and what the DS says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from collectors import Fact, fault, note, warn
from collectors.dns.alike import Told
from collectors.dns.names import listed
from collectors.dns.signatures import Verdict
from collectors.dns.signed import Ds, Mark, SignedZone, matches

__all__ = ["UNREADABLE", "best", "of_ds", "of_plain", "of_view"]

_SIGN_ANEW = (
    "See why the zone is not signed anew at its primary (named's log, the keys' folder), and have it signed: rndc sign {zone}.",
    "Klären, warum der Primärserver die Zone nicht neu signiert (Log, Ordner der Schlüssel), und signieren: rndc sign {zone}.",
)
EXPIRED = fault(
    "dns.signature-expired",
    "signatures of {zone} over {types} ended on {ended} (at {servers})",
    "Signaturen von {zone} über {types} sind am {ended} abgelaufen (auf {servers})",
    do=_SIGN_ANEW,
)
NOT_YET = fault(
    "dns.signature-not-yet-valid",
    "signatures of {zone} over {types} are not valid before {begins} (at {servers})",
    "Signaturen von {zone} über {types} gelten erst ab {begins} (auf {servers})",
    do=(
        "Correct the clock of the machine that signs {zone}, then sign it anew.",
        "Die Uhr der Maschine stellen, die {zone} signiert, dann neu signieren.",
    ),
)
WRONG = fault(
    "dns.signature-wrong",
    "signatures of {zone} over {types} do not fit records and keys ({why}, at {servers})",
    "Signaturen von {zone} über {types} passen nicht zu Einträgen und Schlüsseln ({why}, auf {servers})",
    do=(
        "Was the zone changed after it was signed, or a key taken out too early? Sign {zone} anew with the keys that it names.",
        "Wurde die Zone nach dem Signieren geändert oder ein Schlüssel zu früh entfernt? {zone} mit ihren Schlüsseln neu signieren.",
    ),
)
MISSING = fault(
    "dns.signature-missing",
    "{zone} has keys, but {types} came without a signature (at {servers})",
    "{zone} hat Schlüssel, aber {types} kam ohne Signatur (auf {servers})",
    do=(
        "Let {servers} serve the signed zone: its file, or the primary that it copies from, is the unsigned one.",
        "{servers} die signierte Zone liefern lassen: Seine Datei oder seine Quelle ist die unsignierte.",
    ),
)
ENDS_SOON = warn(
    "dns.signature-ends-soon",
    "signatures of {zone} over {types} end on {ended} and were not made anew (at {servers})",
    "Signaturen von {zone} über {types} laufen am {ended} ab und wurden nicht erneuert (auf {servers})",
    do=_SIGN_ANEW,
)
UNREADABLE = note(
    "dns.signature-unreadable",
    "signatures of {zone} over {types} cannot be verified here (algorithm {algorithms}, at {servers})",
    "Signaturen von {zone} über {types} lassen sich hier nicht prüfen (Algorithmus {algorithms}, auf {servers})",
)
NO_KEY = fault(
    "dns.ds-without-key",
    "the parent vouches for keys of {zone} ({tags}) that the zone does not have ({keys}, at {servers})",
    "die übergeordnete Zone bürgt für Schlüssel von {zone} ({tags}), die es dort nicht gibt ({keys}, auf {servers})",
    do=(
        "Give the parent the DS record of the key in use (dnssec-dsfromkey), or bring the key back that it knows.",
        "Der übergeordneten Zone den DS-Eintrag des benutzten Schlüssels geben (dnssec-dsfromkey) oder den bekannten zurückholen.",
    ),
)
NOT_SIGNED = fault(
    "dns.ds-unsigned-zone",
    "the parent says that {zone} is signed ({tags}), but it is served without keys and signatures (at {servers})",
    "laut übergeordneter Zone ist {zone} signiert ({tags}), geliefert wird sie ohne Schlüssel und Signaturen (auf {servers})",
    do=(
        "Serve the signed zone again at {servers}; or, if it shall be unsigned, have the DS records taken out first.",
        "Auf {servers} wieder die signierte Zone liefern; soll sie unsigniert sein, zuerst die DS-Einträge entfernen lassen.",
    ),
)
KEY_SIGNS_NOT = fault(
    "dns.ds-key-signs-not",
    "the key of {zone} for which the parent vouches ({tags}) does not sign the zone's keys (at {servers})",
    "der Schlüssel von {zone}, für den die übergeordnete Zone bürgt ({tags}), signiert die Schlüssel der Zone nicht (auf {servers})",
    do=(
        "Sign the DNSKEY set of {zone} with this key, or give the parent the DS record of the one that does.",
        "Den DNSKEY-Satz von {zone} mit diesem Schlüssel signieren oder den DS-Eintrag des signierenden hinterlegen.",
    ),
)
NO_DENIAL = fault(
    "dns.denial-missing",
    "{zone} is signed, but that a name does not exist came without a proof (at {servers})",
    "{zone} ist signiert, aber dass es einen Namen nicht gibt, kam ohne Beweis (auf {servers})",
    do=(
        "Sign the whole of {zone} anew, with its NSEC or NSEC3 chain.",
        "{zone} vollständig neu signieren, mit NSEC- oder NSEC3-Kette.",
    ),
)
ITERATIONS = warn(
    "dns.nsec3-iterations",
    "{zone} hashes names {iterations} extra times (NSEC3): some resolvers take it for insecure, or refuse it (at {servers})",
    "{zone} hasht Namen {iterations}-mal zusätzlich (NSEC3): Manche Resolver halten sie für unsicher oder lehnen ab (auf {servers})",
    do=(
        "Set the extra iterations to 0 and leave the salt out (RFC 9276, section 3.1).",
        "Die zusätzlichen Iterationen auf 0 setzen und das Salt weglassen (RFC 9276, Abschnitt 3.1).",
    ),
)
OLD_ALGORITHM = warn(
    "dns.key-algorithm-old",
    "{zone} is signed with algorithm {algorithm} only, which must not be used any more (at {servers})",
    "{zone} ist nur mit Algorithmus {algorithm} signiert, der nicht mehr benutzt werden darf (auf {servers})",
    do=(
        "Roll the keys of {zone} to ECDSAP256SHA256 (13) (RFC 8624, section 3.1).",
        "Die Schlüssel von {zone} auf ECDSAP256SHA256 (13) umstellen (RFC 8624, Abschnitt 3.1).",
    ),
)
SHORT_KEY = warn(
    "dns.key-short",
    "{zone} has an RSA key of {bits} bits, less than 2048 (at {servers})",
    "{zone} hat einen RSA-Schlüssel mit {bits} Bit, weniger als 2048 (auf {servers})",
    do=(
        "Roll the keys of {zone} to ECDSAP256SHA256 (13), or to RSA of 2048 bits.",
        "Die Schlüssel von {zone} auf ECDSAP256SHA256 (13) oder RSA mit 2048 Bit umstellen.",
    ),
)
WISH_WITHOUT_KEY = warn(
    "dns.cds-without-key",
    "{zone} asks its parent to vouch for keys ({tags}) that it does not have (CDS, at {servers})",
    "{zone} bittet die übergeordnete Zone um Bürgschaft für Schlüssel ({tags}), die sie nicht hat (CDS, auf {servers})",
    do=(
        "Correct the CDS records of {zone} before the parent follows them (RFC 7344).",
        "Die CDS-Einträge von {zone} berichtigen, bevor die übergeordnete Zone ihnen folgt (RFC 7344).",
    ),
)

# RFC 8624, section 3.1: not to be used for signing any more.
_OLD_ALGORITHMS = frozenset({1, 3, 5, 6, 7, 10, 12})
_LEAST_RSA = 2048
# Signers make signatures anew long before they end; zonemaster's DNSSEC04 wants 12 hours at least.
_HALF_A_DAY, _LONG_LIVED = timedelta(hours=12), timedelta(days=4)
_BETTER = (Verdict.VALID, Verdict.UNREADABLE, Verdict.NOT_YET, Verdict.EXPIRED, Verdict.WRONG, Verdict.NO_KEY)


def of_plain(ds: Iterable[Ds]) -> Iterator[Told]:
    """A server that serves the zone unsigned."""
    if tags := {str(one.tag) for one in ds}:
        yield NOT_SIGNED, {"tags": listed(tags)}


def of_ds(view: SignedZone, ds: Iterable[Ds]) -> Iterator[Told]:
    """Whether the parent's word leads to a key that signs the others. Digests that nobody computes count for nothing."""
    known = tuple(ds)
    keys = [key.record for key in view.keys]
    led = {key for one in known for key in matches(one, keys, view.zone)}
    told: dict[str, Fact] = {"tags": listed(str(one.tag) for one in known)}
    if known and not led:
        yield NO_KEY, {**told, "keys": listed(str(key.tag) for key in view.keys if key.is_entry) or "-"}
    elif known and not led & set(view.entries) and not _is_out_of_time(view):
        yield KEY_SIGNS_NOT, told
    wished = [one for one in view.wishes if one.algorithm]
    if wished and not any(any(matches(one, keys, view.zone)) for one in wished):
        yield WISH_WITHOUT_KEY, {"tags": listed(str(one.tag) for one in wished)}


def _is_out_of_time(view: SignedZone) -> bool:
    """Its keys' signatures are over or not yet valid: that is said by itself."""
    one = best(mark for mark in view.marks if mark.covers == "DNSKEY")
    return one is not None and one.verdict in {Verdict.EXPIRED, Verdict.NOT_YET, Verdict.UNREADABLE}


def best(marks: Iterable[Mark]) -> Mark | None:
    """Of several signatures over one set the one that counts: a resolver needs one that is valid."""
    return min(marks, key=lambda mark: _BETTER.index(mark.verdict), default=None)


def of_view(view: SignedZone) -> Iterator[Told]:
    by_type: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in view.marks:
        by_type[mark.covers].append(mark)
    by_verdict: defaultdict[Verdict, list[Mark]] = defaultdict(list)
    for marks in by_type.values():
        if one := best(marks):
            by_verdict[one.verdict].append(one)
    yield from _of_verdicts(by_verdict)
    if view.unsigned:
        yield MISSING, {"types": listed(view.unsigned)}
    if soon := [mark for mark in by_verdict[Verdict.VALID] if _ends_soon(mark, view.at)]:
        yield ENDS_SOON, {"types": _types(soon), "ended": _first_end(soon)}
    if view.denial and not view.denial.kind:
        yield NO_DENIAL, {}
    elif view.denial and view.denial.iterations:
        yield ITERATIONS, {"iterations": view.denial.iterations}
    used = {mark.algorithm for mark in view.marks}
    if used and used <= _OLD_ALGORITHMS:
        yield OLD_ALGORITHM, {"algorithm": listed(map(str, used))}
    for bits in sorted({key.bits for key in view.keys if 0 < key.bits < _LEAST_RSA}):
        yield SHORT_KEY, {"bits": bits}


def _of_verdicts(by_verdict: Mapping[Verdict, list[Mark]]) -> Iterator[Told]:
    if over := by_verdict.get(Verdict.EXPIRED):
        yield EXPIRED, {"types": _types(over), "ended": _first_end(over)}
    if early := by_verdict.get(Verdict.NOT_YET):
        begins = max((mark.begins for mark in early if mark.begins), default=None)
        yield NOT_YET, {"types": _types(early), "begins": _spelt(begins)}
    bad = [*by_verdict.get(Verdict.WRONG, ()), *by_verdict.get(Verdict.NO_KEY, ())]
    if bad:
        yield WRONG, {"types": _types(bad), "why": listed({mark.verdict.value for mark in bad})}
    if unread := by_verdict.get(Verdict.UNREADABLE):
        algorithms = listed({str(mark.algorithm) for mark in unread})
        yield UNREADABLE, {"types": _types(unread), "algorithms": algorithms}


def _types(marks: list[Mark]) -> str:
    return listed({mark.covers for mark in marks})


def _first_end(marks: list[Mark]) -> str:
    return _spelt(min((mark.ends for mark in marks if mark.ends), default=None))


def _spelt(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def _ends_soon(mark: Mark, at: datetime) -> bool:
    """Less than a tenth of its life is left, or less than half a day of a long one."""
    if mark.begins is None or mark.ends is None:
        return False
    life, left = mark.ends - mark.begins, mark.ends - at
    return left < life / 10 or (life > _LONG_LIVED and left < _HALF_A_DAY)
