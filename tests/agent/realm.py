"""A real realm: MIT's KDC on the machine's own loopback network, with a database of its own that lives as long as the test."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.lab.tools import LabError, run, until

__all__ = ["REALM", "Realm"]

REALM = "AD.MUSTERBAU.TEST"
_AES = "aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal"
_KDC, _ADMIN, _MAKE = "/usr/sbin/krb5kdc", "/usr/sbin/kadmin.local", "/usr/sbin/kdb5_util"


class Realm:
    """Serves at an address, TCP alone. port: the KDC's. ahead: seconds by which its clock is ahead of everybody's."""

    def __init__(self, folder: Path, address: str = "127.0.0.1", *, ahead: int = 0) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._address, self._ahead = folder, address, ahead
        self.port = _free_port(address)
        self.keytab, self.config = folder / "keytab", folder / "krb5.conf"
        self.config.write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\nallow_rc4 = true\n"
            "dns_canonicalize_hostname = false\nallow_weak_crypto = true\n"
        )
        (folder / "kdc.conf").write_text(
            f'[kdcdefaults]\nkdc_listen = ""\nkdc_tcp_listen = {address}:{self.port}\n'
            f"[realms]\n{REALM} = {{\n database_name = {folder}/principal\n key_stash_file = {folder}/stash\n"
            f" acl_file = {folder}/acl\n supported_enctypes = {_AES}\n default_principal_flags = +preauth\n}}\n"
            f"[logging]\nkdc = FILE:{folder}/log\nadmin_server = FILE:{folder}/log\n"
        )
        run(_MAKE, "create", "-s", "-P", secrets.token_hex(8), "-r", REALM, env=self._surroundings())

    def __enter__(self) -> Self:
        clock = ("faketime", "-f", f"{self._ahead:+d}") if self._ahead else ()
        self._process = subprocess.Popen(
            (*clock, _KDC, "-n", "-r", REALM, "-P", str(self._folder / "pid")),
            env=self._surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # faketime stays the KDC's parent, and would leave it behind: both are ended as one group.
            start_new_session=True,
        )
        until("the KDC listens", self._is_listening)
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(10)

    def admin(self, *query: str) -> None:
        """Run one query of kadmin(1). Raises LabError when it fails."""
        done = run(_ADMIN, "-r", REALM, *query, env=self._surroundings())
        if "kadmin.local:" in done.stderr or "while" in done.stderr:
            raise LabError(f"kadmin {query[0]}: {done.stderr.strip()}")

    def account(self, name: str, password: str, *more: str) -> None:
        """Make an account. more: flags of `addprinc`."""
        self.admin("addprinc", *more, "-pw", password, name)

    def service(self, name: str, *more: str) -> None:
        """Make a service with random keys, which its keytab holds."""
        self.admin("addprinc", *more, "-randkey", name)
        self.admin("ktadd", "-k", str(self.keytab), "-norandkey", name)

    def _is_listening(self) -> bool:
        with socket.socket() as line:
            return line.connect_ex((self._address, self.port)) == 0

    def _surroundings(self) -> dict[str, str]:
        own = {"KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self._folder / "kdc.conf")}
        return {**os.environ, **own}


def _free_port(address: str) -> int:
    with socket.socket() as line:
        line.bind((address, 0))
        return int(line.getsockname()[1])
