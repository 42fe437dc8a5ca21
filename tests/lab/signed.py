"""Which zones are signed? A root and `example.` at the registry, Musterbau's second name below, and who verifies it.

The keys are made with the lab and live no longer than it. BIND's tools sign; Knot and PowerDNS hold further copies,
Unbound trusts the root's key and verifies.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.lab import dns
from tests.lab.cells import end, running_pids, spawn
from tests.lab.places import (
    DNS1,
    DNS2,
    DNS3,
    DNS4,
    REC1,
    REGISTRY,
    REVERSE,
    SIGNED,
    SIGNED_PARENT,
    Box,
    Place,
)
from tests.lab.tools import run, until

__all__ = [
    "SERVERS",
    "anchor",
    "delegate",
    "ds_of",
    "forget_keys",
    "fresh",
    "key",
    "publish",
    "raw",
    "refused",
    "restart_verifier",
    "sign",
    "start_fourth",
    "start_third",
    "start_verifier",
    "told",
    "verified",
    "vouch",
    "write",
]

# Who serves the signed zone: the primary and three copies, of four makes.
SERVERS = (DNS1, DNS2, DNS3, DNS4)
# The number in the SOA record.
_SERIAL = re.compile(r"(?<=hostmaster\.musterbau\.test\. )\d+")
_USUAL = "ECDSAP256SHA256"


def _folder(place: Place) -> Path:
    folder = place.dns / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def key(place: Place, zone: str, algorithm: str = _USUAL, *, bits: int = 0) -> str:
    """Make a key for a zone; gives the DS record that stands for it, as a line of the parent's zone."""
    folder = _folder(place)
    size = ("-b", str(bits)) if bits else ()
    name = run(
        "dnssec-keygen", "-q", "-K", str(folder), "-a", algorithm, *size, "-f", "KSK", zone
    ).stdout.strip()
    return run("dnssec-dsfromkey", "-2", str(folder / name)).stdout


def forget_keys(place: Place, zone: str) -> None:
    for file in _folder(place).glob(f"K{zone}.+*"):
        file.unlink()


def sign(place: Place, zone: str, *options: str) -> None:
    """Sign `zone` as its raw file says, with all its keys; options: of dnssec-signzone."""
    words = ("-q", "-S", "-z", "-P", "-K", str(_folder(place)), "-d", str(_folder(place)), "-o", zone)
    run(
        "dnssec-signzone",
        *words,
        *options,
        "-f",
        str(place.dns / f"{_name(zone)}.signed"),
        str(raw(place, zone)),
    )


def raw(place: Place, zone: str) -> Path:
    return place.dns / f"{_name(zone)}.raw"


def _name(zone: str) -> str:
    return zone.strip(".") or "root"


def write(place: Place) -> None:
    """Make the keys, write the three zones as they are when all is well, and sign them."""
    for zone in (".", SIGNED_PARENT, SIGNED):
        forget_keys(place, zone)
    names = "".join(f"@ IN NS {box.name}.\n" for box in SERVERS)
    raw(place, SIGNED).write_text(
        dns.soa(SIGNED, DNS1.name, 2026010101) + names + "www IN A 10.77.1.11\n", "ascii"
    )
    delegate(place, key(place, SIGNED))
    own = f"@ IN NS {REGISTRY.name}.\n{REGISTRY.name}. IN A {REGISTRY.address}\n"
    above = f"{SIGNED_PARENT}. IN NS {REGISTRY.name}.\ntest. IN NS {REGISTRY.name}.\n"
    above += "".join(f"{REVERSE}. IN NS {box.name}.\n" for box in (DNS1, DNS2))
    vouched = key(place, SIGNED_PARENT)
    raw(place, ".").write_text(dns.soa(".", REGISTRY.name, 1) + own + above + vouched, "ascii")
    anchors = key(place, ".")
    anchor(place).write_text(anchors, "ascii")
    for zone in (SIGNED_PARENT, ".", SIGNED):
        sign(place, zone)


