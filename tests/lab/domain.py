"""How does the customer's Active Directory come to be? Made once with Samba, saved, and laid down again in seconds."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import ad, samba
from tests.lab.places import AD_ZONE, DCS, FS1, USER, Place
from tests.lab.tools import LabError, run, until

if TYPE_CHECKING:
    from tests.lab.lab import Lab

__all__ = ["lay_down", "let_read_sysvol", "make"]

BASE = ad.BASE
HERE = Path(__file__).resolve().parent
# Passwords expire, computers grow stale: a domain that was saved long ago would not be a healthy one.
_KEPT_DAYS = 10
_PEOPLE = {"alice": "Alice Adler", "bob": "Bob Berger", "carol": "Carol Conrad"}
_SECOND = 10_000_000


def _recipe(folder: Path) -> Path:
    """The file of the saved domain: another recipe or another Samba is another file."""
    told = run("samba", "--version").stdout
    parts = [told.encode(), *((HERE / name).read_bytes() for name in ("domain.py", "samba.py", "places.py"))]
    return folder / f"ad-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}.tar.gz"


def _is_old(saved: Path) -> bool:
    return time.time() - saved.stat().st_mtime > _KEPT_DAYS * 86400


def lay_down(place: Place) -> bool:
    """Put the saved domain, if there is one, where the servers will look. False: it must be made first."""
    for box in (*DCS, FS1):
        (place.ad / box.id).mkdir(parents=True, exist_ok=True)
    (place.ad / FS1.id / "private").mkdir(mode=0o700, exist_ok=True)
    saved = _recipe(place.cache)
    if not saved.exists() or _is_old(saved):
        return False
    run("tar", "-C", str(place.ad), "--xattrs", "--xattrs-include=*", "-xzf", str(saved), timeout=60)
    _credential(place)
    return True


def _credential(place: Place) -> None:
    """Give the product the password of its own account in the domain."""
    file = place.credentials / "ad.password"
    file.touch(0o600)
    file.write_text(json.loads((place.ad / ad.PASSWORDS).read_text("ascii"))[ad.READER], "ascii")


def make(lab: Lab) -> None:
    """Make the domain on the servers that are up, save it, and start it."""
    place = lab.place
    for box in (*DCS, FS1):
        lab.on(box.id, "systemctl", "is-system-running", "--wait", check=False)
    names = ("Administrator", ad.READER, "svc-web", "ws01", *_PEOPLE)
    passwords = {name: samba.new_password() for name in names}
    _first(lab, passwords)
    _second(lab, passwords["Administrator"])
    _member(lab, passwords["Administrator"])
    for dc in DCS:
        lab.on(dc.id, "samba_dnsupdate", timeout=60)
    # Somebody works at the workstation, though the lab has none.
    ad.put(lab, ad.WS01, "lastLogonTimestamp", ad.nt(0))
    ad.wait_healthy(lab, seconds=60)
    file = place.ad / ad.PASSWORDS
    file.touch(0o600)
    file.write_text(json.dumps(passwords), "ascii")
    _credential(place)
    for box in (FS1, *DCS):
        lab.on(box.id, "systemctl", "stop", *samba.services(box), timeout=60)
    _save(place)
    for box in (*DCS, FS1):
        lab.on(box.id, "systemctl", "start", *samba.services(box), timeout=60)


def _save(place: Place) -> None:
    saved = _recipe(place.cache)
    saved.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in saved.parent.glob("ad-*"):
        if _is_old(old):
            old.unlink(missing_ok=True)
    part = saved.with_suffix(f".{os.getpid()}")
    part.touch(0o600)
    names = (*(box.id for box in (*DCS, FS1)), ad.PASSWORDS)
    words = ("tar", "-C", str(place.ad), "--xattrs", "--xattrs-include=*", "-czf", str(part), *names)
    run("sh", "-c", 'umask 077; exec "$@"', "sh", *words, timeout=60)
    part.rename(saved)


def _first(lab: Lab, passwords: dict[str, str]) -> None:
    dc1 = DCS[0]
    words = (
        f"--realm={samba.REALM}",
        f"--domain={samba.NETBIOS}",
        "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL",
        f"--host-name={dc1.id}",
        f"--host-ip={dc1.address}",
        f"--site={ad.SITE}",
        "--use-rfc2307",
        "--quiet",
    )
    lab.on(dc1.id, "samba-tool", "domain", "provision", *words, timeout=120)
    lab.write(dc1.id, "/etc/samba/smb.conf", samba.smb_conf(dc1))
    ad.modify(lab, dc1.id, "\n".join(_seed(passwords)))
    lab.write(dc1.id, ad.SCRIPT, ad.SCRIPT_TEXT)
    folder = f"{ad.POLICIES}/{ad.OWN_POLICY}"
    for part in ("Machine", "User"):
        lab.on(dc1.id, "mkdir", "-p", f"{folder}/{part}")
    lab.write(dc1.id, f"{folder}/GPT.INI", "[General]\r\nVersion=1\r\n")
    lab.on(dc1.id, "samba-tool", "ntacl", "sysvolreset", timeout=60)
    ad.start(lab, dc1.id)


def _second(lab: Lab, password: str) -> None:
    dc1, dc2 = DCS
    words = (AD_ZONE, "DC", "-U", "Administrator", f"--server={dc1.name}", f"--site={ad.SITE}")
    lab.on(
        dc2.id,
        *("env", "PASSWD_FD=0", "samba-tool", "domain", "join", *words, "--dns-backend=SAMBA_INTERNAL"),
        text=password,
        timeout=120,
    )
    lab.write(dc2.id, "/etc/samba/smb.conf", samba.smb_conf(dc2))
    copy_sysvol(lab)
    ad.start(lab, dc2.id)


def copy_sysvol(lab: Lab) -> None:
    """Samba does not replicate sysvol: the second controller gets the first one's by hand."""
    first, second = (lab.place.ad / box.id / "sysvol" for box in DCS)
    run("cp", "-a", f"{first}/.", str(second))
    lab.on(DCS[1].id, "samba-tool", "ntacl", "sysvolreset", timeout=60)


