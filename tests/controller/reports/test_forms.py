"""Are the three forms whole, readable and harmless, whatever the hosts say?"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest

from collectors.finding import Language
from controller.reports.html import render_html
from controller.reports.inert import clip, inert, inert_json, inert_line, inert_rich
from controller.reports.json import render_json, schema
from controller.reports.model import Report
from controller.reports.note import render_note
from controller.reports.redact import Audience
from inventory.contract import Redaction
from tests.controller.reports.hostile import ACTING, EVIL, hostile
from tests.controller.reports.markup import read
from tests.controller.reports.sample import STORE, Store, crowd, sample

LANGUAGES: tuple[Language, ...] = ("de", "en")
REPORTS: dict[str, Callable[[], Report]] = {
    "sample": sample,
    "hostile": hostile,
    "empty": lambda: _empty(sample()),
}
# Everything that could act on a terminal, turn text around or hide in it.
_ALIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def _empty(report: Report) -> Report:
    return replace(report, causes=(), findings=(), results=(), evidence=(), touched=(), hosts={}, clauses={})


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", Audience)
def test_the_page_is_well_formed_and_loads_nothing(report: Report, language: str, audience: Audience) -> None:
    page = render_html(
        report, STORE.get_bytes, language, audience=audience, rules=Redaction(names=True, addresses=True)
    )
    reading = read(page)
    assert reading.faults == []
    assert not {"script", "img", "iframe", "object", "link", "form", "base"} & set(reading.tags)
    assert not [name for name, _ in reading.attributes if name.startswith("on") or name in {"style", "src"}]
    assert ("lang", language) in reading.attributes
    assert {"main", "header", "nav", "footer"} <= set(reading.tags)
    assert reading.tags.count("h1") == 1
    assert not _ALIVE.search(page)


def test_the_policy_permits_the_style_sheet_and_nothing_else() -> None:
    page = render_html(sample(), STORE.get_bytes, "de")
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(read(page).attributes)  # The last of each name; the policy is the only one of its kind.
    assert any(
        f"default-src 'none'; style-src 'sha256-{digest}'" in value for _, value in read(page).attributes
    )
    assert policy["lang"] == "de"
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_is_shown_and_not_obeyed(language: str) -> None:
    text = "".join(read(render_html(hostile(), STORE.get_bytes, language)).texts)
    assert "<script>alert(1)</script></pre></details>" in text
    assert "{{ 7*7 }}" in text
    assert r"\x1b[2J" in text
    assert r"\u202etxt.exe" in text


def test_a_long_output_is_shortened_and_says_so() -> None:
    page = render_html(hostile(), STORE.get_bytes, "en")
    assert max(map(len, re.findall("y+", page))) <= 4_000
    assert "of 1,000,000 bytes" in page
    assert len(page) < 200_000
    assert "1.000.000 Bytes" in render_html(hostile(), STORE.get_bytes, "de")


def test_evidence_that_is_gone_is_said_to_be_gone() -> None:
    page = render_html(sample(), Store().get_bytes, "en")
    assert "not kept any more" in page


def test_every_finding_leads_to_its_evidence() -> None:
    page = render_html(sample(), STORE.get_bytes, "en")
    card = page.partition("<article")[2].partition("</article>")[0]
    assert 'href="#e1"' in card
    assert 'href="#e2"' in card
    assert page.index('id="e1"') < page.index("/dev/vdb1") < page.index('id="e2"')


@pytest.mark.parametrize("audience", Audience)
def test_json_keeps_its_published_form(report: Report, audience: Audience) -> None:
    text = render_json(
        report, audience=audience, rules=Redaction(names=True, addresses=True), blobs=STORE.get_bytes
    )
    content = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(content)
    assert not _ALIVE.search("".join(_strings(content)))
    coverage = content["coverage"]
    states = ("seen", "unanswered", "refused", "not_covered", "broken")
    assert sum(coverage[state] for state in states) == coverage["total"] == len(report.results)
    assert all(len(coverage["lists"][state]) == coverage[state] for state in states)
    known = {item["id"] for item in content["evidence"]}
    assert all(set(cause["evidence"]) <= known for cause in content["causes"])
    assert len(text) < 100_000


def _strings(content: object) -> list[str]:
    match content:
        case str():
            return [content]
        case dict():
            return [text for item in content.items() for part in item for text in _strings(part)]
        case list():
            return [text for item in content for text in _strings(item)]
        case _:
            return []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", Audience)
def test_the_note_is_short_plain_and_harmless(report: Report, language: str, audience: Audience) -> None:
    note = render_note(report, language, audience, Redaction(), blobs=STORE.get_bytes, where=EVIL)
    assert len(note) <= 2_000
    assert 3 <= len(note.splitlines()) <= 15
    assert all(note.splitlines())
    assert not _ALIVE.search(note)


@pytest.mark.parametrize(
    ("language", "begins"),
    [
        ("de", "Die Ursache liegt auf web1: /var ist zu 100 % voll"),
        ("en", "The cause lies on web1: /var is 100 % full"),
    ],
)
def test_the_note_begins_with_the_cause_and_what_it_explains(language: str, begins: str) -> None:
    first, *rest = render_note(sample(), language, where="report.html").splitlines()
    assert first.startswith(begins)
    assert "webshop.service" in first
    assert any(line.startswith(("Abdeckung: 7 von 12", "Coverage: 7 of 12")) for line in rest)
    assert any("report.html" in line for line in rest)


def test_inert_leaves_nothing_alive_and_drops_nothing() -> None:
    assert not _ALIVE.search(inert(EVIL))
    assert not _ALIVE.search(inert_line(EVIL + "\n\t"))
    assert inert("zwei\n\tZeilen, ß € 漢字 🙂") == "zwei\n\tZeilen, ß € 漢字 🙂"
    assert inert_line("a\nb\tc\rd") == r"a\nb\tc\rd"
    assert len(inert(ACTING)) > len(ACTING)
    assert clip("abc", 3) == "abc"


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", r"\[red]x", "\\", "[/]", "[@click=app.bell]x", r"a\\[b]", "[link=x]y"]
)
def test_rich_shows_the_text_as_it_is(text: str) -> None:
    from rich.text import Text  # noqa: PLC0415 - needed here alone.

    shown = Text.from_markup(f"[bold]{inert_rich(text)}[/bold]")
    assert shown.plain == text
    assert [span.style for span in shown.spans] == ["bold"]


def test_three_hundred_hosts_are_rendered_without_a_fault() -> None:
    store = Store()
    report = crowd(300, lambda n: b"/dev/vda1 20466256 7211404 12190164 38% /\n" * 8 + b"%d" % n, store=store)
    page = render_html(report, store.get_bytes, "en")
    assert read(page).faults == []


def test_json_in_the_terminal_is_harmless_and_says_the_same() -> None:
    written = inert_json(json.dumps({EVIL: [EVIL]}, ensure_ascii=False, indent=2))
    assert not _ALIVE.search(written)
    assert json.loads(written) == {EVIL: [EVIL]}
    written.encode()
