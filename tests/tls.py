"""How do tests get a real TLS endpoint? An authority, certificates of it, and Debian's stunnel in front."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STUNNEL", "Authority", "Identity", "authority", "in_front"]

STUNNEL = "/usr/bin/stunnel4"


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """Somebody who issues certificates. `root` is what others trust, as a PEM file."""

    folder: Path
    name: str

    @property
    def root(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def issue(self, name: str, *addresses: str, days: int = 30, begun_days: int = 0) -> Identity:
        """Issue a certificate for a name and addresses; less than no days give one that is over.

        begun_days: it was issued so many days ago.
        """
        certificate, key = self.folder / f"{name}.pem", _key(self.folder / f"{name}.key")
        names = ",".join([f"DNS:{name}", *(f"IP:{address}" for address in addresses)])
        extensions = self.folder / f"{name}.cnf"
        usage = "extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n"
        extensions.write_text(f"subjectAltName={names}\n{usage}", "ascii")
        asked = _openssl("req", "-new", "-key", str(key), "-subj", f"/CN={name}")
        signed = ("-CA", str(self.root), "-CAkey", str(self.folder / f"{self.name}.key"))
        words = ("-req", *signed, "-days", str(days), "-extfile", str(extensions), "-out", str(certificate))
        _openssl("x509", *words, text=asked, days_ago=begun_days)
        return Identity(certificate, key)


def authority(folder: Path, name: str) -> Authority:
    """Make an authority in a folder (made when it is new)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Authority(folder, name)
    key = _key(folder / f"{name}.key")
    subject = ("-subj", f"/CN={name} root", "-days", "3650")
    _openssl("req", "-x509", "-new", "-key", str(key), *subject, "-out", str(made.root))
    return made


def in_front(settings: Path, *, accept: str, connect: str, identity: Identity) -> tuple[str, ...]:
    """The program and arguments that speak TLS at one address and pass on to another in the clear."""
    lines = (
        "foreground = yes",
        "pid =",
        "syslog = no",
        "debug = warning",
        "[desk]",
        f"accept = {accept}",
        f"connect = {connect}",
        f"cert = {identity.certificate}",
        f"key = {identity.key}",
        "TIMEOUTclose = 0",
    )
    settings.write_text("\n".join((*lines, "")), "ascii")
    return STUNNEL, str(settings)


def _key(path: Path) -> Path:
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(path))
    path.chmod(0o600)
    return path


def _openssl(*words: str, text: str | None = None, days_ago: int = 0) -> str:
    clock = ("faketime", "-f", f"-{days_ago}d") if days_ago else ()
    done = subprocess.run(
        (*clock, "openssl", *words), input=text, capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout
