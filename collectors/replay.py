"""What would we say of this evidence today? Sessions that answer from records instead of from hosts.

`secondline judge` and every test case use them, so a question's parser and its judge are tried on the very
bytes that a host once gave. What was not recorded is unanswered, never empty.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Coroutine, Iterable, Mapping
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

from collectors.exchange import (
    PRESENT,
    Exchange,
    answer_of,
    asked_how,
    call_of,
    entries_of,
    fit_of,
    objects_of,
    one_of,
    ran_of,
    reply_of,
    secured_of,
    shown_of,
    spelt,
    talk_of,
    told,
    varbinds_of,
    wanted,
)
from collectors.powershell import Datum, Script
from collectors.session import (
    Also,
    Answer,
    Edns,
    Entry,
    Fit,
    Kind,
    Ran,
    Reply,
    Scope,
    Secured,
    Shown,
    Transport,
    Unanswered,
)
from collectors.telephony import Call, Talk
from collectors.varbind import Oid, Varbind

__all__ = ["Replay", "open_failure"]

T = TypeVar("T")


class Replay:
    """Every session in one, answering from exchanges in the order they were recorded."""

    def __init__(self, exchanges: Iterable[Exchange], *, addresses: tuple[str, ...] = ()) -> None:
        self.addresses = addresses
        self._recorded: defaultdict[tuple[str, ...], deque[Exchange]] = defaultdict(deque)
        for exchange in exchanges:
            self._recorded[exchange.question].append(exchange)

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:  # noqa: ARG002 - the Protocol's shape.
        return ran_of(self._next("run", *argv))

    async def read(self, path: str) -> str:
        ran = await self.run("cat", "--", path)
        if ran.code:
            raise Unanswered(Kind.UNPARSABLE, f"{path} cannot be read: {ran.stderr.strip()}")
        return ran.stdout

    async def fetch(self, path: str) -> bytes:
        exchange = self._next("fetch", path)
        exchange.settle()
        return exchange.parts.get("content", b"")

    async def content(self) -> BinaryIO:
        exchange = self._next("capture")
        exchange.settle()
        if exchange.cut:
            raise Unanswered(Kind.CUT_OFF, "only the beginning of the capture was kept")
        return BytesIO(exchange.parts.get("pcap", b""))

    async def ask(  # noqa: PLR0913 - what one question can say.
        self,
        name: str,
        rtype: str,
        *,
        transport: Transport = "udp",
        recurse: bool = False,
        server: str = "",
        signed: bool = False,
        unchecked: bool = False,
        edns: Edns | None = None,
        chaos: bool = False,
    ) -> Answer:
        where = server or (self.addresses[0] if self.addresses else "")
        how = asked_how(recurse=recurse, signed=signed, unchecked=unchecked, edns=edns, chaos=chaos)
        return answer_of(self._next("ask", where, name, rtype, transport, how))

    async def together(self, *asking: Coroutine[Any, Any, T]) -> tuple[T, ...]:
        """One after the other, in their order: so a record of several answers to one question is given as it was."""
        left = list(reversed(asking))
        try:
            return tuple([await left.pop() for _ in asking])
        finally:
            for one in left:
                one.close()

    async def host_key(self) -> str:
        exchange = self._next("host-key")
        exchange.settle()
        return exchange.parts.get("key", b"").decode("ascii", "backslashreplace")

    async def root(self, *attributes: str) -> Entry:
        return entries_of(self._next("search", "", "base", PRESENT, spelt(attributes), ""))[0]

    async def search(
        self,
        base: str,
        where: str,
        *attributes: str,
        scope: Scope = "subtree",
        most: int = 10_000,  # noqa: ARG002 - the Protocol's shape.
        also: Also = "",
    ) -> tuple[Entry, ...]:
        return entries_of(self._next("search", base, scope, where, spelt(attributes), also))

    async def entry(self, name: str, *attributes: str) -> Entry | None:
        return one_of(self._next("search", name, "base", PRESENT, spelt(attributes), ""))

    async def ping(self, domain: str) -> Reply:
        return reply_of(self._next("ping", domain))

    async def ask_ticket(self, realm: str, account: str) -> Reply:
        return reply_of(self._next("ask-ticket", realm, account))

    async def time(self) -> Reply:
        return reply_of(self._next("time"))

    async def certificate(self) -> Reply:
        return reply_of(self._next("certificate"))

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(int(question[1]) for question in self._recorded if question[0] == "knock")

    async def knock(self, port: int) -> None:
        self._next("knock", f"{port}").settle()

    @property
    def has_nat_port(self) -> bool:
        return ("ike", "nat") in self._recorded

    async def begin(self, *, nat: bool = False) -> Reply:
        return reply_of(self._next("ike", "nat" if nat else "first"))

    async def reset(self) -> Reply:
        return reply_of(self._next("openvpn"))

    async def fits(self, address: str, size: int) -> Fit:
        return fit_of(self._next("fits", address, f"{size}"))

    async def objects(self, script: Script, **data: Datum) -> tuple[Mapping[str, object], ...]:
        return objects_of(self._next("script", script.name, told(data)))

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        return varbinds_of(self._next("get", context, *map(wanted, oids)))

    async def walk(
        self,
        root: Oid,
        *,
        context: str = "",
        most: int = 20_000,  # noqa: ARG002 - the Protocol's shape.
    ) -> tuple[Varbind, ...]:
        return varbinds_of(self._next("walk", context, wanted(root)))

    async def pause(self, seconds: float) -> None:
        """What was recorded is there at once."""

    async def show(self, command: str, *, deadline: float = 30.0) -> Shown:  # noqa: ARG002 - the Protocol's shape.
        return shown_of(self._next("show", command))

    async def options(self) -> Talk:
        return talk_of(self._next("options"))

    async def register(self) -> Talk:
        return talk_of(self._next("register"))

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(question[1] for question in self._recorded if question[0] == "call")

    async def call(self, number: str, *, seconds: float = 4.0) -> Call:  # noqa: ARG002 - the Protocol's shape.
        return call_of(self._next("call", number))

    async def secured(self) -> Secured:
        return secured_of(self._next("secured"))

    def _next(self, *question: str) -> Exchange:
        recorded = self._recorded.get(question)
        if not recorded:
            raise Unanswered(Kind.UNPARSABLE, f"the evidence holds no answer to {' '.join(question)}")
        return recorded.popleft() if len(recorded) > 1 else recorded[0]


def open_failure(exchanges: Iterable[Exchange]) -> Unanswered | None:
    """The reason why the session could not be opened, when that is what was recorded."""
    for exchange in exchanges:
        if exchange.question == ("open",) and exchange.unanswered is not None:
            kind, phase, detail = exchange.unanswered
            return Unanswered(kind, detail, phase=phase)
    return None
