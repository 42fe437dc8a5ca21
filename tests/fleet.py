"""Where do hundreds of hosts come from? One real sshd an address, on the machine's own loopback network.

Every host has its own key. Nothing here needs a right beyond what the user has who runs it, except that sshd
started by root wants its privilege separation folder.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["PORT", "Fleet"]

PORT = 2222
_CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host-{number}
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
UseDNS no
SetEnv HOME={folder} PATH={folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LogLevel ERROR
Subsystem sftp internal-sftp
MaxStartups 200
"""


@dataclass
class Fleet:
    """Real OpenSSH hosts at 127.7.0.1 and on, some of which accept and then say nothing.

    extra: further lines of every server's configuration. Another fleet on the same machine gets the next network: 127.8, and so on.
    """

    count: int
    hanging: int = 0
    extra: str = ""
    folder: Path = field(init=False)
    _network: socket.socket = field(init=False)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _silent: list[socket.socket] = field(default_factory=list)

    @property
    def user(self) -> str:
        return getpass.getuser()

    def address(self, number: int) -> str:
        network = self._network.getsockname()[0].split(".")[1]
        return f"127.{network}.{number // 250}.{number % 250 + 1}"

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self.address(number) for number in range(self.count + self.hanging))

    def host_key(self, number: int) -> str:
        """The pinned form: 'type base64'. Hanging hosts never show theirs; they get the first one's."""
        kind, body, *_ = (
            (self.folder / f"host-{number if number < self.count else 0}.pub").read_text().split()
        )
        return f"{kind} {body}"

    @property
    def private_key(self) -> Path:
        return self.folder / "id"

    @property
    def silent(self) -> tuple[socket.socket, ...]:
        """The listening sockets of the hosts that hang: readable once somebody waits there."""
        return tuple(self._silent)

    @property
    def programs(self) -> Path:
        """Programs put here are found first by every host of the fleet."""
        return self.folder / "bin"

    def __enter__(self) -> Self:
        self._network = _claim()
        self.folder = Path(tempfile.mkdtemp(prefix="fleet-"))
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.programs.mkdir()
        _make_key(self.private_key)
        shutil.copy(self.folder / "id.pub", self.folder / "authorized_keys")
        for number in range(self.count):
            _make_key(self.folder / f"host-{number}")
            config = self.folder / f"config-{number}"
            config.write_text(
                _CONFIG.format(port=PORT, address=self.address(number), folder=self.folder, number=number)
                + self.extra
            )
            with (self.folder / "log").open("ab") as log:
                self._started.append(
                    subprocess.Popen(
                        [
                            shutil.which("sshd", path="/usr/sbin:/usr/bin") or "/usr/sbin/sshd",
                            "-D",
                            "-e",
                            "-f",
                            config,
                        ],
                        stdin=subprocess.DEVNULL,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        for number in range(self.count, self.count + self.hanging):
            self._silent.append(socket.create_server((self.address(number), PORT), backlog=128))
        for number in range(self.count):
            self._await(self.address(number))
            if self._started[number].poll() is not None:
                raise RuntimeError(
                    f"somebody else's sshd stands at {self.address(number)}: end it, then try again"
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.wait(10)
        for listener in self._silent:
            listener.close()
        self._network.close()
        shutil.rmtree(self.folder)

    def _await(self, address: str) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection((address, PORT), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"no sshd at {address}: {(self.folder / 'log').read_text()[-500:]}")


def _claim() -> socket.socket:
    """Take the first loopback network that no other fleet has; it is free again when the socket is closed."""
    for network in range(7, 127):
        claim = socket.socket()
        try:
            claim.bind((f"127.{network}.255.254", PORT))
            # What a fleet that was killed has left behind stands there, too.
            with socket.socket() as first:
                first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                first.bind((f"127.{network}.0.1", PORT))
        except OSError:
            claim.close()
        else:
            return claim
    raise RuntimeError("every loopback network from 127.7 on is taken by a fleet")


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path], check=True)
