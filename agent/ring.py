"""What does systemd hold around a program of ours? The lines that all units have in common, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from pathlib import Path

__all__ = ["UnitError", "allowed", "joined", "quoted", "sandbox"]


class UnitError(Exception):
    """There is no such unit; the message says what to do."""


def joined(
    networks: Iterable[IPv4Network | IPv6Network],
) -> Iterator[IPv4Network | IPv6Network]:
    """The same addresses in as few networks as can be: two halves of everything are everything."""
    every = tuple(networks)
    yield from collapse_addresses(one for one in every if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in every if isinstance(one, IPv6Network))


def allowed(networks: Iterable[IPv4Network | IPv6Network]) -> str:
    return "".join(f"IPAddressAllow={network}\n" for network in networks)


def _below(places: Iterable[Path], *tops: str) -> bool:
    return any(place.is_relative_to(top) for place in places for top in tops)


def quoted(path: Path, *, before: str = "", refused: str = "") -> str:
    text = str(path)
    if not path.is_absolute() or not text.isprintable() or any(sign in text for sign in refused):
        raise UnitError(f"a unit cannot name {text!r}: install it under a plain, absolute path")
    return '"' + (before + text).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def sandbox(home: Path, places: Iterable[Path]) -> str:
    """The lines that take rights away. places: where the program, its Python and its home lie."""
    every = tuple(places)
    return _SANDBOX.format(
        home=quoted(home),
        homes="read-only" if _below(every, "/home", "/root", "/run/user") else "yes",
        tmp="no" if _below(every, "/tmp", "/var/tmp") else "yes",  # noqa: S108 - no file is made there.
    )


_SANDBOX = """\
# No rights, and no way to any: neither of the walls around the workers needs one.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=yes
# Everything is for reading only, but the home.
ProtectSystem=strict
ReadWritePaths={home}
# 'read-only' where the installation, or its Python, lies in somebody's home.
ProtectHome={homes}
# 'no' where the installation itself lies in a temporary folder.
PrivateTmp={tmp}
PrivateDevices=yes
UMask=0077
# No memory of this program, which may hold a secret, is written to a disk.
LimitCORE=0
# The kernel and its settings are no business of ours.
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
# Network, and the local sockets between agent, porter and worker.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
# The wall's list of calls is one of this machine's own call numbers.
SystemCallArchitectures=native
# Processes of others are not even seen. ProcSubset= is left out: how busy the machine is (/proc/stat) says how many hosts
# may be asked at once.
ProtectProc=invisible
# SystemCallFilter= is left out: the porter needs calls that are on no common list (seccomp, pidfd_getfd,
# process_vm_readv), and a worker has a stricter list of its own.
"""
