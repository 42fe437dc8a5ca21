"""A real host behind a real router: a change of its default route cuts off whoever comes over the router."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fleet import PORT

__all__ = ["Routed"]

_CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/id.pub
StrictModes no
UsePAM no
PasswordAuthentication no
UseDNS no
Subsystem sftp internal-sftp
"""


@dataclass
class Routed:
    """A host at 10.98.N.2, whose way to us leads over 10.98.N.1; 10.98.N.9 is in its network, and nobody is there.

    Needs root, for the network namespaces.
    """

    folder: Path
    number: int = field(default_factory=lambda: os.getpid() % 120 * 2)
    _sshd: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"10.98.{self.number}.2"

    @property
    def gateway(self) -> str:
        return f"10.98.{self.number}.1"

    @property
    def nobody(self) -> str:
        return f"10.98.{self.number}.9"

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host.pub").read_text().split()[:2])

    @property
    def private_key(self) -> str:
        return (self.folder / "id").read_text()

    def route(self) -> str:
        """The host's default route, as it is now."""
        return self._inside("ip", "-4", "route", "show", "default").strip()

    def keep_a_way_to_us(self) -> None:
        """A route of its own to us, whatever the default route is."""
        self._inside("ip", "route", "add", f"10.98.{self.number + 1}.0/24", "via", self.gateway)

    def __enter__(self) -> Self:
        name, far = self._host, f"10.98.{self.number + 1}"
        for one in ("host", "id"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / one], check=True
            )
        router = self._router
        for words in (
            f"netns add {router}",
            f"netns add {name}",
            f"link add {router} type veth peer name outer netns {router}",
            f"-n {router} link add inner type veth peer name eth0 netns {name}",
            f"addr add {far}.1/24 dev {router}",
            f"link set {router} up",
            f"-n {router} addr add {far}.2/24 dev outer",
            f"-n {router} addr add {self.gateway}/24 dev inner",
            f"-n {router} link set outer up",
            f"-n {router} link set inner up",
            f"-n {name} link set lo up",
            f"-n {name} addr add {self.address}/24 dev eth0",
            f"-n {name} link set eth0 up",
            f"-n {name} route add default via {self.gateway}",
            f"route add 10.98.{self.number}.0/24 via {far}.2",
        ):
            subprocess.run(["ip", *words.split()], check=True)
        subprocess.run(
            ["ip", "netns", "exec", router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"], check=True
        )
        config = self.folder / "config"
        config.write_text(_CONFIG.format(port=PORT, address=self.address, folder=self.folder))
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin") or "/usr/sbin/sshd"
        self._sshd = subprocess.Popen(["ip", "netns", "exec", name, sshd, "-D", "-e", "-f", config])
        end = time.monotonic() + 10
        while "LISTEN" not in self._inside("ss", "-ltn"):
            if time.monotonic() > end:
                raise RuntimeError("no sshd behind the router")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sshd is not None:
            self._sshd.terminate()
            self._sshd.wait(10)
        for name in (self._host, self._router):
            subprocess.run(["ip", "netns", "del", name], check=False)

    @property
    def _host(self) -> str:
        return f"sl-h{self.number}"

    @property
    def _router(self) -> str:
        return f"sl-r{self.number}"

    def _inside(self, *argv: str) -> str:
        ran = subprocess.run(
            ["ip", "netns", "exec", self._host, *argv], capture_output=True, text=True, check=True
        )
        return ran.stdout
