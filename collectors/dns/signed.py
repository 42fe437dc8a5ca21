"""What does a server say of a zone's signatures? Keys, signatures with what they are worth, denials, the parent's DS.

Everything is verified here from the packets themselves, at the time of the answer; no server's word (AD) counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collectors import Answer, Record
from collectors.dns.names import dotted, lies_in, plain
from collectors.dns.probe import Line, Silent, lack_of
from collectors.dns.signatures import Verdict, digest_matches, key_tag, verify

__all__ = ["Denial", "Ds", "Key", "Mark", "ParentSays", "SignedZone", "ask_parent", "ask_zone", "matches"]

# A name that no zone has: what a server says of it shows how it denies.
_NOBODY = "secondline-gibt-es-nicht"
_ZONE_KEY, _SECURE_ENTRY, _REVOKED = 0x0100, 0x0001, 0x0080
_RSA = {1, 5, 7, 8, 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A DNSKEY of the zone (RFC 4034). bits: the size of an RSA key, else 0. is_entry: the bit SEP is set."""

    tag: int
    algorithm: int
    bits: int
    is_entry: bool
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A signature over one set of records. covers: its type. begins, ends: UTC; None when it cannot be read."""

    covers: str
    tag: int
    algorithm: int
    signer: str
    begins: datetime | None
    ends: datetime | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ds:
    """A DS or CDS record: the key that it stands for (RFC 4034, section 5)."""

    tag: int
    algorithm: int
    digest: int
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """How the server denies a name. kind: 'nsec', 'nsec3', or '' without a proof. salt: its length in bytes."""

    kind: str
    iterations: int = 0
    salt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedZone:
    """A zone as one of its servers serves it. unsigned: types whose records came without a signature.

    is_signed: there are keys or signatures. at: when it was asked. entries: keys (by record) that a key of the
    zone's own set has validly signed. asked: CDS records, with which the zone asks its parent for other DS records.
    """

    zone: str
    at: datetime
    is_signed: bool
    keys: tuple[Key, ...] = ()
    marks: tuple[Mark, ...] = ()
    unsigned: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    denial: Denial | None = None
    wishes: tuple[Ds, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentSays:
    """What the parent says of a zone: its DS records, none when it denies them with authority. marks: over them."""

    zone: str
    ds: tuple[Ds, ...]
    marks: tuple[Mark, ...] = ()


async def ask_zone(line: Line, zone: str) -> SignedZone | Silent | str:
    """Ask one of the zone's servers; a code where it does not speak for the zone, or not of signatures."""
    start, keyed = await line.host.together(
        *(line.ask_whole(zone, t, signed=True) for t in ("SOA", "DNSKEY"))
    )
    if isinstance(start, Silent):
        return start
    if isinstance(keyed, Silent):
        return keyed
    if lack := lack_of(start, zone):
        return lack
    if not (start.edns and keyed.edns):
        return "no-edns"
    keys = _records(keyed.answer, zone, "DNSKEY")
    if not keys and not _signatures(start.answer, zone, "SOA"):
        return SignedZone(zone=zone, at=start.began, is_signed=False)
    told = {"SOA": start, "DNSKEY": keyed}
    others = ("NS", "CDS")
    nobody = f"{_NOBODY}.{dotted(zone)}"
    *more, denied = await line.host.together(
        *(line.ask_whole(zone, t, signed=True) for t in others), line.ask_whole(nobody, "A", signed=True)
    )
    told |= {rtype: answer for rtype, answer in zip(others, more, strict=True) if isinstance(answer, Answer)}
    marks: list[Mark] = []
    unsigned: list[str] = []
    for rtype, answer in told.items():
        records = _records(answer.answer, zone, rtype)
        found = tuple(_marks(answer, zone, rtype, records, keys))
        marks += found
        if records and not found:
            unsigned.append(rtype)
    proof = _denial(denied, zone, keys) if isinstance(denied, Answer) else None
    good = {m.tag for m in marks if m.covers == "DNSKEY" and m.verdict is Verdict.VALID}
    return SignedZone(
        zone=zone,
        at=start.began,
        is_signed=True,
        keys=tuple(filter(None, map(_key, keys))),
        marks=(*marks, *(proof[1] if proof else ())),
        unsigned=tuple(unsigned),
        entries=tuple(sorted(key.data for key in keys if _tag(key) in good)),
        denial=proof[0] if proof else None,
        wishes=_ds(_records(told["CDS"].answer, zone, "CDS")) if "CDS" in told else (),
    )


async def ask_parent(line: Line, zone: str) -> ParentSays | Silent | str:
    """Ask a server of the zone above for the DS records (RFC 4035, section 3.1.4.1)."""
    answer = await line.ask_whole(zone, "DS", signed=True)
    if isinstance(answer, Silent):
        return answer
    records = _records(answer.answer, zone, "DS")
    if not records:
        is_denied = answer.rcode in {"NOERROR", "NXDOMAIN"} and "AA" in answer.flags
        return ParentSays(zone=zone, ds=()) if is_denied else lack_of(answer, zone)
    signer = next((_signer(mark) for mark in _signatures(answer.answer, zone, "DS")), "")
    keyed = await line.ask_whole(signer, "DNSKEY", signed=True) if signer else None
    keys = _records(keyed.answer, signer, "DNSKEY") if isinstance(keyed, Answer) else ()
    return ParentSays(zone=zone, ds=_ds(records), marks=tuple(_marks(answer, zone, "DS", records, keys)))


