"""Who stands in the lab's namespaces? Small servers that listen, forward, redirect, or hold something.

servers.py listen | forward | victim FILE | web | turncoat ADDRESS | stray ADDRESS OTHER
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_LISTENED = (9, 22, 53, 80, 389, 3128, 5060)


def listen() -> None:
    """Accept everything: whoever comes, came. What ends, is ended here as well, so that nothing lingers."""
    datagrams = []
    for port in _LISTENED:
        line = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        line.bind(("::", port))
        datagrams.append(line)
        stream = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        threading.Thread(target=_accept, args=(stream, _hear_out), daemon=True).start()
    signal.pause()


def _hear_out(line: socket.socket) -> None:
    while line.recv(4096):
        pass


def forward() -> None:
    """Stands in for a proxy, a key agent and the like on the agent's own machine: 'ADDRESS PORT' is connected to."""
    here = Path.cwd()
    for name in ("forward.sock", "forward.dgram", "keys.sock"):
        (here / name).unlink(missing_ok=True)
    keys = socket.socket(socket.AF_UNIX)
    keys.bind("keys.sock")
    keys.listen()
    threading.Thread(target=_accept, args=(keys, _key_agent), daemon=True).start()
    path = socket.socket(socket.AF_UNIX)
    path.bind("forward.sock")
    path.listen()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(b"\0escape-forward")
    abstract.listen()
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind("forward.dgram")
    threading.Thread(target=_forward_datagrams, args=(datagrams,), daemon=True).start()
    for listener in (path, abstract):
        threading.Thread(target=_accept, args=(listener, _forward_one), daemon=True).start()
    _accept(socket.create_server(("127.0.0.1", 3128)), _forward_one)


def _forward_datagrams(line: socket.socket) -> None:
    while True:
        _connect(line.recv(100))


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        line, _ = listener.accept()
        threading.Thread(target=_served, args=(serve, line), daemon=True).start()


def _served(serve: Callable[[socket.socket], None], line: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError), line:
        serve(line)


def _forward_one(line: socket.socket) -> None:
    _connect(line.recv(100))
    line.sendall(b".")


def _key_agent(line: socket.socket) -> None:
    """A key agent that asks somewhere else as soon as somebody comes."""
    line.recv(5)
    _connect(b"10.66.3.252 22")
    # RFC draft "SSH Agent Protocol": no keys.
    line.sendall(b"\0\0\0\5\x0c\0\0\0\0")


def _connect(order: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        host, port = order.decode().split()
        socket.create_connection((host, int(port)), 1).close()


def victim(file: str) -> None:
    """A process of somebody else, with a socket that is worth taking; it does not mind SIGURG."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    os.dup2(line.fileno(), 99)
    Path(file).write_text(str(os.getpid()), "ascii")
    while True:
        signal.pause()


def web() -> None:
    """The permitted host's other services, all of which point elsewhere."""
    for port, serve in ((80, _redirect), (389, _refer)):
        threading.Thread(target=_accept, args=(_listener(port), serve), daemon=True).start()
    threading.Thread(target=_sip, daemon=True).start()
    _snmp()


def _listener(port: int) -> socket.socket:
    return socket.create_server(("0.0.0.0", port))  # noqa: S104 - inside a lab namespace.


def _redirect(line: socket.socket) -> None:
    """HTTP: the path is the host to go to."""
    path = line.recv(4096).decode().split()[1]
    line.sendall(f"HTTP/1.0 302 Found\r\nLocation: http:/{path}/\r\nContent-Length: 0\r\n\r\n".encode())


def _refer(line: socket.socket) -> None:
    """LDAP (RFC 4511): a search is done, with a referral (result 10) to its base."""
    asked = re.search(rb"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", line.recv(4096))
    url = b"ldap://" + (asked[0] if asked else b"") + b"/"
    referral = b"\xa3" + bytes([len(url) + 2]) + b"\x04" + bytes([len(url)]) + url
    done = b"\x0a\x01\x0a\x04\x00\x04\x00" + referral
    body = b"\x02\x01\x01\x65" + bytes([len(done)]) + done
    line.sendall(b"\x30" + bytes([len(body)]) + body)


def _sip() -> None:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.IPPROTO_IP, 8, 1)
    line.bind(("0.0.0.0", 5060))  # noqa: S104 - inside a lab namespace.
    while True:
        asked, ancillary, _, who = line.recvmsg(4096, 100)
        found = re.search(rb"sip:([0-9.]+)", asked)
        where = found[1].decode() if found else ""
        line.sendmsg(
            [f"SIP/2.0 302 Moved\r\nContact: <sip:{where}>\r\n\r\n".encode()], _same(ancillary), 0, who
        )


def _same(ancillary: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Answer from the address that was asked."""
    return [(level, kind, bytes(4) + data[4:8] + bytes(4)) for level, kind, data in ancillary if kind == 8]


def _snmp() -> None:
    """Answers from the machine's first address, whichever was asked."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("0.0.0.0", 161))  # noqa: S104 - inside a lab namespace.
    away = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    away.bind(("10.66.255.11", 0))
    while True:
        asked, who = line.recvfrom(4096)
        away.sendto(asked, who)


def turncoat(address: str) -> None:
    """A name server that answers with its own address, and when the name is asked again, with another."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, 53))
    asked_before: set[bytes] = set()
    while True:
        asked, who = line.recvfrom(4096)
        # The question ends after the name's last label, its type and its class.
        end = asked.index(b"\0", 12) + 5
        question = asked[12:end]
        number = int(address.rpartition(".")[2])
        where = f"10.66.1.{number}" if question in asked_before else address
        if question[-4:-2] == b"\0\1":
            asked_before ^= {question}
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(where)
        line.sendto(asked[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + question + answer, who)


def stray(address: str, other: str) -> None:
    """A name server whose answers come from another address."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, 53))
    away = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    away.bind((other, 53))
    while True:
        asked, who = line.recvfrom(4096)
        away.sendto(asked[:2] + b"\x84\0" + asked[4:], who)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["listen"]:
            listen()
        case ["forward"]:
            forward()
        case ["victim", where]:
            victim(where)
        case ["turncoat", where]:
            turncoat(where)
        case ["stray", where, other]:
            stray(where, other)
        case ["web"]:
            web()
        case _:
            sys.exit(__doc__)
