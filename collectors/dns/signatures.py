"""Does this signature really come from this key, at this time? Verified, not believed (RFC 4034, 4035, 6605, 8080).

Pure: records as a server gave them, in presentation form, and a time. The cryptography is dnspython's, which is
loaded only when something is verified.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from collectors import Record

__all__ = ["Verdict", "digest_matches", "key_tag", "make_ready", "verify"]

# One of each type that is signed or signs, to have its reader loaded.
_OF_EACH_TYPE = {
    "CDS": "0 0 0 00",
    "DNSKEY": "256 3 13 AA==",
    "DS": f"0 0 2 {'00' * 32}",
    "NS": ".",
    "NSEC": ". NS",
    "NSEC3": "1 0 0 - 00000000 NS",
    "RRSIG": "NS 13 0 0 20260101000000 20260101000000 0 . AA==",
    "SOA": ". . 0 0 0 0 0",
}
_SUPPORTED_DIGESTS = frozenset({1, 2, 4})


def make_ready() -> None:
    """Load the cryptography and the records' types now, where later no file may be opened."""
    import dns.dnssec  # noqa: F401, PLC0415 - heavy, and only workers and zones with signatures need it.

    for rtype, data in _OF_EACH_TYPE.items():
        _set_of((Record(".", rtype, 0, data),))


class Verdict(StrEnum):
    """What a signature is worth. unreadable: the record, or the algorithm, cannot be understood here."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET = "not-yet-valid"
    NO_KEY = "no-key"
    WRONG = "wrong"
    UNREADABLE = "unreadable"


def key_tag(key: str) -> int:
    """The number by which signatures and DS records name a DNSKEY (RFC 4034, appendix B). Raises ValueError."""
    import dns.dnssec  # noqa: PLC0415 - heavy, and only zones with signatures need it.

    return dns.dnssec.key_id(_set_of((Record(".", "DNSKEY", 0, key),))[0])


def digest_matches(ds: Record, key: Record) -> bool:
    """Say whether a DS record is this key's (RFC 4034, section 5.1.4; RFC 4509; RFC 6605). Raises ValueError."""
    import dns.dnssec  # noqa: PLC0415 - heavy, and only zones with signatures need it.

    wanted = _set_of((ds,))[0]
    if wanted.digest_type not in _SUPPORTED_DIGESTS:
        return False
    own = dns.dnssec.make_ds(
        key.name, _set_of((key,))[0], wanted.digest_type, policy=dns.dnssec.allow_all_policy
    )
    return bool(own == wanted)


def verify(records: Iterable[Record], signature: Record, keys: Iterable[Record], at: datetime) -> Verdict:
    """Verify one signature over a whole set of records, with the keys of the zone that signs, at a time (UTC)."""
    import dns.dnssec  # noqa: PLC0415 - heavy, and only zones with signatures need it.
    import dns.exception  # noqa: PLC0415

    try:
        signed, mark, known = _set_of(tuple(records)), _set_of((signature,)), _set_of(tuple(keys))
        begins, ends, now = mark[0].inception, mark[0].expiration, at.timestamp()
        if now > ends:
            return Verdict.EXPIRED
        if now < begins:
            return Verdict.NOT_YET
        named = {(key.algorithm, dns.dnssec.key_id(key)) for key in known}
        if (mark[0].algorithm, mark[0].key_tag) not in named:
            return Verdict.NO_KEY
        # The set's own name: a signature counts for the name that it stands at only.
        if signed.name != mark.name or signed.rdtype != mark[0].type_covered:
            return Verdict.WRONG
        dns.dnssec.validate_rrsig(
            signed, mark[0], {known.name: known}, now=now, policy=dns.dnssec.allow_all_policy
        )
    except dns.exception.UnsupportedAlgorithm:
        return Verdict.UNREADABLE
    except dns.exception.ValidationFailure:
        return Verdict.WRONG
    except (dns.exception.DNSException, ValueError):
        return Verdict.UNREADABLE
    return Verdict.VALID


def _set_of(records: tuple[Record, ...]) -> Any:  # noqa: ANN401 - dnspython's records of every type.
    """Records of one name and type as dnspython knows them. Raises ValueError."""
    import dns.exception  # noqa: PLC0415
    import dns.rrset  # noqa: PLC0415

    if not records:
        raise ValueError("no record at all")
    first = records[0]
    try:
        return dns.rrset.from_text(first.name, first.ttl, "IN", first.type, *(r.data for r in records))
    except dns.exception.DNSException as error:
        raise ValueError(f"a {first.type} record that cannot be read: {error}") from None