def matches(ds: Ds, keys: Iterable[str], zone: str) -> Iterator[str]:
    """Those keys (by record) for which a DS record stands."""
    record = Record(dotted(zone), "DS", 0, ds.record)
    for key in keys:
        try:
            if digest_matches(record, Record(dotted(zone), "DNSKEY", 0, key)):
                yield key
        except ValueError:
            continue


def _records(records: Iterable[Record], name: str, rtype: str) -> tuple[Record, ...]:
    return tuple(r for r in records if r.type == rtype and r.name == dotted(name))


def _signatures(records: Iterable[Record], name: str, rtype: str) -> tuple[Record, ...]:
    return tuple(r for r in _records(records, name, "RRSIG") if r.data.split(maxsplit=1)[:1] == [rtype])


def _signer(mark: Record) -> str:
    """Whose key made it: the eighth word of an RRSIG in presentation form (RFC 4034, section 3.2)."""
    words = mark.data.split()
    return plain(words[7]) if len(words) > 8 else ""


def _marks(
    answer: Answer, name: str, rtype: str, records: tuple[Record, ...], keys: tuple[Record, ...]
) -> Iterator[Mark]:
    for one in _signatures((*answer.answer, *answer.authority), name, rtype):
        yield _read(one, verify(records, one, keys, answer.began))


def _read(one: Record, verdict: Verdict) -> Mark:
    words = (*one.data.split(), *("",) * 8)
    number = {at: int(words[at]) if words[at].isdigit() else -1 for at in (1, 6)}
    return Mark(
        covers=words[0],
        tag=number[6],
        algorithm=number[1],
        signer=plain(words[7]),
        begins=_moment(words[5]),
        ends=_moment(words[4]),
        verdict=verdict,
    )


def _moment(text: str) -> datetime | None:
    """A time of a signature: YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034, section 3.2)."""
    try:
        if len(text) == 14:
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text))
    except (ValueError, OverflowError):
        return None


def _tag(key: Record) -> int:
    try:
        return key_tag(key.data)
    except ValueError:
        return -1


def _key(key: Record) -> Key | None:
    """One key; none for what is no zone's key, or was revoked (RFC 4034, section 2.1.1; RFC 5011)."""
    words = key.data.split()
    if len(words) < 4 or not (words[0].isdigit() and words[2].isdigit()):
        return None
    flags, algorithm = int(words[0]), int(words[2])
    if not flags & _ZONE_KEY or flags & _REVOKED:
        return None
    bits = _rsa_bits("".join(words[3:])) if algorithm in _RSA else 0
    return Key(
        tag=_tag(key), algorithm=algorithm, bits=bits, is_entry=bool(flags & _SECURE_ENTRY), record=key.data
    )


def _rsa_bits(text: str) -> int:
    """The size of the modulus (RFC 3110, section 2); 0 when it cannot be read."""
    import base64  # noqa: PLC0415 - only zones with RSA keys need it.
    import binascii  # noqa: PLC0415

    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return 0
    if len(raw) < 4:
        return 0
    length, start = (raw[0], 1) if raw[0] else (int.from_bytes(raw[1:3]), 3)
    return int.from_bytes(raw[start + length :]).bit_length()


def _ds(records: Iterable[Record]) -> tuple[Ds, ...]:
    found = []
    for one in records:
        words = one.data.split()
        if len(words) >= 4 and all(word.isdigit() for word in words[:3]):
            tag, algorithm, digest = map(int, words[:3])
            found.append(Ds(tag=tag, algorithm=algorithm, digest=digest, record=one.data))
    return tuple(found)


def _denial(
    answer: Answer, zone: str, keys: tuple[Record, ...]
) -> tuple[Denial | None, tuple[Mark, ...]] | None:
    """How the answer denies the name, with the signatures of its proof; None when a wildcard gave an answer."""
    if answer.rcode != "NXDOMAIN" and (answer.answer or answer.rcode != "NOERROR"):
        return None
    proofs = [r for r in answer.authority if r.type in {"NSEC", "NSEC3"} and lies_in(r.name, zone)]
    if not proofs:
        return Denial(kind=""), ()
    marks = [
        mark
        for name, rtype in dict.fromkeys((proof.name, proof.type) for proof in proofs)
        for mark in _marks(answer, name, rtype, _records(answer.authority, name, rtype), keys)
    ]
    first = proofs[0]
    if first.type == "NSEC":
        return Denial(kind="nsec"), tuple(marks)
    words = (*first.data.split(), "", "", "", "")
    iterations = int(words[2]) if words[2].isdigit() else 0
    salt = 0 if words[3] in {"-", ""} else len(words[3]) // 2
    return Denial(kind="nsec3", iterations=iterations, salt=salt), tuple(marks)
