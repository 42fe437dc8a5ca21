"""Naive collectors: they ask their own door, rightly, and then go wherever the answer sends them.

The product's own questions follow none of these. Where the product does not speak a protocol yet, a plain socket
of the collector's own stands in for the library that will.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from typing import cast

import httpx

from collectors import Answer, Resolver
from tests.escape.third_party.hostile.way import At, attempt


def _go(where: str, port: int = 22) -> None:
    ip_address(where)
    line = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET)
    line.settimeout(1)
    line.connect((where, port))


async def _ask(at: At, name: str, kind: str, *, signed: bool = False) -> Answer:
    return await cast("Resolver", at.host).ask(name, kind, signed=signed)


def _addresses(answer: Answer) -> list[str]:
    records = (*answer.answer, *answer.authority, *answer.additional)
    return [record.data for record in records if record.type in {"A", "AAAA"}]


async def _followed(at: At, name: str, kind: str) -> None:
    for address in _addresses(await _ask(at, name, kind)):
        _go(address)


@attempt("DNS: an alias (CNAME) whose end is another host", over=Resolver)
async def alias(at: At) -> None:
    await _followed(at, f"alias-{at.spot.number}.escape.test", "A")


@attempt("DNS: a service (SRV) on another host", over=Resolver)
async def service(at: At) -> None:
    await _followed(at, f"_ldap._tcp.srv-{at.spot.number}.escape.test", "SRV")


@attempt("DNS: a mail host (MX) elsewhere", over=Resolver)
async def mail(at: At) -> None:
    await _followed(at, f"mx-{at.spot.number}.escape.test", "MX")


@attempt("DNS: a referral (NS) with glue: the other server is asked", over=Resolver)
async def referral(at: At) -> None:
    await _followed(at, f"host.sub-{at.spot.number}.escape.test", "A")


@attempt("DNS: an IPv6 address of another host", over=Resolver, moves=("six", "six"))
async def address6(at: At) -> None:
    await _followed(at, f"six-{at.spot.number}.escape.test", "AAAA")


@attempt("DNS: a text that names another host", over=Resolver)
async def text(at: At) -> None:
    answer = await _ask(at, f"text-{at.spot.number}.escape.test", "TXT")
    found = re.search(r"10\.66\.1\.\d+", " ".join(record.data for record in answer.answer))
    if found:
        _go(found[0])


@attempt("DNS: a rebound name: the first answer is the own door, the second another host", over=Resolver)
async def rebound(at: At) -> None:
    # As careless code does: the first answer is checked, and the second one is used.
    first = _addresses(await _ask(at, at.spot.name, "A"))
    # A session remembers what it was told: only another question of the same name is asked again.
    second = _addresses(await _ask(at, at.spot.name, "A", signed=True))
    if first == [at.door]:
        _go(second[0])


def _said(at: At, question: bytes) -> bytes:
    """What the own door says over TCP."""
    with socket.create_connection((at.door, at.port), 2) as line:
        line.sendall(question)
        said = b""
        while piece := line.recv(4096):
            said += piece
        return said


@attempt("HTTP: a redirect, followed by the library", over=Resolver, port=80)
def http_redirect(at: At) -> None:
    httpx.get(f"http://{at.door}/{at.spot.other}", timeout=2, follow_redirects=True, trust_env=False)


@attempt(
    "HTTP: a redirect to a name, followed by hand", over=Resolver, port=80, moves=("resolver", "10.66.4.4")
)
def http_redirect_name(at: At) -> None:
    said = _said(at, f"GET /{at.spot.name} HTTP/1.0\r\n\r\n".encode()).decode()
    found = re.search(r"Location: http://([^/]+)/", said)
    if found:
        socket.create_connection((found[1], 80), 2)


@attempt("LDAP: a referral (stand-in: a plain socket that follows it)", over=Resolver, port=389)
def ldap_referral(at: At) -> None:
    # A search of the root, whose base is the address that the server shall refer to.
    base = at.spot.other.encode()
    search = (
        b"\x04"
        + bytes([len(base)])
        + base
        + bytes.fromhex("0a01000a0100020100020100010100870b")
        + b"objectClass0\x00"
    )
    body = b"\x02\x01\x01\x63" + bytes([len(search)]) + search
    said = _said(at, b"\x30" + bytes([len(body)]) + body)
    found = re.search(rb"ldap://([0-9.]+)/", said)
    if found:
        _go(found[1].decode(), 389)


def _datagram(at: At, question: bytes) -> tuple[bytes, str]:
    """What comes back, and from whom: the socket is not connected, as careless code has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(2)
        line.sendto(question, (at.door, at.port))
        said, (host, _) = line.recvfrom(4096)
        return said, host


@attempt("SIP: 302 with another contact (stand-in: a plain socket that follows it)", over=Resolver, port=5060)
def sip_redirect(at: At) -> None:
    said, _ = _datagram(at, f"OPTIONS sip:{at.spot.other} SIP/2.0\r\n\r\n".encode())
    found = re.search(rb"Contact: <sip:([0-9.]+)>", said)
    if found:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"INVITE", (found[1].decode(), 5060))


@attempt("SNMP: the answer comes from elsewhere, and the next question goes there (stand-in)", over=Resolver, port=161, moves=("web", "10.66.255.11"))  # fmt: skip
def snmp_elsewhere(at: At) -> None:
    _, who = _datagram(at, b"elsewhere")
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"again", (who, 161))
