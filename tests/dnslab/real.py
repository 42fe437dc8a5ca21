"""BIND and NSD as tests need them: on one loopback address, a high port, and gone at the end."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from inventory.grant import Door

__all__ = ["bind", "free_port", "nsd"]

_PATIENCE = 15.0


def free_port(address: str) -> int:
    """A port of this address that is free for UDP and TCP, and that the kernel gives to nobody by itself.

    A question sent from the very port that it is sent to would be its own answer.
    """
    for _ in range(200):
        port = 10_000 + secrets.randbelow(20_000)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            contextlib.suppress(OSError),
        ):
            tcp.bind((address, port))
            udp.bind((address, port))
            return port
    raise RuntimeError(f"no free port on {address}")


@contextlib.contextmanager
def bind(folder: Path, address: str, zones: Mapping[str, str], *, options: str = "") -> Iterator[Door]:
    """A BIND that is primary for these zones (name -> text of the zone file).

    address: one that an interface has, so 127.0.0.1: BIND listens to no other. Where it recurses, it asks a
    closed port of this machine and nobody outside.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(address)
    parts = [
        (
            f'options {{ directory "{folder}"; pid-file none; listen-on port {port} {{ {address}; }};'
            f" listen-on-v6 {{ none; }}; dnssec-validation no; notify no; forward only; forwarders {{ 127.0.0.1 port 9; }};"
            f" {options or 'recursion no;'} }};"
        ),
        "controls { };",
    ]
    for name, text in zones.items():
        (folder / f"{name}.zone").write_text(text)
        parts.append(f'zone "{name}" {{ type primary; file "{name}.zone"; }};')
    (folder / "named.conf").write_text("\n".join(parts))
    with _running(
        folder, Door(ip_address(address), port), "named", "-g", "-n", "1", "-c", "named.conf"
    ) as door:
        yield door


@contextlib.contextmanager
def nsd(folder: Path, address: str, zones: Mapping[str, str]) -> Iterator[Door]:
    """An NSD that serves these zones from files (name -> text of the zone file)."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(address)
    parts = [
        (
            f'server:\n  ip-address: {address}@{port}\n  server-count: 1\n  username: ""\n  database: ""\n'
            f'  zonesdir: "{folder}"\n  pidfile: "{folder}/nsd.pid"\n  xfrdfile: "{folder}/xfrd.state"\n'
            f'  zonelistfile: "{folder}/zone.list"\nremote-control:\n  control-enable: no\n'
        )
    ]
    for name, text in zones.items():
        (folder / f"{name}.zone").write_text(text)
        parts.append(f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n')
    (folder / "nsd.conf").write_text("".join(parts))
    with _running(folder, Door(ip_address(address), port), "nsd", "-d", "-c", f"{folder}/nsd.conf") as door:
        yield door


@contextlib.contextmanager
def _running(folder: Path, door: Door, *argv: str) -> Iterator[Door]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
        try:
            _wait_for(door, process, folder)
            yield door
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _wait_for(door: Door, process: subprocess.Popen[bytes], folder: Path) -> None:
    question = dns.message.make_query(".", "SOA", flags=0)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(dns.exception.DNSException, OSError):
            dns.query.udp(question, str(door.address), timeout=0.3, port=door.port)
            return
    raise RuntimeError(f"the server did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")