def delegate(place: Place, ds: str) -> None:
    """Write the parent's zone with this word about the signed one."""
    names = "".join(f"{SIGNED}. IN NS {box.name}.\n" for box in SERVERS)
    own = dns.soa(SIGNED_PARENT, REGISTRY.name, 1) + f"@ IN NS {REGISTRY.name}.\n"
    raw(place, SIGNED_PARENT).write_text(own + names + ds, "ascii")


def ds_of(place: Place) -> str:
    """What the parent says now."""
    return "".join(re.findall(r"^.* IN DS .*\n", raw(place, SIGNED_PARENT).read_text("ascii"), re.MULTILINE))


def anchor(place: Place) -> Path:
    """The root's key, as the verifying resolver is told it."""
    return place.dns / "anchor"


def publish(place: Place, *options: str, signing: bool = True) -> None:
    """Sign the zone anew with the next serial, and wait until all have it. options: of dnssec-signzone.

    Without `signing` the bare zone is published. What the resolver remembers is forgotten.
    """
    file = raw(place, SIGNED)
    before = _SERIAL.findall(file.read_text("ascii"))
    serial = int(before[0]) + 1
    file.write_text(_SERIAL.sub(str(serial), file.read_text("ascii")), "ascii")
    if signing:
        sign(place, SIGNED, *options)
    else:
        (place.dns / f"{SIGNED}.signed").write_text(file.read_text("ascii"), "ascii")
    for pid in running_pids(place, DNS1.id, "named"):
        os.kill(pid, signal.SIGHUP)
    for box in SERVERS:
        until(f"{box.id} has the new {SIGNED}", partial(_has, place, box, serial), seconds=30)
    restart_verifier(place)


def _has(place: Place, box: Box, serial: int) -> bool:
    return str(serial) in told(place, box, "SOA", "+short").split()


def vouch(place: Place, ds: str) -> None:
    """Let the parent say this of the signed zone."""
    delegate(place, ds)
    sign(place, SIGNED_PARENT)
    for pid in running_pids(place, REGISTRY.id, "nsd"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)
    wanted = ds.rsplit(maxsplit=1)[-1].lower()
    until("the parent says so", partial(_says, place, wanted))
    restart_verifier(place)


def _says(place: Place, digest: str) -> bool:
    return digest in told(place, REGISTRY, "DS").replace(" ", "").lower()


def restart_verifier(place: Place, *, trusts: str = "", more: str = "") -> None:
    end(place, REC1.id, "unbound")
    start_verifier(place, trusts=trusts, more=more)
    until("the resolver is there", lambda: "status:" in _found(place), seconds=20)


def told(place: Place, box: Box, rtype: str, *options: str) -> str:
    """What dig prints about the signed zone, as one server says it."""
    return dns.status(place, box.address, SIGNED, rtype, *options)


def _found(place: Place, *options: str) -> str:
    """The same, as the resolver finds it."""
    return told(place, REC1, "SOA", "+recurse", "+time=2", *options)


def fresh(place: Place) -> bool:
    """Say whether the signatures live for more than a week."""
    ends = re.search(r"SOA \d+ \d+ \d+ (\d{14}) ", told(place, DNS1, "SOA", "+dnssec"))
    now = dt.datetime.now(tz=dt.UTC)
    return ends is not None and ends[1] > f"{now + dt.timedelta(days=7):%Y%m%d%H%M%S}"


def refused(place: Place) -> bool:
    """Say whether the verifying resolver refuses the zone, and would give it without verifying."""
    return "SERVFAIL" in _found(place) and "NOERROR" in _found(place, "+cd")


def verified(place: Place) -> bool:
    """Say whether the verifying resolver takes the signed zone for proven: it answers with the flag AD."""
    answer = _found(place, "+dnssec")
    return bool(re.search(r"^;; flags:[^;]* ad\b", answer, re.MULTILINE)) and "status: NOERROR" in answer


