"""What comes when one and the same question is asked in an odd way? Each oddness by itself, and twice where it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any

from collectors import Answer, Edns
from collectors.dns.names import dotted
from collectors.dns.probe import Line, Silent, lack_of, soa_of

__all__ = [
    "AAAA",
    "CAPITALS",
    "EDNS_TRIALS",
    "RECURSION",
    "ROOT",
    "SOFTWARE",
    "TRANSFER",
    "Tried",
    "mixed",
    "ways",
]

AAAA, CAPITALS, RECURSION, ROOT, SOFTWARE, TRANSFER = (
    "aaaa",
    "capitals",
    "recursion",
    "root",
    "software",
    "transfer",
)
# An option and a flag that nobody has given a meaning (RFC 6891, section 9), and a version that there is not.
_NO_OPTION, _NO_FLAG, _SMALL = 65_001, 0x40, 512
EDNS_TRIALS = {
    "version": Edns(version=1),
    "option": Edns(options=(_NO_OPTION,)),
    "flag": Edns(flags=_NO_FLAG),
    "size": Edns(size=_SMALL),
}
# What says the usual, and is not remembered: one byte less is offered.
_ONCE_MORE = Edns(size=1231)
# Asks in an odd way, and says what it wants of EDNS.
_Ask = Callable[[Edns | None], Awaitable[Answer | Silent]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came on one odd question: a rcode, the kind of silence, or what was learned.

    is_wrong: it is none that shall come. is_kept: the answer keeps to the rules besides.
    """

    trial: str
    came: str
    is_wrong: bool
    is_kept: bool = True


def mixed(name: str) -> str:
    """A name in which small and capital letters take turns, always the same.

    >>> mixed("musterbau.test.")
    'mUsTeRbAu.tEsT.'
    """
    return "".join(sign.upper() if at % 2 else sign for at, sign in enumerate(dotted(name)))


def ways(
    line: Line, name: str, usual: Answer, serves: tuple[str, ...]
) -> Iterator[Coroutine[Any, Any, Tried | None]]:
    """Everything that may be tried here, with the SOA of a name. serves: the zones that are the server's own."""
    yield _capitals(line, name, usual)
    # Whether there is an answer is certain only where the server has the authority.
    if name in serves and not lack_of(usual, name):
        yield _aaaa(line, name, usual)
    # A server without EDNS is found by `dns.answers`.
    if usual.edns:
        for trial, edns in EDNS_TRIALS.items():
            yield _with_edns(line, name, usual, trial, edns)
    yield _recursion(line, name)
    yield _root(line)
    yield _software(line)
    for zone in serves:
        yield _transfer(line, zone)


async def _with_edns(line: Line, name: str, usual: Answer, trial: str, edns: Edns) -> Tried | None:
    fine = {usual.rcode, "BADVERS"} if trial == "version" else {usual.rcode}

    async def ask(once_more: Edns | None) -> Answer | Silent:
        wanted = edns if once_more is None else replace(edns, size=min(edns.size - 1, once_more.size))
        return await line.ask(dotted(name), "SOA", edns=wanted)

    came = await _surely(line, name, usual, ask, fine)
    if came is None:
        return None
    if isinstance(came, Silent):
        return Tried(trial=trial, came=came.kind.value, is_wrong=True)
    return Tried(
        trial=trial,
        came=came.rcode,
        is_wrong=came.rcode not in fine,
        is_kept=came.opt is not None and _keeps(trial, came, came.opt),
    )


def _keeps(trial: str, came: Answer, opt: Edns) -> bool:
    """Say whether the answer does with the oddness what it must (RFC 6891, sections 6.1.1, 6.1.2, 6.1.3, 6.1.4)."""
    match trial:
        case "version":
            return came.rcode == "BADVERS"
        case "option":
            return _NO_OPTION not in opt.options
        case "flag":
            return not opt.flags & _NO_FLAG
        case _:
            return came.size <= _SMALL


