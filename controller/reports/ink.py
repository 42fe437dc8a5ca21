"""What does a drawing look like on paper? With its own style, a title for who hears it, and stripes for who sees no colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup

from controller.pictures.drawing import Drawing
from controller.reports.coverage import State
from controller.reports.inert import inert
from controller.reports.parts import Segment

__all__ = ["STRIPES", "drawn", "on_paper", "sheet"]

_HERE = Path(__file__).parent


@cache
def sheet(name: str) -> Markup:
    """A style sheet is a file of ours: it may stand in the page as it is."""
    return Markup((_HERE / name).read_text("utf-8"))  # noqa: S704


def drawn() -> Markup:
    """On paper a drawing brings its own style: the page's does not reach into it."""
    return Markup("<style>{}</style>").format(sheet("paper_svg.css"))


def on_paper(svg: Markup, drawing: Drawing) -> Markup:
    """A drawing with its style and, as what a screen reader says in its place, its title and what it shows."""
    head, _, rest = svg.partition(">")
    title = Markup("<title>{}</title>").format(inert(f"{drawing.title}. {drawing.intro}"))
    return Markup("").join((head, Markup(">"), title, drawn(), rest))


def _leaning(part: Segment, apart: int, *, crossed: bool = False) -> Markup:
    """Stripes over a part of the bar: what tells the parts apart where the printer has no colours."""
    lines = []
    for at in range(int(part.start), int(part.start + part.width), apart):
        last = min(at + apart, part.start + part.width)
        ends = [(40, 0), (0, 40)] if crossed else [(40, 0)]
        lines += [
            Markup('<path class="grey" d="M{},{} L{},{}"/>').format(at, low, last, high) for low, high in ends
        ]
    return Markup("").join(lines)


def _upright(part: Segment) -> Markup:
    return Markup("").join(
        Markup('<path class="grey" d="M{0},0 L{0},40"/>').format(at)
        for at in range(int(part.start) + 6, int(part.start + part.width), 8)
    )


# How each part of the bar looks without colour; what was seen is plain.
STRIPES: Mapping[str, Callable[[Segment], Markup]] = MappingProxyType(
    {
        State.SEEN.value: lambda _: Markup(""),
        State.UNANSWERED.value: lambda part: _leaning(part, 12),
        State.REFUSED.value: _upright,
        State.NOT_COVERED.value: lambda _: Markup(""),
        State.BROKEN.value: lambda part: _leaning(part, 12, crossed=True),
    }
)
