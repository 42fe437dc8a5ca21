"""What does pysnmp say and hear for us? One engine a process, which opens no socket and sends nothing by itself.

It makes requests and takes in answers; `agent.sessions.snmp_line` carries their bytes. Only Get, GetNext and GetBulk
can be made (RFC 3416), numeric names alone, and no MIB is ever looked up. What the engine would send on its own, such
as a report about a wrong answer, goes nowhere.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pyasn1.error import PyAsn1Error
from pysnmp.carrier.asyncio.dgram.udp import SNMP_UDP_DOMAIN, UdpTransportAddress
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.error import PySnmpError
from pysnmp.proto.api import v2c

from agent.sessions.snmp_read import Cut, UnreadableError, cut_message, cut_scoped, read_varbinds, varbind_of
from agent.start import SnmpUser, SnmpWay
from collectors.varbind import Oid, Varbind

__all__ = [
    "Command",
    "Engine",
    "Heard",
    "NoEngineError",
    "Peer",
    "Pending",
    "Report",
    "Said",
    "Unreadable",
    "the_engine",
]

Command = Literal["get", "next", "bulk"]

_V2C, _V3 = 1, 3
_MODEL_2C, _MODEL_USM = 2, 3
_PLAIN, _PRIVATE = 1, 3
_REQUESTS = {"get": v2c.GetRequestPDU, "next": v2c.GetNextRequestPDU, "bulk": v2c.GetBulkRequestPDU}
_AUTHENTICATION = {
    "sha1": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIVACY = {
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192-cisco": config.USM_PRIV_CFB192_AES,
    "aes256-cisco": config.USM_PRIV_CFB256_AES,
}
# What the library raises over bytes that are no message of ours: besides its own errors, whatever goes wrong.
_GARBLED = (
    *(PySnmpError, PyAsn1Error, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, RecursionError, struct.error),
)
# The library's tables of counters, which it else reads when the first packet comes.
_TABLES = (
    *("__SNMPv2-MIB", "__SNMP-MPD-MIB", "__SNMP-FRAMEWORK-MIB", "__SNMP-USER-BASED-SM-MIB"),
    *("__SNMP-TARGET-MIB", "__PYSNMP-USM-MIB"),
)
# Nothing here waits: how long an answer may take is decided where the packets travel.
_NEVER = 1 << 30
_SERIAL = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Said:
    """A response: its error-status and error-index (RFC 3416, section 3), and what it says of the objects.

    raw: the bytes of these, without anything of the message around them.
    """

    status: int
    index: int
    varbinds: tuple[Varbind, ...]
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Report:
    """A report (RFC 3412, section 7.1): the counter that it names; empty for none."""

    counter: Oid


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A response of the right form and the right sender, whose objects cannot be read."""

    why: str
    raw: bytes = b""


Heard = Said | Report | Unreadable


class NoEngineError(Exception):
    """What an agent gives as its engine ID is none (RFC 3411, section 5): it cannot be asked."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that was made: what goes out, and by which handle its answer is known."""

    wire: bytes
    handle: int


@dataclass(slots=True)
class Peer:
    """Whom the engine speaks to. place: under which it remembers the agent's engine ID, apart for each conversation."""

    way: SnmpWay
    place: UdpTransportAddress = field(default_factory=lambda: UdpTransportAddress(("", next(_SERIAL))))

    @property
    def version(self) -> int:
        return _V2C if self.way.user is None else _V3

    def begin_anew(self) -> None:
        """Forget the agent's engine ID: it is asked for again."""
        self.place = UdpTransportAddress(("", next(_SERIAL)))


class _Carrier:
    """Where the engine leaves what it wants to send; it stands for the library's own, which opens sockets and has a clock."""

    def __init__(self) -> None:
        self.left: list[bytes] = []

    def send_message(self, message: bytes, *_where: object) -> None:
        self.left.append(bytes(message))

    def register_recv_callback(self, *_: object) -> None:
        """What comes in is handed to the engine by us."""

    def register_timer_callback(self, *_: object) -> None:
        """No time passes here."""

    def get_timer_ticks(self) -> int:
        return 0

    def get_timer_resolution(self) -> float:
        return 1.0


