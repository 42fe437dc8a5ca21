"""What is written in the files of the domain's servers? Their smb.conf, Kerberos, certificates and units."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from tests.lab.places import AD_ZONE, DCS, DNS1, FS1, Box, Place
from tests.tls import Authority, Identity, authority

__all__ = [
    "AUDIT",
    "CA",
    "CERTIFICATE",
    "KEY",
    "LIB",
    "NETBIOS",
    "REALM",
    "authority_of",
    "issue",
    "krb5_conf",
    "new_password",
    "own_unit",
    "resolvers",
    "services",
    "smb_conf",
]

REALM = AD_ZONE.upper()
NETBIOS = "MUSTERBAU"
LIB = "/var/lib/samba"
AUDIT = "/var/log/samba/auth_audit.json"
CERTIFICATE, KEY, CA = (f"/etc/samba/tls/{name}.pem" for name in ("cert", "key", "ca"))


def resolvers(box: Box) -> tuple[str, ...]:
    """Whom a server of the domain asks for names: a controller its partner first, then itself."""
    first = sorted(DCS, key=lambda dc: dc == box)
    return tuple(dc.address for dc in first)


def services(box: Box) -> tuple[str, ...]:
    return ("smbd.service", "winbind.service") if box == FS1 else ("samba-ad-dc.service",)


def own_unit(box: Box, unit: str) -> str:
    """What the distribution's unit lacks: there may be no domain yet, while it is being made."""
    proof = "secrets.tdb" if box == FS1 else "sam.ldb"
    text = f"[Unit]\nConditionPathExists={LIB}/private/{proof}\n"
    if unit == "winbind.service":
        # All machines are switched on at once, and winbind takes a domain that is late for one that is away.
        uris = " ".join(f"ldap://{dc.address}" for dc in DCS)
        asks = f"ldapsearch -x -o nettimeout=1 -H '{uris}' -b '' -s base dnsHostName >/dev/null 2>&1"
        text += (
            f'[Service]\nExecStartPre=-/bin/bash -c "for i in {{1..50}}; do {asks} && exit; sleep .1; done"\n'
        )
    return text


def smb_conf(box: Box) -> str:
    lines = "\n".join(_member() if box == FS1 else _controller(box))
    return f"[global]\n{lines}\n"


def _common(box: Box) -> Iterator[str]:
    yield f"netbios name = {box.id.upper()}"
    yield f"realm = {REALM}"
    yield f"workgroup = {NETBIOS}"
    yield "interfaces = lo eth0"
    yield "bind interfaces only = yes"
    yield "load printers = no"
    yield "disable spoolss = yes"
    yield "printcap name = /dev/null"
    yield "log file = /var/log/samba/log.%m"


def _controller(box: Box) -> Iterator[str]:
    yield from _common(box)
    yield "server role = active directory domain controller"
    yield f"dns forwarder = {DNS1.address}"
    yield "idmap_ldb:use rfc2307 = yes"
    yield f"tls certfile = {CERTIFICATE}"
    yield f"tls keyfile = {KEY}"
    yield f"tls cafile = {CA}"
    # Who sends wrong passwords is to be found.
    yield f"log level = 1 auth_json_audit:2@{AUDIT}"
    # Fewer processes than on a real controller, and a pull every few seconds instead of every five minutes:
    # a fault shall show, and be gone again, within the patience of a test.
    yield "prefork children = 1"
    yield "dreplsrv:periodic_interval = 4"
    yield "dreplsrv:notify_interval = 1"
    yield "dreplsrv:periodic_startup_interval = 1"
    # A controller puts its own DNS records right again; here not before somebody has seen that they are wrong.
    yield "dnsupdate:name interval = 86400"
    yield "kccsrv:periodic_interval = 86400"
    yield "[sysvol]"
    yield f"path = {LIB}/sysvol"
    yield "read only = no"
    yield "[netlogon]"
    yield f"path = {LIB}/sysvol/{AD_ZONE}/scripts"
    yield "read only = no"


def _member() -> Iterator[str]:
    yield from _common(FS1)
    yield "server role = member server"
    yield "security = ads"
    yield "idmap config * : backend = tdb"
    yield "idmap config * : range = 3000-7999"
    yield f"idmap config {NETBIOS} : backend = rid"
    yield f"idmap config {NETBIOS} : range = 10000-999999"
    yield "machine password timeout = 0"
    yield "disable netbios = yes"
    yield "[daten]"
    yield "path = /srv/daten"
    yield "read only = no"


def krb5_conf(*kdcs: str) -> str:
    """kdcs: the addresses to ask; without one DNS names them."""
    # Without a 'primary' the client would look for one in DNS after a wrong password.
    asked = "".join(
        f"  kdc = {address}\n  primary_kdc = {address}\n  master_kdc = {address}\n" for address in kdcs
    )
    where = f" kdc_timesync = 0\n[realms]\n {REALM} = {{\n{asked} }}\n" if kdcs else ""
    return (
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_realm = false\n dns_lookup_kdc = true\n"
        f" rdns = false\n{where}[domain_realm]\n .{AD_ZONE} = {REALM}\n {AD_ZONE} = {REALM}\n"
    )


def authority_of(place: Place, name: str = "ad-ca") -> Authority:
    """The domain's own certificate authority, made once in a lab; `.root` is what clients trust."""
    folder = place.state / "tls"
    return Authority(folder, name) if (folder / f"{name}.pem").exists() else authority(folder, name)


def issue(place: Place, name: str, *, by: str = "ad-ca", begun_days: int = 0) -> tuple[Identity, Path]:
    """A certificate for an LDAP server that is valid for 30 days from its beginning, and its authority's."""
    issuer = authority_of(place, by)
    return issuer.issue(name, begun_days=begun_days), issuer.root


def new_password() -> str:
    """A random password that any policy takes."""
    return f"aA1-{secrets.token_urlsafe(18)}"
