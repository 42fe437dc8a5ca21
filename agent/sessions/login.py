"""Who is let in, and by whom? SSH key exchange, host key check and login, with every limit set.

Pinned host keys only; no ssh configuration, no key agent, no search for keys.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from agent.sessions.greeting import connect, greeted
from agent.start import SshWay
from collectors.session import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["CHANNEL", "Greeted", "greet_first", "log_in"]

LOGIN = 10.0
CHANNEL = 8.0


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


def log_in(at: Greeted, way: SshWay) -> paramiko.SSHClient:
    """Key exchange, host key check, login. Blocks for some times `LOGIN` at the most. Raises Unanswered."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        _handshake(client, at.sock, at.door, way)
    except BaseException:
        client.close()
        at.sock.close()
        raise
    return client


def _handshake(client: paramiko.SSHClient, sock: socket.socket, door: Door, way: SshWay) -> None:
    host, port = str(door.address), door.port
    name = host if port == paramiko.config.SSH_PORT else f"[{host}]:{port}"
    for pinned in way.host_keys:
        kind, _, body = pinned.partition(" ")
        client.get_host_keys().add(name, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(body)))
    is_key = way.secret.lstrip().startswith("-----BEGIN")
    try:
        client.connect(
            host,
            port,
            username=way.user,
            pkey=_private_key(way.secret) if is_key else None,
            password=None if is_key else way.secret.rstrip("\r\n"),
            sock=sock,
            timeout=LOGIN,
            banner_timeout=LOGIN,
            auth_timeout=LOGIN,
            channel_timeout=CHANNEL,
            allow_agent=False,
            look_for_keys=False,
            transport_factory=_transport,
        )
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _why(error) from None
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(15)


def _transport(sock: Any, **options: Any) -> paramiko.Transport:  # noqa: ANN401 - the library's own words.
    transport = paramiko.Transport(sock, **options)
    choice = transport.get_security_options()
    choice.ciphers, choice.digests = _CIPHERS, _DIGESTS
    return transport


def _why(error: Exception) -> Unanswered:
    """Tell paramiko's errors apart (its own texts where it has no class for the case)."""
    text = str(error)
    match error:
        case paramiko.BadHostKeyException():
            detail = f"the host shows {error.key.get_name()} {error.key.fingerprint}, which is not pinned"
            return Unanswered(Kind.HOST_KEY_CHANGED, detail, phase=Phase.GREET)
        case IncompatiblePeer():
            return Unanswered(Kind.REFUSED, f"no algorithm in common: {text}", phase=Phase.GREET)
        case paramiko.AuthenticationException():
            if "timeout" in text.lower():
                return Unanswered(
                    Kind.TIMED_OUT, f"the login takes longer than {LOGIN:g} s", phase=Phase.LOGIN
                )
            return Unanswered(Kind.CREDENTIALS_REJECTED, "the host rejects the login", phase=Phase.LOGIN)
        case TimeoutError():
            return Unanswered(Kind.TIMED_OUT, f"no key exchange within {LOGIN:g} s", phase=Phase.GREET)
        case paramiko.SSHException() if "known_hosts" in text:
            return Unanswered(
                Kind.HOST_KEY_CHANGED, "the host's key is of a type that is not pinned", phase=Phase.GREET
            )
        case paramiko.SSHException() if "timeout" in text.lower() or "timed out" in text.lower():
            return Unanswered(Kind.TIMED_OUT, f"no key exchange within {LOGIN:g} s", phase=Phase.GREET)
        case _:
            return Unanswered(
                Kind.CUT_OFF, f"the connection ends during login: {text}"[:300], phase=Phase.GREET
            )


@cache
def _private_key(text: str) -> paramiko.PKey:
    """Read a private key once a worker, however many hosts it opens. Raises Unanswered."""
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError, UnicodeError):
            return kind.from_private_key(io.StringIO(text))
    raise Unanswered(
        Kind.CREDENTIALS_REJECTED,
        "the credential is no private key that can be read without a passphrase",
        phase=Phase.LOGIN,
    )
