"""How does MIT's libkrb5 make and read the messages of Kerberos, without ever reaching for the network itself?

Its stepwise calls (`krb5_init_creds_step`, `krb5_tkt_creds_step`) give a packet and take its answer; who carries
them is somebody else's part (`agent/sessions/tickets.py`). It is given a profile of ours and so reads no file, asks no
DNS, and keeps tickets in memory. All keys are AES (RFC 3962, RFC 8009); what else a KDC offers is refused.

It is loaded by its name as the package `libkrb5-3` has it, before a worker's wall is sealed, and every function is
looked up then. What is used later raises no audit event: no buffer, no address and no symbol is asked of `ctypes`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_int32, c_long, c_uint, c_uint32, c_void_p
from typing import Any, ClassVar

__all__ = ["ElsewhereError", "Krb5", "Krb5Error", "LackingError", "Packets", "is_installed"]

# A packet to the KDC comes out, its answer goes in.
Packets = Generator[bytes, bytes, None]

# Protocol errors of RFC 4120, section 7.5.9, follow one another from here on.
_BASE = -1765328384
_AES = (18, 17, 20, 19)
_ONLY_AES = (
    b"aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128"
)
_CONTINUE = 1
_MUTUAL, _SUBKEY = 0x20000000, 1
# RFC 4121, section 4.1.1: the checksum is no checksum, but says what shall hold.
_GSS_CHECKSUM = 0x8003
_NO_RELATION = -1429577725

_PROFILE = {
    (b"libdefaults", b"permitted_enctypes"): _ONLY_AES,
    (b"libdefaults", b"allow_weak_crypto"): b"false",
    (b"libdefaults", b"dns_lookup_kdc"): b"false",
    (b"libdefaults", b"dns_lookup_realm"): b"false",
    (b"libdefaults", b"dns_canonicalize_hostname"): b"false",
    (b"libdefaults", b"rdns"): b"false",
    (b"libdefaults", b"default_ccache_name"): b"MEMORY:",
    # There is nothing: no module of another package is loaded.
    (b"libdefaults", b"plugin_base_dir"): b"/nonexistent",
    (b"plugins", b"clpreauth", b"enable_only"): b"encrypted_timestamp",
}


class Krb5Error(Exception):
    """The library says no. number: of the protocol (RFC 4120, 7.5.9), or a negative one of the library's own."""

    def __init__(self, code: int) -> None:
        self.number = code - _BASE if 0 <= code - _BASE < 128 else code
        super().__init__(f"Kerberos error {self.number}")


class LackingError(Exception):
    """There is no libkrb5 on this machine."""


class ElsewhereError(Exception):
    """The KDC sends on to the KDC of another realm."""


class _Data(ctypes.Structure):
    _fields_: ClassVar = [("magic", c_int32), ("length", c_uint), ("data", POINTER(c_char))]


class _Key(ctypes.Structure):
    _fields_: ClassVar = [("magic", c_int32), ("kind", c_int32), ("length", c_uint), ("contents", c_void_p)]


class _Creds(ctypes.Structure):
    _fields_: ClassVar = [
        ("magic", c_int32),
        ("client", c_void_p),
        ("server", c_void_p),
        ("key", _Key),
        ("times", c_int32 * 4),
        ("is_skey", c_uint),
        ("flags", c_int32),
        ("addresses", c_void_p),
        ("ticket", _Data),
        ("second", _Data),
        ("authdata", c_void_p),
    ]


class _Sealed(ctypes.Structure):
    _fields_: ClassVar = [("magic", c_int32), ("kind", c_int32), ("version", c_uint), ("text", _Data)]


class _Ticket(ctypes.Structure):
    _fields_: ClassVar = [("magic", c_int32), ("server", c_void_p), ("sealed", _Sealed)]


class _Error(ctypes.Structure):
    _fields_: ClassVar = [
        ("magic", c_int32),
        ("client_time", c_int32),
        ("client_usec", c_int32),
        ("server_usec", c_int32),
        ("server_time", c_int32),
        ("number", c_uint32),
    ]


