"""A real net-snmp agent, with secrets of its own that live as long as it does."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.start import SnmpUser, SnmpWay
from inventory.snmp_reach import Authentication, Privacy

__all__ = ["RealSnmp", "serving_snmp"]

_SNMPD = "/usr/sbin/snmpd"
# As net-snmp's configuration writes them (snmpd.conf(5), snmp.conf(5)).
DIGESTS: dict[Authentication, str] = {
    "sha1": "SHA",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
}
CIPHERS: dict[Privacy, str] = {
    "aes128": "AES",
    "aes192": "AES-192",
    "aes256": "AES-256",
    "aes192-cisco": "AES-192-C",
    "aes256-cisco": "AES-256-C",
}
_USERS: tuple[tuple[Authentication, Privacy], ...] = (
    *(
        ("sha1", "aes128"),
        ("sha224", "aes128"),
        ("sha256", "aes128"),
        ("sha384", "aes192"),
        ("sha512", "aes256"),
    ),
    *(
        ("sha1", "aes192"),
        ("sha1", "aes256"),
        ("sha224", "aes256"),
        ("sha1", "aes192-cisco"),
        ("sha1", "aes256-cisco"),
    ),
)


@dataclass(slots=True)
class RealSnmp:
    """A running agent. users: by digest and cipher; partial: one that may read the system group only; none: nothing."""

    address: str
    port: int
    community: str
    users: dict[tuple[Authentication, Privacy], SnmpUser]
    partial: SnmpUser
    none: SnmpUser
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start_anew(self, *, forgetful: bool = False) -> None:
        """End it, and start it again. forgetful: without its memory, so that it has another engine ID."""
        self.stop()
        if forgetful:
            shutil.rmtree(self.folder / "state")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [_SNMPD, "-f", "-Lf", str(self.folder / "log")],
            env={
                "PATH": os.environ["PATH"],
                "SNMPCONFPATH": f"{self.folder}:{self.folder / 'state'}",
                "SNMP_PERSISTENT_DIR": str(self.folder / "state"),
                "MIBS": "",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait(self, self.process)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    @property
    def by_community(self) -> SnmpWay:
        return SnmpWay(community=self.community)

    @property
    def by_user(self) -> SnmpWay:
        return SnmpWay(user=self.users["sha256", "aes128"])


def _user(name: str, authentication: Authentication = "sha256", privacy: Privacy = "aes128") -> SnmpUser:
    return SnmpUser(
        name=name,
        authentication=authentication,
        privacy=privacy,
        authentication_phrase=secrets.token_urlsafe(16),
        privacy_phrase=secrets.token_urlsafe(16),
    )


def _created(user: SnmpUser) -> str:
    digest, cipher = DIGESTS[user.authentication], CIPHERS[user.privacy]
    return f'createUser {user.name} {digest} "{user.authentication_phrase}" {cipher} "{user.privacy_phrase}"'


def _free_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((address, 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving_snmp(folder: Path, address: str = "127.0.0.1", *more: str) -> Iterator[RealSnmp]:
    """The agent on a port of its own; its state and configuration are in the folder, readable by nobody else.

    more: further lines of its configuration.
    """
    users = {pair: _user(f"reads-{pair[0]}-{pair[1]}", *pair) for pair in _USERS}
    partial, none = _user("partial"), _user("none")
    made = RealSnmp(address, _free_port(address), secrets.token_urlsafe(12), users, partial, none, folder)
    lines = [
        f"agentAddress udp:{address}:{made.port}",
        f"rocommunity {made.community}",
        *map(_created, (*users.values(), partial, none)),
        *(f"rouser {user.name} priv" for user in users.values()),
        f"rouser {partial.name} priv -V systemonly",
        "view systemonly included .1.3.6.1.2.1.1",
        f"rouser {none.name} priv -V nothing",
        "view nothing included .1.3.6.1.4.1.99999",
        "sysDescr Stand of the lab",
        "sysObjectID 1.3.6.1.4.1.8072.3.2.10",
        *more,
    ]
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "snmpd.conf"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", "ascii")
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _wait(made: RealSnmp, process: subprocess.Popen[bytes]) -> None:
    """Until it listens: its port is no longer free."""
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            try:
                line.bind((made.address, made.port))
            except OSError:
                return
        time.sleep(0.02)
    raise RuntimeError(f"snmpd does not start: {(made.folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
