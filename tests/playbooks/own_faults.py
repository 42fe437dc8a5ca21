"""Which faults does a change treat that the fault matrix does not have? Where the cause is gone, and what it left is not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from tests.faults.dns import in_step
from tests.faults.fault import Fault
from tests.faults.linux import linux_fault, ssh_says, start, wait_failed
from tests.faults.matrix import FAULTS
from tests.lab import ad, cells, dns
from tests.lab.lab import Lab
from tests.lab.places import DCS, DNS1, DNS2, REVERSE, ZONE
from tests.lab.tools import until

__all__ = ["OWN", "by_name", "taking_updates"]

Act = Callable[[Lab], None]
_MATRIX = {fault.name: fault for fault in FAULTS}
_SERIAL = re.compile(r"(?<=hostmaster\.musterbau\.test\. )\d+")
_UNIT = "/etc/systemd/system/inventory.service"
_ARCHIVES = "/var/cache/apt"


def by_name(name: str) -> Fault:
    """A fault of the matrix, or of these."""
    return next((fault for fault in OWN if fault.name == name), None) or _MATRIX[name]


def taking_updates(fault: Fault) -> Fault:
    """The same in zones that take dynamic updates; the files are put back as they were, with a higher serial."""

    def inject(lab: Lab) -> None:
        for zone in (ZONE, REVERSE):
            kept = lab.place.state / f"{zone}.kept"
            kept.write_text((lab.place.dns / zone).read_text("ascii"), "ascii")
        fault.inject(lab)
        _primary(lab, takes_updates=True)

    def undo(lab: Lab) -> None:
        cells.end(lab.place, DNS1.id, "named")
        for zone in (ZONE, REVERSE):
            top = max(dns.serial(lab.place, DNS2.address, zone), 1) + 100
            text = (lab.place.state / f"{zone}.kept").read_text("ascii")
            (lab.place.dns / zone).write_text(_SERIAL.sub(str(top), text), "ascii")
            (lab.place.dns / f"{zone}.jnl").unlink(missing_ok=True)
        _primary(lab, takes_updates=False)

    return replace(fault, inject=inject, undo=undo)


def _primary(lab: Lab, *, takes_updates: bool) -> None:
    cells.end(lab.place, DNS1.id, "named")
    dns.start_primary(lab.place, takes_updates=takes_updates)
    until("the primary answers", lambda: bool(dns.serial(lab.place, DNS1.address, ZONE)), seconds=20)
    in_step(lab)


def _kill_auth(lab: Lab) -> None:
    """It dies more often than systemd wants to start it again, and nothing of that is left but the failure."""
    for _ in range(12):
        lab.on("app1", "systemctl", "kill", "--signal=ABRT", "auth.service", check=False)
        time.sleep(0.3)
        if lab.on("app1", "systemctl", "is-failed", "auth.service", check=False).stdout.strip() == "failed":
            return
    wait_failed(lab, "app1", "auth.service")


def _fail_job(lab: Lab) -> None:
    lab.write(
        "db1",
        _UNIT,
        "[Service]\nType=oneshot\nExecStart=/bin/ls /srv/share-of-the-day\nStandardError=journal\n",
    )
    lab.on("db1", "systemctl", "daemon-reload")
    lab.on("db1", "systemctl", "start", "inventory.service", check=False)
    wait_failed(lab, "db1", "inventory.service")
    lab.on("db1", "touch", "/srv/share-of-the-day")


def _forget_job(lab: Lab) -> None:
    lab.on("db1", "rm", "-f", _UNIT, "/srv/share-of-the-day")
    lab.on("db1", "systemctl", "daemon-reload")
    lab.on("db1", "systemctl", "reset-failed")


def _mode(mode: str) -> Act:
    return lambda lab: lab.void("web2", "chmod", mode, "/etc/resolv.conf")


def _fill_cache(lab: Lab) -> None:
    lab.on("web2", "mount", "-t", "tmpfs", "-o", "size=48m", "apt-cache", _ARCHIVES)
    lab.on("web2", "mkdir", "-p", f"{_ARCHIVES}/archives/partial")
    for number in range(6):
        package = f"{_ARCHIVES}/archives/linux-image-6.{number}_amd64.deb"
        lab.on("web2", "dd", "if=/dev/zero", f"of={package}", "bs=1M", "count=8", check=False)


def _no_cache(lab: Lab) -> None:
    lab.on("web2", "umount", _ARCHIVES)


def _miss_the_news(lab: Lab) -> None:
    """The secondary sleeps while a zone changes, and afterwards trusts its copy for an hour."""
    cells.end(lab.place, DNS2.id, "nsd")
    dns.start_secondary(lab.place, patient=True)
    in_step(lab)
    # Nothing that the primary says arrives, and it learns so at once.
    lab.filter(DNS1.id, "output", f"ip daddr {DNS2.address} udp dport 53 reject")
    dns.edit(lab.place, ZONE, r"\Z", "")
    lab.unfilter(DNS1.id)


def _hear_again(lab: Lab) -> None:
    cells.end(lab.place, DNS2.id, "nsd")
    dns.start_secondary(lab.place)
    in_step(lab)


def _is_behind(lab: Lab) -> bool:
    return dns.serial(lab.place, DNS2.address, ZONE) < dns.serial(lab.place, DNS1.address, ZONE)


def _quieten(lab: Lab) -> None:
    """It was an hour ago that the last wrong password came."""
    for dc in DCS:
        ldif = f"dn: CN=bob,{ad.USERS}\nchangetype: modify\nreplace: badPasswordTime\nbadPasswordTime: {ad.nt(1 / 24)}\n"
        ad.modify(lab, dc.id, ldif, as_it_is=True)


def _locked(lab: Lab) -> None:
    _MATRIX["ad-account-locked"].inject(lab)
    _quieten(lab)


def _auth_again(lab: Lab) -> None:
    start(lab, "app1", "auth.service")


OWN: tuple[Fault, ...] = (
    linux_fault(
        "service-killed",
        "app1",
        "linux.service-failed",
        _kill_auth,
        _auth_again,
        ssh_says("app1", "systemctl is-failed auth.service", lambda text: text == "failed"),
    ),
    linux_fault(
        "job-to-repeat",
        "db1",
        "linux.job-failed",
        _fail_job,
        _forget_job,
        ssh_says("db1", "ls /srv/share-of-the-day", bool),
    ),
    linux_fault(
        "resolvers-closed",
        "web2",
        "linux.resolver-unreadable",
        _mode("600"),
        _mode("644"),
        ssh_says("web2", "cat /etc/resolv.conf || echo closed", lambda text: text == "closed"),
    ),
    linux_fault(
        "package-cache-full",
        "web2",
        "linux.disk-full",
        _fill_cache,
        _no_cache,
        ssh_says("web2", f"df --output=avail {_ARCHIVES} | tail -1", lambda text: text == "0"),
    ),
    Fault(
        name="news-missed",
        area="dns",
        host=DNS2.id,
        tags=("dns.serial-behind",),
        inject=_miss_the_news,
        undo=_hear_again,
        shows=_is_behind,
    ),
    replace(
        _MATRIX["ad-account-locked"],
        name="locked-a-while-ago",
        tags=("ad.account-locked",),
        inject=_locked,
        note="the last wrong password is dated back by an hour",
    ),
)
