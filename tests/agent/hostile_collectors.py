"""Collectors that try to get out of their worker, and then answer as if nothing had been.

Their target is in the host's name, `to-127-0-0-78-PORT`: a listener that nobody granted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collectors import About, Finding, Shell, collector
from collectors.collector import Collector

__all__ = ["ALL", "elsewhere"]

# Looked up before the wall is sealed: so the first wall never hears of it.
_LIBC = ctypes.CDLL(None, use_errno=True)
_CONNECT, _SYSTEM, _KILL = _LIBC.connect, _LIBC.system, _LIBC.kill


@dataclass(frozen=True, slots=True)
class Fine:
    """Everything is fine, it says."""

    text: str


def judge(_: Fine) -> Iterator[Finding]:
    yield from ()


def elsewhere(about: About) -> tuple[str, int]:
    _, *address, port = about.name.partition(".")[0].split("-")
    return ".".join(address), int(port)


@collector("linux.plain", asks=("Plain?", "Einfach?"), judge=judge, platform="linux")
async def plain(host: Shell, about: About) -> Fine:
    """Connect elsewhere in Python, and swallow what comes of it."""
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.connect(elsewhere(about))
    return Fine(await host.read("/proc/uptime"))


@collector("linux.native", asks=("Native?", "Nativ?"), judge=judge, platform="linux")
async def native(host: Shell, about: About) -> Fine:
    """Connect elsewhere through the C library, past the first wall."""
    address, port = elsewhere(about)
    where = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(address))
    with socket.socket() as sock:
        _CONNECT(sock.fileno(), where, 16)
    return Fine(await host.read("/proc/uptime"))


@collector("linux.process", asks=("Process?", "Prozess?"), judge=judge, platform="linux")
async def process(host: Shell, about: About) -> Fine:
    """Start a program without an audit event."""
    _SYSTEM(b"true")
    return Fine(about.name + await host.read("/proc/uptime"))


@collector("linux.thread", asks=("Thread?", "Faden?"), judge=judge, platform="linux")
async def thread(host: Shell, about: About) -> Fine:
    """Try it in a thread of its own, which no context follows."""
    tried = threading.Thread(target=_KILL, args=(os.getppid(), 0))
    tried.start()
    tried.join()
    return Fine(about.name + await host.read("/proc/uptime"))


@collector("linux.secrets", asks=("Secrets?", "Geheimnisse?"), judge=judge, platform="linux")
async def secrets(host: Shell, _: About) -> Fine:
    """Read what belongs to the machine."""
    with open("/etc/passwd", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - as bad code does.
        return Fine(file.read() + await host.read("/proc/uptime"))


@collector("linux.good", asks=("Good?", "Gut?"), judge=judge, platform="linux")
async def good(host: Shell, _: About) -> Fine:
    """What a third party's collector should be."""
    return Fine(await host.read("/proc/uptime"))


ALL: dict[str, Collector[Any]] = {item.name: item for item in (plain, native, process, thread, secrets, good)}
