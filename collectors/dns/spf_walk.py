"""How many look-ups does an SPF record cost, and where does it lead? Followed as far as somebody was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.dns.names import plain
from collectors.dns.spf import Spf, Term, is_spf, read_spf

__all__ = ["MOST", "MOST_VOID", "Walk", "leads_to", "walk"]

# Whoever needs more gets 'permerror' (RFC 7208, section 4.6.4).
MOST = 10
MOST_VOID = 2
_DEEP = 12
# Nobody counts on: it is far too many.
_ENOUGH = 100

# Name -> its texts; None: nobody asked, or nobody could say.
Texts = Mapping[str, tuple[str, ...] | None]
# Name -> whether there is what 'a', 'mx' and 'exists' look for; None as above.
Things = Mapping[tuple[str, str], bool | None]


@dataclass(slots=True)
class Walk:
    """What came of following a record. void: look-ups that found nothing; not_followed: names that nobody was asked for.

    broken: names without an SPF record that can be read, with why.
    """

    lookups: int = 0
    void: int = 0
    not_followed: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)


def leads_to(term: Term, own: str) -> str:
    """The name that a term is about; empty where that depends on the mail."""
    return "" if term.is_macro else plain(term.target) if term.target else own


def walk(own: str, spf: Spf, texts: Texts, things: Things) -> Walk:
    """Follow a record from its own name on."""
    seen = Walk()
    _follow(own, spf, texts, things, seen, (own,))
    return seen


def _follow(own: str, spf: Spf, texts: Texts, things: Things, seen: Walk, way: tuple[str, ...]) -> None:  # noqa: PLR0913, PLR0917 - the way is walked with all of it.
    for term in spf.asking:
        if seen.lookups >= _ENOUGH:
            return
        seen.lookups += 1
        name = leads_to(term, own)
        if not name or term.kind == "ptr":
            continue
        if term.kind in {"include", "redirect"}:
            _include(name, texts, things, seen, way)
            continue
        there = things.get((name, term.kind))
        if there is None:
            seen.not_followed.append(name)
        seen.void += there is False


def _include(name: str, texts: Texts, things: Things, seen: Walk, way: tuple[str, ...]) -> None:
    if name in way or len(way) > _DEEP:
        seen.broken[name] = "circle"
        return
    told = texts.get(name)
    if told is None:
        seen.not_followed.append(name)
        return
    found = [text for text in told if is_spf(text)]
    # No text at all is a look-up for nothing; that there is no SPF record breaks the whole besides.
    seen.void += not told
    if len(found) != 1:
        seen.broken[name] = "several" if found else "no-record"
        return
    spf = read_spf(found[0])
    if isinstance(spf, str):
        seen.broken[name] = spf
        return
    _follow(name, spf, texts, things, seen, (*way, name))
