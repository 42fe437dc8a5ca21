"""What did the server say, and does it speak with authority? One question, whose silence is a value too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectors import About, Answer, Edns, Kind, Phase, Record, Resolver, Unanswered
from collectors.dns.names import dotted, is_internal, lies_in, plain, same_form
from collectors.session import Transport

__all__ = [
    "Line",
    "Silent",
    "Soa",
    "chased",
    "lack_of",
    "living",
    "own_names",
    "pointed_to",
    "soa_of",
    "stands_inside",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """The question was asked and stayed unanswered."""

    kind: Kind
    phase: Phase
    detail: str

    @property
    def never_left(self) -> bool:
        """Nothing was sent: this machine has no way to the address."""
        return self.kind is Kind.UNREACHABLE and self.phase is Phase.CONNECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Soa:
    """The start of a zone (RFC 1035 section 3.3.13); times in seconds. mailbox: of who answers for it, as a name."""

    primary: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One address of a server; empty: the session's first."""

    host: Resolver
    address: str = ""

    async def ask(  # noqa: PLR0913 - what one question can say.
        self,
        name: str,
        rtype: str,
        *,
        transport: Transport = "udp",
        recurse: bool = False,
        signed: bool = False,
        unchecked: bool = False,
        edns: Edns | None = None,
        chaos: bool = False,
    ) -> Answer | Silent:
        """Ask once, for the name as it is written. Raises Unanswered only when the run was stopped: that says nothing about the server.

        An answer may be cut over UDP (flag 'TC'), but is none when it is cut over TCP.
        """
        try:
            answer = await self.host.ask(
                name.rstrip(".") + ".",
                rtype,
                transport=transport,
                recurse=recurse,
                server=self.address,
                signed=signed,
                unchecked=unchecked,
                edns=edns,
                chaos=chaos,
            )
        except Unanswered as error:
            if error.kind is Kind.STOPPED:
                raise
            return Silent(kind=error.kind, phase=error.phase, detail=error.detail)
        if transport == "tcp" and "TC" in answer.flags:
            return Silent(kind=Kind.UNPARSABLE, phase=Phase.ASK, detail="cut short (TC) over TCP as well")
        return answer

    async def ask_whole(
        self, name: str, rtype: str, *, recurse: bool = False, signed: bool = False, unchecked: bool = False
    ) -> Answer | Silent:
        """Ask, and ask over TCP when the answer was too long for UDP, or held back (rate limits)."""
        name = dotted(name)
        answer = await self.ask(name, rtype, recurse=recurse, signed=signed, unchecked=unchecked)
        if isinstance(answer, Silent) or "TC" not in answer.flags:
            return answer
        return await self.ask(
            name, rtype, transport="tcp", recurse=recurse, signed=signed, unchecked=unchecked
        )

    async def whole(
        self, answer: Answer | Silent, name: str, rtype: str, *, recurse: bool = False
    ) -> Answer | Silent:
        """The answer, or the one over TCP where it is cut: what is missing from a cut answer is not absent."""
        if isinstance(answer, Silent) or "TC" not in answer.flags:
            return answer
        return await self.ask(name, rtype, transport="tcp", recurse=recurse)

    async def addresses_of(self, name: str, *rtypes: str) -> tuple[str, ...] | Silent | None:
        """The name's addresses as this server has them, in order.

        None: it does not have the authority to say, as for a name that it has delegated.
        """
        kinds = rtypes or ("A", "AAAA")
        answers = await self.host.together(*(self.ask_whole(name, rtype) for rtype in kinds))
        found: list[str] = []
        for rtype, answer in zip(kinds, answers, strict=True):
            if isinstance(answer, Silent):
                return answer
            data = pointed_to(answer, name, rtype)
            if data is None:
                return None
            found += data
        return same_form(found)

    async def end_of(self, name: str) -> str:
        """The name that an alias (CNAME) leads to, as this server says with authority; empty when it is none."""
        answer = await self.ask_whole(name, "A")
        if isinstance(answer, Silent) or "AA" not in answer.flags:
            return ""
        return next((plain(record.data) for record in _of(answer.answer, name, "CNAME")), "")


