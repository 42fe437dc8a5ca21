"""A real router: FRRouting's zebra and ospfd in a network of their own, and its command line (vtysh) behind a real sshd."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.start import SshWay
from tests.fleet import Fleet

__all__ = ["Router"]

_DAEMONS = Path("/usr/lib/frr")
_START = """\
set -e
ip link set lo up
ip link add ge0 type veth peer name ge1
ip link set ge0 up; ip link set ge1 up
for name in zebra ospfd; do
    {daemons}/$name -f {folder}/$name.conf -u frr -g frr --vty_socket {folder} -i {folder}/$name.pid \
        -z {folder}/zserv.api --log stdout -P 0 >{folder}/$name.log 2>&1 &
    until [ -S {folder}/$name.vty ]; do sleep 0.05; done
done
wait
"""
_ZEBRA = "hostname r1\ninterface ge0\n ip address 10.88.21.1/30\n"
_OSPFD = """\
hostname r1
interface ge0
 ip ospf message-digest-key 1 md5 {secret}
router ospf
 network 10.88.21.0/30 area 0
"""


@dataclass
class Router:
    """One router `r1` that nobody else can reach; root's account has vtysh and nothing else.

    secret: stands in its configuration. Needs root, for the network namespace, and the package `frr`.
    """

    secret: str
    fleet: Fleet = field(init=False)
    _folder: Path = field(init=False)
    _running: subprocess.Popen[bytes] = field(init=False)

    @property
    def address(self) -> str:
        return self.fleet.address(0)

    @property
    def way(self) -> SshWay:
        return SshWay(
            user=self.fleet.user,
            host_keys=(self.fleet.host_key(0),),
            secret=self.fleet.private_key.read_text(),
        )

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="frr-"))
        shutil.chown(self._folder, "frr", "frr")
        self._folder.chmod(0o755)
        (self._folder / "zebra.conf").write_text(_ZEBRA)
        (self._folder / "ospfd.conf").write_text(_OSPFD.format(secret=self.secret))
        script = _START.format(folder=self._folder, daemons=_DAEMONS)
        self._running = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.fleet = Fleet(1, extra=f"ForceCommand /usr/bin/vtysh --vty_socket {self._folder}\n")
        self.fleet.__enter__()
        end = time.monotonic() + 20
        while not (self._folder / "ospfd.vty").exists():
            if time.monotonic() > end or self._running.poll() is not None:
                self.__exit__(None, None, None)
                raise RuntimeError("FRRouting does not start")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fleet.__exit__(kind, error, trace)
        self._running.kill()
        self._running.wait(10)
        shutil.rmtree(self._folder)
