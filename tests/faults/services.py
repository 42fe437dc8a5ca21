"""What happens to services and disks that their plain state does not tell? Found by who looks behind it."""

from __future__ import annotations

from functools import partial

from tests.faults.fault import Fault
from tests.faults.linux import Act, linux_fault, ssh_says, start, wait_failed
from tests.lab.lab import Lab
from tests.lab.tools import until

__all__ = ["FAULTS"]

_UNITS = "/etc/systemd/system"
_HOLDER = (
    "import os, time; file = open('/srv/export.tmp', 'wb'); file.write(bytes(63 << 20)); file.flush(); "
    "os.unlink(file.name); time.sleep(3600)"
)
_DROP_IN = "/run/systemd/system/auth.service.d"


def _unit(lab: Lab, host: str, name: str, text: str) -> None:
    lab.write(host, f"{_UNITS}/{name}", text)
    lab.on(host, "systemctl", "daemon-reload")


def _no_units(host: str, *names: str) -> Act:
    def undo(lab: Lab) -> None:
        lab.on(host, "systemctl", "disable", "--now", *names, check=False)
        lab.on(host, "rm", "-f", *(f"{_UNITS}/{name}" for name in names))
        lab.on(host, "systemctl", "daemon-reload")
        lab.on(host, "systemctl", "reset-failed")

    return undo


def _hold_deleted(lab: Lab) -> None:
    lab.on("file1", "systemd-run", "-q", "--unit=export", "python3", "-c", _HOLDER)
    until("/srv of file1 is full", partial(_is_full, lab))


def _is_full(lab: Lab) -> bool:
    used = lab.on("file1", "df", "--output=pcent", "/srv").stdout.split()[-1]
    there = lab.on("file1", "ls", "/srv").stdout
    return int(used.rstrip("%")) >= 95 and "export" not in there


def _fail_a_required_one(lab: Lab) -> None:
    says = "echo 'cannot open the database /var/lib/stock.db: it is locked'; exit 3"
    _unit(lab, "app1", "stock.service", f'[Service]\nExecStart=/bin/sh -c "{says}"\nType=exec\n')
    _unit(
        lab,
        "app1",
        "orders.service",
        "[Unit]\nRequires=stock.service\nAfter=stock.service\n[Service]\nExecStart=/bin/sleep infinity\n"
        "[Install]\nWantedBy=server.target\n",
    )
    lab.on("app1", "systemctl", "enable", "orders.service")
    lab.on("app1", "systemctl", "start", "stock.service", check=False)
    wait_failed(lab, "app1", "stock.service")


def _fail_a_job(lab: Lab) -> None:
    says = "echo 'pg_dump: error: connection to server failed' >&2; exit 1"
    _unit(lab, "db1", "backup.service", f'[Service]\nType=oneshot\nExecStart=/bin/sh -c "{says}"\n')
    lab.on("db1", "systemctl", "start", "backup.service", check=False)
    wait_failed(lab, "db1", "backup.service")


def _crash(lab: Lab) -> None:
    """It crashes a moment after each start: most of the time systemd shows it running."""
    lab.on("app1", "mkdir", "-p", _DROP_IN)
    lab.write(
        "app1",
        f"{_DROP_IN}/50-fault.conf",
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\nRestart=always\nRestartSec=100ms\n"
        "ExecStart=/bin/sh -c 'sleep 1; kill -SEGV $$$$'\n",
    )
    lab.on("app1", "systemctl", "daemon-reload")
    lab.on("app1", "systemctl", "restart", "auth.service")
    until("auth.service has crashed four times", partial(_has_crashed, lab), seconds=30)


def _has_crashed(lab: Lab) -> bool:
    return int(lab.on("app1", "systemctl", "show", "-P", "NRestarts", "auth.service").stdout or 0) >= 4


def _crash_no_more(lab: Lab) -> None:
    lab.on("app1", "rm", "-rf", _DROP_IN)
    lab.on("app1", "systemctl", "daemon-reload")
    start(lab, "app1", "auth.service")


FAULTS: tuple[Fault, ...] = (
    linux_fault(
        "deleted-but-open",
        "file1",
        "linux.disk-full",
        _hold_deleted,
        _no_units("file1", "export.service"),
        _is_full,
    ),
    linux_fault(
        "required-one-failed",
        "app1",
        "linux.service-failed",
        _fail_a_required_one,
        _no_units("app1", "orders.service", "stock.service"),
        ssh_says("app1", "systemctl is-failed stock.service", lambda text: text == "failed"),
    ),
    linux_fault(
        "job-failed",
        "db1",
        "linux.job-failed",
        _fail_a_job,
        _no_units("db1", "backup.service"),
        ssh_says("db1", "systemctl is-failed backup.service", lambda text: text == "failed"),
    ),
    linux_fault(
        "crash-loop",
        "app1",
        "linux.service-flapping",
        _crash,
        _crash_no_more,
        _has_crashed,
    ),
)
