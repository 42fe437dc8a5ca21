"""How does a drawing become lines on a page? Graphviz places it; what it says is taken apart and written anew.

Only shapes, positions and our own words come through: no style, no script, no reference. Colours are the page's.
Needs the program `dot` (package graphviz); without it a page has the tables alone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from markupsafe import Markup, escape

from controller.pictures.drawing import SIGNS, Arrow, Drawing, Mark, Spot
from controller.reports.inert import clip, inert_line

__all__ = ["MOST", "svgs"]

# More than this nobody can read as a picture.
MOST = 60
_SECONDS = 10.0
_WIDEST = 48
_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = {
    "path": ("d",),
    "polygon": ("points",),
    "polyline": ("points",),
    "ellipse": ("cx", "cy", "rx", "ry"),
}
# Numbers, the letters of a path, and what stands between them.
_GEOMETRY = re.compile(r"[-0-9eE.,\sMmLlHhVvCcSsQqTtAaZz]*")
_LINES = {Mark.FINE: "solid", Mark.ODD: "dashed", Mark.BROKEN: "bold", Mark.UNHEARD: "dotted"}


def svgs(drawings: Sequence[Drawing], program: str = "dot") -> tuple[Markup | None, ...]:
    """Draw each; None for one that is empty or too large, and for all where Graphviz is not there or fails.

    program: that of Graphviz, by name or path.
    """
    wanted = [drawing for drawing in drawings if 0 < len(drawing.spots) <= MOST]
    dot = shutil.which(program)
    if not wanted or dot is None:
        return (None,) * len(drawings)
    try:
        done = subprocess.run(
            [dot, "-Tsvg"],
            input="\n".join(map(_source, wanted)).encode(),
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
        drawn = [_clean(text, one) for text, one in zip(_apart(done.stdout), wanted, strict=True)]
    except (OSError, subprocess.SubprocessError, ET.ParseError, ValueError):
        return (None,) * len(drawings)
    given = iter(drawn)
    return tuple(next(given) if drawing in wanted else None for drawing in drawings)


def _source(drawing: Drawing) -> str:
    names = {spot.id: f"n{number}" for number, spot in enumerate(drawing.spots)}
    lines = [
        "digraph {",
        'graph [rankdir=TB, nodesep=0.5, ranksep=0.7, bgcolor="transparent"]',
        'node [fontname="Helvetica", fontsize=12, margin="0.16,0.08"]',
        'edge [fontname="Helvetica", fontsize=11, arrowsize=0.8]',
        *(_node(names[spot.id], spot) for spot in drawing.spots),
        *(_edge(names, arrow) for arrow in drawing.arrows if {arrow.start, arrow.end} <= names.keys()),
        "}",
    ]
    return "\n".join(lines)


def _node(name: str, spot: Spot) -> str:
    shape = "ellipse" if spot.kind == "round" else "box"
    label = "\\n".join(map(_quoted, (f"{SIGNS[spot.mark]} {spot.name}", *spot.lines)))
    return f'{name} [shape={shape}, style={_LINES[spot.mark]}, class="{spot.mark.value}", label="{label}"]'


def _edge(names: dict[str, str], arrow: Arrow) -> str:
    label = _quoted(f" {SIGNS[arrow.mark]} {arrow.text} ")
    looks = f'style={_LINES[arrow.mark]}, class="{arrow.mark.value}", label="{label}"'
    heads = "" if arrow.is_one_way else ", dir=none"
    return f"{names[arrow.start]} -> {names[arrow.end]} [{looks}{heads}]"


def _quoted(text: str) -> str:
    """Text for a label: in DOT the backslash begins escapes, and an ampersand an entity."""
    plain = clip(inert_line(text), _WIDEST)
    return plain.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _apart(svg: bytes) -> list[str]:
    """Graphviz writes one document after the other."""
    return re.findall(r"<svg\b.*?</svg>", svg.decode("utf-8"), re.DOTALL)


def _clean(text: str, drawing: Drawing) -> Markup:
    root = ET.fromstring(text)  # noqa: S314 - what Graphviz has just written, without a document type.
    box = root.get("viewBox", "")
    if not _GEOMETRY.fullmatch(box):
        raise ValueError("a drawing without measures")
    width = float(box.split()[2])
    inside = Markup("").join(_shapes(root))
    moved = Markup('<g transform="translate(4 {})">').format(float(box.split()[3]) - 4)
    return Markup(
        '<svg class="drawing" viewBox="{}" width="{}" role="img" aria-label="{}">{}{}</g></svg>'
    ).format(box, round(width * 4 / 3), drawing.title, moved, inside)


def _shapes(root: ET.Element) -> Iterator[Markup]:
    for group in root.iter(f"{_SVG}g"):
        sort, *marks = group.get("class", "").split()
        mark = next((one for one in marks if one in set(Mark)), "")
        if sort not in {"node", "edge"}:
            continue
        yield Markup('<g class="{} {}">').format(sort, mark)
        for part in group.iter():
            yield _shape(part)
        yield Markup("</g>")


def _shape(part: ET.Element) -> Markup:
    name = part.tag.removeprefix(_SVG)
    if name == "text":
        places = (float(part.get("x", "0")), float(part.get("y", "0")), part.get("text-anchor") == "middle")
        x, y, is_middle = places
        anchor = Markup(' text-anchor="middle"') if is_middle else ""
        return Markup('<text x="{}" y="{}"{}>{}</text>').format(x, y, anchor, part.text or "")
    told = [(key, part.get(key, "")) for key in _SHAPES.get(name, ())]
    if not told or not all(_GEOMETRY.fullmatch(value) for _, value in told):
        return Markup("")
    dashes = part.get("stroke-dasharray")
    told += [("stroke-dasharray", dashes)] if dashes and _GEOMETRY.fullmatch(dashes) else []
    is_open = name == "path" or part.get("fill") in {"none", "transparent"}
    sort = "line" if is_open else "solid"
    attributes = Markup(" ").join(Markup('{}="{}"').format(key, escape(value)) for key, value in told)
    return Markup('<{} class="{}" {}/>').format(name, sort, attributes)
