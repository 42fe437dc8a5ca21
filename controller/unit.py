"""What does systemd hold around a whole installation? The third ring: a unit for a service manager, as text.

The two walls stand around a worker. The unit stands around all of it, the trusted part too: its packets leave for what
the customer's ceiling names, and for nothing else, whatever this program does. Pure: values in, text out.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from agent.ring import UnitError, allowed, joined, quoted, sandbox

__all__ = ["Unit", "UnitError", "unit_text"]


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
    if any(one.prefixlen == 0 for one in joined(unit.also)):
        raise UnitError(
            "--also names every address, so the unit would hold nothing: name the ticket system's own"
        )
    return _TEXT.format(
        agent=unit.agent,
        user=unit.user,
        # systemd starts no program of such a name, whatever is written around it.
        program=quoted(unit.program, refused="$\"'\\"),
        setting=quoted(unit.home, before="SECONDLINE_HOME="),
        within=allowed(unit.within),
        also=f"{_ALSO}{allowed(unit.also)}" if unit.also else "",
        sandbox=sandbox(unit.home, (unit.program, unit.python, unit.home)),
    )


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
{sandbox}"""
