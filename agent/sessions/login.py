"""Who is let in, and by whom? SSH key exchange, host key check and login, with every limit set.

Pinned host keys only; no ssh configuration, no key agent, no search for keys.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import paramiko
from cryptography.exceptions import InvalidKey, InvalidSignature, InvalidTag, UnsupportedAlgorithm
from paramiko.ssh_exception import IncompatiblePeer

from agent.sessions import outdated as old
from agent.sessions.greeting import connect, greeted
from agent.start import SshWay
from collectors.session import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["CHANNEL", "ENDS", "Greeted", "agreed", "greet_first", "learn_host_key", "log_in"]

LOGIN = 10.0
CHANNEL = 8.0

_GARBLED = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, struct.error),
    *(InvalidKey, InvalidSignature, InvalidTag, UnsupportedAlgorithm),
)
# What the library raises when a conversation ends: besides its own errors, whatever went wrong in its thread
# over a host that does not keep to the protocol.
ENDS = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError, *_GARBLED)

# No CBC, no SHA-1 and no MD5, which the library would still take; and the modes first that need no separate
# digest, since the library checks digests byte by byte in Python.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_DIGESTS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)


@dataclass(frozen=True, slots=True)
class Greeted:
    """A connection whose next line is the server's version."""

    door: Door
    sock: socket.socket


async def greet_first(doors: Sequence[Door]) -> Greeted:
    """Connect to a host and wait for its greeting; costs no thread, so that hosts may hang here as they like.

    The addresses are tried in order; only one that cannot be reached leads to the next. Raises Unanswered.
    """
    for door in doors[:-1]:
        try:
            return await _greet(door)
        except Unanswered as reason:
            if reason.phase is not Phase.CONNECT:
                raise
    return await _greet(doors[-1])


async def _greet(door: Door) -> Greeted:
    sock = await connect(door)
    try:
        await greeted(sock)
    except BaseException:
        sock.close()
        raise
    sock.settimeout(LOGIN)
    return Greeted(door, sock)


def log_in(at: Greeted, way: SshWay, *, suffix: str = "") -> paramiko.SSHClient:
    """Key exchange, host key check, login. Blocks for some times `LOGIN` at the most. Raises Unanswered.

    suffix: what some devices take behind the account's name for the terminal that they shall give.
    """
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        _handshake(client, at.sock, at.door, way, way.user + suffix)
    except BaseException:
        client.close()
        at.sock.close()
        raise
    return client


def learn_host_key(at: Greeted, *, outdated: bool = False) -> str:
    """Key exchange without a login: the key that the server proves to hold, as 'type base64'. Raises Unanswered.

    Which of its keys that is, is agreed on as for a login. Blocks for some times `LOGIN` at the most.
    """
    transport: paramiko.Transport | None = None
    try:
        transport = _OutdatedTransport(at.sock) if outdated else _Transport(at.sock)
        transport.start_client(timeout=LOGIN)
        key = transport.get_remote_server_key()
    except ENDS as error:
        raise _why(error, transport) from None
    finally:
        if transport is not None:
            transport.close()
        at.sock.close()
    return f"{key.get_name()} {key.get_base64()}"


def _handshake(
    client: paramiko.SSHClient, sock: socket.socket, door: Door, way: SshWay, account: str
) -> None:
    host, port = str(door.address), door.port
    name = host if port == paramiko.config.SSH_PORT else f"[{host}]:{port}"
    for pinned in way.host_keys:
        kind, _, body = pinned.partition(" ")
        client.get_host_keys().add(name, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(body)))
    is_key = _is_key(way.secret)
    try:
        client.connect(
            host,
            port,
            username=account,
            pkey=_private_key(way.secret) if is_key else None,
            password=None if is_key else way.secret.rstrip("\r\n"),
            sock=sock,
            timeout=LOGIN,
            banner_timeout=LOGIN,
            auth_timeout=LOGIN,
            channel_timeout=CHANNEL,
            allow_agent=False,
            look_for_keys=False,
            transport_factory=_OutdatedTransport if way.legacy else _Transport,
        )
        transport = client.get_transport()
        if transport is None or not transport.is_authenticated():
            raise _SecondFactorError
    except ENDS as error:
        raise _why(error, client.get_transport()) from None
    transport.set_keepalive(15)


class _SecondFactorError(paramiko.AuthenticationException):
    """The host takes the credential, and asks for another one besides."""


