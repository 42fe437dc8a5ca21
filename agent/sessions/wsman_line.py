"""How does pywinrm reach a Windows host? Over one TLS connection of ours, to one address, and in no other way.

What its HTTP library would do by itself is taken away: looking names up, proxies and passwords from the environment,
redirections, clear text, authorities of its own choice, answers that unpack to any size, and waiting for ever.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from agent.sessions.reach import CONNECT, reached
from collectors.silence import Kind, Phase, Unanswered
from inventory.grant import Door

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

__all__ = ["MOST", "Dialler", "Watch", "http_session"]

GREET = 6.0
# The most bytes that one question may be answered with.
MOST = 16 * 1024 * 1024


@dataclass(slots=True)
class Watch:
    """Until when, on the monotonic clock, and for how many bytes more the line may be used."""

    end: float = float("inf")
    left: int = MOST

    def begin(self, seconds: float) -> None:
        self.end, self.left = time.monotonic() + seconds, MOST

    @property
    def seconds(self) -> float:
        return self.end - time.monotonic()

    def patience(self) -> float:
        """Seconds for what is done next. Raises TimeoutError."""
        if self.seconds <= 0:
            raise TimeoutError("timed out")
        return self.seconds


class _Line(ssl.SSLSocket):
    """A socket under TLS that ends with the question's time and size, however slowly the host drips."""

    watch: Watch

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """See `socket.recv_into`. Raises OSError past the question's time or size."""
        self.settimeout(self.watch.patience())
        got = super().recv_into(buffer, nbytes, flags)
        self.watch.left -= got
        if self.watch.left < 0:
            raise OSError("the host sends more than any answer may be")
        return got

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """See `socket.send`. Raises OSError past the question's time."""
        self.settimeout(self.watch.patience())
        return super().send(data, flags)


class Dialler:
    """Makes connections to a host: verified, or none. The first address that can be connected to decides."""

    def __init__(self, doors: Sequence[Door], name: str, authorities: Sequence[str], watch: Watch) -> None:
        self._doors, self._name, self._watch = tuple(doors), name, watch
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.sslsocket_class = _Line
        self._context.load_verify_locations(cadata="".join(authorities))
        self._line: _Line | None = None
        # The host's, in DER, once it has been verified.
        self.certificate = b""
        self.held: PermissionError | None = None
        # By what the host last said that one may log in, in small letters.
        self.offered: frozenset[str] = frozenset()

    def dial(self) -> ssl.SSLSocket:
        """Raises Unanswered; PermissionError, the wall's, which is kept as well: libraries wrap it."""
        missed: Unanswered | None = None
        for door in self._doors:
            try:
                line = reached(door, min(CONNECT, self._watch.patience()))
            except PermissionError as error:
                self.held = error
                raise
            except Unanswered as reason:
                missed = missed or reason
            else:
                self._doors = (door,)
                return self._verified(line, f"{door.address} port {door.port}")
        raise missed or Unanswered(Kind.NO_ADDRESS, "it has no address", phase=Phase.CONNECT)

    def hang_up(self) -> None:
        """End the connection at once, also under a thread that waits for it."""
        if self._line is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)

    def _verified(self, line: socket.socket, where: str) -> ssl.SSLSocket:
        try:
            line.settimeout(min(GREET, self._watch.patience()))
            tls = self._context.wrap_socket(line, server_hostname=self._name)
            if not isinstance(tls, _Line):
                raise TypeError("the standard library wraps sockets otherwise than it should")
        except OSError as error:
            line.close()
            raise _unmet(error, where) from None
        tls.watch, self._line = self._watch, tls
        self.certificate = tls.getpeercert(binary_form=True) or b""
        return tls


def _unmet(error: OSError, where: str) -> Unanswered:
    said = f"{type(error).__name__}: {error}"[:300]
    match error:
        case ssl.SSLCertVerificationError():
            kind, detail = Kind.CERTIFICATE_REJECTED, error.verify_message
        case TimeoutError():
            kind, detail = Kind.TIMED_OUT, f"{where} accepts, then says nothing"
        case ssl.SSLError() if not isinstance(error, ssl.SSLEOFError):
            kind, detail = Kind.UNPARSABLE, f"what speaks at {where} is no TLS of ours: {said}"
        case _:
            kind, detail = Kind.CUT_OFF, f"{where} ends the connection: {said}"
    return Unanswered(kind, detail, phase=Phase.GREET)


class _Adapter(HTTPAdapter):
    """Gives the HTTP library connections that are open and verified already."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **words: Any) -> None:  # noqa: ANN401 - the library's signature.
        super().init_poolmanager(*args, **words)
        dial = self._dialler.dial

        class Connection(HTTPSConnection):
            def connect(self) -> None:
                self.sock = dial()
                self.is_verified = True

        class Pool(HTTPSConnectionPool):
            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"https": Pool}

    def cert_verify(self, conn: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401 - the library's signature.
        """The certificate is verified before the library sees the line, by the contract's authorities and no others."""
        conn.cert_reqs = "CERT_REQUIRED"

    def send(self, *args: Any, **words: Any) -> requests.Response:  # noqa: ANN401 - the library's signature.
        response = super().send(*args, **words)
        schemes = response.headers.get("WWW-Authenticate", "").lower().split(",")
        self._dialler.offered = frozenset(one.split()[0] for one in schemes if one.split())
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            response.close()
            raise Unanswered(Kind.UNPARSABLE, "the answer is packed, and nobody asked for that")
        return response


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature.
        """Nobody is followed anywhere."""
        return None


def http_session(dialler: Dialler, login: AuthBase) -> requests.Session:
    """A session that logs in as it is told, over lines of the dialler's, and in no other way."""
    session = _Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", _Adapter(dialler))
    session.auth = login
    session.headers.update(
        {"Content-Type": "application/soap+xml;charset=UTF-8", "Accept-Encoding": "identity"}
    )
    return session