async def _capitals(line: Line, name: str, usual: Answer) -> Tried | None:
    async def ask(once_more: Edns | None) -> Answer | Silent:
        return await line.ask(mixed(name), "SOA", edns=once_more)

    came = await _surely(line, name, usual, ask, {usual.rcode})
    if came is None:
        return None
    if isinstance(came, Silent):
        return Tried(trial=CAPITALS, came=came.kind.value, is_wrong=True)
    is_same = "TC" in came.flags | usual.flags or lack_of(came, name) == lack_of(usual, name)
    return Tried(
        trial=CAPITALS,
        came=came.rcode if came.rcode != usual.rcode or is_same else "other-answer",
        is_wrong=came.rcode != usual.rcode or not is_same,
        is_kept=came.repeats in {"", mixed(name)},
    )


async def _aaaa(line: Line, name: str, usual: Answer) -> Tried | None:
    async def ask(once_more: Edns | None) -> Answer | Silent:
        return await line.ask(dotted(name), "AAAA", edns=once_more)

    came = await _surely(line, name, usual, ask, {"NOERROR"})
    if came is None:
        return None
    told = came.kind.value if isinstance(came, Silent) else came.rcode
    return Tried(trial=AAAA, came=told, is_wrong=told != "NOERROR")


async def _surely(line: Line, name: str, usual: Answer, ask: _Ask, fine: set[str]) -> Answer | Silent | None:
    """What comes; nothing is sure while packets get lost, or the server holds answers back from whoever asks much.

    What is wrong is asked once more, and counts where a plain question is answered as usual at the same time.
    """
    came = await ask(None)
    if isinstance(came, Answer) and came.rcode in fine:
        return came
    plain = await line.ask(dotted(name), "SOA", edns=_ONCE_MORE if usual.edns else None)
    if isinstance(plain, Silent) or plain.rcode != usual.rcode or "TC" in plain.flags - usual.flags:
        return None
    return await ask(_ONCE_MORE)


async def _recursion(line: Line, name: str) -> Tried | None:
    """Whether it offers to find names: it says so with every answer, and need not do it."""
    answer = await line.ask(dotted(name), "SOA", recurse=True)
    if isinstance(answer, Silent):
        return None
    return Tried(
        trial=RECURSION, came=answer.rcode, is_wrong="RA" in answer.flags and answer.rcode != "REFUSED"
    )


async def _root(line: Line) -> Tried | None:
    """Whether a server that does not hold the root says where it is."""
    answer = await line.ask(".", "NS")
    if isinstance(answer, Silent):
        return None
    is_referral = answer.rcode == "NOERROR" and "AA" not in answer.flags and not answer.answer
    is_upward = is_referral and any(r.type == "NS" and r.name == "." for r in answer.authority)
    return Tried(trial=ROOT, came=answer.rcode, is_wrong=is_upward)


async def _software(line: Line) -> Tried | None:
    answer = await line.ask("version.bind.", "TXT", chaos=True)
    told = () if isinstance(answer, Silent) else answer.answer
    text = next((record.data.strip('"') for record in told if record.type == "TXT"), "")
    return Tried(trial=SOFTWARE, came=text, is_wrong=False, is_kept=not text)


async def _transfer(line: Line, zone: str) -> Tried | None:
    """Whether whoever asks from here is given the whole zone: asked for what is newer than the newest (RFC 1995)."""
    start = await line.ask_whole(zone, "SOA")
    soa = None if isinstance(start, Silent) or lack_of(start, zone) else soa_of(start, zone)
    if soa is None:
        return None
    answer = await line.ask(dotted(zone), f"IXFR={soa.serial}", transport="tcp")
    is_given = isinstance(answer, Answer) and answer.rcode == "NOERROR" and soa_of(answer, zone) is not None
    return Tried(trial=TRANSFER, came=zone, is_wrong=is_given)