class _Private:
    """A cipher of the library's (RFC 3826), which cuts the objects out of what it has deciphered, and keeps them."""

    def __init__(self, cipher: Any, keep: Callable[[Cut | None], None]) -> None:  # noqa: ANN401 - the library's own.
        self._cipher, self._keep = cipher, keep
        self.encrypt_data, self.localize_key = cipher.encrypt_data, cipher.localize_key

    def decrypt_data(self, key: object, parameters: object, content: object) -> bytes:
        plain: bytes = self._cipher.decrypt_data(key, parameters, content)
        cut = cut_scoped(plain)
        self._keep(cut)
        return cut.rest if cut else plain


class Engine:
    """Makes requests and takes in answers, for any number of peers; never waits, and never sends."""

    def __init__(self) -> None:
        self._carrier = _Carrier()
        self._engine = SnmpEngine()
        self._engine.register_transport_dispatcher(self._carrier)
        self._communities: dict[str, Any] = {}
        self._users: dict[tuple[bytes, str], SnmpUser] = {}
        self._heard: dict[int, Heard] = {}
        self._cut: Cut | None = None
        usm = self._engine.security_models[_MODEL_USM]
        usm.PRIV_SERVICES = {
            name: _Private(cipher, self._keep_cut) for name, cipher in config.PRIV_SERVICES.items()
        }
        self._warm_up()

    def _warm_up(self) -> None:
        """Have everything read and loaded that will be needed: now, and never when a wall stands."""
        self._engine.get_mib_builder().load_modules(*_TABLES)
        self._security_name("warm")
        user = SnmpUser(
            name="warm",
            authentication="sha256",
            privacy="aes128",
            authentication_phrase="x" * 8,
            privacy_phrase="x" * 8,
        )
        self._know(user, b"\x80\0\0\0\4warm")
        cipher = config.PRIV_SERVICES[_PRIVACY["aes128"]]
        cipher.encrypt_data(v2c.OctetString(bytes(16)), (0, 0, b""), b"warm")

    def request(
        self, peer: Peer, command: Command, oids: Sequence[Oid], *, context: str = "", repetitions: int = 0
    ) -> Pending:
        """Make a request. While the agent's engine ID is not known, it is the one that asks for it.

        Raises NoEngineError.
        """
        message = _message(command, oids, repetitions)
        user = peer.way.user
        if user is None:
            community = peer.way.community + (f"@{context.removeprefix('vlan-')}" if context else "")
            name, context, level, model = self._security_name(community), "", _PLAIN, _MODEL_2C
        else:
            name, level, model = v2c.OctetString(user.name), _PRIVATE, _MODEL_USM
            self._keys_of(peer)
        self._carrier.left.clear()
        handle = self._engine.message_dispatcher.send_pdu(
            *(self._engine, SNMP_UDP_DOMAIN, peer.place, peer.version, model, name, level),
            *(None, v2c.OctetString(context), 1, message, True, _NEVER, self._take_in, None),
        )
        (wire,) = self._carrier.left
        return Pending(wire, int(handle))

    def take(self, peer: Peer, wire: bytes) -> dict[int, Heard]:
        """What bytes from an agent answer, by the handle of the request; nothing when they answer none."""
        self._heard.clear()
        self._carrier.left.clear()
        # Of version 3 nothing can be cut before it is deciphered.
        self._cut = cut_message(wire) if peer.version == _V2C else None
        if self._cut is not None and not _is_of(peer, self._cut):
            return {}
        rest = self._cut.rest if self._cut else wire
        try:
            self._keys_of(peer)
            self._engine.message_dispatcher.receive_message(self._engine, SNMP_UDP_DOMAIN, peer.place, rest)
        except (NoEngineError, *_GARBLED):
            return {}
        return dict(self._heard)

    def forget(self, peer: Peer, pending: Pending) -> None:
        """Nobody waits for this answer any more."""
        dispatcher = self._engine.message_dispatcher
        dispatcher.release_state_information(self._engine, pending.handle, peer.version)

    def _take_in(self, *told: Any) -> None:  # noqa: ANN401 - the library's own words.
        *_, message, status, handle, _ = told
        if status:
            self._heard[int(handle)] = Report(tuple(status.get("oid") or ()))
            return
        raw = self._cut.objects if self._cut else b""
        try:
            if self._cut is not None:
                varbinds = read_varbinds(self._cut.objects)
            else:
                varbinds = tuple(varbind_of(*one) for one in v2c.apiPDU.get_varbinds(message))
            self._heard[int(handle)] = Said(int(message[1]), int(message[2]), varbinds, raw)
        except (UnreadableError, *_GARBLED) as error:
            self._heard[int(handle)] = Unreadable(str(error)[:200], raw)

    def _keep_cut(self, cut: Cut | None) -> None:
        self._cut = cut

    def _engine_id(self, peer: Peer) -> bytes | None:
        models = self._engine.message_processing_subsystems
        found = models[_V3].get_peer_engine_info(SNMP_UDP_DOMAIN, peer.place)[0]
        return None if found is None else bytes(found)

    def _security_name(self, community: str) -> Any:  # noqa: ANN401 - the library's own octets.
        """The name under which the engine knows a community."""
        if community not in self._communities:
            name = f"community-{len(self._communities)}"
            config.add_v1_system(self._engine, name, community.encode(), securityName=name)
            self._communities[community] = v2c.OctetString(name)
        return self._communities[community]

    def _keys_of(self, peer: Peer) -> None:
        """Have the engine use the keys of this peer: another one may have the same engine ID. Raises NoEngineError."""
        user, engine_id = peer.way.user, self._engine_id(peer)
        if user is None or engine_id is None:
            return
        try:
            self._know(user, engine_id)
        except _GARBLED:
            raise NoEngineError(engine_id.hex() or "nothing") from None

    def _know(self, user: SnmpUser, engine_id: bytes) -> None:
        """Give the engine the user's keys for an agent, where it has not got them, or those of another agent of this ID."""
        if self._users.get((engine_id, user.name)) == user:
            return
        digest, cipher = _AUTHENTICATION[user.authentication], _PRIVACY[user.privacy]
        config.add_v3_user(
            *(self._engine, user.name),
            *(digest, _master(user.authentication, user.authentication_phrase)),
            *(cipher, _master(user.authentication, user.privacy_phrase)),
            securityEngineId=engine_id,
            authKeyType=config.USM_KEY_TYPE_MASTER,
            privKeyType=config.USM_KEY_TYPE_MASTER,
        )
        self._users[engine_id, user.name] = user


@cache
def _master(authentication: str, phrase: str) -> Any:  # noqa: ANN401 - the library's own octets.
    """A pass phrase as a key, before it is an agent's own (RFC 3414, appendix A.2): costs milliseconds."""
    return config.AUTH_SERVICES[_AUTHENTICATION[authentication]].hash_passphrase(phrase.encode())


def _message(command: Command, oids: Sequence[Oid], repetitions: int) -> Any:  # noqa: ANN401 - the library's own.
    message = _REQUESTS[command]()
    api = v2c.apiBulkPDU if command == "bulk" else v2c.apiPDU
    api.set_defaults(message)
    if command == "bulk":
        v2c.apiBulkPDU.set_non_repeaters(message, 0)
        v2c.apiBulkPDU.set_max_repetitions(message, repetitions)
    api.set_varbinds(message, [(oid, v2c.null) for oid in oids])
    return message


def _is_of(peer: Peer, cut: Cut) -> bool:
    """Whether a message bears one of the communities that this peer is asked with."""
    own, said = peer.way.community.encode(), cut.head[1]
    return said == own or said.startswith(own + b"@")


@cache
def the_engine() -> Engine:
    """The one of this process."""
    return Engine()
