"""How is the kernel asked for what Python has no function for? A few calls, through the C library and libseccomp.

Everything is looked up when this module is imported: once a wall is sealed, no native name can be looked up.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from functools import cache

__all__ = [
    "CALL_NUMBERS_KNOWN_ON",
    "add_rule",
    "adopt_orphans",
    "allow_no_new_privileges",
    "copy_of",
    "die_with_parent",
    "drop_capabilities",
    "held_capabilities",
    "hide",
    "install_filter",
    "knows_notices",
    "landlock_abi",
    "new_ruleset",
    "read_memory",
    "restrict_self",
    "seccomp_library",
]

# Elsewhere some of the numbers below are others; nobody has tried it there.
CALL_NUMBERS_KNOWN_ON = {"x86_64": 317, "aarch64": 277}

_C = ctypes.CDLL(None, use_errno=True)
_SYSCALL = _C.syscall
_SYSCALL.restype = ctypes.c_long
_PRCTL = _C.prctl
_PRCTL.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_CAPSET, _CAPGET = _C.capset, _C.capget
_READV = _C.process_vm_readv
_READV.restype = ctypes.c_ssize_t
_READV.argtypes = [
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_ulong,
]

# These have one number everywhere.
_PIDFD_GETFD, _LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 438, 444, 445, 446
_SECCOMP = CALL_NUMBERS_KNOWN_ON.get(platform.machine(), -1)
_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_USER_NOTIF = 0x7FC00000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER = 1, 4, 38, 36
_PR_CAP_AMBIENT, _CLEAR_ALL = 47, 4
_CAPABILITIES_3 = 0x20080522
_VERSION = 1


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _syscall(number: int, *words: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
    wide = [word if isinstance(word, bytes | ctypes.Array) else ctypes.c_long(word) for word in words]
    return _checked(int(_SYSCALL(ctypes.c_long(number), *wide)))


def allow_no_new_privileges() -> None:
    """From here on no program that is started has more rights than this one, whatever its file says."""
    _checked(_PRCTL(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent(signal: int) -> None:
    """Be sent a signal when the thread that forked this process ends."""
    _checked(_PRCTL(_PR_SET_PDEATHSIG, signal, 0, 0, 0))


def hide() -> None:
    """Close this process's memory to others of the same user."""
    _checked(_PRCTL(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent has ended."""
    _checked(_PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def held_capabilities() -> int:
    """The capabilities that this process has or may take, as bits."""
    sets = ctypes.create_string_buffer(24)
    _checked(_CAPGET(struct.pack("Ii", _CAPABILITIES_3, 0), sets))
    low = struct.unpack("6I", sets.raw)
    return int(low[0] | low[1] | (low[3] | low[4]) << 32)


def drop_capabilities() -> None:
    """Give every capability away, for good."""
    if held_capabilities():
        _PRCTL(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
        _checked(_CAPSET(struct.pack("Ii", _CAPABILITIES_3, 0), bytes(24)))


def copy_of(pidfd: int, descriptor: int) -> int:
    """A descriptor of another process, as one of ours. Raises OSError."""
    return _syscall(_PIDFD_GETFD, pidfd, descriptor, 0)


def read_memory(pid: int, address: int, size: int) -> bytes:
    """Copy out of another process's memory. Raises OSError when it is not all there."""
    here = ctypes.create_string_buffer(size)
    ours = struct.pack("QQ", ctypes.addressof(here), size)
    got = _checked(int(_READV(pid, ours, 1, struct.pack("QQ", address, size), 1, 0)))
    if got != size:
        raise OSError(14, os.strerror(14))
    return here.raw


def knows_notices() -> bool:
    """Whether the kernel lets a process decide on the calls of another (seccomp, SECCOMP_RET_USER_NOTIF)."""
    try:
        return _syscall(_SECCOMP, _GET_ACTION_AVAIL, 0, struct.pack("I", _USER_NOTIF)) == 0
    except OSError:
        return False


def install_filter(program: bytes) -> int:
    """Put a filter on this process, for good; gives the descriptor of its notices. Raises OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    spec = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    try:
        return _syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER | _WAIT_KILLABLE, spec)
    except OSError as error:
        if error.errno != 22:
            raise
        # Older than Linux 5.19: a signal may break off a call that is waited for, and nothing worse.
        return _syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, spec)


def landlock_abi() -> int:
    """The version of Landlock that the kernel has and lets us use; 0 for none."""
    try:
        return _syscall(_LANDLOCK_CREATE, 0, 0, _VERSION)
    except OSError:
        return 0


def new_ruleset(spec: bytes) -> int:
    return _syscall(_LANDLOCK_CREATE, spec, len(spec), 0)


def add_rule(ruleset: int, kind: int, spec: bytes) -> None:
    _syscall(_LANDLOCK_ADD, ruleset, kind, spec, 0)


def restrict_self(ruleset: int) -> None:
    _syscall(_LANDLOCK_RESTRICT, ruleset, 0)


@cache
def seccomp_library() -> ctypes.CDLL | None:
    """libseccomp, which knows the kernel's call numbers and writes filter programs; None when it is missing."""
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return None
    context, number, word = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32
    library.seccomp_init.argtypes, library.seccomp_init.restype = [word], context
    library.seccomp_release.argtypes, library.seccomp_release.restype = [context], None
    library.seccomp_attr_set.argtypes = [context, number, word]
    library.seccomp_rule_add_array.argtypes = [context, word, number, ctypes.c_uint, ctypes.c_char_p]
    library.seccomp_export_bpf.argtypes = [context, number]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    return library
