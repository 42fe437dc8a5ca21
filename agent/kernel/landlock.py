"""Which files may a worker read, and what else does Landlock hold? No file may be written, ever.

Landlock (landlock(7)) needs no rights. Of what the kernel is too old for, the seccomp filter still holds the most:
sockets, signals and processes; `missing_rings` says what is left out.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from agent.kernel.calls import add_rule, landlock_abi, new_ruleset

__all__ = ["missing_rings", "readable", "ruleset"]

_PATH_BENEATH, _NET_PORT = 1, 2
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_CONNECT_TCP = 1 << 1
# How many rights on files each version knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_RIGHTS = 16
_SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/pki/tls",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/dev/null",
    "/dev/urandom",
    # How busy the machine is: says how many hosts may be asked at once.
    "/proc/stat",
)
_OURS = ("agent", "collectors", "inventory", "playbooks")


def missing_rings(abi: int) -> tuple[str, ...]:
    """What this machine's Landlock does not hold, in words."""
    rings = ((3, "cutting files short"), (4, "TCP by port"), (6, "abstract sockets and signals"))
    return tuple(what for since, what in rings if abi < since)


def readable() -> frozenset[Path]:
    """What is needed to load a library late: Python, the installed packages, ours, and the C libraries."""
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {path for path in sys.path if path.endswith(("site-packages", "dist-packages", "lib-dynload"))}
    # The folders of our packages, not the folder that holds them: a contract may lie beside them.
    found |= {str(Path(place)) for name in _OURS for place in getattr(sys.modules.get(name), "__path__", ())}
    return frozenset(path for path in map(Path, (*found, *_SYSTEM)) if path.exists())


def ruleset(paths: Iterable[Path], ports: Iterable[int]) -> int:
    """A descriptor of what is allowed: reading below these paths, TCP to these ports. Raises OSError."""
    abi = landlock_abi()
    rights = (1 << _RIGHTS.get(abi, _NEWEST_RIGHTS)) - 1
    fields = [rights]
    if abi >= 4:
        # Binding and connecting by TCP; for the ports below, connecting is allowed again.
        fields.append(0b11)
    if abi >= 6:
        # Abstract sockets and signals stay inside.
        fields.append(0b11)
    rules = new_ruleset(struct.pack(f"{len(fields)}Q", *fields))
    for path in paths:
        _allow_reading(rules, path)
    if abi >= 4:
        for port in sorted(set(ports)):
            add_rule(rules, _NET_PORT, struct.pack("QQ", _CONNECT_TCP, port))
    return rules


def _allow_reading(rules: int, path: Path) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        is_folder = stat.S_ISDIR(os.fstat(place).st_mode)
        allowed = _READ_FILE | _READ_DIR if is_folder else _READ_FILE
        add_rule(rules, _PATH_BENEATH, struct.pack("=Qi", allowed, place))
    finally:
        os.close(place)
