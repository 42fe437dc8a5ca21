"""How is the second wall put around a worker? What porter and worker each do before the first host is asked."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.kernel import calls
from agent.kernel.filter import Filter, FilterError, written
from agent.kernel.landlock import readable, ruleset
from agent.kernel.standing import standing

__all__ = ["Kernel", "KernelError", "confine", "confine_porter", "handed_over", "prepared"]

_NUMBER = struct.Struct("i")
_HAVE = b"k"


class KernelError(Exception):
    """The second wall does not stand; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What all workers share: the filter, and the paths that may be read."""

    filter: Filter
    readable: frozenset[Path]


def prepared() -> Kernel | KernelError:
    """Do once what all workers need; an error is the answer for every order that asks for this wall."""
    walls = standing()
    if walls.missing:
        return KernelError("; ".join(walls.missing))
    try:
        return Kernel(filter=written(), readable=readable())
    except FilterError as error:
        return KernelError(str(error))


def confine_porter(kernel: Kernel, ports: Iterable[int]) -> int:
    """Give up all rights, and everything of Landlock's that no porter needs; gives the rules, for the worker too."""
    try:
        calls.allow_no_new_privileges()
        calls.drop_capabilities()
        rules = ruleset(kernel.readable, ports)
        calls.restrict_self(rules)
    except OSError as error:
        raise KernelError(f"the kernel refuses Landlock: {error.strerror}") from error
    return rules


def confine(kernel: Kernel, rules: int, porter: socket.socket) -> None:
    """Close the wall around this process, the worker. Ends the process when it does not stand."""
    try:
        # A second time: what is inside may not look at, or signal, what is outside: the porter.
        calls.restrict_self(rules)
        os.close(rules)
        listener = calls.install_filter(kernel.filter.program)
    except OSError as error:
        porter.sendall(f"the kernel refuses: {error.strerror}".encode())
        os._exit(78)
    porter.sendall(_NUMBER.pack(listener))
    if porter.recv(1) != _HAVE:
        os._exit(78)
    # Whoever held it could answer its own calls.
    os.close(listener)
    porter.close()


def handed_over(worker: int, process: int, line: socket.socket) -> int:
    """Take over the decision on a worker's calls; gives the descriptor of its notices. Raises KernelError."""
    said = line.recv(200)
    if len(said) != _NUMBER.size:
        raise KernelError(said.decode("utf-8", "replace") or "the worker ended before its wall stood")
    try:
        listener = calls.copy_of(process, _NUMBER.unpack(said)[0])
        # Tried now, so that no first connection finds out.
        calls.read_memory(worker, _own_address(), 1)
    except OSError as error:
        raise KernelError(f"the porter may not look into its worker: {error.strerror}") from error
    line.sendall(_HAVE)
    return listener


def _own_address() -> int:
    """A place that is there in both: the worker was forked from its porter."""
    return id(KernelError)
