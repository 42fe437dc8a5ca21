"""How does a call look as a ladder? A post a station, a rung a message, from top to bottom; readable without colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from controller.pictures.drawing import SIGNS, Mark
from controller.reports.inert import clip, inert_line

__all__ = ["MOST_RUNGS", "Rung", "ladder"]

# What comes after that many rungs stands in the table alone.
MOST_RUNGS = 60
_LEFT, _APART, _STEP, _TOP = 84, 250, 30, 52
_DASHES = {Mark.ODD: "7 4", Mark.UNHEARD: "2 3"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One message, or voice: when (seconds), from which post to which, with what on it."""

    at: float
    src: int
    dst: int
    text: str
    mark: Mark = Mark.FINE
    is_voice: bool = False


def ladder(title: str, posts: Sequence[str], rungs: Sequence[Rung], moment: Callable[[float], str]) -> Markup:
    """Draw it. moment: seconds as the reader's language writes them."""
    shown = rungs[:MOST_RUNGS]
    width = _LEFT + _APART * max(len(posts) - 1, 1) + 110
    height = _TOP + _STEP * (len(shown) + 1)
    parts = [_post(number, name, height) for number, name in enumerate(posts)]
    parts += [_rung(number, rung, moment(rung.at)) for number, rung in enumerate(shown)]
    return Markup(
        '<svg class="drawing" viewBox="0 0 {w} {h}" width="{w}" role="img" aria-label="{title}">{inside}</svg>'
    ).format(w=width, h=height, title=title, inside=Markup("").join(parts))


def _across(post: int) -> int:
    return _LEFT + 60 + _APART * post


def _post(number: int, name: str, height: int) -> Markup:
    x = _across(number)
    return Markup(
        '<g class="node"><text x="{x}" y="22" text-anchor="middle">{name}</text>'
        '<path class="line" d="M{x},32 L{x},{end}"/></g>'
    ).format(x=x, name=clip(inert_line(name), 40), end=height - 8)


def _rung(number: int, rung: Rung, moment: str) -> Markup:
    y = _TOP + 18 + _STEP * number
    start, end = _across(rung.src), _across(rung.dst)
    is_right = end >= start
    tip = end - 7 if is_right else end + 7
    head = f"{end},{y} {tip},{y - 4} {tip},{y + 4}"
    dashes = "1 4" if rung.is_voice and rung.mark is Mark.FINE else _DASHES.get(rung.mark, "")
    if start == end:
        # A station that speaks to itself: a small hook.
        path = f"M{start},{y - 6} L{start + 24},{y - 6} L{start + 24},{y} L{start + 7},{y}"
        head = f"{start},{y} {start + 7},{y - 4} {start + 7},{y + 4}"
    elif rung.is_voice:
        path = f"M{start},{y - 2} L{tip},{y - 2} M{start},{y + 2} L{tip},{y + 2}"
    else:
        path = f"M{start},{y} L{tip},{y}"
    middle = (start + end) / 2 if start != end else start + 30
    label = clip(
        inert_line(f"{SIGNS[rung.mark]} {rung.text}" if rung.mark is not Mark.FINE else rung.text), 44
    )
    return Markup(
        '<g class="edge {mark}"><text x="4" y="{low}">{moment}</text>'
        '<path class="line" d="{path}"{dashes}/><polygon class="solid" points="{head}"/>'
        '<text x="{middle}" y="{high}" text-anchor="{anchor}">{label}</text></g>'
    ).format(
        mark=rung.mark.value,
        low=y + 4,
        moment=moment,
        path=path,
        dashes=Markup(' stroke-dasharray="{}"').format(dashes) if dashes else "",
        head=head,
        middle=middle,
        high=y - 5,
        anchor="middle" if start != end else "start",
        label=label,
    )
