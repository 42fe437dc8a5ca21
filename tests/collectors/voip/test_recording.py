"""Captures are read in every form that tools write, cut or damaged ones as far as they go, and nothing is ever raised."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.voip.call import Calls
from collectors.voip.fragments import Fragments
from collectors.voip.frames import UDP, unit_of
from collectors.voip.listen import listen
from collectors.voip.recording import Packet, Recording, Trouble
from tests.speech import Speech
from tests.traffic import Talk
from tests.wire import Frame, dgram, pcap, pcapng

TALK = Talk(seconds=3.0, speech=(Speech(to="callee", seconds=2.0), Speech(to="caller", seconds=2.0, ssrc=9)))
FRAMES = sorted(TALK.frames(), key=lambda frame: frame[0])
WHOLE = pcap(FRAMES)


def _heard(raw: bytes) -> Calls:
    return listen(io.BytesIO(raw))


def _same(raw: bytes) -> None:
    heard = _heard(raw)
    assert heard.source.trouble == ""
    (call,) = heard.calls
    assert [one.packets for one in call.streams] == [100, 100]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("make", [pcap, pcapng])
def test_both_formats_in_both_orders_and_units(order: str, nano: bool, make: Callable[..., bytes]) -> None:
    _same(make(FRAMES, order=order, nano=nano))


def test_times_are_kept_to_the_nanosecond() -> None:
    frames = [(0.000000001, FRAMES[0][1]), (0.123456789, FRAMES[1][1])]
    for raw in (pcap(frames, nano=True), pcapng(frames, nano=True)):
        first, second = Recording(io.BytesIO(raw)).packets()
        assert (first.time, second.time - first.time) == (1_700_000_000_000_000_001, 123_456_788)


LAYERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "802.1Q": (1, lambda ip: bytes(12) + b"\x81\x00\x00\x0a\x08\x00" + ip),
    "QinQ": (1, lambda ip: bytes(12) + b"\x88\xa8\x00\x0a\x81\x00\x00\x14\x08\x00" + ip),
    "PPPoE": (1, lambda ip: bytes(12) + b"\x88\x64\x11\x00\x00\x01\x00\x00\x00\x21" + ip),
    "cooked": (113, lambda ip: bytes(14) + b"\x08\x00" + ip),
    "cooked 2": (276, lambda ip: b"\x08\x00" + bytes(18) + ip),
    "raw": (101, lambda ip: ip),
    "raw of OpenBSD": (12, lambda ip: ip),
    "raw IPv4": (228, lambda ip: ip),
    "loopback": (0, lambda ip: b"\x02\x00\x00\x00" + ip),
    "loopback of the other order": (0, lambda ip: b"\x00\x00\x00\x02" + ip),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_link_layer_leads_to_the_same_call(name: str) -> None:
    link, wrap = LAYERS[name]
    _same(pcap([(at, wrap(frame[14:])) for at, frame in FRAMES], link=link))


def test_fragments_are_put_together_in_any_order() -> None:
    talk = TALK.model_copy(update={"filler": 3_000, "most": 1_000})
    frames = list(talk.frames())
    invite = [frame for frame in frames if frame[0] == 0.0]
    assert len(invite) > 2
    shuffled = [*reversed(invite), *(frame for frame in frames if frame[0] > 0.0)]
    (call,) = _heard(pcap(shuffled)).calls
    assert call.fragmented
    assert call.steps[0].what == "INVITE"


def test_a_fragment_that_is_lost_loses_its_message_only() -> None:
    talk = TALK.model_copy(update={"filler": 3_000, "most": 1_000})
    frames = list(talk.frames())
    heard = _heard(pcap([frame for frame in frames if frame is not frames[1]]))
    assert heard.source.lost_fragments >= 1
    assert heard.calls[0].state == "answered"


def _segment(payload: bytes, sequence: int, flags: int = 0x18) -> bytes:
    udp = dgram("192.0.2.21:5070", "192.0.2.10:5060", b"")[0]
    tcp = struct.pack(">HHIIBBHHH", 5070, 5060, sequence, 0, 0x50, flags, 8192, 0, 0) + payload
    ip = bytearray(udp[14:34])
    ip[2:4], ip[9] = struct.pack(">H", 20 + len(tcp)), 6
    return udp[:14] + bytes(ip) + tcp


def test_messages_over_tcp_are_cut_out_of_segments_in_any_order() -> None:
    texts = [frame[42:] for _, frame in FRAMES if frame[42:48] in {b"INVITE", b"ACK si", b"BYE si"}]
    stream = b"".join(texts)
    pieces = [(at, stream[at : at + 100]) for at in range(0, len(stream), 100)]
    pieces[2], pieces[3] = pieces[3], pieces[2]
    pieces.insert(5, pieces[1])
    frames: list[Frame] = [
        (0.01 * place, _segment(data, 0xFFFFFF00 + at & 0xFFFFFFFF))
        for place, (at, data) in enumerate(pieces)
    ]
    (call,) = _heard(pcap(frames)).calls
    assert [step.what for step in call.steps] == ["INVITE", "ACK", "BYE"]


@pytest.mark.parametrize("left", [1, 15, 16, 17, 60])
def test_a_cut_capture_gives_what_came_before(left: int) -> None:
    heard = _heard(WHOLE[:-left])
    assert heard.source.trouble == Trouble.CUT
    assert heard.source.packets == len(FRAMES) - 1
    assert heard.calls[0].state == "answered"


def test_a_length_that_is_absurd_ends_the_reading() -> None:
    heard = _heard(WHOLE + struct.pack("<IIII", 1, 1, 0x7FFFFFFF, 60) + bytes(60))
    assert heard.source.trouble == Trouble.DAMAGED
    assert heard.source.packets == len(FRAMES)


def test_dpkt_reads_the_same_datagrams() -> None:
    """A second reader, written by others, of the same bytes."""
    ours = [
        (unit.sport, unit.dport, unit.payload)
        for packet in Recording(io.BytesIO(WHOLE)).packets()
        if (unit := unit_of(packet, Fragments())) is not None
    ]
    theirs = []
    for _, raw in dpkt.pcap.Reader(io.BytesIO(WHOLE)):
        udp = dpkt.ethernet.Ethernet(raw).data.data
        theirs.append((udp.sport, udp.dport, bytes(udp.data)))
    assert ours == theirs


@given(st.data())
def test_mutated_captures_never_raise(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([WHOLE, pcapng(FRAMES), pcap(FRAMES, link=276)]))
    raw = bytearray(start[: data.draw(st.integers(0, 20_000))])
    for _ in range(data.draw(st.integers(0, 30))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    heard = _heard(bytes(raw))
    assert heard.source.size <= len(raw)


@given(st.binary(max_size=400), st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276, 105]))
def test_no_frame_raises(frame: bytes, link: int) -> None:
    unit = unit_of(Packet(0, link, frame, len(frame)), Fragments())
    assert unit is None or unit.protocol in {UDP, 6}


@given(st.binary(max_size=300))
def test_no_datagram_raises(payload: bytes) -> None:
    for start in (
        b"",
        b"\x80\xc9",
        b"\x80\xcf\x00\x08",
        b"INVITE sip:a@b SIP/2.0\r\n",
        b"SIP/2.0 200 OK\r\n",
    ):
        frames = [(0.1 * n, dgram("192.0.2.1:5060", "192.0.2.2:5060", start + payload)[0]) for n in range(3)]
        assert _heard(pcap(frames)).source.packets == 3
