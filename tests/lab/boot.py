"""How does a folder of files become a host? Runs inside the new namespaces and ends as systemd, PID 1.

    boot.py SPEC.json        (started by `tests.lab.hosts`, never by hand)

The root is this machine's own, read through an overlay whose upper side is a tmpfs: programs are shared,
every change is the host's own. Standard library only, so that any Python can run it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND = 1, 2, 4, 32, 4096
_libc = ctypes.CDLL(None, use_errno=True)

# What a host must never reach, as it shares the kernel with this machine: its clock, modules, power, audit.
_NEVER = ("sys_time", "sys_module", "sys_boot", "sys_rawio", "audit_control", "audit_read", "syslog")
_DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
    "net/tun": (10, 200),
}
_OWN_FIGURES = {
    "loadavg": "0.12 0.09 0.05 1/64 211\n",
    "meminfo": (
        "MemTotal:        4021340 kB\nMemFree:         2210448 kB\nMemAvailable:    3104120 kB\n"
        "Buffers:           81920 kB\nCached:           912384 kB\nSwapCached:            0 kB\n"
        "Active:           710244 kB\nInactive:         620180 kB\nShmem:             10240 kB\n"
        "SReclaimable:      98304 kB\nSwapTotal:       1048572 kB\nSwapFree:        1048572 kB\n"
    ),
}


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    code = _libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None)
    if code:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or 'bind'} on {target}: {os.strerror(number)}")


def root_filesystem(state: str) -> None:
    """Mount the overlay and step into it; `state` is an empty folder of this host."""
    mount("tmpfs", state, "tmpfs", _NOSUID, "size=512m,mode=755")
    for name in ("up", "work", "root"):
        (Path(state) / name).mkdir()
    mount("overlay", f"{state}/root", "overlay", 0, f"lowerdir=/,upperdir={state}/up,workdir={state}/work")
    os.chdir(f"{state}/root")


def system_mounts(spec: Mapping[str, Any]) -> None:
    """/sys, /dev and the tmpfs folders, relative to the new root."""
    mount("sysfs", "sys", "sysfs", _RDONLY | _NOSUID | _NODEV)
    mount("cgroup2", "sys/fs/cgroup", "cgroup2", _NOSUID | _NODEV)
    mount("tmpfs", "run", "tmpfs", _NOSUID | _NODEV, "size=32m,mode=755")
    mount("tmpfs", "tmp", "tmpfs", _NOSUID | _NODEV, "size=32m,mode=1777")
    mount("tmpfs", "var/log", "tmpfs", _NOSUID | _NODEV, "size=32m,mode=755")
    mount("tmpfs", "srv", "tmpfs", _NOSUID | _NODEV, spec["srv"])
    mount("tmpfs", "dev", "tmpfs", _NOSUID, "size=4m,mode=755")
    Path("dev/net").mkdir()
    for name, (major, minor) in _DEVICES.items():
        os.mknod(f"dev/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
        Path("dev", name).chmod(0o666)
    for name in ("pts", "shm"):
        Path("dev", name).mkdir()
    mount("devpts", "dev/pts", "devpts", _NOSUID, "newinstance,ptmxmode=0666,mode=620")
    mount("tmpfs", "dev/shm", "tmpfs", _NOSUID | _NODEV, "size=8m,mode=1777")
    Path("dev/ptmx").symlink_to("pts/ptmx")
    # What needs more room or other attributes than the overlay gives lies in a plain folder of this machine.
    for path, folder in spec["binds"].items():
        Path(path).mkdir(parents=True, exist_ok=True)
        mount(folder, path, flags=_BIND)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        Path("dev", name).symlink_to(f"/proc/self/fd/{number}")
    Path("dev/fd").symlink_to("/proc/self/fd")


def processes() -> None:
    """/proc of this process namespace; the kernel's settings are for reading only."""
    mount("proc", "proc", "proc", _NOSUID | _NODEV)
    mount("proc/sys", "proc/sys", flags=_BIND)
    mount("none", "proc/sys", flags=_BIND | _REMOUNT | _RDONLY)
    # How busy this machine is, with whatever else runs on it, is no fact about the host.
    for name, text in _OWN_FIGURES.items():
        figures = Path("run", name)
        figures.write_text(text, encoding="ascii")
        mount(str(figures), f"proc/{name}", flags=_BIND)


def own_files(spec: Mapping[str, Any]) -> None:
    """Empty what comes from this machine and is no business of the host, then write the host's own."""
    for path in spec["empty"]:
        folder = Path(path)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    for path, lines in spec["append"].items():
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(lines)
    for path, target in spec["links"].items():
        link = Path(path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    for entry in spec["files"]:
        _write(Path(entry["path"]), entry)


def _write(path: Path, entry: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry["text"] is None:
        path.mkdir(exist_ok=True)
    else:
        path.unlink(missing_ok=True)
        path.write_text(entry["text"], encoding="utf-8")
    os.chown(path, *entry["owner"])
    path.chmod(entry["mode"])


def main(spec: Mapping[str, Any]) -> None:
    """Make the root, let a child become PID 1, and stay behind as the keeper of the kernel log's pipe."""
    root_filesystem(spec["state"])
    system_mounts(spec)
    # The kernel log of this host alone: journald reads it as it reads the real one. A pipe that nobody
    # else holds open would make whoever opens it wait.
    os.mkfifo("dev/kmsg", 0o600)
    pipe = os.open("dev/kmsg", os.O_RDWR)
    os.write(pipe, f"5,0,0,-;Linux version {os.uname().release}\n".encode())
    if os.fork():
        os.set_inheritable(pipe, True)
        os.execvp("sleep", ("sleep", "infinity"))  # noqa: S606 - no shell is wanted.
    os.close(pipe)
    become_init(spec)


def become_init(spec: Mapping[str, Any]) -> None:
    processes()
    own_files(spec)
    socket.sethostname(spec["hostname"])
    Path("oldroot").mkdir(exist_ok=True)
    subprocess.run(("pivot_root", ".", "oldroot"), check=True)
    os.chdir("/")
    subprocess.run(("umount", "-l", "/oldroot"), check=True)
    Path("/oldroot").rmdir()
    init = next(p for p in ("/lib/systemd/systemd", "/usr/lib/systemd/systemd") if Path(p).exists())
    leave = ",".join(f"-{name}" for name in _NEVER)
    argv = (
        "setpriv",
        "--bounding-set",
        leave,
        "--inh-caps",
        leave,
        init,
        "--system",
        f"--unit={spec['target']}",
        "--log-target=journal-or-kmsg",
        "--show-status=0",
    )
    environment = {"container": "lab", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    os.execvpe(argv[0], argv, environment)  # noqa: S606 - no shell is wanted.


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
