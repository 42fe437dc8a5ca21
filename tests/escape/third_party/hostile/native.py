"""Native code of a package, made ready while it is imported: from then on Python has no part in what it does.

No audit event is raised by calling it, so nothing but the kernel can hold it. The machine code is that of x86-64.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

__all__ = ["INET", "STREAM", "C", "call", "inet", "old_call", "place"]

INET, STREAM = 2, 1
# Functions of the C library, looked up now.
C = ctypes.CDLL(None)
_BYTES_HEAD = bytes.__basicsize__ - 1

# The number to rax, six arguments one place further, syscall.
_NEW = bytes.fromhex("4889f8 4889f7 4889d6 4889ca 4d89c2 4d89c8 4c8b4c2408 0f05 c3")
# The 32-bit table: the number to eax, arguments to ebx, ecx, edx; int 0x80.
_OLD = bytes.fromhex("53 89f8 89f3 87ca cd80 5b c3")

_PAGES: list[mmap.mmap] = []


def _ready(code: bytes, words: int) -> Callable[..., Any]:
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    _PAGES.append(page)
    where = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_long, *(ctypes.c_long for _ in range(words)))(where)


_CALL, _OLD_CALL = _ready(_NEW, 7), _ready(_OLD, 4)


def call(number: int, *words: int) -> int:
    """Make a system call by an instruction of one's own; raises OSError when it fails."""
    result = int(_CALL(number, *words, *([0] * (6 - len(words)))))
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def old_call(number: int, *words: int) -> int:
    """The same by the table of 32-bit programs."""
    result = int(_OLD_CALL(number, *words))
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def place(memory: bytes) -> int:
    """Where these bytes lie; they must be kept for as long."""
    return id(memory) + _BYTES_HEAD


def inet(host: str, port: int) -> bytes:
    """An address as the kernel takes it."""
    return struct.pack("=H", INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)
