"""Is the report on paper what the page is: readable by ear, in both languages, and without anything that acts?"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from controller.reports.html import render_paper
from controller.reports.model import Report
from controller.reports.paper import Bounds, PaperError, render_pdf
from controller.reports.redact import Audience
from inventory.contract import Redaction
from tests.controller.pictures.test_pictures import replicates
from tests.controller.reports.hostile import hostile
from tests.controller.reports.sample import STORE, Store, crowd, sample

pytestmark = pytest.mark.slow

# What lets a PDF do something, lead out of itself or carry something along.
ACTIVE = re.compile(
    rb"/(JS|JavaScript|OpenAction|AA|Launch|URI|GoToR|SubmitForm|EmbeddedFiles?|RichMedia|XFA)\b"
)


def pdf(report: Report, language: str = "de", audience: Audience = Audience.ENGINEER) -> PdfReader:
    rules = Redaction(names=True, addresses=True)
    page = render_paper(report, STORE.get_bytes, language, audience=audience, rules=rules)
    return PdfReader(io.BytesIO(render_pdf(page)))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def elements(node: object) -> Iterator[DictionaryObject]:
    """Every element of the tree by which a screen reader goes."""
    match node:
        case IndirectObject():
            yield from elements(node.get_object())
        case ArrayObject():
            for one in node:
                yield from elements(one)
        case DictionaryObject() if "/S" in node:
            yield node
            yield from elements(node.get("/K"))
        case _:
            return


def tree(reader: PdfReader) -> list[DictionaryObject]:
    catalogue: Any = reader.trailer["/Root"]
    return list(elements(catalogue["/StructTreeRoot"]["/K"]))


@pytest.mark.parametrize(
    ("language", "sentence", "copy"),
    [
        ("de", "Die Ursache liegt auf web1: /var ist zu 100 % voll", "Technikerfassung: intern"),
        ("en", "The cause lies on web1: /var is 100 % full", "engineers' copy: internal"),
    ],
)
def test_paper_is_tagged_titled_and_in_the_readers_language(language: str, sentence: str, copy: str) -> None:
    reader = pdf(sample(), language)
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert "4711" in str(reader.metadata.title)
    tags = [str(one["/S"]) for one in tree(reader)]
    assert {"/H1", "/H2", "/H3", "/P", "/L", "/LI", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= set(tags)
    assert tags.count("/H1") == 1
    text = text_of(reader)
    assert sentence in text
    assert "20261123-081204-9f3a1c" in text
    assert all(copy in page.extract_text() for page in reader.pages)
    assert "Gelb-42-Kran" not in text


def test_a_drawing_is_told_to_who_does_not_see_it() -> None:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed here")
    meshed = (replicates("dc1", ("dc2", 0), ("dc3", 0)), replicates("dc2", ("dc1", 0), ("dc3", 8457)))
    reader = pdf(replace(sample(), results=meshed), "en")
    said = [str(one.get("/Alt", "")) for one in tree(reader) if str(one["/S"]) == "/Figure"]
    assert len(said) == 2
    assert all(said), "no picture without words"
    assert "2 seen" in said[0]
    assert "replicat" in said[1].lower()


@pytest.mark.parametrize("audience", Audience)
def test_hostile_text_stands_on_paper_and_does_nothing(audience: Audience) -> None:
    page = render_paper(hostile(), STORE.get_bytes, "en", audience=audience, rules=Redaction(names=True))
    content = render_pdf(page)
    assert not ACTIVE.search(content)
    text = text_of(PdfReader(io.BytesIO(content)))
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    if audience is Audience.ENGINEER:
        assert "<script>alert(1)</script>" in text
        assert r"\x1b[2J" in text


def test_a_long_word_and_what_would_be_a_formula_stay_on_the_page() -> None:
    first = sample().findings[0]
    told = replace(first, facts={**first.facts, "mount": "/x" * 50_000, "free": "=HYPERLINK(1)"})
    reader = pdf(replace(sample(), findings=(told,), causes=()), "en")
    text = text_of(reader)
    assert "=HYPERLINK(1)" in text
    assert len(reader.pages) < 12
    for page in reader.pages:
        assert (page.mediabox.width, page.mediabox.height) == pytest.approx((595.28, 841.89), abs=0.5)


def test_names_that_a_reader_may_not_see_are_on_no_page() -> None:
    text = text_of(pdf(sample(), "en", Audience.CUSTOMER))
    assert "192.0.2" not in text
    assert "web1.musterbau" not in text
    assert "customer's copy: redacted" in text


def test_the_same_page_gives_the_same_bytes() -> None:
    page = render_paper(sample(), STORE.get_bytes, "de")
    assert render_pdf(page) == render_pdf(page)


@pytest.mark.parametrize(
    "wanted",
    [
        '<img src="file:///etc/passwd">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<link rel="stylesheet" href="data:text/css,p{}">',
        '<style>@import "file:///etc/hostname";</style>',
        '<svg width="9" height="9"><image width="9" height="9" href="file:///etc/passwd"/></svg>',
        '<link rel="attachment" href="file:///etc/passwd">',
    ],
)
def test_a_page_that_wants_anything_is_not_set(wanted: str) -> None:
    page = f"<!doctype html><html lang=en><title>t</title>{wanted}<p>x</p></html>"
    with pytest.raises(PaperError, match="wants"):
        render_pdf(page)


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(memory=2 << 30, seconds=1), "time|seconds"),
        (Bounds(memory=200 << 20, seconds=60), "memory|ended with"),
    ],
)
def test_a_page_that_keeps_us_busy_is_given_up(bounds: Bounds, why: str) -> None:
    deep = "<table><tr><td>" * 150 + "x" + "<p>long words here</p>" * 3_000
    with pytest.raises(PaperError, match=why):
        render_pdf(f"<!doctype html><html lang=en><title>t</title>{deep}</html>", bounds)


def test_what_is_long_is_said_to_be_long() -> None:
    store = Store()
    report = crowd(300, lambda n: b"%d" % n, store=store)
    text = text_of(PdfReader(io.BytesIO(render_pdf(render_paper(report, store.get_bytes, "en")))))
    assert "in the electronic copy" in text
    assert all(f"srv{n:04}" in text for n in range(0, 300, 3)), "every finding is there"
