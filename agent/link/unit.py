"""How is an agent that dials out run by the machine's service manager, behind a ring that it cannot widen? As text.

Nothing listens. Packets reach what the ceiling names and the controller, and nothing else, whatever this program does.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

from agent.post import load_post
from agent.ring import UnitError, allowed, joined, quoted, sandbox

__all__ = ["unit_for"]


def unit_for(home: Path, name: str, user: str, at: Iterable[str]) -> str:
    """The unit of one agent. at: the controller's addresses or networks. Raises UnitError, HoldError."""
    post = load_post(home, name)
    if post.ceiling is None:
        raise UnitError(f"no unit without a ceiling: {post.ceiling_trouble}")
    within = post.ceiling.all_within()
    if not within:
        raise UnitError(f"the ceiling of {name} leaves no address at all: there is nothing to ask")
    try:
        controller = tuple(ip_network(one) for one in at)
    except ValueError as error:
        raise UnitError(f"--at names no network: {error}") from None
    if any(one.prefixlen == 0 for one in joined(controller)):
        raise UnitError("--at names every address, so the unit would hold nothing: name the controller's own")
    if not user.isprintable() or any(sign in user for sign in " \"'\\%$"):
        raise UnitError(f"{user!r} is no user's name")
    program = Path(sysconfig.get_path("scripts")).absolute() / "secondline-agent"
    home = home.resolve()
    return _TEXT.format(
        agent=name,
        user=user,
        program=quoted(program, refused="$\"'\\"),
        setting=quoted(home, before="SECONDLINE_HOME="),
        within=allowed(within),
        controller=allowed(controller),
        sandbox=sandbox(home, (program, Path(sys.base_prefix).resolve(), home)),
    )


_TEXT = """\
# Made by 'secondline-agent unit {agent}'. Save it as /etc/systemd/system/secondline-agent.service, then:
#   systemctl daemon-reload
#   systemctl enable --now secondline-agent
# Make it anew when the ceiling was changed: the addresses below are those of the day it was made.

[Unit]
Description=Secondline agent {agent}
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={user}
Environment={setting}
ExecStart={program} run {agent}
# The line is tried for ever by the program itself; what ends it is started again, and tells then what it had still to tell.
Restart=always
RestartSec=10
KillMode=mixed
TimeoutStopSec=60
# It stands still while nobody asks. Eight workers of a hundred hosts fit in these.
MemoryMax=2G
TasksMax=1024

# Packets go to what the ceiling of {agent} leaves, and come from there; all others are dropped, loopback too. Where the
# kernel does not let systemd do it (control groups v2 and BPF are needed), systemd says so in the journal and no more.
IPAddressDeny=any
{within}# Beyond the ceiling: the controller, its broker, and the name server where their names must be looked up (--at).
{controller}
{sandbox}"""
