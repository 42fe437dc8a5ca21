"""How is a directory reached? A TCP connection, a verified certificate, a log-in: in this order, or not at all."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPCommunicationError, LDAPExceptionError
from pyasn1.error import PyAsn1Error

from agent.sessions.reach import reached
from agent.start import LdapWay
from collectors.session import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["ASK", "MOST", "NO_ANSWER", "Line", "first_login"]

LOGIN = 6.0
# Seconds for one question, all its pages together; the most bytes that it may be answered with.
ASK = 15.0
MOST = 32 * 1024 * 1024
# Every message is a SEQUENCE of a definite length (RFC 4511, section 5.1).
_MESSAGE, _NO_LENGTH = 0x30, 0x80
# StartTLS (RFC 4511, section 4.14).
_START_TLS = "1.3.6.1.4.1.1466.20037"
_INVALID_CREDENTIALS = 49
_BUSY = {51: "busy", 52: "unavailable"}
# What a Windows or Samba server adds to 'invalid credentials': a Win32 code in hexadecimal (MS-ERREF 2.2).
_WHY_NOT = {
    "525": "no such account",
    "52e": "wrong password",
    "530": "not at this hour",
    "531": "not from this machine",
    "532": "password expired",
    "533": "account disabled",
    "568": "member of too many groups",
    "701": "account expired",
    "773": "password must be changed first",
    "775": "account locked",
}
# What ldap3 and its decoder raise for an answer that is none.
NO_ANSWER = (LDAPExceptionError, PyAsn1Error, ValueError, TypeError, LookupError, AttributeError)


class _FloodError(OSError):
    """The server sends more than any answer may be."""


class Line(ssl.SSLSocket):
    """A socket under TLS that gives ldap3 whole messages, within the question's time and size.

    ldap3 itself waits for ever on a connection that has ended, and believes any length that is announced.
    """

    left = MOST
    end = float("inf")

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:  # noqa: ARG002 - the library's signature.
        """The next message, whole. Raises OSError, and ValueError for what is none."""
        head = self._exactly(2)
        size = head[1]
        if head[0] != _MESSAGE or size == _NO_LENGTH:
            raise ValueError(f"this is no LDAP message: {head!r}")
        if size > _NO_LENGTH:
            more = self._exactly(size - _NO_LENGTH)
            head, size = head + more, int.from_bytes(more, "big")
        if size > self.left:
            raise _FloodError(f"a message of {size} bytes is announced")
        self.left -= size
        return head + self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size:
            left = self.end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self.settimeout(min(left, ASK))
            piece = super().recv(size - len(got))
            if not piece:
                raise ConnectionResetError("the server ends the connection")
            got += piece
        return bytes(got)


def _give(connection: Any, line: socket.socket) -> None:  # noqa: ANN401 - ldap3's types know too little of it.
    """ldap3 opens no connection of its own: it is given one that is open and verified."""
    connection.strategy._outstanding = {}  # noqa: SLF001 - what ldap3's own `open` does after connecting.
    connection.socket = line
    connection.closed = connection.listening = False
    connection.strategy._start_listen()  # noqa: SLF001


def _context(way: LdapWay) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = Line
    context.load_verify_locations(cadata="".join(way.authorities))
    return context


def first_login(doors: Sequence[Door], way: LdapWay) -> ldap3.Connection:
    """The first address that can be connected to decides."""
    missed: Unanswered | None = None
    for door in doors:
        try:
            return _logged_in(door, way)
        except Unanswered as reason:
            if reason.phase is not Phase.CONNECT:
                raise
            missed = missed or reason
    raise missed or Unanswered(Kind.NO_ADDRESS, "it has no address", phase=Phase.CONNECT)


def _logged_in(door: Door, way: LdapWay) -> ldap3.Connection:
    where = f"{door.address} port {door.port}"
    line, phase = reached(door), Phase.GREET
    connection = _unbound(way)
    try:
        line.settimeout(LOGIN)
        if way.starttls:
            _give(connection, line)
            connection.extended(_START_TLS)
            _expect_tls(connection.result)
        line = _under_tls(line, way)
        _give(connection, line)
        phase = Phase.LOGIN
        connection.bind(read_server_info=False)
        _expect_login(connection.result)
    except (*NO_ANSWER, OSError) as error:
        line.close()
        raise _unmet(error, phase, where) from None
    except Unanswered:
        line.close()
        raise
    return connection


def _under_tls(line: socket.socket, way: LdapWay) -> Line:
    """Verify the certificate and encrypt. Raises ssl.SSLError."""
    tls = _context(way).wrap_socket(line, server_hostname=way.name)
    if not isinstance(tls, Line):
        raise TypeError("the standard library wraps sockets otherwise than it should")
    tls.end = time.monotonic() + LOGIN
    return tls


def _unbound(way: LdapWay) -> ldap3.Connection:
    return ldap3.Connection(
        ldap3.Server("given", get_info=ldap3.NONE, tls=None),
        user=way.user,
        password=way.secret,
        authentication=ldap3.SIMPLE,
        client_strategy=ldap3.SYNC,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        auto_encode=False,
        auto_escape=False,
        check_names=False,
        raise_exceptions=False,
        return_empty_attributes=False,
    )


def _unmet(error: Exception, phase: Phase, where: str) -> Unanswered:
    """Why there is no logged-in connection."""
    said = f"{type(error).__name__}: {error}"[:300]
    match error:
        case ssl.SSLCertVerificationError():
            return Unanswered(Kind.CERTIFICATE_REJECTED, error.verify_message, phase=Phase.GREET)
        case _ if isinstance(error, TimeoutError) or "timed out" in said:
            detail = f"{where} accepts, then comes to no end within {LOGIN:g} s"
            return Unanswered(Kind.TIMED_OUT, detail, phase=phase)
        case ssl.SSLEOFError() | ConnectionError() | LDAPCommunicationError():
            return Unanswered(Kind.CUT_OFF, f"{where} ends the connection: {said}", phase=phase)
        case ssl.SSLError():
            return Unanswered(
                Kind.UNPARSABLE, f"what speaks at {where} is no TLS of ours: {said}", phase=phase
            )
        case OSError():
            return Unanswered(Kind.CUT_OFF, f"{where} ends the connection: {said}", phase=phase)
        case _:
            pass
    return Unanswered(Kind.UNPARSABLE, f"what speaks at {where} is no LDAP: {said}", phase=phase)


def _expect_tls(result: Any) -> None:  # noqa: ANN401 - what ldap3 gives.
    if result["result"]:
        raise Unanswered(Kind.REFUSED, "the server does not begin TLS", phase=Phase.GREET)


def _expect_login(result: Any) -> None:  # noqa: ANN401 - what ldap3 gives.
    code, message = int(result["result"]), str(result["message"])
    if code == 0:
        return
    if code == _INVALID_CREDENTIALS:
        found = re.search(r"\bdata ([0-9a-fA-F]{3,4})\b", message)
        why = _WHY_NOT.get(found[1].lower(), "") if found else ""
        detail = f"data {found[1]}: {why or 'unknown'}" if found else "the server does not say why"
        raise Unanswered(Kind.CREDENTIALS_REJECTED, detail, phase=Phase.LOGIN)
    if code in _BUSY:
        raise Unanswered(Kind.REFUSED, f"the server is {_BUSY[code]}", phase=Phase.LOGIN)
    raise Unanswered(Kind.REFUSED, f"{result['description']}: {message}"[:300], phase=Phase.LOGIN)
