"""Is a signature believed exactly when it is this key's, over these records, at this time?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from collectors import Record
from collectors.dns.signatures import Verdict, digest_matches, key_tag, verify

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SET = (Record("www.a.test.", "A", 60, "192.0.2.1"), Record("www.a.test.", "A", 60, "192.0.2.2"))
ZONE = dns.name.from_text("a.test.")
MAKERS: dict[str, Callable[[], Private]] = {
    "RSASHA256": lambda: rsa.generate_private_key(65537, 2048),
    "ECDSAP256SHA256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
}


def signed(algorithm: str) -> tuple[Record, Record]:
    """A fresh key's record, and its signature over SET, valid for a day around NOW."""
    private = MAKERS[algorithm]()
    key = dns.dnssec.make_dnskey(private.public_key(), algorithm)
    rrset = dns.rrset.from_text("www.a.test.", 60, "IN", "A", *(r.data for r in SET))
    mark = dns.dnssec.sign(rrset, private, ZONE, key, inception=NOW - DAY, expiration=NOW + DAY)
    return Record("a.test.", "DNSKEY", 60, key.to_text()), Record("www.a.test.", "RRSIG", 60, mark.to_text())


@pytest.mark.parametrize("algorithm", MAKERS)
def test_a_signature_is_valid_over_its_records_in_its_time_and_nowhere_else(algorithm: str) -> None:
    key, mark = signed(algorithm)
    assert verify(SET, mark, [key], NOW) is Verdict.VALID
    assert verify(SET[::-1], mark, [key], NOW) is Verdict.VALID
    assert verify(SET[:1], mark, [key], NOW) is Verdict.WRONG
    assert verify(SET, mark, [key], NOW + 2 * DAY) is Verdict.EXPIRED
    assert verify(SET, mark, [key], NOW - 2 * DAY) is Verdict.NOT_YET
    assert verify(SET, mark, [signed(algorithm)[0]], NOW) is Verdict.NO_KEY


def test_what_cannot_be_read_is_never_valid() -> None:
    key, mark = signed("ED25519")
    assert verify(SET, Record(mark.name, "RRSIG", 60, "A 15 3"), [key], NOW) is Verdict.UNREADABLE
    unknown = Record(key.name, "DNSKEY", 60, key.data.replace(" 15 ", " 200 "))
    foreign = mark.data.split()
    foreign[1], foreign[6] = "200", str(key_tag(unknown.data))
    assert (
        verify(SET, Record(mark.name, "RRSIG", 60, " ".join(foreign)), [unknown], NOW) is Verdict.UNREADABLE
    )
    elsewhere = Record("b.a.test.", "RRSIG", 60, mark.data)
    assert verify(SET, elsewhere, [key], NOW) is Verdict.WRONG
    assert verify((), mark, [key], NOW) is Verdict.UNREADABLE
    with pytest.raises(ValueError, match="cannot be read"):
        key_tag("257 3 15 %")


@pytest.mark.parametrize("digest", ["SHA1", "SHA256", "SHA384"])
def test_a_digest_is_of_its_own_key_alone(digest: str) -> None:
    key, other = signed("ED25519")[0], signed("ED25519")[0]
    rdata = dns.rrset.from_text("a.test.", 60, "IN", "DNSKEY", key.data)[0]
    made = dns.dnssec.make_ds("a.test.", rdata, digest, policy=dns.dnssec.allow_all_policy)
    ds = Record("a.test.", "DS", 60, made.to_text())
    assert digest_matches(ds, key)
    assert not digest_matches(ds, other)
    assert ds.data.split()[0] == str(key_tag(key.data))
