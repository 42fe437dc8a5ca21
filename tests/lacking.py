"""A machine that lacks something: runs a program on a kernel that does not know some calls.

    lacking.py CALL[,CALL…] PROGRAM ARGUMENT…

A stand-in for an old kernel, by the kernel itself: the calls end with "no such call" (ENOSYS), as they do there.
"""

from __future__ import annotations

import ctypes
import os
import sys

_ALLOW, _NO_SUCH_CALL = 0x7FFF0000, 0x00050000 | 38


def main(names: str, program: list[str]) -> None:
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    for name in names.split(","):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if library.seccomp_rule_add_array(context, ctypes.c_uint32(_NO_SUCH_CALL), number, 0, None):
            raise SystemExit(f"libseccomp takes no rule for {name}")
    if library.seccomp_load(context):
        raise SystemExit("the filter cannot be loaded")
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted.


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