_Strings = POINTER(c_char_p)
_GetValues = ctypes.CFUNCTYPE(c_long, c_void_p, _Strings, POINTER(_Strings))
_FreeValues = ctypes.CFUNCTYPE(None, c_void_p, _Strings)


class _Table(ctypes.Structure):
    """The methods of a profile that is only read (profile.h, minor version 1)."""

    _fields_: ClassVar = [
        ("minor", c_int),
        ("get", _GetValues),
        ("free", _FreeValues),
        ("others", c_void_p * 12),
    ]


def _loaded() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libkrb5.so.3")
    except OSError:
        return None


def is_installed() -> bool:
    """Whether log-ins by Kerberos are possible on this machine."""
    return _LIBRARY is not None


def _lacking(*_: object) -> int:
    raise LackingError("this agent's machine has no libkrb5: install the package libkrb5-3")


_KEPT = {names: (c_char_p * 2)(value, None) for names, value in _PROFILE.items()}


def _get_values(_: object, names: Iterable[bytes | None], found: Any) -> int:  # noqa: ANN401 - a pointer.
    path: list[bytes] = []
    for name in names:
        if name is None:
            break
        path.append(name)
    values = _KEPT.get(tuple(path))
    if values is None:
        return _NO_RELATION
    found[0] = ctypes.cast(values, _Strings)
    return 0


_TABLE = _Table(minor=1, get=_GetValues(_get_values), free=_FreeValues(lambda *_: None))
_LIBRARY = _loaded()


def _bound(name: str, *kinds: object, gives: object = c_int32) -> Callable[..., int]:
    if _LIBRARY is None:
        return _lacking
    function = getattr(_LIBRARY, name)
    function.argtypes, function.restype = kinds, gives
    return function  # type: ignore[no-any-return]


_P, _PP, _D = c_void_p, POINTER(c_void_p), POINTER(_Data)
_profile = _bound("profile_init_vtable", POINTER(_Table), _P, _PP, gives=c_long)
_forget_profile = _bound("profile_abandon", _P, gives=None)
_context = _bound("krb5_init_context_profile", _P, c_int32, _PP)
_free_context = _bound("krb5_free_context", _P, gives=None)
_realm = _bound("krb5_set_default_realm", _P, c_char_p)
_session_keys = _bound("krb5_set_default_tgs_enctypes", _P, POINTER(c_int32))
_name = _bound("krb5_parse_name", _P, c_char_p, _PP)
_free_name = _bound("krb5_free_principal", _P, _P, gives=None)
_cache = _bound("krb5_cc_new_unique", _P, c_char_p, c_char_p, _PP)
_begin_cache = _bound("krb5_cc_initialize", _P, _P, _P)
_store = _bound("krb5_cc_store_cred", _P, _P, POINTER(_Creds))
_end_cache = _bound("krb5_cc_destroy", _P, _P)
_options = _bound("krb5_get_init_creds_opt_alloc", _P, _PP)
_free_options = _bound("krb5_get_init_creds_opt_free", _P, _P, gives=None)
_keys = _bound("krb5_get_init_creds_opt_set_etype_list", _P, POINTER(c_int32), c_int, gives=None)
_as_init = _bound("krb5_init_creds_init", _P, _P, _P, _P, c_int32, _P, _PP)
_as_password = _bound("krb5_init_creds_set_password", _P, _P, c_char_p)
_as_step = _bound("krb5_init_creds_step", _P, _P, _D, _D, _D, POINTER(c_uint))
_as_creds = _bound("krb5_init_creds_get_creds", _P, _P, POINTER(_Creds))
_as_free = _bound("krb5_init_creds_free", _P, _P, gives=None)
_tgs_init = _bound("krb5_tkt_creds_init", _P, _P, POINTER(_Creds), c_int32, _PP)
_tgs_step = _bound("krb5_tkt_creds_step", _P, _P, _D, _D, _D, POINTER(c_uint))
_tgs_creds = _bound("krb5_tkt_creds_get_creds", _P, _P, POINTER(_Creds))
_tgs_free = _bound("krb5_tkt_creds_free", _P, _P, gives=None)
_free_creds = _bound("krb5_free_cred_contents", _P, POINTER(_Creds), gives=None)
_free_data = _bound("krb5_free_data_contents", _P, _D, gives=None)
_talk = _bound("krb5_auth_con_init", _P, _PP)
_checksum = _bound("krb5_auth_con_set_req_cksumtype", _P, _P, c_int32)
_free_talk = _bound("krb5_auth_con_free", _P, _P)
_ask = _bound("krb5_mk_req_extended", _P, _PP, c_int32, _D, POINTER(_Creds), _D)
_hear = _bound("krb5_rd_rep", _P, _P, _D, _PP)
_free_heard = _bound("krb5_free_ap_rep_enc_part", _P, _P, gives=None)
_read_error = _bound("krb5_rd_error", _P, _D, POINTER(POINTER(_Error)))
_free_error = _bound("krb5_free_error", _P, POINTER(_Error), gives=None)
_read_ticket = _bound("krb5_decode_ticket", _D, POINTER(POINTER(_Ticket)))
_free_ticket = _bound("krb5_free_ticket", _P, POINTER(_Ticket), gives=None)
_offset = _bound("krb5_get_time_offsets", _P, POINTER(c_int32), POINTER(c_int32))
_AES_KINDS = (c_int32 * (len(_AES) + 1))(*_AES, 0)


