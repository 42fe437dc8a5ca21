"""Real switches in network namespaces: bridges of the Linux kernel, and Open vSwitch with a daemon of its own each.

Everything is named by a prefix, and ends with the context. Needs root; Open vSwitch needs its package. No module of the
kernel is loaded: Open vSwitch runs its datapath in user space.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from collectors import Kind, Ran, Unanswered
from tests.lab.tools import run, until

__all__ = ["CommandLine", "Switches", "can_have_ovs", "switches"]

_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
# Every timer as short as 802.1D-2004 permits: a port needs 2 x 4 s, and one second says hello (in hundredths).
_TIMERS = ("hello_time", "100", "forward_delay", "400", "max_age", "600")


def can_have_ovs() -> bool:
    """Whether Open vSwitch is installed here."""
    return _SCHEMA.exists() and shutil.which("ovs-vswitchd", path=os.defpath + ":/usr/sbin:/sbin") is not None


@dataclass(slots=True)
class CommandLine:
    """A `Shell` without a network in between: it runs each command in a switch's namespace, and keeps what it answered."""

    argv: tuple[str, ...]
    ran: list[Ran] = field(default_factory=list)

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        began = datetime.now(UTC)
        done = run(*self.argv, *argv, check=False, timeout=deadline)
        took = (datetime.now(UTC) - began).total_seconds()
        one = Ran(
            argv=argv, stdout=done.stdout, stderr=done.stderr, code=done.returncode, began=began, took=took
        )
        self.ran.append(one)
        return one

    async def read(self, path: str) -> str:
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, path)
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        return (await self.read(path)).encode()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Switches:
    """Switches by short names ('sw1'), each in the namespace PREFIX + name."""

    prefix: str
    folder: Path
    names: list[str] = field(default_factory=list)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def enter(self, name: str, *argv: str) -> tuple[str, ...]:
        """The program and arguments that run a command on a switch."""
        run_dir = f"OVS_RUNDIR={self.folder / name}"
        return ("ip", "netns", "exec", f"{self.prefix}{name}", "env", "LC_ALL=C", run_dir, *argv)

    def on(self, name: str, *argv: str) -> str:
        return run(*self.enter(name, *argv)).stdout

    def ip(self, name: str, *words: str) -> None:
        run("ip", "-n", f"{self.prefix}{name}", *words)

    def shell(self, name: str, *as_who: str) -> CommandLine:
        """What a collector asks. as_who: a program before each command, that gives up rights."""
        return CommandLine(self.enter(name, *as_who))

    def box(self, name: str) -> None:
        run("ip", "netns", "add", f"{self.prefix}{name}")
        self.names.append(name)
        self.ip(name, "link", "set", "lo", "up")
        self.on(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")

    def cable(self, one: str, other: str) -> None:
        """Port 'p-OTHER' of one leads to port 'p-ONE' of the other."""
        peer = ("peer", "name", f"p-{one}", "netns", f"{self.prefix}{other}")
        self.ip(one, "link", "add", f"p-{other}", "type", "veth", *peer)
        self.ip(one, "link", "set", f"p-{other}", "up")
        self.ip(other, "link", "set", f"p-{one}", "up")

    def bridge(self, name: str, number: int, *, priority: int, stp: bool = True) -> None:
        """A bridge of the kernel, 'br0'."""
        self.box(name)
        speaks = ("stp_state", "1" if stp else "0", "priority", str(priority), *_TIMERS)
        mac = f"02:88:00:00:00:{number:02x}"
        self.ip(name, "link", "add", "br0", "address", mac, "type", "bridge", *(speaks if stp else ()))
        self.ip(name, "link", "set", "br0", "up")

    def join(self, one: str, other: str) -> None:
        """A cable between two bridges of the kernel."""
        self.cable(one, other)
        self.ip(one, "link", "set", f"p-{other}", "master", "br0")
        self.ip(other, "link", "set", f"p-{one}", "master", "br0")

    def vswitch(self, name: str) -> None:
        """A host with Open vSwitch's daemons, and no bridge yet."""
        self.box(name)
        folder = self.folder / name
        folder.mkdir()
        run("ovsdb-tool", "create", str(folder / "conf.db"), str(_SCHEMA))
        socket = f"unix:{folder}/db.sock"
        self._spawn(
            name, "ovsdb-server", "--pidfile", "--no-chdir", f"--remote=p{socket}", f"{folder}/conf.db"
        )
        until(f"the database of {name}", (folder / "db.sock").exists)
        self.vsctl(name, "--no-wait", "init")
        self._spawn(name, "ovs-vswitchd", "--pidfile", "--no-chdir", socket)
        until(f"the switch of {name}", (folder / "ovs-vswitchd.pid").exists)

    def vsctl(self, name: str, *words: str) -> str:
        return self.on(name, "ovs-vsctl", "--timeout=10", *words)

    def vbridge(self, name: str, number: int, *, priority: int, protocol: str = "rstp") -> None:
        """A bridge of Open vSwitch, 'br0', that speaks RSTP, STP, or neither ('')."""
        speaks: tuple[str, ...] = (
            (f"{protocol}_enable=true", f"other_config:{protocol}-priority={priority}") if protocol else ()
        )
        if protocol == "stp":
            speaks += (
                "other_config:stp-hello-time=1",
                "other_config:stp-max-age=6",
                "other_config:stp-forward-delay=4",
            )
        kind = ("datapath_type=netdev", "fail_mode=standalone")
        mac = f"other_config:hwaddr=02:88:00:00:01:{number:02x}"
        self.vsctl(name, "add-br", "br0", "--", "set", "bridge", "br0", *kind, mac, *speaks)

    def vjoin(self, one: str, other: str) -> None:
        """A cable between two bridges of Open vSwitch."""
        self.cable(one, other)
        self.vsctl(one, "add-port", "br0", f"p-{other}")
        self.vsctl(other, "add-port", "br0", f"p-{one}")

    def remove(self, name: str) -> None:
        """Take a switch of the kernel away, with its cables."""
        run("ip", "netns", "del", f"{self.prefix}{name}")
        self.names.remove(name)

    def _spawn(self, name: str, *argv: str) -> None:
        with (self.folder / f"{name}-{argv[0]}.log").open("wb") as log:
            self.daemons.append(
                subprocess.Popen(
                    self.enter(name, *argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def down(self) -> None:
        for daemon in reversed(self.daemons):
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
        for name in self.names:
            run("ip", "netns", "del", f"{self.prefix}{name}", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def switches(prefix: str, bridges: Sequence[str] = ()) -> Iterator[Switches]:
    """A place for switches. bridges: names of plain bridges of the kernel, with STP, the first as the planned root."""
    place = Switches(prefix, Path(tempfile.mkdtemp(prefix=f"{prefix}switches-")))
    try:
        for number, name in enumerate(bridges, 1):
            place.bridge(name, number, priority=4096 * number)
        yield place
    finally:
        place.down()
