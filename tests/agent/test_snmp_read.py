"""Does our reading of an answer's objects say what pysnmp's own says, and does it end, whatever the bytes?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import rfc1901
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message

from agent.sessions.snmp_engine import Engine, Peer, Pending, Report, Said, the_engine
from agent.sessions.snmp_read import UnreadableError, cut_message, cut_scoped, read_varbinds, varbind_of
from agent.start import SnmpUser, SnmpWay
from collectors import Oid, Smi, Varbind
from collectors.varbind import line_of, read_lines
from tests.agent.odd_snmp import ber, integer, oid, report, response, unsigned

pytestmark = pytest.mark.slow

COMMUNITY = "not-for-anybody"
WAY = SnmpWay(community=COMMUNITY)

_arcs = st.integers(0, 2**32 - 1)
_heads = st.tuples(st.integers(0, 1), st.integers(0, 39)) | st.tuples(st.just(2), st.integers(0, 2**32 - 1))
names = st.builds(lambda head, rest: (*head, *rest), _heads, st.lists(_arcs, max_size=30))
_u32 = st.integers(0, 2**32 - 1)
values: st.SearchStrategy[tuple[Any, Smi, Any]] = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda n: (v2c.Integer32(n), Smi.INTEGER, n)),
    st.binary(max_size=300).map(lambda raw: (v2c.OctetString(raw), Smi.OCTETS, raw)),
    names.map(lambda name: (v2c.ObjectIdentifier(name), Smi.OID, name)),
    st.binary(min_size=4, max_size=4).map(lambda raw: (v2c.IpAddress(raw), Smi.ADDRESS, raw)),
    _u32.map(lambda n: (v2c.Counter32(n), Smi.COUNTER32, n)),
    _u32.map(lambda n: (v2c.Gauge32(n), Smi.GAUGE32, n)),
    _u32.map(lambda n: (v2c.TimeTicks(n), Smi.TIMETICKS, n)),
    st.binary(max_size=300).map(lambda raw: (v2c.Opaque(raw), Smi.OPAQUE, raw)),
    st.integers(0, 2**64 - 1).map(lambda n: (v2c.Counter64(n), Smi.COUNTER64, n)),
    st.just((v2c.null, Smi.NULL, None)),
    st.just((v2c.NoSuchObject(""), Smi.NO_SUCH_OBJECT, None)),
    st.just((v2c.NoSuchInstance(""), Smi.NO_SUCH_INSTANCE, None)),
    st.just((v2c.EndOfMibView(""), Smi.END_OF_VIEW, None)),
)
answers = st.lists(st.tuples(names, values), max_size=8)


def as_pysnmp(rows: list[tuple[Oid, tuple[Any, Smi, Any]]]) -> Any:  # noqa: ANN401 - the library's own.
    message = v2c.ResponsePDU()
    v2c.apiPDU.set_defaults(message)
    v2c.apiPDU.set_varbinds(message, [(name, value) for name, (value, _, _) in rows])
    return message


def by_pysnmp(objects: bytes) -> tuple[Varbind, ...] | None:
    """What pysnmp's own decoder says of the content of a list of objects; None where it does not take it."""
    try:
        found, rest = decoder.decode(ber(0x30, objects), asn1Spec=v2c.VarBindList())
        return None if rest else tuple(varbind_of(one[0], one[1]) for one in found)
    except (PyAsn1Error, UnreadableError):
        return None


@given(answers)
def test_what_pysnmp_writes_is_read_as_it_was_meant(rows: list[tuple[Oid, tuple[Any, Smi, Any]]]) -> None:
    meant = tuple(Varbind(name, smi, value) for name, (_, smi, value) in rows)
    message = rfc1901.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, COMMUNITY)
    v2c.apiMessage.set_pdu(message, as_pysnmp(rows))
    cut = cut_message(encoder.encode(message))
    assert cut is not None
    assert read_varbinds(cut.objects) == by_pysnmp(cut.objects) == meant
    # What is left is the same message without objects.
    rest, _ = decoder.decode(cut.rest, asn1Spec=rfc1901.Message())
    left = v2c.apiMessage.get_pdu(rest)
    assert v2c.apiPDU.get_request_id(left) == v2c.apiPDU.get_request_id(v2c.apiMessage.get_pdu(message))
    assert len(v2c.apiPDU.get_varbinds(left)) == 0
    assert "".join(map(line_of, read_lines("\n".join(map(line_of, meant))))) == "".join(map(line_of, meant))


