"""How is the lab's Active Directory asked and changed? On its controllers, past the product, by plain tools."""

from __future__ import annotations

import base64
import json
import re
import struct
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab import dns, samba
from tests.lab.places import AD_ZONE, DCS, FS1
from tests.lab.tools import LabError, until

if TYPE_CHECKING:
    from tests.lab.lab import Lab

__all__ = [
    "BASE",
    "CONFIGURATION",
    "DIRECTORY_SERVICE",
    "DISABLED",
    "NEVER_EXPIRES",
    "NORMAL",
    "OWN_POLICY",
    "PARTITIONS",
    "PASSWORDS",
    "POLICIES",
    "POLICY",
    "READER",
    "SCRIPT",
    "SCRIPT_TEXT",
    "SITE",
    "SUBNET",
    "USERS",
    "WORKSTATION",
    "WS01",
    "Link",
    "age_days",
    "alike",
    "ill",
    "kinit",
    "links",
    "modify",
    "nt",
    "ntds",
    "password",
    "put",
    "read",
    "record",
    "restart",
    "start",
    "stop",
    "subnet",
    "tool",
    "trusted",
    "values",
    "wait_healthy",
    "wait_replicated",
]

SITE = "Koeln"
READER = "secondline"
PASSWORDS = "passwords.json"
BASE = ",".join(f"DC={part}" for part in AD_ZONE.split("."))
CONFIGURATION = f"CN=Configuration,{BASE}"
DIRECTORY_SERVICE = f"CN=Directory Service,CN=Windows NT,CN=Services,{CONFIGURATION}"
SUBNET = f"CN=10.77.1.0/24,CN=Subnets,CN=Sites,{CONFIGURATION}"
USERS = f"CN=Users,{BASE}"
WS01 = f"CN=WS01,CN=Computers,{BASE}"
PARTITIONS = (
    BASE,
    CONFIGURATION,
    f"CN=Schema,{CONFIGURATION}",
    f"DC=DomainDnsZones,{BASE}",
    f"DC=ForestDnsZones,{BASE}",
)
POLICY = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
OWN_POLICY = "{8C2A7C4E-5E0B-4F7A-9B61-3D6C0A1F7E21}"
POLICIES = f"{samba.LIB}/sysvol/{AD_ZONE}/Policies"
SCRIPT = f"{samba.LIB}/sysvol/{AD_ZONE}/scripts/anmeldung.cmd"
SCRIPT_TEXT = "@net use h: \\\\fs1\\daten\r\n"
DISABLED, NORMAL, WORKSTATION, NEVER_EXPIRES = 0x2, 0x200, 0x1000, 0x10000
_SAM = f"{samba.LIB}/private/sam.ldb"
# Samba's own control that lets a local administrator write what the directory else keeps for itself.
_AS_IT_IS = "local_oid:1.3.6.1.4.1.7165.4.3.12:0"
_RELAXED = "local_oid:1.3.6.1.4.1.4203.666.5.12:0"
_EPOCH = 11_644_473_600


def tool(lab: Lab, dc: str, *words: str, check: bool = True, text: str | None = None) -> str:
    """What `samba-tool` prints on a controller, as its root: no password is needed."""
    return lab.on(dc, "samba-tool", *words, check=check, text=text, timeout=60).stdout


def ntds(dc: str) -> str:
    """The object that says how a controller replicates."""
    return f"CN=NTDS Settings,CN={dc.upper()},CN=Servers,CN={SITE},CN=Sites,{CONFIGURATION}"


def modify(lab: Lab, dc: str, ldif: str, *, as_it_is: bool = False) -> None:
    """Change a controller's own directory. as_it_is: also what is kept by the directory itself."""
    controls = (f"--controls={_AS_IT_IS}", f"--controls={_RELAXED}") if as_it_is else ()
    lab.on(dc, "ldbmodify", "-H", _SAM, *controls, text=ldif, timeout=60)


