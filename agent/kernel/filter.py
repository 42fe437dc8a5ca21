"""How does the kernel get the list of calls? libseccomp writes the program, once, for all workers."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.kernel.calls import seccomp_library
from agent.kernel.table import ALLOWED, GUARDED, HOSTILE, UNKNOWN, UNWANTED, Check

__all__ = ["Filter", "FilterError", "written"]

_KILL, _NOTIFY, _ERRNO, _ALLOW = 0x80000000, 0x7FC00000, 0x00050000, 0x7FFF0000
_BAD_ARCHITECTURE, _OPTIMIZE = 2, 8
_BINARY_TREE = 2
_MASKED_EQUAL = 7
_EPERM, _ENOSYS = 1, 38


class FilterError(Exception):
    """The filter cannot be written on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """program: what the kernel runs before every call. names: number -> name, of the calls that are decided on."""

    program: bytes
    names: Mapping[int, str]


def written() -> Filter:
    """Write the filter. Raises FilterError."""
    library = seccomp_library()
    if library is None:
        raise FilterError("libseccomp.so.2 is not installed (package libseccomp2)")
    context = library.seccomp_init(_NOTIFY)
    if not context:
        raise FilterError("libseccomp is too old: it must be 2.5 or newer")
    try:
        # A call by another table of numbers (32 bits, x32) ends the process: the list is not about that table.
        _done(library.seccomp_attr_set(context, _BAD_ARCHITECTURE, _KILL))
        _done(library.seccomp_attr_set(context, _OPTIMIZE, _BINARY_TREE))
        for name in ALLOWED:
            _add(library, context, _ALLOW, name)
        for name in UNKNOWN:
            _add(library, context, _ERRNO | _ENOSYS, name)
        for name in UNWANTED:
            _add(library, context, _ERRNO | _EPERM, name)
        for name, checks in GUARDED:
            _add(library, context, _ALLOW, name, checks)
        return Filter(program=_exported(library, context), names=_numbers(library, HOSTILE))
    finally:
        library.seccomp_release(context)


def _add(library: ctypes.CDLL, context: int, action: int, name: str, checks: tuple[Check, ...] = ()) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        # This machine's kernel has no such call.
        return
    compared = b"".join(struct.pack("IIQQ", at, _MASKED_EQUAL, mask, value) for at, mask, value in checks)
    _done(library.seccomp_rule_add_array(context, action, number, len(checks), compared))


def _numbers(library: ctypes.CDLL, names: Iterable[str]) -> dict[int, str]:
    found = {library.seccomp_syscall_resolve_name(name.encode()): name for name in names}
    return {number: name for number, name in found.items() if number >= 0}


def _exported(library: ctypes.CDLL, context: int) -> bytes:
    descriptor = os.memfd_create("filter")
    try:
        _done(library.seccomp_export_bpf(context, descriptor))
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, size, 0)
    finally:
        os.close(descriptor)


def _done(result: int) -> None:
    if result < 0:
        raise FilterError(f"libseccomp does not write the filter: {os.strerror(-result)}")
