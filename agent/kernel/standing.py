"""Which walls can stand on this machine, and what keeps the others from standing?"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent.kernel.calls import (
    CALL_NUMBERS_KNOWN_ON,
    copy_of,
    held_capabilities,
    knows_notices,
    landlock_abi,
    seccomp_library,
)
from agent.kernel.landlock import missing_rings

__all__ = ["Walls", "standing"]

_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """The walls that a worker would stand behind here.

    audit_hook: the first wall. notices: seccomp with a porter that decides. landlock: its version, 0 for none.
    capabilities: how many the agent holds; its workers give them all away. missing: what keeps the second wall from
    standing, each with what to do; empty when it stands. weaker: what it does not hold on this kernel.
    """

    audit_hook: bool
    notices: bool
    landlock: int
    capabilities: int
    missing: tuple[str, ...]
    weaker: tuple[str, ...]

    def __str__(self) -> str:
        if self.missing:
            return f"python only: {'; '.join(self.missing)}"
        rings = f"python, seccomp, landlock {self.landlock}, no capabilities"
        return f"{rings} (without {', '.join(self.weaker)})" if self.weaker else rings


@cache
def standing() -> Walls:
    """Look at this machine; nothing is changed by it."""
    abi, notices = landlock_abi(), knows_notices()
    missing = []
    if platform.machine() not in CALL_NUMBERS_KNOWN_ON:
        missing.append(f"the kernel wall is not known on {platform.machine()}")
    if seccomp_library() is None:
        missing.append("libseccomp.so.2 is not installed: install libseccomp2")
    if not notices:
        missing.append("the kernel has no seccomp notices, or does not let us use them: Linux 5.0 or newer")
    if not abi:
        missing.append(
            "the kernel has no Landlock, or does not let us use it: Linux 5.13 or newer, lsm=landlock"
        )
    if not _copies_descriptors():
        missing.append("the kernel does not copy descriptors (pidfd_getfd): Linux 5.6 or newer")
    if not _may_look():
        missing.append("no process may look into its child: set kernel.yama.ptrace_scope to 0 or 1")
    return Walls(
        audit_hook=True,
        notices=notices,
        landlock=abi,
        capabilities=held_capabilities().bit_count(),
        missing=tuple(missing),
        weaker=missing_rings(abi) if abi else (),
    )


def _copies_descriptors() -> bool:
    try:
        copy_of(-1, -1)
    except OSError as error:
        # EBADF: it would, if the process were one.
        return error.errno == 9
    return False


def _may_look() -> bool:
    try:
        return int(_YAMA.read_text()) < 2
    except (OSError, ValueError):
        return True