def let_read_sysvol(lab: Lab) -> None:
    """Let the product's SSH account read the policies, as everybody may who is known to the domain."""
    for dc in (box.id for box in DCS):
        words = ("ldbsearch", "-H", f"{samba.LIB}/private/idmap.ldb", "(cn=S-1-5-11)", "xidNumber")
        found = re.search(r"^xidNumber: (\d+)$", lab.on(dc, *words).stdout, re.MULTILINE)
        if found is None:
            raise LabError(f"{dc} has no group for those who are known to the domain")
        lab.on(dc, "tee", "-a", "/etc/group", text=f"domain-known:x:{found[1]}:{USER}\n")


def _member(lab: Lab, password: str) -> None:
    words = ("-A", "/dev/stdin", "--no-dns-updates", "osName=Debian")
    text = f"username = Administrator\npassword = {password}\ndomain = {samba.NETBIOS}\n"
    lab.on(FS1.id, "net", "ads", "join", *words, text=text, timeout=60)
    # The other controller may be asked, and not know the new account yet.
    until("fs1 has its name in DNS", lambda: _is_registered(lab), seconds=60, every=0.5)
    lab.on(FS1.id, "systemctl", "start", *samba.services(FS1), timeout=60)
    until("fs1 is in the domain", lambda: ad.trusted(lab), seconds=30, every=0.5)


def _is_registered(lab: Lab) -> bool:
    words = ("net", "ads", "dns", "register", "-P")
    return not lab.on(FS1.id, *words, check=False, timeout=60).returncode


def _secret(password: str) -> str:
    return f"clearTextPassword:: {base64.b64encode(password.encode('utf-16-le')).decode()}"


def _seed(passwords: dict[str, str]) -> Iterator[str]:
    """What an administrator would have entered, as LDIF: the password policy, people, a service, a policy."""
    yield from _rules()
    yield from ("dn: CN=Administrator," + ad.USERS, "changetype: modify", "replace: clearTextPassword")
    yield from (_secret(passwords["Administrator"]), "-", "")
    for name, shown in {**_PEOPLE, ad.READER: "Secondline"}.items():
        forever = ad.NORMAL | ad.NEVER_EXPIRES if name == ad.READER else ad.NORMAL
        yield from _user(name, shown, passwords[name], forever)
    yield from _user(
        "svc-web",
        "Webdienst",
        passwords["svc-web"],
        ad.NORMAL,
        f"servicePrincipalName: HTTP/web.{AD_ZONE}",
        # AES with 128 and 256 bits, and nothing older.
        "msDS-SupportedEncryptionTypes: 24",
    )
    yield from (
        f"dn: {ad.WS01}",
        "changetype: add",
        "objectClass: computer",
        "sAMAccountName: WS01$",
        f"userAccountControl: {ad.WORKSTATION}",
        f"dNSHostName: ws01.{AD_ZONE}",
        f"servicePrincipalName: HOST/ws01.{AD_ZONE}",
        "servicePrincipalName: HOST/WS01",
        "operatingSystem: Windows 11 Pro",
        "msDS-SupportedEncryptionTypes: 28",
        _secret(passwords["ws01"]),
        "",
    )
    yield from _policy()


def _user(name: str, shown: str, password: str, control: int, *more: str) -> Iterator[str]:
    yield from (f"dn: CN={name},{ad.USERS}", "changetype: add", "objectClass: user")
    yield from (f"sAMAccountName: {name}", f"displayName: {shown}", f"userPrincipalName: {name}@{AD_ZONE}")
    yield from (f"userAccountControl: {control}", *more, _secret(password), "")


def _rules() -> Iterator[str]:
    yield from (f"dn: {BASE}", "changetype: modify")
    numbers = {
        "lockoutThreshold": 5,
        "lockoutDuration": -30 * 60 * _SECOND,
        "lockOutObservationWindow": -30 * 60 * _SECOND,
        "maxPwdAge": -42 * 86400 * _SECOND,
    }
    for name, number in numbers.items():
        yield from (f"replace: {name}", f"{name}: {number}", "-")
    yield from ("", f"dn: {ad.DIRECTORY_SERVICE}", "changetype: modify")
    yield from ("replace: tombstoneLifetime", "tombstoneLifetime: 180", "-", "")
    yield from (f"dn: {ad.SUBNET}", "changetype: add", *ad.subnet())


def _policy() -> Iterator[str]:
    dn = f"CN={ad.OWN_POLICY},CN=Policies,CN=System,{BASE}"
    yield from (f"dn: {dn}", "changetype: add", "objectClass: groupPolicyContainer")
    yield from ("displayName: Arbeitsplatz", "flags: 0", "gPCFunctionalityVersion: 2", "versionNumber: 1")
    yield from (f"gPCFileSysPath: \\\\{AD_ZONE}\\sysvol\\{AD_ZONE}\\Policies\\{ad.OWN_POLICY}", "")
    for part in ("Machine", "User"):
        yield from (f"dn: CN={part},{dn}", "changetype: add", "objectClass: container", "")
    links = (f"[LDAP://CN={name},CN=Policies,CN=System,{BASE};0]" for name in (ad.OWN_POLICY, ad.POLICY))
    yield from (f"dn: {BASE}", "changetype: modify", "replace: gPLink", f"gPLink: {''.join(links)}", "-", "")
