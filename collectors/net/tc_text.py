"""What does `tc` print, and into which class does it put a packet with a given mark? (tc(8), tc-htb(8), tc-u32(8))

`tc -j class show` is text for HTB, and `tc -j filter show` repeats a key within one object: both are read as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from collectors.net.dscp import tos_of
from collectors.net.qos import Counts
from collectors.net.qos_text import rate_of, unparsable

__all__ = ["Goes", "HtbClass", "Qdisc", "TcFilter", "classify", "read_classes", "read_filters", "read_qdiscs"]

_CLASS = re.compile(
    r"class htb (?P<id>[0-9a-f]*:[0-9a-f]+) (?:root|parent (?P<parent>[0-9a-f]*:[0-9a-f]+))(?P<rest> .*)?"
)
_SENT = re.compile(r" Sent ([0-9]{1,20}) bytes ([0-9]{1,20}) pkts? \(dropped ([0-9]{1,20}), .*")
_BACKLOG = re.compile(r" backlog \S+ ([0-9]{1,10})p .*")
_FILTER = re.compile(
    r"filter (?:parent \S+ )?protocol (?P<protocol>\S+) pref (?P<pref>[0-9]{1,5}) (?P<kind>\S+)(?P<rest>.*)"
)
_FLOW = re.compile(r" \*?(?:flowid|classid) (?P<id>[0-9a-f]*:[0-9a-f]+)")
_MATCH = re.compile(r"\s+match ([0-9a-f]{8})/([0-9a-f]{8}) at (-?[0-9]{1,5})\s*(?:\(.*\))?")
_TOS = re.compile(r"\s+ip_tos 0x([0-9a-f]{1,2})(?:/(?:0x)?([0-9a-f]{1,2}))?\s*")
# Lines below a flower filter that narrow nothing.
_FLOWER_IDLE = re.compile(r"\s+(?:eth_type ipv4|skip_[hs]w|not_in_hw|in_hw.*)\s*|")
_MOST_CLASSES = 4000


@dataclass(frozen=True, slots=True)
class Qdisc:
    """rate: of a token bucket, in bit/s. default: the class of what no filter takes, '' for none. handle: as '1:'."""

    device: str
    kind: str
    handle: str
    parent: str
    drops: int
    rate: int | None
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HtbClass:
    """parent: '' at the top; leaf: the qdisc below, '' for none of its own; rates in bit/s."""

    id: str
    parent: str
    leaf: str
    prio: int
    rate: int
    ceil: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class TcFilter:
    """tos: value and mask of the octet, (0, 0) when any will do. is_narrow: it also wants something else."""

    protocol: str
    pref: int
    kind: str
    goes: str
    tos: tuple[int, int] = (0, 0)
    is_narrow: bool = False
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class Goes:
    """Where a mark leads. path: the class, '' when that is not sure."""

    path: str
    by_default: bool = False


def read_qdiscs(text: str) -> tuple[Qdisc, ...]:
    """Read `tc -s -j qdisc show`. Raises Unanswered."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise unparsable("tc printed no JSON", text) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unparsable("tc printed no list of disciplines", text)
    return tuple(_qdisc(row) for row in rows)


def _qdisc(row: Mapping[str, object]) -> Qdisc:
    options = row.get("options")
    options = options if isinstance(options, dict) else {}
    words = [row.get(key, "") for key in ("dev", "kind", "handle", "parent")]
    device, kind, handle, parent = (word if isinstance(word, str) else "" for word in words)
    drops, rate, default = row.get("drops"), options.get("rate"), options.get("default")
    if not device or not kind or not isinstance(drops, int) or drops < 0:
        raise unparsable("tc printed a discipline without device, kind or counters", str(row))
    return Qdisc(
        device=device,
        kind=kind,
        handle=handle,
        parent=parent,
        drops=drops,
        # Bytes a second.
        rate=rate * 8 if kind == "tbf" and isinstance(rate, int) and 0 < rate < 1 << 60 else None,
        default=_default(handle, default),
    )


def _default(handle: str, default: object) -> str:
    if not isinstance(default, str) or not re.fullmatch(r"0x[0-9a-f]{1,4}", default):
        return ""
    minor = int(default, 16)
    return f"{handle}{minor:x}" if minor else ""


def read_classes(text: str) -> tuple[HtbClass, ...]:
    """Read `tc -s class show dev D`, as far as it is HTB. Raises Unanswered."""
    found: list[HtbClass] = []
    blocks = re.split(r"(?m)^(?=class )", text)
    if blocks[0].strip() or len(blocks) > _MOST_CLASSES:
        raise unparsable("tc printed something else than classes", blocks[0])
    for block in blocks[1:]:
        head, *lines = block.rstrip("\n").split("\n")
        if head.startswith("class htb "):
            found.append(_class(head, lines))
    return tuple(found)


