"""Is every packet an answer, a stray or unanswered, whatever it holds?"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import dns.exception
import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sessions.dns import DnsSession
from agent.sessions.dns_packet import Question, Sent, StrayError, answer_from, query_for
from agent.sessions.dns_wire import Row, read_wire
from collectors.exchange import Exchange
from collectors.session import Answer, Kind, Transport, Unanswered
from inventory.grant import Door
from tests.dnslab.hostile import framed, hostile, reply


def session(door: Door, heard: list[Exchange] | None = None) -> DnsSession:
    return DnsSession([door], ([] if heard is None else heard).append, timeout=0.3, tries=2)


# --- answers that do not repeat the question, or are cut


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_nothing_but_packets_without_the_question_is_not_silence(transport: Transport) -> None:
    def bare(question: bytes) -> list[tuple[float, bytes]]:
        raw = reply(question, lambda m: m.question.clear())
        return [(0, framed(raw) if transport == "tcp" else raw), (1.0, b"")]

    heard: list[Exchange] = []
    async with hostile(bare) as door:
        with pytest.raises(Unanswered) as error:
            await session(door, heard).ask("www.test.", "A", transport=transport)
    assert error.value.kind is Kind.UNPARSABLE
    assert "do not repeat the question" in error.value.detail
    assert heard[0].parts["wire"]


async def test_a_cut_answer_may_end_in_the_midst_of_a_record() -> None:
    def cut(question: bytes) -> list[tuple[float, bytes]]:
        return [(0, reply(question, lambda m: setattr(m, "flags", m.flags | dns.flags.TC))[:-13])]

    async with hostile(cut) as door:
        answer = await session(door).ask("www.test.", "A")
    assert "TC" in answer.flags


# --- signatures (RFC 3225; RFC 4035, sections 3.2.1 and 3.2.2)


async def test_signatures_are_asked_for_and_recorded_only_when_wanted() -> None:
    seen: list[bytes] = []
    heard: list[Exchange] = []
    async with hostile(lambda q: [(0, reply(q))], seen=seen) as door:
        asked = session(door, heard)
        await asked.ask("www.test.", "A")
        await asked.ask("www.test.", "A", signed=True)
        await asked.ask("www.test.", "A", recurse=True, signed=True, unchecked=True)
    queries = [dns.message.from_wire(raw) for raw in seen]
    assert [bool(q.ednsflags & dns.flags.DO) for q in queries] == [False, True, True]
    assert [dns.flags.to_text(q.flags) for q in queries] == ["", "", "RD CD"]
    assert [e.question[-1] for e in heard] == ["norec", "norec+do", "rd+do+cd"]


def test_a_question_without_edns_cannot_ask_for_signatures() -> None:
    query = query_for(Question(name="www.test.", rtype="A", signed=True), edns=False)
    told = dns.message.from_wire(query.wire)
    assert (query.edns, told.edns, told.ednsflags) == (False, -1, 0)


# --- any bytes at all

QUERY = query_for(Question(name="www.test.", rtype="A"))
SENT = Sent(server="192.0.2.53", transport="tcp", began=datetime(2026, 11, 23, tzinfo=UTC), took=0.1)
HEAD = struct.pack(">HHHHHH", QUERY.id, 0x8400, 1, 1, 0, 0) + QUERY.wire[12:26]


def read(raw: bytes) -> Answer | None:
    """The answer, or nothing; anything raised but what is promised fails the test."""
    try:
        return answer_from(raw, QUERY, SENT)
    except (StrayError, Unanswered):
        return None


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer_a_stray_or_unanswered(raw: bytes) -> None:
    assert read(raw) is None or raw[:2] == HEAD[:2]
    read(HEAD[:2] + raw)
    read(HEAD + raw)


@settings(deadline=None)
@given(st.integers(0, 65535) | st.sampled_from(range(1, 70)), st.binary(max_size=120), st.integers(0, 0xFFFF))
def test_any_record_of_any_type_can_be_shown_or_is_unanswered(
    rtype: int, data: bytes, rclass_bits: int
) -> None:
    rclass = 1 if rclass_bits % 4 else rclass_bits
    raw = HEAD + b"\xc0\x0c" + struct.pack(">HHIH", rtype, rclass, 60, len(data)) + data
    answer = read(raw)
    assert answer is None or all(record.name.endswith(".") for record in answer.answer)


@settings(deadline=None)
@given(st.data())
def test_a_good_answer_with_flipped_bytes_is_an_answer_a_stray_or_unanswered(data: st.DataObject) -> None:
    raw = bytearray(reply(QUERY.wire))
    for place in data.draw(st.lists(st.integers(2, len(raw) - 1), max_size=6)):
        raw[place] = data.draw(st.integers(0, 255))
    answer = read(bytes(raw))
    assert answer is None or answer.server == SENT.server


# --- beside the library's own reader of whole messages

_RECORDS = st.sampled_from(
    (
        ("A", "192.0.2.7"),
        ("AAAA", "2001:db8::7"),
        ("MX", "10 mail.www.test."),
        ("TXT", '"v=spf1 -all" "more"'),
        ("SOA", "ns.test. admin.test. 1 7200 3600 1209600 300"),
        ("SRV", "0 100 389 dc1.test."),
        ("CAA", '0 issue "ca.test"'),
        ("DS", "1 8 2 " + "ab" * 32),
        ("RRSIG", "A 8 2 60 20270101000000 20260101000000 1 test. qqqq"),
        ("NSEC", "a.test. A RRSIG NSEC"),
        ("NSEC3", "1 0 0 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A"),
        ("TYPE65280", "\\# 3 abcdef"),
    )
)
_SECTION = st.lists(
    st.tuples(st.sampled_from(("www.test.", "WwW.test.", "other.example.")), _RECORDS), max_size=4
)


def _told(section: list[dns.rrset.RRset]) -> list[tuple[str, int, int, int, str]]:
    return [(one.name.to_text(), one.rdtype, one.rdclass, one.ttl, one[0].to_text()) for one in section]


def _read(section: list[Row]) -> list[tuple[str, int, int, int, str]]:
    return [(one.name.to_text(), one.rtype, one.rclass, one.ttl, one.data.to_text()) for one in section]


def _whole(raw: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(raw, one_rr_per_rrset=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return None


@settings(deadline=None, max_examples=300)
@given(_SECTION, _SECTION, st.booleans(), st.data())
def test_a_message_is_read_as_the_library_reads_it(
    answer: list[tuple[str, tuple[str, str]]],
    additional: list[tuple[str, tuple[str, str]]],
    has_edns: bool,
    data: st.DataObject,
) -> None:
    message = dns.message.make_response(dns.message.from_wire(QUERY.wire))
    message.use_edns(0 if has_edns else -1, 0x8000)
    for section, rows in ((message.answer, answer), (message.additional, additional)):
        section.extend(dns.rrset.from_text(name, 60, "IN", *row) for name, row in rows)
    raw = bytearray(message.to_wire())
    for place in data.draw(st.lists(st.integers(4, len(raw) - 1), max_size=3)):
        raw[place] = data.draw(st.integers(0, 255))
    theirs = _whole(bytes(raw))
    if theirs is None:
        with pytest.raises((dns.exception.DNSException, ValueError, struct.error)):
            read_wire(bytes(raw))
        return
    wire = read_wire(bytes(raw))
    assert [_read(one) for one in wire.sections] == [_told(one) for one in theirs.sections[1:]]
    assert (wire.id, wire.flags, wire.rcode) == (theirs.id, theirs.flags, theirs.rcode())
    assert (wire.opt_ttl if wire.opt else 0) == theirs.ednsflags
