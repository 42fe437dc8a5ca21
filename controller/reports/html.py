"""How does the report look? One self-contained web page: no script, nothing loaded from anywhere.

Whatever is written into the template passes `inert` and then HTML escaping, without exception: the
environment does both, so that no template can forget it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from pathlib import Path
from types import MappingProxyType

import jinja2
from markupsafe import Markup

from controller.path import StageState
from controller.pictures.drawing import SIGNS
from controller.reports.coverage import State
from controller.reports.inert import clip, inert
from controller.reports.ink import STRIPES, drawn, on_paper, sheet
from controller.reports.model import Blobs, Report
from controller.reports.page import Page, page
from controller.reports.redact import Audience, Redactor, redactor
from controller.reports.story import words_for
from controller.reports.words import Words
from inventory.contract import Redaction

__all__ = ["prepare", "render_html", "render_paper"]

_HERE = Path(__file__).parent

# So much of each list is on paper; setting a line takes a thousand times as long as writing it.
_MOST = MappingProxyType(
    {"cards": 20, "explained": 12, "hosts": 40, "rows": 40, "places": 12, "exhibits": 60}
)
# Severity and state are told by word and by shape; colour comes on top.
_SHAPES = MappingProxyType({"fault": "◆", "warn": "▲", "note": "●"})
_SWATCHES = MappingProxyType(
    {
        State.SEEN.value: "■",
        State.UNANSWERED.value: "◐",
        State.REFUSED.value: "◇",
        State.NOT_COVERED.value: "□",
        State.BROKEN.value: "✕",
        StageState.FOUND.value: "◆",
        StageState.RULED_OUT.value: "✓",
        StageState.OPEN.value: "◐",
        StageState.NOBODY.value: "□",
        StageState.NOT_NEEDED.value: "·",
    }
)


def render_html(  # noqa: PLR0913 - the same arguments as the other forms take.
    report: Report,
    blobs: Blobs,
    language: str,
    *,
    audience: Audience = Audience.ENGINEER,
    rules: Redaction | None = None,
    hide: Redactor | None = None,
) -> str:
    """Give the page for one reader, as UTF-8 text. rules: the contract's, for all but the engineer. hide: see `redactor`."""
    words = words_for(language)
    stored = cache(blobs)
    hide = hide or redactor(report, rules or Redaction(), audience, stored)
    shown = page(report, stored, words, hide)
    template, style, style_hash = _template()
    return template.render(
        p=shown,
        w=words,
        sections=_sections(shown, words),
        style=style,
        style_hash=style_hash,
        shapes=_SHAPES,
        swatches=_SWATCHES,
        signs=SIGNS,
    )


def render_paper(  # noqa: PLR0913 - see above.
    report: Report,
    blobs: Blobs,
    language: str,
    *,
    audience: Audience = Audience.ENGINEER,
    rules: Redaction | None = None,
    hide: Redactor | None = None,
) -> str:
    """Give the same for `controller.reports.paper.render_pdf`: what is long is said to be long, and stands on the web page."""
    words = words_for(language)
    stored = cache(blobs)
    hide = hide or redactor(report, rules or Redaction(), audience, stored)
    shown = page(report, stored, words, hide)
    exhibits = [(name, item) for name, items in shown.evidence for item in items]
    return (
        _environment()
        .get_template("paper.html")
        .render(
            p=shown,
            w=words,
            copy=words.copies[audience.value],
            style=sheet("paper.css"),
            drawn=drawn(),
            stripes=STRIPES,
            shapes=_SHAPES,
            swatches=_SWATCHES,
            signs=SIGNS,
            most=_MOST,
            exhibits=exhibits[: _MOST["exhibits"]],
            more_exhibits=max(0, len(exhibits) - _MOST["exhibits"]),
        )
    )


def _sections(shown: Page, words: Words) -> list[tuple[str, str]]:
    todo = [("todo", words.what_to_do)] if shown.cards else []
    return [
        ("causes", words.causes),
        *todo,
        *([("path", words.path)] if shown.way else []),
        ("ruled-out", words.ruled_out),
        ("coverage", words.coverage),
        ("hosts", words.by_host),
        *((picture.drawing.id, picture.drawing.title) for picture in shown.pictures),
        ("evidence", words.rests_on),
        ("touched", words.touched_short),
    ]


def prepare() -> None:
    """Compile the template ahead, such as while hosts are being asked."""
    _template()


@cache
def _template() -> tuple[jinja2.Template, Markup, str]:
    """The compiled template, the style sheet and its hash for the page's security policy."""
    style = sheet("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _environment().get_template("page.html"), style, digest


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        bytecode_cache=_compiled(),
        auto_reload=False,
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(capfirst=_capital, clip=clip, on_paper=on_paper)
    return environment


def _compiled() -> jinja2.BytecodeCache | None:
    """Where Python keeps this package's compiled code, the template's goes too: it takes 50 ms to make."""
    folder = _HERE / "__pycache__"
    return jinja2.FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def _finalize(value: object) -> object:
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
