"""Who is let in, and by whom? SSH key exchange, host key check and login, with every limit set.

Pinned host keys only; no ssh configuration, no key agent, no search for keys.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from agent.sessions.gate import Gate
from agent.sessions.greeting import connect, greeted
from agent.sessions.threads import in_thread
from agent.start import SshWay
from collectors.session import Kind, Phase, Unanswered
from inventory.grant import Door

__all__ = ["CHANNEL", "log_in_to_first"]

LOGIN = 10.0
CHANNEL = 8.0


async def log_in_to_first(
    doors: Sequence[Door], way: SshWay, gate: Gate, threads: ThreadPoolExecutor
) -> paramiko.SSHClient:
    """Try the host's addresses in order; only one that cannot be reached leads to the next."""
    for door in doors[:-1]:
        try:
            return await _log_in(door, way, gate, threads)
        except Unanswered as reason:
            if reason.phase is not Phase.CONNECT:
                raise
    return await _log_in(doors[-1], way, gate, threads)


async def _log_in(door: Door, way: SshWay, gate: Gate, threads: ThreadPoolExecutor) -> paramiko.SSHClient:
    sock = await connect(door)
    try:
        await greeted(sock)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        async with gate:
            sock.settimeout(LOGIN)
            await in_thread(threads, lambda: _handshake(client, sock, door, way), client.close, LOGIN * 3)
    except BaseException:
        sock.close()
        raise
    return client


def _handshake(client: paramiko.SSHClient, sock: socket.socket, door: Door, way: SshWay) -> None:
    """Key exchange, host key check, login. Blocking. Raises Unanswered."""
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
        )
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _why(error) from None
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(15)


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