def _class(head: str, lines: Sequence[str]) -> HtbClass:
    match = _CLASS.fullmatch(head)
    rest = (match["rest"] or "").split() if match else []
    words = dict(pairwise(rest))
    rate, ceil = (rate_of(words.get(key, "")) for key in ("rate", "ceil"))
    sent = next((m for line in lines if (m := _SENT.fullmatch(line))), None)
    waiting = next((m for line in lines if (m := _BACKLOG.fullmatch(line))), None)
    if match is None or rate is None or ceil is None or sent is None:
        raise unparsable("tc printed a class without rates or counters", head)
    size, packets, drops = (int(sent[n]) for n in (1, 2, 3))
    prio = words.get("prio", "")
    return HtbClass(
        id=match["id"],
        parent=match["parent"] or "",
        leaf=words.get("leaf", ""),
        prio=int(prio) if re.fullmatch(r"[0-9]{1,5}", prio) else 0,
        rate=rate,
        ceil=ceil,
        # What is sent and what is dropped was offered; bytes of dropped packets are taken to be as large as the others.
        counts=Counts(
            packets=packets + drops,
            bytes=size + (size * drops // packets if packets else 0),
            drops=drops,
            depth=int(waiting[1]) if waiting else None,
        ),
    )


@dataclass(slots=True)
class _Draft:
    """A filter that is still being read."""

    protocol: str
    pref: int
    kind: str
    rest: str
    lines: list[str] = field(default_factory=list)


def read_filters(text: str) -> tuple[TcFilter, ...]:
    """Read `tc filter show dev D parent H`: in the order in which they are tried. Raises Unanswered."""
    drafts: list[_Draft] = []
    for line in text.split("\n"):
        if match := _FILTER.fullmatch(line):
            drafts.append(_Draft(match["protocol"], int(match["pref"]), match["kind"], match["rest"]))
        elif line.strip():
            if not drafts or not line[0].isspace():
                raise unparsable("tc printed something else than filters", line)
            drafts[-1].lines.append(line)
    return tuple(found for draft in drafts if (found := _filter(draft)))


def _filter(draft: _Draft) -> TcFilter | None:
    flow = _FLOW.search(draft.rest)
    # The first lines of each kind only announce it; hash tables of u32 beyond the usual one lead on.
    if flow is None:
        idle = re.fullmatch(r" (?:chain [0-9]+ ?)?(?:fh [0-9a-f]+: ht divisor 1 ?)?", draft.rest)
        return None if idle and not draft.lines else _made(draft, "", is_narrow=True)
    goes = flow["id"]
    match draft.kind:
        case "u32":
            return _u32(draft, goes)
        case "flower":
            return _flower(draft, goes)
        case "fw":
            mark = re.search(r" handle 0x([0-9a-f]{1,8})(?!/)\b", draft.rest)
            return _made(draft, goes, is_narrow=True, mark=int(mark[1], 16) if mark else None)
        case "matchall":
            return _made(draft, goes)
        case _:
            return _made(draft, goes, is_narrow=True)


def _made(
    draft: _Draft,
    goes: str,
    *,
    tos: tuple[int, int] = (0, 0),
    is_narrow: bool = False,
    mark: int | None = None,
) -> TcFilter:
    return TcFilter(draft.protocol, draft.pref, draft.kind, goes, tos, is_narrow, mark)


def _u32(draft: _Draft, goes: str) -> TcFilter:
    """Only the octet TOS, the second of an IPv4 header, is looked at; version and length are taken as usual (0x45)."""
    value, mask, narrow = 0, 0, False
    for line in draft.lines:
        match = _MATCH.fullmatch(line)
        if match is None:
            narrow = True
            continue
        wanted, bits = int(match[1], 16), int(match[2], 16)
        if match[3] != "0":
            narrow = narrow or bits != 0
            continue
        others = bits & 0xFF00FFFF
        narrow = narrow or bool(others & 0xFFFF) or (wanted & others) != (0x45000000 & others)
        value, mask = value | (wanted & bits) >> 16 & 0xFF, mask | bits >> 16 & 0xFF
    return _made(draft, goes, tos=(value, mask), is_narrow=narrow)


def _flower(draft: _Draft, goes: str) -> TcFilter:
    tos, narrow = (0, 0), False
    for line in draft.lines:
        if match := _TOS.fullmatch(line):
            tos = (int(match[1], 16), int(match[2] or "ff", 16))
        elif not _FLOWER_IDLE.fullmatch(line):
            narrow = True
    return _made(draft, goes, tos=tos, is_narrow=narrow)


def classify(  # noqa: PLR0913 - what a packet bears, and what sorts it.
    dscp: int,
    filters: Sequence[TcFilter],
    *,
    leaves: frozenset[str],
    default: str,
    mark: int | None = None,
    is_sure: bool = True,
) -> Goes:
    """Into which class an IPv4 packet with this code point goes; mark: what netfilter gives it.

    is_sure: all such packets do, or nobody can say. Otherwise those do that no filter takes for another reason, and a
    filter that looks at the code point is meant for it, whatever else it wants.
    """
    for one in sorted(filters, key=lambda f: f.pref):
        if one.protocol not in {"ip", "all"}:
            continue
        value, bits = one.tos
        if tos_of(dscp) & bits != value & bits:
            continue
        is_marked = one.kind == "fw" and one.mark is not None and one.mark == mark
        if one.is_narrow and not is_marked and not is_sure and not bits:
            continue
        # What may match, or goes on below, leaves it open.
        if (one.is_narrow and not is_marked and is_sure) or one.goes not in leaves:
            return Goes("")
        return Goes(one.goes)
    return Goes(default, by_default=True) if default in leaves else Goes("")
