"""What happened in a conversation over SIP, and when? Its messages read, and what is asked of them again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from collectors.plain import plain
from collectors.telephony import Talk
from collectors.voip.message import CSeq, Message, Request, Response, Unreadable, read
from collectors.voip.uri import uri_of

__all__ = [
    "Q850",
    "Line",
    "Try",
    "elsewhere",
    "final_of",
    "hosts_in",
    "lines",
    "place_of",
    "product",
    "reason_of",
    "retry_after",
    "tries",
]

# What one or the other names as the cause of a refusal: (RFC 3326), and what the telephone network says.
Q850 = "Q.850"


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it was read. at: seconds since the conversation began."""

    at: float
    ours: bool
    message: Message


def lines(talk: Talk) -> tuple[Line, ...]:
    """The messages that can be read; what cannot was counted as a stray already."""
    found = []
    for one in talk.messages:
        try:
            found.append(Line(one.at, one.ours, read(one.wire)))
        except Unreadable:
            continue
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A request of ours with what came of it: sent: when, each time; answers: in their order; final: with its time."""

    request: Request
    sent: tuple[float, ...]
    provisional: tuple[tuple[float, Response], ...]
    final: tuple[float, Response] | None
    repeated: int = 0

    @property
    def took(self) -> float | None:
        """Seconds from the last time that it was said before the answer, as that is the round trip."""
        if self.final is None:
            return None
        before = [at for at in self.sent if at <= self.final[0]]
        return self.final[0] - (before[-1] if before else self.sent[0])


def tries(talk: Talk, method: str) -> tuple[Try, ...]:
    """Our requests of one method, each once however often it was said."""
    read_lines = lines(talk)
    order: dict[str, list[Line]] = {}
    for line in read_lines:
        if line.ours and isinstance(line.message, Request) and line.message.method == method:
            order.setdefault(_branch(line.message), []).append(line)
    return tuple(_try(said, branch, read_lines) for branch, said in order.items())


def _try(said: list[Line], branch: str, all_lines: tuple[Line, ...]) -> Try:
    request = said[0].message
    if not isinstance(request, Request):
        raise TypeError("a request of ours is no request")
    answers = [
        (line.at, line.message)
        for line in all_lines
        if not line.ours
        and isinstance(line.message, Response)
        and _branch(line.message) == branch
        and _cseq(line.message) == _cseq(request)
    ]
    finals = [one for one in answers if one[1].code >= 200]
    return Try(
        request=request,
        sent=tuple(line.at for line in said),
        provisional=tuple(one for one in answers if one[1].code < 200),
        final=finals[0] if finals else None,
        repeated=max(len(finals) - 1, 0),
    )


def final_of(one: Try) -> Response | None:
    return one.final[1] if one.final else None


def _branch(message: Message) -> str:
    try:
        return message.via[0].branch
    except (Unreadable, IndexError):
        return ""


def _cseq(message: Message) -> CSeq | None:
    try:
        return message.cseq
    except Unreadable:
        return None


def product(response: Response) -> str:
    """What the server calls itself, fit to be shown."""
    return plain(response.headers.first("server") or response.headers.first("user-agent") or "", 80)


def retry_after(response: Response) -> int | None:
    """Seconds after which it wants to be asked again (section 20.33)."""
    try:
        return response.number("retry-after")
    except Unreadable:
        return None


def reason_of(response: Message) -> tuple[int, str]:
    """The cause by Q.850 and its text (RFC 3326); 0 for none."""
    for value in response.headers.listed("reason"):
        protocol, _, rest = value.partition(";")
        if protocol.strip().upper() != Q850:
            continue
        facts = dict(part.strip().split("=", 1) for part in rest.split(";") if "=" in part)
        cause = facts.get("cause", "").strip()
        if cause.isascii() and cause.isdigit() and len(cause) < 4:
            return int(cause), plain(facts.get("text", "").strip('"'), 80)
    return 0, ""


def place_of(uri: str) -> str:
    """The host of a URI, '' where it has none."""
    try:
        return uri_of(uri).host
    except Unreadable:
        return ""


def elsewhere(message: Message, server: str, *names: str) -> tuple[str, ...]:
    """Addresses in these fields that are not the server's: nobody was spoken to there. Names of hosts are no addresses."""
    return tuple(dict.fromkeys(host for host in _hosts(message, names) if _is_other(host, server)))


def hosts_in(message: Message, name: str) -> tuple[str, ...]:
    """The hosts that a field names, addresses and names."""
    return tuple(dict.fromkeys(plain(host, 80) for host in _hosts(message, (name,)) if host))


def _hosts(message: Message, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        try:
            for address in message.addresses(name):
                yield place_of(address.uri)
        except Unreadable:
            continue


def _is_other(host: str, server: str) -> bool:
    try:
        return ip_address(host) != ip_address(server.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
