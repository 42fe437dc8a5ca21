"""What can be wrong on a Linux server? Faults that its own tools show, once they are asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.faults.fault import Fault
from tests.lab.hosts import AUTH_INI, CERT, certificate, resolv_conf
from tests.lab.lab import Lab
from tests.lab.places import DNS1, GATEWAY, NOBODY
from tests.lab.tools import LabError, until

__all__ = ["FAULTS", "do", "linux_fault", "resolver", "ssh_says", "start", "wait_failed"]

Act = Callable[[Lab], None]

_SSHD = "/etc/ssh/sshd_config.d/50-fault.conf"
_DROP_IN = "/run/systemd/system/auth.service.d/50-fault.conf"
_UNFAKED = ("dig", "host", "nslookup")
_OOM = (
    "java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0",
    (
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        "task_memcg=/system.slice/report.service,task=java,pid=4242,uid=33"
    ),
    (
        "Out of memory: Killed process 4242 (java) total-vm:3902460kB, anon-rss:1805552kB, file-rss:0kB,"
        " shmem-rss:0kB, UID:33 pgtables:3868kB oom_score_adj:0"
    ),
)


def ssh_says(host: str, command: str, holds: Callable[[str], bool]) -> Callable[[Lab], bool]:
    return lambda lab: holds(lab.ssh(host, command, check=False).stdout.strip())


def _failed(lab: Lab, host: str, unit: str) -> bool:
    return lab.on(host, "systemctl", "is-failed", unit, check=False).stdout.strip() == "failed"


def wait_failed(lab: Lab, host: str, unit: str) -> None:
    until(f"{unit} on {host} has failed", lambda: _failed(lab, host, unit), seconds=30)


def start(lab: Lab, host: str, unit: str) -> None:
    lab.on(host, "systemctl", "reset-failed", unit, check=False)
    lab.on(host, "systemctl", "restart", unit)


def _fill_disk(lab: Lab) -> None:
    lab.on("web1", "dd", "if=/dev/zero", "of=/srv/backup.tar", "bs=4k", check=False)
    wait_failed(lab, "web1", "webshop.service")


def _clean_disk(lab: Lab) -> None:
    lab.on("web1", "rm", "-f", "/srv/backup.tar")
    start(lab, "web1", "webshop.service")


def _fill_inodes(lab: Lab) -> None:
    lab.on("db1", "mkdir", "-p", "/srv/spool")
    lab.on("db1", "xargs", "touch", text="\n".join(f"/srv/spool/{n}" for n in range(2500)), check=False)


def _break_auth(lab: Lab) -> None:
    lab.write("app1", "/etc/auth/auth.ini", AUTH_INI.replace("port = 9000", "prot = 9000"))
    lab.on("app1", "systemctl", "restart", "auth.service")
    wait_failed(lab, "app1", "auth.service")


def _mend_auth(lab: Lab) -> None:
    lab.write("app1", "/etc/auth/auth.ini", AUTH_INI)
    start(lab, "app1", "auth.service")


def _restarts(lab: Lab) -> int:
    shown = lab.on("app1", "systemctl", "show", "--property=NRestarts", "--value", "auth.service").stdout
    return int(shown.strip() or 0)


def _flap(lab: Lab) -> None:
    lab.on("app1", "mkdir", "-p", str(Path(_DROP_IN).parent))
    lab.write(
        "app1",
        _DROP_IN,
        (
            "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\nExecStart=/bin/sh -c 'sleep 0.4; exit 1'\n"
            "Restart=always\nRestartSec=200ms\n"
        ),
    )
    lab.on("app1", "systemctl", "daemon-reload")
    lab.on("app1", "systemctl", "restart", "auth.service")
    until("auth.service has restarted five times", lambda: _restarts(lab) >= 5, seconds=30)


def _flap_no_more(lab: Lab) -> None:
    lab.on("app1", "rm", "-rf", str(Path(_DROP_IN).parent))
    lab.on("app1", "systemctl", "daemon-reload")
    start(lab, "app1", "auth.service")


def resolver(host: str, address: str) -> Act:
    return lambda lab: lab.write(host, "/etc/resolv.conf", resolv_conf(address))


def _foreign_resolver(lab: Lab) -> None:
    """The router forwards names as well: it answers, and nobody agreed to it."""
    lab.stand_in("net", "forward", DNS1.address)
    lab.wait_listening("net", 53)
    resolver("web2", GATEWAY)(lab)


def _no_foreign_resolver(lab: Lab) -> None:
    resolver("web2", DNS1.address)(lab)
    lab.end_stand_in("net")


def _shift_clock(lab: Lab) -> None:
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        raise LabError("libfaketime is not installed: run './run setup lab'")
    for tool in _UNFAKED:
        # These hang under libfaketime, which asks for the time while their allocator starts.
        own, wrapper = f"/run/fault-{tool}", f"/run/fault-{tool}.sh"
        lab.on("db1", "cp", f"/usr/bin/{tool}", own)
        lab.write("db1", wrapper, f'#!/bin/sh\nunset LD_PRELOAD\nexec {own} "$@"\n')
        lab.on("db1", "chmod", "755", wrapper)
        lab.on("db1", "mount", "--bind", wrapper, f"/usr/bin/{tool}")
    lab.write(
        "db1", _SSHD, f"SetEnv LD_PRELOAD={libraries[0]} FAKETIME=+600 FAKETIME_DONT_FAKE_MONOTONIC=1\n"
    )
    lab.on("db1", "systemctl", "restart", "ssh.service")


def _right_clock(lab: Lab) -> None:
    for tool in _UNFAKED:
        lab.on("db1", "umount", f"/usr/bin/{tool}", check=False)
    lab.on("db1", "rm", "-f", _SSHD)
    lab.on("db1", "systemctl", "restart", "ssh.service")


def _clock_is_off(lab: Lab) -> bool:
    here, there = (int(run.stdout) for run in (lab.on("agent", "date", "+%s"), lab.ssh("db1", "date", "+%s")))
    return abs(here - there) > 300


def _tracks(lab: Lab, host: str) -> bool:
    return "Normal" in lab.ssh(host, "chronyc -n tracking", check=False).stdout


def _tunnel_errors(lab: Lab) -> int:
    shown = lab.ssh("file1", "cat /sys/class/net/backup0/statistics/rx_errors", check=False)
    return int(shown.stdout) if shown.returncode == 0 else 0


def _damage_tunnel(lab: Lab) -> None:
    lab.on(
        "file1", "ip", "link", "add", "backup0", "type", "vxlan", "id", "7", "dstport", "4789", "dev", "eth0"
    )
    lab.on("file1", "ip", "link", "set", "backup0", "up")
    lab.stand_in("agent", "damage", lab.box("file1").address, "0.005")
    until("the tunnel counts errors", lambda: _tunnel_errors(lab) > 300, every=0.2)


def _remove_tunnel(lab: Lab) -> None:
    lab.end_stand_in("agent")
    lab.on("file1", "ip", "link", "del", "backup0")


def _put_certificate(host: str, begins: float, days: float) -> Act:
    def put(lab: Lab) -> None:
        pem, _ = certificate(lab.place, lab.box(host).name, begins_days=begins, days=days)
        lab.write(host, CERT, pem)
        lab.on(host, "systemctl", "restart", "webshop.service")

    return put


def _ends_within(host: str, days: int) -> Callable[[Lab], bool]:
    return ssh_says(
        host, f"openssl x509 -in {CERT} -noout -checkend {days * 86400}", lambda text: "will expire" in text
    )


def _proc(host: str, name: str, text: str) -> tuple[Act, Act]:
    def inject(lab: Lab) -> None:
        lab.write(host, f"/run/fault-{name}", text)
        lab.on(host, "mount", "--bind", f"/run/fault-{name}", f"/proc/{name}")

    def undo(lab: Lab) -> None:
        lab.on(host, "umount", f"/proc/{name}")
        lab.on(host, "rm", f"/run/fault-{name}")

    return inject, undo


_MEMORY = _proc(
    "db1",
    "meminfo",
    (
        "MemTotal:       16303428 kB\nMemFree:          161204 kB\nMemAvailable:     196612 kB\n"
        "Buffers:            2048 kB\nCached:            98304 kB\nSwapCached:         4096 kB\n"
        "Active:          9216000 kB\nInactive:        6012000 kB\nShmem:              1024 kB\n"
        "SReclaimable:      16384 kB\nSwapTotal:       2097148 kB\nSwapFree:           20480 kB\n"
    ),
)
_LOAD = _proc("web2", "loadavg", "96.42 95.87 94.10 97/412 20311\n")


def do(host: str, *argv: str) -> Act:
    return lambda lab: lab.void(host, *argv)


def linux_fault(  # noqa: PLR0917 - one line a fault in the table below, in the order of a sentence.
    name: str, host: str, tag: str, inject: Act, undo: Act, shows: Callable[[Lab], bool], note: str = ""
) -> Fault:
    def clean(lab: Lab) -> None:
        undo(lab)
        lab.forget_journal(host)

    return Fault(
        name=name, area="linux", host=host, tags=(tag,), inject=inject, undo=clean, shows=shows, note=note
    )


FAULTS = (
    linux_fault(
        "full-disk",
        "web1",
        "linux.disk-full",
        _fill_disk,
        _clean_disk,
        ssh_says("web1", "df --output=avail /srv | tail -1", lambda text: text == "0"),
    ),
    linux_fault(
        "no-inodes",
        "db1",
        "linux.inodes-full",
        _fill_inodes,
        do("db1", "rm", "-rf", "/srv/spool"),
        ssh_says("db1", "df --output=iavail /srv | tail -1", lambda text: text == "0"),
    ),
    linux_fault(
        "failed-service",
        "app1",
        "linux.service-failed",
        _break_auth,
        _mend_auth,
        ssh_says("app1", "systemctl is-failed auth.service", lambda text: text == "failed"),
    ),
    linux_fault(
        "flapping-service",
        "app1",
        "linux.service-flapping",
        _flap,
        _flap_no_more,
        ssh_says("app1", "systemctl show -P NRestarts auth.service", lambda text: int(text or 0) >= 5),
    ),
    linux_fault(
        "dead-resolver",
        "app1",
        "linux.resolver-wrong",
        resolver("app1", NOBODY),
        resolver("app1", DNS1.address),
        ssh_says(
            "app1", "timeout 2 getent hosts ns2.musterbau.test || echo none", lambda text: text == "none"
        ),
    ),
    linux_fault(
        "wrong-resolver",
        "web2",
        "linux.resolver-wrong",
        _foreign_resolver,
        _no_foreign_resolver,
        ssh_says(
            "web2",
            "grep nameserver /etc/resolv.conf; getent hosts ns2.musterbau.test",
            lambda text: GATEWAY in text and "ns2" in text,
        ),
    ),
    linux_fault(
        "clock-off",
        "db1",
        "linux.clock-off",
        _shift_clock,
        _right_clock,
        _clock_is_off,
        "the sessions see a clock that is 10 minutes fast; the machine's own is never touched",
    ),
    linux_fault(
        "time-sync-lost",
        "file1",
        "linux.time-unsynchronised",
        do("file1", "systemctl", "stop", "chrony.service"),
        do("file1", "systemctl", "start", "chrony.service"),
        lambda lab: not _tracks(lab, "file1"),
    ),
    linux_fault(
        "interface-errors",
        "file1",
        "linux.interface-errors",
        _damage_tunnel,
        _remove_tunnel,
        lambda lab: _tunnel_errors(lab) > 0,
        "a tunnel interface that is sent frames it must not accept",
    ),
    linux_fault(
        "missing-route",
        "db1",
        "linux.route-missing",
        do("db1", "ip", "route", "del", "default"),
        do("db1", "ip", "route", "replace", "default", "via", GATEWAY),
        ssh_says("db1", "ip route show default", lambda text: not text),
    ),
    linux_fault(
        "expired-certificate",
        "web2",
        "linux.certificate-expired",
        _put_certificate("web2", -368, -3),
        _put_certificate("web2", -1, 365),
        _ends_within("web2", 0),
    ),
    linux_fault(
        "expiring-certificate",
        "web1",
        "linux.certificate-expiring",
        _put_certificate("web1", -360, 5),
        _put_certificate("web1", -1, 365),
        _ends_within("web1", 7),
    ),
    linux_fault(
        "oom-kill",
        "app1",
        "linux.oom-kill",
        lambda lab: lab.kernel_says("app1", *_OOM),
        lambda _: None,
        ssh_says("app1", "journalctl -k --no-pager -q", lambda text: "Killed process" in text),
        "the lines are written into the host's own kernel log, nothing was killed",
    ),
    linux_fault(
        "memory-short",
        "db1",
        "linux.memory-low",
        *_MEMORY,
        ssh_says("db1", "grep MemAvailable /proc/meminfo", lambda text: "196612" in text),
        "a file lies over /proc/meminfo",
    ),
    linux_fault(
        "high-load",
        "web2",
        "linux.load-high",
        *_LOAD,
        ssh_says("web2", "cat /proc/loadavg", lambda text: text.startswith("96.42")),
        "a file lies over /proc/loadavg",
    ),
    replace(
        linux_fault(
            "reboot-pending",
            "mgmt1",
            "linux.reboot-pending",
            do("mgmt1", "touch", "/run/reboot-required"),
            do("mgmt1", "rm", "-f", "/run/reboot-required"),
            ssh_says("mgmt1", "ls /run/reboot-required", bool),
        ),
        a_note=True,
    ),
    linux_fault(
        "read-only",
        "file1",
        "linux.filesystem-read-only",
        do("file1", "mount", "-o", "remount,ro", "/srv"),
        do("file1", "mount", "-o", "remount,rw", "/srv"),
        ssh_says("file1", "grep ' /srv ' /proc/mounts", lambda text: " ro," in text),
    ),
)
