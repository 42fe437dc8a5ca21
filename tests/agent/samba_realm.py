"""A real realm of Active Directory: the KDC of a Samba controller of its own, at an address of the loopback network."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.agent.realm import REALM
from tests.lab.tools import run, until
from tests.tls import Identity

__all__ = ["SambaRealm"]

_TOOL = "samba-tool"


class SambaRealm:
    """Only its KDC serves, and its directory where it is given a certificate. port: the KDC's, by TCP and UDP."""

    def __init__(self, folder: Path, address: str = "127.9.2.1", identity: Identity | None = None) -> None:
        self._identity = identity
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._address = folder, address
        self.keytab, self.config = folder / "keytab", folder / "krb5.conf"
        self.config.write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
        )
        self.port, self._other = _free_port(address), _free_port(address)
        own = (f"--targetdir={folder}/dc", f"--adminpass=aA1-{secrets.token_urlsafe(12)}", "--host-name=dc2")
        names = (f"--realm={REALM}", "--domain=AD", f"--host-ip={address}")
        run(_TOOL, "domain", "provision", *own, *names, "--dns-backend=NONE", "--server-role=dc", timeout=300)
        self._settings = str(folder / "dc" / "etc" / "smb.conf")
        self.admin("domain", "passwordsettings", "set", "--complexity=off", "--min-pwd-age=0")

    def __enter__(self) -> Self:
        options = {
            "server services": "kdc",
            # With its mask: the machine itself has one address there alone.
            "interfaces": f"{self._address}/8",
            "bind interfaces only": "yes",
            "krb5 port": self.port,
            "kpasswd port": self._other,
            "log file": f"{self._folder}/log",
            "pid directory": str(self._folder),
            "ncalrpc dir": str(self._folder / "ncalrpc"),
        }
        if self._identity is not None:
            options |= {
                "server services": "kdc, ldap",
                "tls enabled": "yes",
                "tls certfile": str(self._identity.certificate),
                "tls keyfile": str(self._identity.key),
                "tls cafile": str(self._identity.certificate),
            }
        words = (f"--option={name}={value}" for name, value in options.items())
        program = shutil.which("samba", path="/usr/sbin:/usr/bin") or "samba"
        self._process = subprocess.Popen(
            (program, "-F", "-M", "single", "-s", self._settings, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until("the KDC listens", self._is_listening, seconds=30)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def admin(self, *words: str) -> None:
        """Run samba-tool on the controller's own database. Raises LabError."""
        run(_TOOL, *words, "-s", self._settings, timeout=60)

    def account(self, name: str, password: str) -> None:
        self.admin("user", "create", name, password)

    def service(self, name: str, machine: str, *, kinds: int = 0) -> None:
        """A computer's account with this service principal name; its keys are in the keytab.

        kinds: msDS-SupportedEncryptionTypes (MS-KILE 2.2.7), which Windows writes when it joins; 0: none.
        """
        self.admin("computer", "create", machine)
        self.admin("user", "setpassword", f"{machine}$", f"--newpassword=aA1-{secrets.token_urlsafe(12)}")
        self.admin("spn", "add", name, f"{machine}$")
        base = ",".join(f"DC={part.lower()}" for part in REALM.split("."))
        change = f"changetype: modify\nreplace: msDS-SupportedEncryptionTypes\nmsDS-SupportedEncryptionTypes: {kinds}\n"
        where = f"{self._folder}/dc/private/sam.ldb"
        if kinds:
            run("ldbmodify", "-H", where, text=f"dn: CN={machine},CN=Computers,{base}\n{change}", timeout=60)
        self.admin("domain", "exportkeytab", str(self.keytab), f"--principal={name}")

    def _is_listening(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex((self._address, self.port)) == 0


def _free_port(address: str) -> int:
    with socket.socket() as line:
        line.bind((address, 0))
        return int(line.getsockname()[1])
