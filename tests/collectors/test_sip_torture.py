"""Are the torture messages of RFC 4475 and RFC 5118 read, marked or refused as these documents say?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from collectors.voip import sdp
from collectors.voip.conform import flaws
from collectors.voip.message import Request, Response, Unreadable, read, write

_FILE = Path(__file__).parent / "voip" / "torture.txt"


@dataclass(frozen=True, slots=True)
class Torture:
    name: str
    wants: str
    raw: bytes


def _messages() -> list[Torture]:
    found = []
    for part in _FILE.read_text("utf-8").split("=== ")[1:]:
        first, _, text = part.partition("\n")
        name, _, wants = first.partition(" | ")
        raw = text.encode().replace(b"\n", b"\r\n")
        raw = re.sub(rb"\{([0-9A-F]{2})\}", lambda match: bytes.fromhex(match[1].decode()), raw)
        found.append(Torture(name, wants, raw))
    return found


MESSAGES = {one.name: one for one in _messages()}


@pytest.mark.parametrize("one", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_torture_message_is_read_marked_or_refused(one: Torture) -> None:
    if one.wants.startswith("refused"):
        with pytest.raises(Unreadable, match=one.wants.removeprefix("refused ")):
            read(one.raw)
        return
    message = read(one.raw)
    wanted = () if one.wants == "right" else tuple(one.wants.split())
    assert sorted(flaws(message)) == sorted(wanted)
    if not wanted:
        again = read(write(message))
        bare = again.headers.without("content-length")
        assert (bare, again.body) == (message.headers.without("content-length"), message.body)


def test_there_are_as_many_as_the_documents_have() -> None:
    assert len(MESSAGES) >= 50
    assert sum(one.wants.startswith("refused") for one in MESSAGES.values()) == 8


def _read(name: str) -> Request:
    message = read(MESSAGES[name].raw)
    assert isinstance(message, Request)
    return message


def test_a_tortuous_invite_says_what_it_says() -> None:
    message = _read("3.1.1.1 wsinv")
    assert message.max_forwards == 68
    assert (message.cseq.number, message.cseq.method) == (9, "INVITE")
    assert message.target.tag == "1918181833n"
    assert (message.sender.display, message.sender.tag) == ('J Rosenberg \\"', "98asjd8")
    assert [(via.transport, via.host) for via in message.via] == [
        ("UDP", "192.0.2.2"),
        ("TCP", "spindle.example.com"),
        ("UDP", "192.168.255.111"),
    ]
    assert message.via[2].branch == "z9hG4bK30239"
    (contact,) = message.addresses("contact")
    assert contact.params == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert message.headers.first("newfangledheader") == "newfangled value continued newfangled value"
    assert message.headers.first("subject") == ""
    assert sdp.read(message.body).media[0].port == 49217


def test_bytes_of_every_kind_are_kept() -> None:
    message = _read("3.1.1.2 intmeth")
    assert message.target.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert message.sender.display == "token1~` token2'+_ token3*%!.-"
    assert message.sender.params["fromparam''~+*_!.-%"] == "работающий"
    assert MESSAGES["3.1.1.2 intmeth"].raw.count(b"\xef\xbb\xbf") == write(message).count(b"\xef\xbb\xbf")


def test_what_is_no_utf_8_is_written_as_it_was_read() -> None:
    raw = b"OPTIONS sip:a@a.test SIP/2.0\r\nSubject: \xff\xfe\xe4\r\nContent-Length: 0\r\n\r\n"
    assert write(read(raw)) == raw


def test_a_method_with_percent_signs_is_no_register() -> None:
    assert _read("3.1.1.5 esc02").method == "RE%47IST%45R"
    assert len(_read("3.1.1.5 esc02").addresses("contact")) == 2


def test_a_second_message_in_a_datagram_is_surplus() -> None:
    message = _read("3.1.1.8 dblreq")
    assert message.method == "REGISTER"
    assert message.surplus > 400


def test_the_colon_of_a_port_and_of_an_address_are_told_apart() -> None:
    assert _read("RFC 5118, 4.3").uri == "sip:[2001:db8::10:5070]"
    mapped = _read("RFC 5118, 4.10").via[0]
    assert (mapped.host, mapped.port) == ("::ffff:192.0.2.10", 19823)


def test_a_response_without_a_reason_has_none() -> None:
    message = read(MESSAGES["3.1.1.13 noreason"].raw)
    assert isinstance(message, Response)
    assert (message.code, message.reason) == (100, "")
