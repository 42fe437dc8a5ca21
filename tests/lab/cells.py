"""What keeps the lab's processes apart, and how do all of them end?

Everything the lab starts lives in one tree of cgroups, so `clear` ends exactly that and nothing else,
even after a crash of whoever started it. Networks are named namespaces joined by one bridge.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.lab.places import BOXES, GATEWAY, LEAVES, TUNNEL_LEAVES, Box, Place
from tests.lab.tools import LabError, run, until

__all__ = ["cgroup", "clear", "end", "exists", "join", "member_pids", "running_pids", "spawn", "wire"]

_NET = "net"
# The shell puts itself into the cgroup given as $0 and becomes the program: no moment outside of it.
_ENTER = 'echo $$ > "$0" && cd / && exec "$@"'


def _cgroup2() -> Path:
    """Where the unified hierarchy is mounted: alone (v2) or beside the old one (hybrid)."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(where)
    raise LabError("no writable cgroup2 is mounted: the lab needs it to end what it starts")


def cgroup(place: Place, box: str = "") -> Path:
    """The cgroup of a box; of the whole lab without one."""
    return _cgroup2() / f"{place.prefix}lab" / box


def exists(place: Place) -> bool:
    return (Path("/run/netns") / place.netns(_NET)).exists() or cgroup(place).exists()


def wire(place: Place) -> None:
    """Make the namespaces, the bridge and a cable to each box."""
    if os.geteuid():
        raise LabError("the lab makes network namespaces: run it as root")
    for name in (_NET, *LEAVES, *TUNNEL_LEAVES, *(box.id for box in BOXES)):
        run("ip", "netns", "add", place.netns(name))
        cgroup(place, name).mkdir(parents=True, exist_ok=True)
    lines = [
        "link set lo up",
        "link add br0 type bridge",
        f"addr add {GATEWAY}/24 dev br0",
        "link set br0 up",
    ]
    for box in BOXES:
        lines += [
            f"link add {box.id} type veth peer name eth0 netns {place.netns(box.id)}",
            f"link set {box.id} master br0 up",
        ]
    run("ip", "-n", place.netns(_NET), "-batch", "-", text="\n".join(lines))
    for box in BOXES:
        join(place, box)


def join(place: Place, box: Box) -> None:
    """Give a box its address and its way out."""
    lines = [
        "link set lo up",
        f"addr replace {box.address}/24 dev eth0",
        "link set eth0 up",
        f"route replace default via {GATEWAY}",
    ]
    run("ip", "-n", place.netns(box.id), "-batch", "-", text="\n".join(lines))


def spawn(place: Place, box: str, argv: tuple[str, ...], log: Path) -> int:
    """Start a program in a box's network, to run until it is ended. Gives its process id."""
    full = (
        "sh",
        "-c",
        _ENTER,
        str(cgroup(place, box) / "cgroup.procs"),
        "ip",
        "netns",
        "exec",
        place.netns(box),
        *argv,
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    to = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        return os.posix_spawnp(
            full[0],
            full,
            os.environ,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, source, target) for source, target in ((nothing, 0), (to, 1), (to, 2))
            ],
        )
    finally:
        os.close(to)
        os.close(nothing)


def member_pids(tree: Path) -> tuple[int, ...]:
    """Every process in a cgroup and below it."""
    found: list[int] = []
    for file in (tree / "cgroup.procs", *tree.glob("**/cgroup.procs")):
        with suppress(OSError):
            found += [int(word) for word in file.read_text().split()]
    return tuple(dict.fromkeys(pid for pid in found if pid))


def running_pids(place: Place, box: str, program: str) -> tuple[int, ...]:
    """The processes of a box that run a program or script of this file name."""
    return tuple(pid for pid in member_pids(cgroup(place, box)) if _runs(pid, program))


def _runs(pid: int, program: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return False
    # A daemon may have replaced its arguments by a title: 'nsd: xfrd'.
    return any(word.rsplit("/", 1)[-1] == program for word in words) or words[0].startswith(f"{program}: ")


def end(place: Place, box: str, program: str) -> None:
    """End the processes of a box that run a program, and wait until they are gone."""

    def gone() -> bool:
        pids = running_pids(place, box, program)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    until(f"{program} on {box} has ended", gone)


def clear(place: Place) -> None:
    """End every process of the lab and take its cgroups and namespaces away; do nothing where none are."""
    tree = cgroup(place)
    if tree.exists():
        until("the lab's processes are gone", lambda: _ended(tree))
        until("the lab's cgroups are gone", lambda: _removed(tree), every=0.01)
    names = (line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines() if line.strip())
    ours = [name for name in names if name.startswith(place.prefix)]
    if ours:
        run("ip", "-batch", "-", text="\n".join(f"netns del {name}" for name in ours))


def _ended(tree: Path) -> bool:
    pids = member_pids(tree)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not pids


def _removed(tree: Path) -> bool:
    for folder in sorted((p for p in tree.glob("**/") if p.is_dir()), key=lambda p: -len(p.parts)):
        with suppress(OSError):
            folder.rmdir()
    with suppress(OSError):
        tree.rmdir()
    return not tree.exists()
