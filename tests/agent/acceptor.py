"""Who takes the ticket? The GSS-API of MIT, by its own SPNEGO and with a real keytab (package libgssapi-krb5-2)."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_size_t, c_uint32, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

__all__ = ["Acceptor", "Heard"]

_MUTUAL, _BOUND = 2, 2048
_CONTINUE = 1
_ACCEPT = 2


class _Buffer(ctypes.Structure):
    _fields_: ClassVar = [("length", c_size_t), ("value", c_void_p)]


class _Bindings(ctypes.Structure):
    _fields_: ClassVar = [
        ("initiator_kind", c_uint32),
        ("initiator", _Buffer),
        ("acceptor_kind", c_uint32),
        ("acceptor", _Buffer),
        ("data", _Buffer),
    ]


class _Element(ctypes.Structure):
    _fields_: ClassVar = [("key", c_char_p), ("value", c_char_p)]


class _Set(ctypes.Structure):
    _fields_: ClassVar = [("count", c_uint32), ("elements", POINTER(_Element))]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one token: whether somebody is logged in, and what is answered."""

    is_let_in: bool
    answer: bytes


class Acceptor:
    """Lets in whoever shows a ticket for a service of the keytab, bound to this channel, and wants proof."""

    def __init__(self, keytab: Path, config: Path) -> None:
        # The library reads them in its process's environment, and nothing else of ours does.
        os.environ["KRB5_CONFIG"], os.environ["KRB5RCACHETYPE"] = str(config), "none"
        self._library = ctypes.CDLL("libgssapi_krb5.so.2")
        self._library.gss_accept_sec_context.restype = c_uint32
        self._library.gss_acquire_cred_from.restype = c_uint32
        element = _Element(b"keytab", str(keytab).encode())
        store, minor, self._own = _Set(1, ctypes.pointer(element)), c_uint32(), c_void_p()
        self._must(
            self._library.gss_acquire_cred_from(
                byref(minor), None, c_uint32(0), None, _ACCEPT, byref(store), byref(self._own), None, None
            ),
            minor,
        )

    def step(self, token: bytes, binding: bytes) -> Heard:
        """Hear one token. binding: the channel's (RFC 5929)."""
        minor, flags, context, out = c_uint32(), c_uint32(), c_void_p(), _Buffer()
        bound = _Bindings(data=_buffer(binding))
        told = _buffer(token)
        major = self._library.gss_accept_sec_context(
            *(byref(minor), byref(context), self._own, byref(told), byref(bound)),
            *(None, None, byref(out), byref(flags), None, None),
        )
        answer = ctypes.string_at(out.value, out.length) if out.length else b""
        self._library.gss_release_buffer(byref(minor), byref(out))
        self._library.gss_delete_sec_context(byref(minor), byref(context), None)
        wanted = _MUTUAL | _BOUND
        return Heard(major == 0 and flags.value & wanted == wanted, answer)

    @staticmethod
    def _must(major: int, minor: c_uint32) -> None:
        if major & 0xFFFF0000:
            raise RuntimeError(f"GSS-API: {major:#x}, {minor.value}")


def _buffer(content: bytes) -> _Buffer:
    return _Buffer(len(content), ctypes.cast(c_char_p(content), c_void_p))