class Krb5:
    """One account of one realm: log in, fetch a service's ticket, prove it to the service. Not for two threads at once."""

    def __init__(self, realm: str) -> None:
        self._realm = realm.encode("ascii")
        self._context, self._tickets, self._service = c_void_p(), c_void_p(), _Creds()
        profile = c_void_p()
        _check(_profile(byref(_TABLE), None, byref(profile)))
        try:
            _check(_context(profile, 0, byref(self._context)))
        finally:
            _forget_profile(profile)
        try:
            _check(_realm(self._context, self._realm))
            _check(_session_keys(self._context, _AES_KINDS))
        except Krb5Error:
            self.close()
            raise

    @property
    def offset(self) -> int:
        """Seconds by which the KDC's clock is ahead of this machine's, as far as it was told: 0 before the log-in."""
        seconds, micro = c_int32(), c_int32()
        _check(_offset(self._context, byref(seconds), byref(micro)))
        return seconds.value

    def log_in(self, user: str, password: str) -> Packets:
        """Get the first ticket (RFC 4120, 3.1). Raises Krb5Error, ElsewhereError."""
        with self._named(user) as client, self._held(_options, _free_options) as options:
            _keys(options, _AES_KINDS, len(_AES))
            begun = c_void_p()
            _check(_as_init(self._context, client, None, None, 0, options, byref(begun)))
            try:
                _check(_as_password(self._context, begun, password.encode("utf-8")))
                yield from self._steps(_as_step, begun)
                with self._creds() as found:
                    _check(_as_creds(self._context, begun, byref(found)))
                    _aes(found.key.kind)
                    _check(_cache(self._context, b"MEMORY", None, byref(self._tickets)))
                    _check(_begin_cache(self._context, self._tickets, found.client))
                    _check(_store(self._context, self._tickets, byref(found)))
            finally:
                _as_free(self._context, begun)

    def fetch(self, user: str, service: str, host: str) -> Packets:
        """Get a ticket for a service (RFC 4120, 3.3), after the log-in. Raises Krb5Error, ElsewhereError."""
        with self._named(user) as client, self._named(service, host) as server:
            wanted, begun = _Creds(client=client, server=server), c_void_p()
            _check(_tgs_init(self._context, self._tickets, byref(wanted), 0, byref(begun)))
            try:
                yield from self._steps(_tgs_step, begun)
                _check(_tgs_creds(self._context, begun, byref(self._service)))
                _aes(self._service.key.kind)
                self._look_at_ticket()
            finally:
                _tgs_free(self._context, begun)

    def request(self, checksum: bytes) -> tuple[c_void_p, bytes]:
        """An AP-REQ for the service that wants to be answered, and what to hear the answer with. Raises Krb5Error."""
        talk, told = c_void_p(), _Data()
        _check(_talk(self._context, byref(talk)))
        try:
            _check(_checksum(self._context, talk, _GSS_CHECKSUM))
            said, ticket = _data(checksum), byref(self._service)
            _check(_ask(self._context, byref(talk), _MUTUAL | _SUBKEY, byref(said), ticket, byref(told)))
            return talk, self._taken(told)
        except Krb5Error:
            self.forget(talk)
            raise

    def verify(self, talk: c_void_p, reply: bytes) -> None:
        """Whether an AP-REP comes from who could read the ticket. Raises Krb5Error."""
        heard, said = c_void_p(), _data(reply)
        _check(_hear(self._context, talk, byref(said), byref(heard)))
        _free_heard(self._context, heard)

    def error_of(self, message: bytes) -> int:
        """The number of a KRB-ERROR. Raises Krb5Error when it is none."""
        found, said = POINTER(_Error)(), _data(message)
        _check(_read_error(self._context, byref(said), byref(found)))
        try:
            return int(found.contents.number)
        finally:
            _free_error(self._context, found)

    def forget(self, talk: c_void_p) -> None:
        """End what `request` began."""
        if talk.value is not None:
            _free_talk(self._context, talk)
            talk.value = None

    def close(self) -> None:
        """Forget all tickets and keys."""
        if self._context.value is None:
            return
        _free_creds(self._context, byref(self._service))
        if self._tickets.value is not None:
            _end_cache(self._context, self._tickets)
        _free_context(self._context)
        self._context, self._tickets = c_void_p(), c_void_p()

    def _steps(self, step: Callable[..., int], begun: c_void_p) -> Packets:
        reply = b""
        while True:
            told, realm, flags, said = _Data(), _Data(), c_uint(), _data(reply)
            code = step(self._context, begun, byref(said), byref(told), byref(realm), byref(flags))
            packet, where = self._taken(told), self._taken(realm)
            _check(code)
            if not flags.value & _CONTINUE:
                return
            if where != self._realm:
                raise ElsewhereError(where.decode("ascii", "backslashreplace"))
            reply = yield packet

    def _look_at_ticket(self) -> None:
        """A ticket that an old key seals can be forged by whoever breaks that."""
        found = POINTER(_Ticket)()
        _check(_read_ticket(byref(self._service.ticket), byref(found)))
        try:
            _aes(found.contents.sealed.kind)
        finally:
            _free_ticket(self._context, found)

    @contextmanager
    def _named(self, *parts: str) -> Iterator[c_void_p]:
        """A principal of the realm."""
        text = b"/".join(_escaped(part) for part in parts) + b"@" + self._realm
        name = c_void_p()
        _check(_name(self._context, text, byref(name)))
        try:
            yield name
        finally:
            _free_name(self._context, name)

    @contextmanager
    def _held(self, make: Callable[..., int], free: Callable[..., int]) -> Iterator[c_void_p]:
        held = c_void_p()
        _check(make(self._context, byref(held)))
        try:
            yield held
        finally:
            free(self._context, held)

    @contextmanager
    def _creds(self) -> Iterator[_Creds]:
        found = _Creds()
        try:
            yield found
        finally:
            _free_creds(self._context, byref(found))

    def _taken(self, data: _Data) -> bytes:
        """What the library made, which then is its again."""
        content = bytes(data.data[: data.length]) if data.length else b""
        _free_data(self._context, byref(data))
        return content


def _data(content: bytes) -> _Data:
    return _Data(0, len(content), ctypes.cast(c_char_p(content), POINTER(c_char)))


def _escaped(part: str) -> bytes:
    """As krb5_parse_name reads it: what would divide a name is said not to."""
    return "".join(f"\\{sign}" if sign in "\\/@" else sign for sign in part).encode("utf-8")


def _aes(kind: int) -> None:
    if kind not in _AES:
        # KDC_ERR_ETYPE_NOSUPP, as a KDC itself would say.
        raise Krb5Error(_BASE + 14)


def _check(code: int) -> None:
    if code:
        raise Krb5Error(code)
