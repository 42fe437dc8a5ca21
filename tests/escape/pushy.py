"""What if a server asks for more than it is given? An SSH server that opens channels by itself, on port 2222.

A stand-in for a host that was taken over: it lets everybody in and serves commands, and meanwhile asks its client for
a forwarded port, for a screen and for the key agent. `pushy.py HOST_KEY FILE`: what it got, a line each.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko

WANTED = (
    ("forwarded-tcpip", ("10.66.1.230", 22), ("10.66.1.230", 22)),
    ("x11", ("10.66.1.230", 6000), ("10.66.1.230", 6000)),
    ("auth-agent@openssh.com", None, None),
    ("direct-tcpip", ("10.66.1.230", 22), ("10.66.1.230", 22)),
    ("session", None, None),
)


class _Server(paramiko.ServerInterface):
    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        del username, key
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=_served, args=(channel, command), daemon=True).start()
        return True


def _served(channel: paramiko.Channel, command: bytes) -> None:
    """Run what is asked for, as a host does."""
    program = subprocess.Popen(
        ["sh", "-c", command.decode()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdin
    assert program.stdout
    assert program.stderr
    for source, send in ((program.stdout, channel.sendall), (program.stderr, channel.sendall_stderr)):
        threading.Thread(target=_pumped, args=(source.fileno(), send), daemon=True).start()
    with contextlib.suppress(OSError):
        while piece := channel.recv(4096):
            program.stdin.write(piece)
            program.stdin.flush()
        program.stdin.close()
    channel.send_exit_status(program.wait())
    channel.close()


def _pumped(source: int, send: Callable[[bytes], None]) -> None:
    with contextlib.suppress(OSError):
        while piece := os.read(source, 4096):
            send(piece)


def _push(transport: paramiko.Transport, file: Path) -> None:
    """Ask the client for everything that only a server may ask for, and more."""
    for kind, to, come in WANTED:
        try:
            channel = transport.open_channel(kind, to, come, timeout=5)
        except paramiko.SSHException as error:
            said = f"{kind}: refused: {error}"
        else:
            channel.close()
            said = f"{kind}: OPENED"
        with file.open("a", encoding="utf-8") as out:
            out.write(f"{said}\n")


def main() -> None:
    key, file = paramiko.Ed25519Key.from_private_key_file(sys.argv[1]), Path(sys.argv[2])
    listener = socket.create_server(("0.0.0.0", 2222))  # noqa: S104 - inside a lab namespace.
    while True:
        line, _ = listener.accept()
        transport = paramiko.Transport(line)
        transport.add_server_key(key)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(threading.Event(), _Server())
            threading.Thread(target=_after_login, args=(transport, file), daemon=True).start()


def _after_login(transport: paramiko.Transport, file: Path) -> None:
    first = transport.accept(20)
    if first is not None:
        _push(transport, file)


if __name__ == "__main__":
    main()