def start_verifier(place: Place, *, trusts: str = "", more: str = "") -> None:
    """Start Unbound. trusts: a trust anchor instead of the root's, as a DS record; more: lines of its configuration."""
    folder = place.dns / "unbound"
    folder.mkdir(exist_ok=True)
    trusted = trusts or anchor(place).read_text("ascii")
    anchors = "".join(f'  trust-anchor: "{line}"\n' for line in trusted.splitlines() if line)
    config = folder / "unbound.conf"
    config.write_text(
        f'server:\n  directory: "{folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no\n'
        f"  interface: {REC1.address}\n  access-control: 10.77.0.0/16 allow\n  do-ip6: no\n  num-threads: 1\n"
        f'  root-hints: "{place.dns / "hints"}"\n  module-config: "validator iterator"\n'
        '  local-zone: "test." nodefault\n  local-zone: "10.in-addr.arpa." nodefault\n  msg-cache-size: 1m\n'
        "  rrset-cache-size: 1m\n  cache-max-ttl: 1\n  cache-max-negative-ttl: 1\n  infra-host-ttl: 1\n"
        f"  val-bogus-ttl: 1\n{anchors}{more}remote-control:\n  control-enable: yes\n"
        f"  control-interface: {folder}/unbound.sock\n",
        "ascii",
    )
    spawn(place, REC1.id, ("unbound", "-d", "-c", str(config)), place.state / "log" / "unbound.log")


def start_third(place: Place) -> None:
    """Start Knot as a copy of the signed zone."""
    folder = place.dns / "knot"
    folder.mkdir(exist_ok=True)
    config = folder / "knot.conf"
    config.write_text(
        f'server:\n    rundir: "{folder}"\n    pidfile: "{folder}/knot.pid"\n    listen: {DNS3.address}@53\n'
        "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n"
        f'database:\n    storage: "{folder}"\nlog:\n  - target: stderr\n    any: warning\n'
        f"remote:\n  - id: primary\n    address: {DNS1.address}\n"
        f"acl:\n  - id: notified\n    address: {DNS1.address}\n    action: notify\n"
        f'zone:\n  - domain: {SIGNED}\n    storage: "{folder}"\n    master: primary\n    acl: notified\n'
        "    refresh-max-interval: 5\n    retry-max-interval: 2\n",
        "ascii",
    )
    for stale in (folder / f"{SIGNED}.zone",):
        stale.unlink(missing_ok=True)
    spawn(place, DNS3.id, ("knotd", "-c", str(config)), place.state / "log" / "knot.log")


def start_fourth(place: Place) -> None:
    """Start PowerDNS as a copy of the signed zone, which it serves with the signatures that it got."""
    folder = place.dns / "pdns"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*"):
        stale.unlink()
    (folder / "bind.conf").write_text(
        f'zone "{SIGNED}" {{ type slave; file "{folder}/{SIGNED}.zone"; masters {{ {DNS1.address}; }}; }};\n',
        "ascii",
    )
    (folder / "pdns.conf").write_text(
        f"launch=bind\nbind-config={folder}/bind.conf\nbind-dnssec-db={folder}/keys.sqlite\n"
        f"local-address={DNS4.address}\nsocket-dir={folder}\nsetuid=\nsetgid=\ndaemon=no\nguardian=no\n"
        "disable-syslog=yes\nsecondary=yes\nquery-cache-ttl=0\ncache-ttl=0\nnegquery-cache-ttl=0\n"
        "security-poll-suffix=\nxfr-cycle-interval=2\nreceiver-threads=1\ndistributor-threads=1\nversion-string=anonymous\n",
        "ascii",
    )
    run("pdnsutil", f"--config-dir={folder}", "create-bind-db", str(folder / "keys.sqlite"))
    run("pdnsutil", f"--config-dir={folder}", "set-presigned", SIGNED, check=False)
    spawn(place, DNS4.id, ("pdns_server", f"--config-dir={folder}"), place.state / "log" / "pdns.log")
