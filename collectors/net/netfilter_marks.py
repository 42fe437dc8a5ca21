"""Which mark does a Linux host write into packets, and which class does it pick by it? (nft(8))

Only rules that look at the code point alone, or at the port besides, are taken: others concern a part of the packets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors.net.dscp import dscp_of

__all__ = ["Rewrite", "rules_of"]

_HEAD = re.compile(r'(?:oifname "?(?P<port>[^\s"]{1,15})"? )?ip dscp (?P<dscp>\{[^}]*\}|\S+) (?P<then>.+)')
_COUNTER = re.compile(r"counter(?: packets [0-9]+ bytes [0-9]+)? ?")
_SET_DSCP = re.compile(r"ip dscp set (\S+)")
_SET_MARK = re.compile(r"meta mark set 0x([0-9a-f]{1,8})")
_SET_CLASS = re.compile(r"meta priority set ([0-9a-f]*:[0-9a-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A rule. where: table and chain; port: out of which, '' for all. What it sets: a code point, a mark, a class."""

    where: str
    port: str
    dscp: int
    to: int | None = None
    mark: int | None = None
    goes: str = ""


def rules_of(text: str) -> tuple[Rewrite, ...]:
    """Read `nft list ruleset`; what is no such rule says nothing here."""
    return tuple(_rules(text))


def _rules(text: str) -> Iterator[Rewrite]:
    table = chain = ""
    for line in text.split("\n"):
        words = line.strip()
        if words.startswith("table ") and words.endswith("{"):
            table = words.removeprefix("table ").removesuffix("{").strip()
        elif words.startswith("chain ") and words.endswith("{"):
            chain = words.removeprefix("chain ").removesuffix("{").strip()
        elif match := _HEAD.fullmatch(words):
            then = _COUNTER.sub("", match["then"]).strip()
            for dscp in _points(match["dscp"]):
                if rule := _rule(then, where=f"{table} {chain}", port=match["port"] or "", dscp=dscp):
                    yield rule


def _points(text: str) -> Iterator[int]:
    for word in text.strip("{} ").split(","):
        dscp = dscp_of({"va": "voice-admit"}.get(word.strip(), word))
        if dscp is not None:
            yield dscp


def _rule(then: str, *, where: str, port: str, dscp: int) -> Rewrite | None:
    if match := _SET_DSCP.fullmatch(then):
        to = dscp_of(match[1])
        return None if to is None else Rewrite(where=where, port=port, dscp=dscp, to=to)
    if match := _SET_MARK.fullmatch(then):
        return Rewrite(where=where, port=port, dscp=dscp, mark=int(match[1], 16))
    if match := _SET_CLASS.fullmatch(then):
        return Rewrite(where=where, port=port, dscp=dscp, goes=match[1])
    return None
