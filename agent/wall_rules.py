"""What may Python code of a worker still do, once its wall is sealed? The events, by the names of PEP 578.

Every function here is made anew for its wall, and all that it needs stands in its positional defaults, which cannot
be exchanged from outside: no global name, no cell, no built-in function.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import sysconfig
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["LOOK_UP", "NEVER", "PROCESS", "REACH", "Args", "Rule", "rules_for"]

Args = tuple[Any, ...]
Rule = tuple[str, Callable[[Args], bool], int]


PROCESS = dict.fromkeys(
    (
        "subprocess.Popen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.startfile/2",
        "os.system",
        "pty.spawn",
    ),
    "process",
)
# Also of plain addresses: what looks an address up asks a name server of this machine's own choice.
LOOK_UP = dict.fromkeys(
    ("socket.gethostbyaddr", "socket.gethostbyname", "socket.getnameinfo", "socket.getservbyname"), "look-up"
)
_WRITE = dict.fromkeys(
    (
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.symlink",
        "os.truncate",
        "os.utime",
    ),
    "write",
)
# What is denied whatever its arguments are, once the wall is sealed.
NEVER = MappingProxyType(
    PROCESS
    | LOOK_UP
    | _WRITE
    | dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), "signal")
    | dict.fromkeys(("socket.bind", "socket.sethostname"), "bind")
    # These open sockets, files or libraries in C, where no other event follows.
    | dict.fromkeys(
        ("syslog.openlog", "syslog.syslog", "sqlite3.connect", "sqlite3.load_extension"), "native"
    )
    | dict.fromkeys(("fcntl.ioctl", "resource.prlimit", "resource.setrlimit", "code.__new__"), "native")
    | dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents"), "inspect")
    | dict.fromkeys(("sys._current_frames", "sys._current_exceptions"), "inspect")
    | dict.fromkeys(("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"), "inspect")
    | dict.fromkeys(("sys.addaudithook", "sys.remote_exec"), "inspect")
)
REACH = MappingProxyType(
    {"socket.connect": "connect", "socket.sendto": "send", "socket.sendmsg": "send"},
)
# Not `__defaults__`, which libraries set; nobody holds the functions of the hook.
_CODE = frozenset({"__code__"})
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FLAGS = getattr(socket, "SOCK_CLOEXEC", 0) | getattr(socket, "SOCK_NONBLOCK", 0)
# Family, type and protocol; -1: those of a descriptor that is open already.
_SOCKETS = frozenset(
    [(-1, -1 & ~_FLAGS, -1)]
    + [
        (int(family), int(kind), protocol)
        for family in (socket.AF_INET, socket.AF_INET6)
        for kind, own in ((socket.SOCK_STREAM, socket.IPPROTO_TCP), (socket.SOCK_DGRAM, socket.IPPROTO_UDP))
        for protocol in (0, int(own))
    ]
)
# What libraries look into, if it is there: how the machine is set up, and what this process is. No keys are there.
_READ = (
    *("/usr/", "/lib/", "/lib64/", "/etc/", "/dev/null", "/dev/urandom", "/sys/devices/system/cpu/"),
    *("/proc/self/", "/proc/stat", "/proc/meminfo", "/proc/cpuinfo", "/proc/sys/"),
)
_OURS = ("agent", "collectors", "inventory", "playbooks")
_OWNERS = frozenset({fcntl.F_SETOWN, getattr(fcntl, "F_SETOWN_EX", fcntl.F_SETOWN)})


def rules_for(the_doors: frozenset[tuple[str, int]]) -> Mapping[str, Rule]:
    """Event -> what it is called, whether it is fine, and which argument is its target.

    Exact types: what only looks like text or a number may be another one for the C code behind the event.
    """
    hosts = frozenset(host for host, _ in the_doors)
    is_door = _door_rule(the_doors)
    return MappingProxyType(
        {
            "socket.connect": ("connect", is_door, 1),
            "socket.sendto": ("send", is_door, 1),
            "socket.sendmsg": ("send", is_door, 1),
            "socket.getaddrinfo": ("look-up", _host_rule(hosts), 0),
            "socket.__new__": ("socket", _socket_rule(), 1),
            "open": ("file", _read_rule((*_native_roots(), *_READ, *_own_folders())), 0),
            "import": ("native", _import_rule(_native_roots()), 0),
            "object.__setattr__": ("inspect", _other_rule(_CODE), 1),
            "object.__delattr__": ("inspect", _other_rule(_CODE), 1),
            "fcntl.fcntl": ("signal", _other_rule(_OWNERS), 1),
        }
    )


def _door_rule(the_doors: frozenset[tuple[str, int]]) -> Callable[[Args], bool]:
    def is_door(
        args: Args,
        doors: frozenset[tuple[str, int]] = the_doors,
        kinds: tuple[type, ...] = (type, tuple, str, int),
    ) -> bool:
        where = args[1]
        kind_of, row, text, number = kinds
        if where is None:
            return True
        if kind_of(where) is not row or where[:1] == () or where[1:2] == ():
            return False
        host, port, *zone = where
        # One spelling of an address is a door, and no other.
        is_listed = kind_of(host) is text and kind_of(port) is number and (host, port) in doors
        if not is_listed:
            return False
        for part in zone:  # noqa: SIM110 - `all` could be exchanged.
            if kind_of(part) is not number or part != 0:
                return False
        return True

    return is_door


def _host_rule(the_hosts: frozenset[str]) -> Callable[[Args], bool]:
    def is_host(
        args: Args,
        hosts: frozenset[str] = the_hosts,
        kinds: tuple[type, type] = (type, str),
    ) -> bool:
        return kinds[0](args[0]) is kinds[1] and args[0] in hosts

    return is_host


def _socket_rule() -> Callable[[Args], bool]:
    def is_plain(args: Args, known: frozenset[tuple[int, int, int]] = _SOCKETS, flags: int = ~_FLAGS) -> bool:
        return (args[1], args[2] & flags, args[3]) in known

    return is_plain


def _read_rule(the_roots: tuple[str, ...]) -> Callable[[Args], bool]:
    def only_reads(
        args: Args,
        changes: int = _CHANGES,
        roots: tuple[str, ...] = the_roots,
        kinds: tuple[type, type, type] = (type, str, int),
        above: str = "/..",
    ) -> bool:
        kind_of, text, number = kinds
        path = args[0]
        if args[2] & changes:
            return False
        # A descriptor is open already. Of paths, only what libraries read has a place in a worker.
        return kind_of(path) is number or (
            kind_of(path) is text and path.startswith(roots) and above not in path
        )

    return only_reads


def _other_rule(the_words: frozenset[object]) -> Callable[[Args], bool]:
    def is_other(args: Args, words: frozenset[object] = the_words) -> bool:
        return args[1] not in words

    return is_other


def _import_rule(the_roots: tuple[str, ...]) -> Callable[[Args], bool]:
    def is_fine(
        args: Args,
        roots: tuple[str, ...] = the_roots,
        never: frozenset[str] = frozenset({"ctypes", "_ctypes"}),
        kinds: tuple[type, type] = (type, str),
    ) -> bool:
        if args[0] in never:
            return False
        # Only where a native library is loaded does the event name a file.
        return kinds[0](args[1]) is not kinds[1] or args[1].startswith(roots)

    return is_fine


def _native_roots() -> tuple[str, ...]:
    """Where native code may still be loaded from: Python's own folders and the installed libraries."""
    paths = sysconfig.get_paths()
    roots = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    roots |= {path for path in sys.path if path.endswith(("site-packages", "dist-packages", "lib-dynload"))}
    return tuple(f"{root}{os.sep}" for root in sorted(roots))


def _own_folders() -> tuple[str, ...]:
    """Where our own packages lie: a traceback shows their lines."""
    modules = (sys.modules.get(name) for name in _OURS)
    return tuple(f"{place}{os.sep}" for module in modules for place in getattr(module, "__path__", ()))
