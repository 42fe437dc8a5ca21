"""Do the pictures of a call show its messages and its voice, in both languages, without colour, and nothing that is hidden?"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from agent.job import Job, Result, Seen
from collectors.voip.calls import calls
from collectors.voip.listen import listen
from controller.pictures.drawing import Drawing, Mark
from controller.pictures.ladder import MOST_RUNGS, Rung, ladder
from controller.pictures.voice import voice
from controller.reports.english import ENGLISH
from controller.reports.german import GERMAN
from controller.reports.words import Words
from tests.speech import Speech
from tests.traffic import Talk, Traffic

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LOSSY = Talk(invites=2, speech=(Speech(to="callee", lose_every=20, wait=12.0), Speech(to="caller", ssrc=2)))
REFUSED = Talk(id="refused@x", at=20.0, code=488, ring=0.0)


def _drawn(words: Words, *talks: Talk, hide: str = "") -> list[tuple[Drawing, Markup | None]]:
    heard = listen(io.BytesIO(Traffic(call=talks).content()))
    result = Result(
        job=Job(id="capture:1/voip.calls", host="capture:1", collector=calls.name),
        outcome=Seen(calls.adapter.dump_python(heard, mode="json"), ()),
        began=NOW,
        took=0.1,
    )
    return voice([result], words, lambda text: text.replace(hide, "address-1") if hide else text)


@pytest.mark.parametrize("words", [ENGLISH, GERMAN], ids=["en", "de"])
def test_a_call_is_a_ladder_and_a_course(words: Words) -> None:
    (ladder_, ladder_svg), (course, course_svg) = _drawn(words, LOSSY)
    messages = [cells[3] for cells, _ in ladder_.rows]
    assert messages[0] == "INVITE (192.0.2.21:40000) 2x"
    assert any(text.startswith("200 OK (192.0.2.10:50000)") for text in messages)
    assert messages[-2:] == ["BYE", "200 OK"]
    assert ladder_.rows[0][1] is Mark.ODD
    assert [mark for _, mark in course.rows].count(Mark.BROKEN) == 1
    for svg in (ladder_svg, course_svg):
        assert svg is not None
        root = ET.fromstring(svg)  # noqa: S314 - what was just made.
        assert root.get("aria-label")
    assert "▲ INVITE" in str(ladder_svg), "what is odd has a sign, not only a colour"
    assert "bar" in str(course_svg)


def test_a_refusal_is_marked() -> None:
    (drawing, svg), *rest = _drawn(ENGLISH, REFUSED)
    assert not rest
    assert Mark.BROKEN in [mark for _, mark in drawing.rows]
    assert "◆ 488" in str(svg)


def test_the_call_that_went_worst_comes_first() -> None:
    (first, _), *_ = _drawn(ENGLISH, LOSSY, REFUSED)
    assert "refused" in first.title


def test_what_a_reader_may_not_see_is_in_no_picture() -> None:
    for drawing, svg in _drawn(ENGLISH, LOSSY, hide="192.0.2.21"):
        assert "192.0.2.21" not in str(drawing.rows)
        assert "192.0.2.21" not in str(svg)


def test_what_stations_say_is_text_and_never_markup() -> None:
    rung = Rung(0.0, 0, 1, "<script>alert(1)</script>")
    drawn = ladder("<b>", ["<i>", 'a"b'], [rung] * (MOST_RUNGS + 5), str)
    root = ET.fromstring(drawn)  # noqa: S314 - what was just made.
    assert {part.tag.rpartition("}")[2] for part in root.iter()} <= {"svg", "g", "text", "path", "polygon"}
    assert sum(1 for part in root.iter() if part.tag.endswith("polygon")) == MOST_RUNGS
