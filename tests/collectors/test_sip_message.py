"""Is a SIP message read for what it is, and nothing else? Limits, connections, garbage, and digests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from time import process_time
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors.voip import digest, sdp
from collectors.voip.conform import flaws
from collectors.voip.digest import Challenge
from collectors.voip.framing import Framing
from collectors.voip.headers import Headers, parameters, split_list, via_of
from collectors.voip.message import LARGEST, MOST_FIELDS, Request, Response, Unreadable, read, write
from collectors.voip.uri import address_of, uri_of

_FIELDS = (
    ("via", "SIP/2.0/TCP a.test;branch=z9hG4bK1"),
    ("max-forwards", "70"),
    ("from", "<sip:a@a.test>;tag=1"),
    ("to", "<sip:b@b.test>"),
    ("call-id", "1@a.test"),
    ("cseq", "1 OPTIONS"),
)
ASKED = Request(method="OPTIONS", uri="sip:b@b.test", headers=Headers(_FIELDS), body=b"x\r\n\r\ny")
T = TypeVar("T")
U = TypeVar("U")
# What a torn, mixed-up or malicious message is made of.
_PIECES = st.sampled_from(
    [
        b"SIP/2.0 200 OK\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\n",
        b"\r\n",
        b"\r\n ",
        b"\n",
        b"Via: SIP/2.0/UDP a;branch=z9hG4bK\r\n",
        b'From: "',
        b'"<sip:',
        b">;tag=",
        b"l: 3\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Contact: *\r\n",
        b"CSeq: 1 OPTIONS\r\n",
        b";" * 40,
        b"<" * 40,
        b'"' * 41,
        b"\\",
        b"\xff\xfe\x00",
        b"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nm=audio 4 RTP/AVP 0\n",
    ]
)


def _tried(reader: Callable[[T], U], text: T) -> tuple[U, None] | tuple[None, Unreadable]:
    """What was read, or why it could not be; any other error is raised."""
    try:
        return reader(text), None
    except Unreadable as why:
        return None, why


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=40)), max_size=30).map(b"".join))
def test_no_bytes_raise_anything_but_unreadable(raw: bytes) -> None:
    tried = _tried(read, raw)
    if tried[1] is not None:
        why = tried[1]
        assert why.reason.isprintable()
        assert 0 <= why.offset <= len(raw)
        return
    message = tried[0]
    for flaw in flaws(message):
        assert flaw.isprintable()
    bare = message.headers.without("content-length")
    again = read(write(message))
    assert (again.headers.without("content-length"), again.body) == (bare, message.body)


@given(st.one_of(st.lists(_PIECES, max_size=20).map(b"".join), st.binary(max_size=300)))
def test_no_text_but_a_description_is_read_as_one(raw: bytes) -> None:
    for text in (raw, b"v=0\no=- 1 1 IN IP4 192.0.2.1\n" + raw):
        try:
            said = sdp.read(text)
        except Unreadable:
            continue
        assert said.origin == "192.0.2.1" or text is raw


@given(st.text(max_size=200))
def test_values_of_fields_are_read_or_unreadable(text: str) -> None:
    for reader in (via_of, address_of, uri_of, parameters, digest.challenge_of, split_list):
        tried = _tried(reader, text)
        assert tried[1] is None or tried[1].reason


@given(st.lists(st.integers(0, 500), max_size=12))
@example([202])
@example([203])
def test_a_connection_may_cut_messages_anywhere(cuts: list[int]) -> None:
    stream = write(ASKED) + b"\r\n\r\n" + write(Response(code=200, reason="OK", headers=Headers(_FIELDS)))
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    framing = Framing()
    found = [one for begin, end in pairwise(places) for one in framing.feed(stream[begin:end])]
    assert [type(one) for one in found] == [Request, Response]
    assert found[0].body == ASKED.body
    assert (framing.waiting, framing.pings) == (0, 1)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x" * (LARGEST + 1), "larger than"),
        (b"OPTIONS sip:a SIP/2.0\r\n" + b"a: b\r\n" * (MOST_FIELDS + 1) + b"\r\n", "more than"),
        (b"OPTIONS sip:a SIP/2.0\r\na: b\r\n", "does not end"),
        (b"OPTIONS sip:a SIP/2.0\r\na: b\nc: d\r\n\r\n", "half a line break"),
        (b"OPTIONS sip:a SIP/2.0\r\nno colon\r\n\r\n", "no colon"),
        (b"OPTIONS sip:a SIP/2.0\r\na b: c\r\n\r\n", "no proper name"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "no message of SIP 2.0"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "first line"),
        (b"SIP/2.0 700 Own\r\n\r\n", "status code"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(raw)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n", "does not say its Content-Length"),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 4000000\r\n\r\n", "larger than"),
        (b"A" * (LARGEST + 1), "does not end"),
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(stream: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        Framing().feed(stream)


@pytest.mark.parametrize("sign", ['"', "<", ";", "\\", " ", "a<", '";', "\r\n ", "=,"])
def test_hostile_repetition_costs_no_time(sign: str) -> None:
    """Every reader takes time in proportion to what it reads: a whole message of one sign is done with at once."""
    text = sign * (60_000 // len(sign))
    began = process_time()
    for reader in (via_of, address_of, uri_of, parameters, digest.challenge_of, split_list):
        try:
            reader(text)
        except Unreadable:
            continue
    with suppress(Unreadable):
        tuple(flaws(read(f"OPTIONS sip:a SIP/2.0\r\nFrom: {text}\r\n\r\n".encode())))
    # Milliseconds are enough; where the time grows with the square, it is minutes.
    assert process_time() - began < 2


def test_no_line_break_is_written_into_a_field() -> None:
    with pytest.raises(ValueError, match="line break"):
        write(Request(method="OPTIONS", uri="sip:a", headers=Headers((("subject", "a\r\nRoute: <sip:b>"),))))


def test_offered_and_answered_codecs_are_compared_by_what_they_mean() -> None:
    ours = sdp.read(
        b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\na=inactive\n"
        b"m=audio 4000 RTP/SAVP 96 8 101\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1\na=sendrecv\n"
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret\na=rtpmap:101 telephone-event/8000\n"
        b"m=video 0 RTP/AVP 31\n"
    ).media
    theirs = sdp.read(
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 111\r\n"
        b"a=rtpmap:111 OPUS/48000/2\r\n"
    ).media[0]
    assert [one.number for one in sdp.common_formats(ours[0], theirs)] == [8, 111]
    assert (ours[0].address, ours[0].direction, ours[0].secured) == ("2001:db8::1", "sendrecv", True)
    assert ours[0].crypto == ("AES_CM_128_HMAC_SHA1_80",)
    assert ours[0].formats[0].parameters == "useinbandfec=1"
    assert ours[1].direction == "inactive"
    assert theirs.held
    assert theirs.telephone_event is None


# RFC 7616, section 3.9.1: the same request, answered by SHA-256 and by MD5.
_RFC7616 = {
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
}


@pytest.mark.parametrize("algorithm", _RFC7616)
def test_a_challenge_is_answered_as_the_rfc_does(algorithm: str) -> None:
    asked = Challenge(
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        algorithm=algorithm,
        qop=("auth",),
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUo5tdS",
    )
    said = digest.answer(
        asked,
        user="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert f'response="{_RFC7616[algorithm]}"' in said
    assert "Circle" not in said


def test_the_best_challenge_that_can_be_answered_is_taken() -> None:
    offered = [
        digest.challenge_of(f'Digest realm="a", nonce="b", qop="{qop}", algorithm={algorithm}')
        for algorithm, qop in (
            ("MD5", "auth"),
            ("SHA-256", "auth"),
            ("SHA-512-256", "auth-int"),
            ("OWN", "auth"),
        )
    ]
    best = digest.best(tuple(one for one in offered if one is not None))
    assert best is not None
    assert best.algorithm == "SHA-256"
    assert digest.challenge_of('Basic realm="a"') is None