def read(
    lab: Lab, dc: str, base: str, *names: str, scope: str = "base", where: str = "(objectClass=*)"
) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """Objects of a controller's own directory; what is not text is in base64."""
    words = ("ldbsearch", "-H", _SAM, "-b", base, "-s", scope, where, *names)
    told = lab.on(dc, *words, timeout=60, check=False).stdout.replace("\n ", "")
    return tuple(
        _object(block) for block in re.split(r"\n\n", told) if re.search(r"^dn: ", block, re.MULTILINE)
    )


def _object(block: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in block.splitlines():
        name, sep, value = line.partition(":")
        if sep and not line.startswith("#"):
            found[name] = (*found.get(name, ()), value.lstrip(": "))
    return found


def values(lab: Lab, dc: str, dn: str, name: str) -> tuple[str, ...]:
    """The values of one attribute on one controller; none without the object or the attribute."""
    found = read(lab, dc, dn, name)
    return found[0].get(name, ()) if found else ()


def put(lab: Lab, dn: str, name: str, value: str) -> None:
    """Write one value on the first controller, whatever it is, and wait until the second has it."""
    first, second = (dc.id for dc in DCS)
    ldif = f"dn: {dn}\nchangetype: modify\nreplace: {name}\n{name}: {value}\n"
    modify(lab, first, ldif, as_it_is=True)
    until(f"{second} has the new {name}", lambda: alike(lab, dn, name), seconds=30, every=0.2)


def alike(lab: Lab, dn: str, name: str) -> bool:
    """Say whether both controllers have the same values of an attribute, or none."""
    first, second = (sorted(values(lab, dc.id, dn, name)) for dc in DCS)
    return first == second


def nt(days_ago: float) -> str:
    """A moment as the directory writes it: in units of 100 ns since 1601."""
    return str(int((time.time() - days_ago * 86400 + _EPOCH) * 10_000_000))


def age_days(value: str) -> float:
    return (time.time() + _EPOCH - int(value) / 10_000_000) / 86400


def record(lab: Lab, act: str, name: str, kind: str, data: str, *, zone: str = AD_ZONE) -> None:
    """Add or delete a record of the domain's DNS. act: 'add' or 'delete'."""
    dc = DCS[0]
    tool(lab, dc.id, "dns", act, dc.name, zone, name, kind, data, "-P")
    target, *rest = data.split()
    shown = f" {rest[0]} {target}." if rest else f"{target}."
    until(
        f"both controllers answer with the new {name}",
        lambda: all(
            (shown.lower() in dns.ask(lab.place, one.address, f"{name}.{zone}", kind).lower())
            == (act == "add")
            for one in DCS
        ),
        seconds=30,
        every=0.2,
    )


def kinit(lab: Lab, name: str, password: str, dc: str, *, at: str = "agent") -> str:
    """What a client is told that logs on at one controller; empty when it is let in. at: from which machine."""
    config = str(lab.place.state / f"krb5-{dc}.conf") if at == "agent" else f"/run/krb5-{dc}.conf"
    lab.write(at, config, samba.krb5_conf(lab.box(dc).address))
    words = ("env", f"KRB5_CONFIG={config}", "LC_ALL=C", "kinit", "-c", "MEMORY:", f"{name}@{samba.REALM}")
    done = lab.on(at, *words, text=f"{password}\n", check=False)
    return done.stderr.strip() if done.returncode else ""


def password(lab: Lab, name: str) -> str:
    """The password of an account that the lab made."""
    return str(json.loads((lab.place.ad / PASSWORDS).read_text("ascii"))[name])


def subnet() -> tuple[str, ...]:
    return ("objectClass: subnet", f"siteObject: CN={SITE},CN=Sites,{CONFIGURATION}", "")


def stop(lab: Lab, dc: str) -> None:
    lab.on(dc, "systemctl", "stop", "samba-ad-dc.service", timeout=60)


def start(lab: Lab, dc: str) -> None:
    lab.on(dc, "systemctl", "reset-failed", "samba-ad-dc.service", check=False)
    lab.on(dc, "systemctl", "start", "samba-ad-dc.service", timeout=60)
    until(f"{dc} serves the domain", lambda: not tuple(_ill_controller(lab, dc)), seconds=30, every=0.2)


def restart(lab: Lab, dc: str) -> None:
    stop(lab, dc)
    start(lab, dc)


@dataclass(frozen=True, slots=True)
class Link:
    """How a controller last fetched one part of the directory from the other. Times are in Unix seconds."""

    partition: str
    failures: int
    result: int
    succeeded: float
    tried: float


def links(lab: Lab, dc: str) -> tuple[Link, ...]:
    """What a controller remembers of its own replication, a line for each part of the directory."""
    where = "(|(objectClass=domainDNS)(objectClass=configuration)(objectClass=dMD))"
    words = ("ldbsearch", "-H", _SAM, "--cross-ncs", "-b", BASE, "-s", "sub", where, "repsFrom")
    told = lab.on(dc, *words, timeout=60, check=False).stdout.replace("\n ", "")
    found = re.findall(r"^dn: (\S+)\nrepsFrom:: (\S+)$", told, re.MULTILINE)
    return tuple(_link(part, base64.b64decode(value)) for part, value in found)


def _link(partition: str, blob: bytes) -> Link:
    failures, succeeded, tried, result = struct.unpack_from("<IQQI", blob, 12)
    return Link(partition, failures, result, *(max(0.0, s - _EPOCH) for s in (succeeded, tried)))


def wait_replicated(lab: Lab, *, seconds: float = 40) -> None:
    """Wait until each controller has fetched every part from the other after this moment."""
    now = time.time()
    until(
        "each controller has what the other has",
        lambda: all(_fresh(lab, dc.id, now) for dc in DCS),
        seconds=seconds,
        every=0.5,
    )


def _fresh(lab: Lab, dc: str, since: float) -> bool:
    found = links(lab, dc)
    # Kept in whole seconds.
    return len(found) == len(PARTITIONS) and all(
        not link.failures and link.succeeded > since for link in found
    )


def trusted(lab: Lab) -> bool:
    """Say whether the member server and the domain trust each other."""
    return lab.on(FS1.id, "wbinfo", "-t", check=False).returncode == 0


def ill(lab: Lab) -> tuple[str, ...]:
    """What is not as it should be in the domain; empty when all is well."""
    with ThreadPoolExecutor() as pool:
        member = pool.submit(trusted, lab)
        told = pool.map(lambda dc: (*_ill_controller(lab, dc.id), *_ill_copy(lab, dc.id)), DCS)
        wrong = [f"{dc.id}: {why}" for dc, whys in zip(DCS, told, strict=True) for why in whys]
        return tuple(wrong if member.result() else (*wrong, f"{FS1.id}: wbinfo -t fails"))


def _ill_controller(lab: Lab, dc: str) -> Iterator[str]:
    box = lab.box(dc)
    ldap = (
        "ldapsearch",
        "-x",
        "-LLL",
        "-o",
        "nettimeout=2",
        "-H",
        f"ldap://{box.address}",
        "-b",
        "",
        "-s",
        "base",
    )
    if box.name not in lab.on("agent", *ldap, "dnsHostName", check=False).stdout:
        yield "no LDAP"
    if lab.on("agent", "bash", "-c", f"exec 3<>/dev/tcp/{box.address}/88", check=False).returncode:
        yield "no KDC"
    if not dns.serial(lab.place, box.address, AD_ZONE):
        yield "no DNS"


def _ill_copy(lab: Lab, dc: str) -> Iterator[str]:
    told = dns.ask(lab.place, lab.box(dc).address, f"_ldap._tcp.{AD_ZONE}", "SRV")
    for one in DCS:
        if f"389 {one.name}." not in told:
            yield f"no SRV record of {one.id}"
    booted = (lab.place.state / "hosts" / f"{dc}.json").stat().st_mtime
    if not _fresh(lab, dc, max(booted, time.time() - 30)):
        yield "has not fetched all parts from the other"


def wait_healthy(lab: Lab, *, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while wrong := ill(lab):
        if time.monotonic() > end:
            raise LabError(f"the domain is still ill: {'; '.join(wrong)}")
        time.sleep(0.2)
