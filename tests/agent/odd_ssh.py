"""An SSH server that behaves as badly as a test wants: a stand-in for hosts that no OpenSSH can be made into.

It lets everybody in. What it does with a channel on which a command was asked for is the test's own function.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from agent.start import SshWay

__all__ = ["Behaviour", "Odd", "asked", "frame", "odd_host"]

Behaviour = Callable[[paramiko.Channel], None]
_MARK = re.compile(rb"m '([0-9a-f]+) begins'")


class Odd(paramiko.ServerInterface):
    """How the server answers what it is asked for; a test may override any of it."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave

    def check_auth_none(self, username: str) -> int:
        del username
        return AUTH_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:
        del username, password
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        behave = _swept if b"/environ" in command else self._behave
        threading.Thread(target=_run, args=(behave, channel), daemon=True).start()
        return True


def _run(behave: Behaviour, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        behave(channel)


def _swept(channel: paramiko.Channel) -> None:
    """The look for what goes on running finds nothing."""
    channel.send_exit_status(0)
    channel.close()


def asked(channel: paramiko.Channel) -> bytes:
    """Wait for the next question and give its mark."""
    said = b""
    while not (found := _MARK.search(said)):
        piece = channel.recv(65536)
        if not piece:
            raise EOFError
        said += piece
    return found[1]


def frame(mark: bytes, content: bytes, status: bytes = b"0") -> bytes:
    """One stream of an answer, as the host's shell writes it."""
    return b"\n" + mark + b" begins\n" + content + b"\n" + mark + b" " + status + b"\n"


@contextlib.contextmanager
def odd_host(server: Odd | Behaviour) -> Iterator[tuple[str, int, SshWay]]:
    """Serve on loopback until the end; gives address, port, and the way in."""
    key = paramiko.ECDSAKey.generate()
    interface = server if isinstance(server, Odd) else Odd(server)
    listener = socket.create_server(("127.8.0.2", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                transport = paramiko.Transport(client)
                transport.add_server_key(key)
                transports.append(transport)
                with contextlib.suppress(paramiko.SSHException, EOFError):
                    transport.start_server(threading.Event(), interface)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    way = SshWay(user="u", host_keys=(f"{key.get_name()} {key.get_base64()}",), secret="a password")
    try:
        yield (*listener.getsockname(), way)
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for transport in transports:
            transport.close()