class _Transport(paramiko.Transport):
    """The library's transport, with strong algorithms only, and without anybody at a terminal."""

    ciphers: tuple[str, ...] = _CIPHERS
    digests: tuple[str, ...] = _DIGESTS
    kex = ""

    def __init__(self, sock: Any, **options: Any) -> None:  # noqa: ANN401 - the library's own words.
        super().__init__(sock, **options)
        choice = self.get_security_options()
        choice.ciphers, choice.digests = self.ciphers, self.digests

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        """The library forgets by which key exchange it came to its keys."""
        super()._verify_key(host_key, sig)  # type: ignore[misc]
        self.kex = str(getattr(self.kex_engine, "name", ""))

    def auth_interactive_dumb(self, *_: object, **__: object) -> list[str]:
        """The library would print the host's prompt, and read the answer from standard input."""
        raise _SecondFactorError


class _OutdatedTransport(old.Outdated, _Transport):
    """For a device that the contract calls outdated: what is weak comes last."""

    ciphers = (*_CIPHERS, *old.CIPHERS)
    digests = (*_DIGESTS, *old.DIGESTS)


def agreed(transport: paramiko.Transport) -> dict[str, str]:
    """By which algorithms a connection is secured: 'kex', 'host_key', 'cipher', 'mac' (RFC 4253, section 7.1)."""
    known: Any = transport
    return {
        "kex": str(known.kex),
        "host_key": str(known.host_key_type),
        "cipher": str(known.remote_cipher),
        # Such a cipher brings its own; what was agreed on besides is not used.
        "mac": "" if "gcm" in known.remote_cipher else str(known.remote_mac),
    }


def _why(error: Exception, transport: paramiko.Transport | None) -> Unanswered:
    """Tell paramiko's errors apart (its own texts where it has no class for the case)."""
    text = str(error)
    known = transport is not None and transport.initial_kex_done
    match error:
        case paramiko.BadHostKeyException():
            detail = f"the host shows {error.key.get_name()} {error.key.fingerprint}, which is not pinned"
            return Unanswered(Kind.HOST_KEY_CHANGED, detail, phase=Phase.GREET)
        case IncompatiblePeer():
            tried = isinstance(transport, _OutdatedTransport)
            last = f"; nor those that 'legacy' permits ({old.WHAT})" if tried else ""
            return Unanswered(Kind.REFUSED, f"no algorithm in common: {text}{last}"[:300], phase=Phase.GREET)
        case paramiko.AuthenticationException():
            return _why_not_let_in(error)
        case paramiko.SSHException() if "known_hosts" in text:
            return Unanswered(
                Kind.HOST_KEY_CHANGED, "the host's key is of a type that is not pinned", phase=Phase.GREET
            )
        case TimeoutError() | paramiko.SSHException() if _tells_of_time(error):
            return Unanswered(Kind.TIMED_OUT, f"no key exchange within {LOGIN:g} s", phase=Phase.GREET)
        case _:
            what = "the login" if known else "the key exchange"
            garbled = isinstance(error, _GARBLED)
            detail = (
                f"what the host says in {what} is no SSH" if garbled else f"the connection ends in {what}"
            )
            return Unanswered(
                Kind.UNPARSABLE if garbled else Kind.CUT_OFF,
                (f"{detail}: {text}" if text else detail)[:300],
                phase=Phase.LOGIN if known else Phase.GREET,
            )


def _tells_of_time(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, TimeoutError) or "timeout" in text or "timed out" in text


def _why_not_let_in(error: paramiko.AuthenticationException) -> Unanswered:
    """The key exchange is done, the login is not."""
    kind, detail = Kind.CREDENTIALS_REJECTED, "the host rejects the login"
    match error:
        case _SecondFactorError():
            detail = "the host asks for a second login after the credential: another factor"
        case paramiko.BadAuthenticationType():
            ways = ", ".join(map(str, error.allowed_types))[:100]
            detail = f"the host takes no login of this kind from the account; it takes: {ways or 'none'}"
        case _ if _tells_of_time(error):
            kind, detail = Kind.TIMED_OUT, f"the login takes longer than {LOGIN:g} s"
        case _ if "shut down" in str(error):
            kind, detail = Kind.CUT_OFF, "the host ends the connection during the login"
        case _:
            pass
    return Unanswered(kind, detail, phase=Phase.LOGIN)


def _is_key(secret: str) -> bool:
    """Say whether a secret is meant as a private key; it must never be sent as if it were a password.

    A password has one line. What has more is a key, also one in a format that cannot be read here.
    """
    return "-----BEGIN" in secret or len(secret.strip("\r\n").splitlines()) > 1


@cache
def _private_key(text: str) -> paramiko.PKey:
    """Read a private key once a worker, however many hosts it opens. Raises Unanswered."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, UnicodeError):
            return kind.from_private_key(io.StringIO(text))
    raise Unanswered(
        Kind.CREDENTIALS_REJECTED,
        "the credential is no private key that can be read without a passphrase: use OpenSSH's format",
        phase=Phase.LOGIN,
    )
