"""An LDAP server that behaves as badly as a test wants, over real TLS: a stand-in for what no real one would do.

It speaks RFC 4511 by ldap3's own types. Samba, the real one, is asked in the lab.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error

from tests.tls import Identity

__all__ = ["BIND", "Answers", "OddLdap", "done", "entry", "referral", "tlv"]

# What comes back to the n-th search: bytes to send, or None to close the connection.
Answers = Callable[[int, int, object], Iterator[bytes | None]]
BIND = "bindRequest"


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    head = bytes((size,)) if size < 128 else b"\x84" + struct.pack("!I", size)
    return bytes((tag,)) + head + content


def _message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    return tlv(0x30, tlv(0x02, struct.pack("!I", number)), operation, controls)


def _result(tag: int, code: int, said: str = "", extra: bytes = b"") -> bytes:
    return tlv(tag, tlv(0x0A, bytes((code,))), tlv(0x04), tlv(0x04, said.encode()), extra)


def entry(number: int, dn: str, attributes: Mapping[str, Sequence[bytes]]) -> bytes:
    """A SearchResultEntry."""
    listed = (
        tlv(0x30, tlv(0x04, name.encode()), tlv(0x31, *(tlv(0x04, value) for value in values)))
        for name, values in attributes.items()
    )
    return _message(number, tlv(0x64, tlv(0x04, dn.encode()), tlv(0x30, *listed)))


def referral(number: int, *urls: str) -> bytes:
    """A SearchResultReference."""
    return _message(number, tlv(0x73, *(tlv(0x04, url.encode()) for url in urls)))


def done(number: int, code: int = 0, said: str = "", *, cookie: bytes | None = None) -> bytes:
    """A SearchResultDone; cookie: of the next page, b'' after the last."""
    controls = b""
    if cookie is not None:
        value = tlv(0x30, tlv(0x02, b"\0"), tlv(0x04, cookie))
        control = tlv(0x30, tlv(0x04, b"1.2.840.113556.1.4.319"), tlv(0x04, value))
        controls = tlv(0xA0, control)
    return _message(number, _result(0x65, code, said), controls)


@dataclass
class OddLdap:
    """Serves on a loopback address until it is left.

    identity: for TLS; starts_tls: TLS begins within LDAP, and is refused when `refuses_tls`. bind: code and text of the
    log-in. answers: what comes back to each search.
    """

    address: str
    identity: Identity
    answers: Answers
    bind: tuple[int, str] = (0, "")
    starts_tls: bool = False
    refuses_tls: bool = False
    first: bytes = b""
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.address, 0))
        self.port: int = self._listening.getsockname()[1]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.identity.certificate, self.identity.key)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._hang_up()
        self._thread.join(timeout=5)

    def _hang_up(self) -> None:
        while self._open:
            line = self._open.pop()
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                self._open.append(line)
                with contextlib.suppress(OSError):
                    self._talk(line)
                self._hang_up()

    def _talk(self, plain: socket.socket) -> None:
        line = plain if self.starts_tls else self._encrypted(plain)
        if self.first:
            line.sendall(self.first)
        searches, waiting = 0, b""
        while data := line.recv(65536):
            waiting += data
            for name, number, operation in _whole(waiting):
                waiting = b""
                self.heard.append(name)
                match name:
                    case "bindRequest":
                        line.sendall(_message(number, _result(0x61, *self.bind)))
                    case "extendedReq":
                        line.sendall(_message(number, _result(0x78, 2 if self.refuses_tls else 0)))
                        line = plain if self.refuses_tls else self._encrypted(plain)
                    case "searchRequest":
                        for said in self.answers(searches, number, operation):
                            if said is None:
                                return
                            line.sendall(said)
                        searches += 1
                    case _:
                        return

    def _encrypted(self, plain: socket.socket) -> ssl.SSLSocket:
        line = self._context.wrap_socket(plain, server_side=True)
        self._open.append(line)
        return line


def _whole(waiting: bytes) -> Iterator[tuple[str, int, object]]:
    """The one request that has come, once it is whole: a client asks one thing after the other."""
    with contextlib.suppress(PyAsn1Error):
        message, _ = decoder.decode(waiting, asn1Spec=LDAPMessage())
        operation = message["protocolOp"]
        yield operation.getName(), int(message["messageID"]), operation.getComponent()
