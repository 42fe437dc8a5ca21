"""What does systemd hold around a whole installation? The third ring: a unit for a service manager, as text.

The two walls stand around a worker. The unit stands around all of it, the trusted part too: its packets leave for what
the customer's ceiling names, and for nothing else, whatever this program does. Pure: values in, text out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from pathlib import Path

__all__ = ["Unit", "UnitError", "unit_text"]


class UnitError(Exception):
    """There is no such unit; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a unit is made of.

    program: the installed command. python: where its Python lies. home: SECONDLINE_HOME. within: what the ceiling leaves (`Ceiling.all_within`).
    also: the ticket system, where it is elsewhere.
    """

    agent: str
    program: Path
    python: Path
    home: Path
    user: str
    within: tuple[IPv4Network | IPv6Network, ...]
    also: tuple[IPv4Network | IPv6Network, ...] = ()


def unit_text(unit: Unit) -> str:
    """The template unit, with the reason for each line. Raises UnitError."""
    if not unit.within:
        raise UnitError(f"the ceiling of {unit.agent} leaves no address at all: there is nothing to ask")
    if any(one.prefixlen == 0 for one in _joined(unit.also)):
        raise UnitError(
            "--also names every address, so the unit would hold nothing: name the ticket system's own"
        )
    places = (unit.program, unit.python, unit.home)
    return _TEXT.format(
        agent=unit.agent,
        user=unit.user,
        # systemd starts no program of such a name, whatever is written around it.
        program=_quoted(unit.program, refused="$\"'\\"),
        setting=_quoted(unit.home, before="SECONDLINE_HOME="),
        home=_quoted(unit.home),
        within=_allowed(unit.within),
        also=f"{_ALSO}{_allowed(unit.also)}" if unit.also else "",
        homes="read-only" if _below(places, "/home", "/root", "/run/user") else "yes",
        tmp="no" if _below(places, "/tmp", "/var/tmp") else "yes",  # noqa: S108 - no file is made there.
    )


def _joined(
    networks: Iterable[IPv4Network | IPv6Network],
) -> Iterator[IPv4Network | IPv6Network]:
    """The same addresses in as few networks as can be: two halves of everything are everything."""
    every = tuple(networks)
    yield from collapse_addresses(one for one in every if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in every if isinstance(one, IPv6Network))


def _allowed(networks: Iterable[IPv4Network | IPv6Network]) -> str:
    return "".join(f"IPAddressAllow={network}\n" for network in networks)


def _below(places: Iterable[Path], *tops: str) -> bool:
    return any(place.is_relative_to(top) for place in places for top in tops)


def _quoted(path: Path, *, before: str = "", refused: str = "") -> str:
    text = str(path)
    if not path.is_absolute() or not text.isprintable() or any(sign in text for sign in refused):
        raise UnitError(f"a unit cannot name {text!r}: install it under a plain, absolute path")
    return '"' + (before + text).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


_ALSO = "# Beyond the ceiling: where tickets are read and written, as whoever printed this has named it (--also).\n"

_TEXT = """\
# Made by 'secondline agent unit {agent}'. Save it as /etc/systemd/system/secondline@.service, then:
#   systemctl daemon-reload
#   systemctl start secondline@17      diagnoses ticket 17
# Make it anew when the ceiling was changed: the addresses below are those of the day it was made.

[Unit]
Description=Secondline at {agent}: diagnose ticket %i
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
Environment={setting}
ExecStart={program} diagnose --ticket %i --quiet
# 1 is a result: faults were found. What fails the unit: 2 bad input, 3 refused by the contract, 4 nothing could be asked.
SuccessExitStatus=1
# The note is in the ticket. In the journal it would outlive the contract's keep_days; what goes wrong is there.
StandardOutput=null
# Stopped as by Ctrl-C: the main process ends its workers and writes down what there is.
KillSignal=SIGINT
KillMode=mixed

# The third ring: packets go to what the ceiling of {agent} leaves, and come from there; all others are dropped, loopback
# too. Where the kernel does not let systemd do it (control groups v2 and BPF are needed), systemd says so in the
# journal and no more. A slice above this unit that has an IPAddressAllow= of its own widens it.
IPAddressDeny=any
{within}{also}
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
