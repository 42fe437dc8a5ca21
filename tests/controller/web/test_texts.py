"""Has every text of a page its German, and is no German left over from a text that is gone?"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from controller.web import pages

_WEB = Path(pages.__file__).parent
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_FACT = re.compile(r"%\((\w+)\)[ds]")
# Words that come from elsewhere than a template: what a password must be is said where it is chosen.
_ELSEWHERE = re.compile(r"^(a|this|the two) passwords? ")


def said() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every text of every template: where it stands, and its forms."""
    for file in sorted((_WEB / "templates").rglob("*.html")):
        content = io.BytesIO(file.read_bytes())
        for _, message, _, _ in extract("jinja2", content, _KEYWORDS, (), {"silent": "false"}):
            yield file.name, (message,) if isinstance(message, str) else tuple(m for m in message or () if m)


def test_every_text_has_its_german_and_none_is_left_over() -> None:
    with (_WEB / "locale" / "de.po").open("rb") as file:
        german = read_po(file, locale="de", abort_invalid=True)
    wanted = {forms for _, forms in said()}
    known = {(one.id,) if isinstance(one.id, str) else tuple(one.id): one.string for one in german if one.id}
    assert sorted(wanted - known.keys()) == []
    assert sorted(one for one in known.keys() - wanted if not _ELSEWHERE.match(one[0])) == []
    for forms, translated in known.items():
        several = (translated,) if isinstance(translated, str) else tuple(translated or ())
        assert all(several), forms
        assert len(several) == len(forms), forms
        for english, form in zip(forms, several, strict=True):
            # A German text leaves none of its facts out, and has no other.
            assert set(_FACT.findall(form)) == set(_FACT.findall(english)), forms


def test_no_template_says_a_word_outside_of_gettext() -> None:
    loose = []
    for file in sorted((_WEB / "templates").rglob("*.html")):
        if file.name == "frame.html":
            continue
        bare = re.sub(r"\{[{%#].*?[}%#]\}", "\x00", file.read_text("utf-8"), flags=re.DOTALL)
        bare = re.sub(r"<(code|kbd)[^>]*>.*?</\1>", "", bare, flags=re.DOTALL)
        loose += [
            f"{file.name}: {words.strip()}"
            for words in re.findall(r">([^<>\x00]*[A-Za-z]{3,}[^<>\x00]*)<", bare)
            if words.strip() not in {"English", "Deutsch", "SHA-256"}
        ]
    assert loose == []


def test_no_template_carries_a_script_a_style_or_an_unsafe_value() -> None:
    for file in sorted((_WEB / "templates").rglob("*.html")):
        text = file.read_text("utf-8")
        assert "|safe" not in text, file.name
        assert not re.search(r"\son[a-z]+=|<style|\sstyle=|javascript:|hx-on", text), file.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), file.name
        # An attribute without quotation marks could be left by what stands in it.
        assert not re.search(r"\s[\w-]+=\{\{", text), file.name


def test_templates_are_sound() -> None:
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for file in (_WEB / "templates").rglob("*.html"):
        environment.parse(file.read_text("utf-8"))