@given(answers, st.binary(max_size=40), st.binary(max_size=40))
def test_a_scoped_pdu_is_cut_as_a_message_is(
    rows: list[tuple[Oid, tuple[Any, Smi, Any]]], engine: bytes, context: bytes
) -> None:
    scoped = ScopedPDU()
    scoped[0], scoped[1] = engine, context
    scoped[2].setComponentByType(v2c.ResponsePDU.tagSet, as_pysnmp(rows))
    cut = cut_scoped(encoder.encode(scoped))
    assert cut is not None
    assert cut.head == (engine, context)
    assert read_varbinds(cut.objects) == tuple(Varbind(name, smi, value) for name, (_, smi, value) in rows)
    assert bytes(decoder.decode(cut.rest, asn1Spec=ScopedPDU())[0][0]) == engine


def _is_lenient(one: Varbind) -> bool:
    """What we read and pysnmp does not: numbers without the zero before a highest bit, names without any part."""
    unsigned = {Smi.COUNTER32: 32, Smi.GAUGE32: 32, Smi.TIMETICKS: 32, Smi.COUNTER64: 64}
    bits = unsigned.get(one.smi)
    return one.value == (0, 0) if bits is None else (one.number or 0) >> 7 != 0


_TAGS = st.sampled_from([*(smi.value for smi in Smi), 0x45, 0x47, 0x30, 0xA2, 0x24])
_content = st.binary(max_size=12)
_pieces = st.one_of(
    _content,
    st.builds(lambda name, tag, raw: ber(0x30, oid(name) + ber(tag, raw)), names, _TAGS, _content),
    st.builds(lambda name, tag, raw: ber(0x30, ber(6, name) + ber(tag, raw)), _content, _TAGS, _content),
    st.builds(lambda name, value: ber(0x30, oid(name) + encoder.encode(value[0])), names, values),
)
lists = st.lists(_pieces, max_size=5).map(b"".join)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A list of objects with some bytes exchanged, taken out or put in."""
    raw = bytearray(draw(lists))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(raw)


@given(spoilt())
def test_what_we_take_pysnmp_takes_as_well_and_as_the_same(objects: bytes) -> None:
    try:
        ours = read_varbinds(objects)
    except UnreadableError:
        return
    theirs = by_pysnmp(objects)
    if theirs is None:
        assert any(_is_lenient(one) for one in ours)
    else:
        assert ours == theirs


@given(st.binary(max_size=200) | spoilt(), st.integers(0, 40), st.booleans())
def test_whatever_comes_is_an_answer_or_none_and_never_an_error(raw: bytes, cut: int, inside: bool) -> None:
    engine, peer = the_engine(), Peer(WAY)
    pending = engine.request(peer, "get", [(1, 3, 6, 1)])
    number = cut_id(pending.wire) + integer(0) + integer(0) + ber(0x30, raw)
    wire = ber(0x30, integer(1) + ber(4, COMMUNITY.encode()) + ber(0xA2, number)) if inside else raw
    for heard in engine.take(peer, wire[: len(wire) - cut]).values():
        assert not isinstance(heard, Said) or all(isinstance(one, Varbind) for one in heard.varbinds)
    engine.forget(peer, pending)


USER = SnmpUser(
    name="reader",
    authentication="sha256",
    privacy="aes128",
    authentication_phrase="not for anybody",
    privacy_phrase="nor is this one",
)
_UNKNOWN = (1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0)


@given(st.binary(max_size=40), st.integers(0, 200), st.binary(max_size=3), st.integers(0, 3))
def test_of_version_3_whatever_comes_is_a_report_or_nothing(
    engine_id: bytes, at: int, exchanged: bytes, gone: int
) -> None:
    """Nobody who does not know the pass phrases can make it an answer."""
    engine, peer = the_engine(), Peer(SnmpWay(user=USER))
    pending = engine.request(peer, "get", [(1, 3, 6, 1)])
    number = decoder.decode(pending.wire, asn1Spec=SNMPv3Message())[0][1][0]
    wire = bytearray(report(int(number), _UNKNOWN, engine_id))
    wire[at : at + gone] = exchanged
    for heard in engine.take(peer, bytes(wire)).values():
        assert isinstance(heard, Report)
    engine.forget(peer, pending)


@pytest.mark.parametrize("name", ["", USER.name])
def test_an_answer_that_nobody_signed_is_none(name: str) -> None:
    """Whoever sees a question can write such an answer to it, with the right number and the right engine ID."""
    engine, peer, engine_id = the_engine(), Peer(SnmpWay(user=USER)), b"\x80\x00\x1f\x88\x04mine"

    def number(pending: Pending) -> int:
        return int(decoder.decode(pending.wire, asn1Spec=SNMPv3Message())[0][1][0])

    first = engine.request(peer, "get", [(1, 3, 6, 1)])
    assert engine.take(peer, report(number(first), _UNKNOWN, engine_id)) == {first.handle: Report(_UNKNOWN)}
    asked = engine.request(peer, "get", [(1, 3, 6, 1)])
    # It is encrypted, and so nobody else knows what was asked.
    assert USER.name.encode() in asked.wire
    assert b"\x2b\x06\x01" not in asked.wire
    for pdu in (response(0, [((1, 3, 6, 1), (4, b"forged"))]), response(number(asked), [])):
        assert engine.take(peer, unsigned(number(asked), engine_id, pdu, name)) == {}
    engine.forget(peer, asked)


@pytest.mark.parametrize(
    ("content", "smi", "number"),
    [
        (b"\xff", Smi.COUNTER32, 255),
        (b"\xfe\x00\x00\x01", Smi.GAUGE32, 0xFE000001),
        (b"\x80" * 8, Smi.COUNTER64, 0x8080808080808080),
    ],
)
def test_a_number_without_its_leading_zero_is_what_was_meant(content: bytes, smi: Smi, number: int) -> None:
    (found,) = read_varbinds(ber(0x30, oid((1, 3, 6, 1)) + ber(smi.value, content)))
    assert found.number == number


@pytest.mark.parametrize(
    "objects",
    [
        ber(0x30, oid((1, 3)) + ber(0x41, b"\x01\x00\x00\x00\x00")),
        ber(0x30, oid((1, 3)) + ber(0x02, b"\x00\x80\x00\x00\x00")),
        ber(0x30, oid((1, 3)) + ber(0x02, b"")),
        ber(0x30, oid((1, 3)) + ber(0x40, b"\x0a\x00\x00")),
        ber(0x30, oid((1, 3)) + ber(0x80, b"\x00")),
        ber(0x30, oid((1, 3)) + ber(0x45, b"nsap")),
        ber(0x30, oid((1, 3)) + ber(0x04, b"x") + b"\x05\x00"),
        ber(0x30, ber(6, b"") + ber(0x04, b"x")),
        ber(0x30, ber(6, b"\x2b\x80\x01") + ber(0x04, b"x")),
        ber(0x30, ber(6, b"\x2b\x86") + ber(0x04, b"x")),
        ber(0x30, ber(6, b"\x2b\x9f\xff\xff\xff\x7f") + ber(0x04, b"x")),
        ber(0x30, ber(6, b"\x2b" + b"\x01" * 200) + ber(0x04, b"x")),
        b"\x30\x80" + oid((1, 3)) + b"\x05\x00\x00\x00",
        b"\x30\x84\xff\xff\xff\xff" + oid((1, 3)),
        ber(0x30, oid((1, 3)) + ber(0x04, b"x"))[:-1],
    ],
)
def test_what_is_no_object_is_never_read_as_one(objects: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_varbinds(objects)


def test_what_is_not_plain_is_left_to_pysnmp() -> None:
    """A length without an end is lawful BER, and no agent's: what pysnmp makes of it counts."""
    engine, peer = Engine(), Peer(WAY)
    pending = engine.request(peer, "get", [(1, 3, 6, 1)])
    # In a 2c message the request-id is the engine's own: it stands in what was sent.
    head = cut_id(pending.wire)
    row = ber(0x30, oid((1, 3, 6, 1)) + ber(4, b"long way round"))
    pdu = ber(0xA2, head + integer(0) + integer(0) + b"\x30\x80" + row + b"\x00\x00")
    wire = ber(0x30, integer(1) + ber(4, COMMUNITY.encode()) + pdu)
    assert cut_message(wire) is None
    (heard,) = engine.take(peer, wire).values()
    assert heard == Said(0, 0, (Varbind((1, 3, 6, 1), Smi.OCTETS, b"long way round"),))


def test_an_answer_in_the_name_of_another_community_does_not_take_the_place_of_the_answer() -> None:
    engine, peer = the_engine(), Peer(WAY)
    engine.request(Peer(SnmpWay(community="another")), "get", [(1, 3)])
    pending = engine.request(peer, "get", [(1, 3)])
    number = int.from_bytes(cut_id(pending.wire)[2:], "big")
    said = response(number, [((1, 3), (4, b"x"))])
    assert engine.take(peer, ber(0x30, integer(1) + ber(4, b"another") + said)) == {}
    assert pending.handle in engine.take(peer, ber(0x30, integer(1) + ber(4, COMMUNITY.encode()) + said))


def cut_id(wire: bytes) -> bytes:
    """The request-id of a message that was sent, as it stands there."""
    message, _ = decoder.decode(wire, asn1Spec=rfc1901.Message())
    return integer(int(v2c.apiPDU.get_request_id(v2c.apiMessage.get_pdu(message))))