async def own_names(line: Line, about: About, names: Iterable[str]) -> frozenset[str]:
    """Those of these names that are this very server: its name in the contract, or one of its addresses."""
    own = set(same_form(about.addresses))
    others = sorted(set(names) - {plain(about.name)})
    told = await line.host.together(*(line.addresses_of(name) for name in others))
    found = {name for name, at in zip(others, told, strict=True) if isinstance(at, tuple) and own & set(at)}
    return frozenset(found | {plain(about.name)})


def stands_inside(about: About) -> bool:
    """Say whether a server stands in the customer's network and has internal addresses only."""
    return about.environment != "outside" and all(map(is_internal, about.addresses))


async def living(host: Resolver, zone: str) -> Line | Silent:
    """The way to the first of the server's addresses that answers anything; else the last silence."""
    came: Answer | Silent | None = None
    for address in host.addresses:
        line = Line(host, address)
        came = await line.ask(dotted(zone), "SOA")
        if isinstance(came, Answer):
            return line
    return came if isinstance(came, Silent) else Line(host)


def soa_of(answer: Answer, zone: str) -> Soa | None:
    """The zone's SOA record, when the answer holds it."""
    for record in _of(answer.answer, zone, "SOA"):
        primary, mailbox, *numbers = record.data.split()
        serial, refresh, retry, expire, minimum = map(int, numbers)
        return Soa(
            primary=plain(primary),
            serial=serial,
            refresh=refresh,
            retry=retry,
            expire=expire,
            minimum=minimum,
            mailbox=plain(mailbox),
        )
    return None


def lack_of(answer: Answer, zone: str) -> str:
    """What an answer to a question for a zone's SOA lacks for authority; empty when it lacks nothing.

    A code, the same in every language: the rcode, or NOERROR with what is missing.
    """
    if answer.rcode != "NOERROR":
        return answer.rcode
    if soa_of(answer, zone) is not None:
        return "" if "AA" in answer.flags else "NOERROR/no-AA"
    for record in answer.authority:
        if record.type == "NS" and lies_in(zone, record.name):
            return f"NOERROR/referral:{plain(record.name)}"
    return "NOERROR/no-SOA"


def pointed_to(answer: Answer, name: str, rtype: str) -> tuple[str, ...] | None:
    """The data of the records for a name, through the aliases that the answer itself resolves.

    Empty: there is none, with authority, as where aliases lead to each other in a circle. None: the server does not say it with authority, or its alias ends
    where another server must be asked.
    """
    if answer.rcode not in {"NOERROR", "NXDOMAIN"} or "AA" not in answer.flags:
        return None
    followed, data = chased(answer, name, rtype)
    ends_elsewhere = followed and not data and answer.rcode == "NOERROR" and not _turns_in_circles(answer)
    return None if ends_elsewhere else data


def _turns_in_circles(answer: Answer) -> bool:
    """Say whether every alias of the answer leads to another alias of it."""
    aliases = {record.name: record.data for record in answer.answer if record.type == "CNAME"}
    return bool(aliases) and set(aliases.values()) <= aliases.keys()


def chased(answer: Answer, name: str, rtype: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the name is an alias, and the data of the records at which the answer's aliases end."""
    owner, followed = dotted(name), False
    for _ in answer.answer:
        alias = next(_of(answer.answer, owner, "CNAME"), None)
        if alias is None:
            break
        owner, followed = alias.data, True
    return followed, tuple(record.data for record in _of(answer.answer, owner, rtype))


def _of(records: tuple[Record, ...], name: str, rtype: str) -> Iterator[Record]:
    return (r for r in records if r.type == rtype and r.name == dotted(name))
