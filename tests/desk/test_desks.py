"""One suite for every desk: what the rest of Secondline relies on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from controller.desks.desk import File, TicketGoneError
from tests.desk.conftest import Place

pytestmark = pytest.mark.slow

_MARKER = "5e1f0c9a7b3d2e4f6a8b0c1d"
_JSON = File(name="report.json", media_type="application/json", content=json.dumps({"ü": 1}).encode())


async def test_a_ticket_is_read_as_it_was_written(place: Place) -> None:
    number = place.open("Außenstelle Köln: VPN langsam", "Seit heute früh.\nBitte prüfen.", "musterbau")
    read = await place.desk.read(number)
    assert (read.id, read.customer, read.requester) == (number, "musterbau", "it@musterbau.example")
    assert read.subject == "Außenstelle Köln: VPN langsam"
    assert read.text == "Seit heute früh.\nBitte prüfen."
    assert (read.state, read.closed, read.merged_into) == (place.states[0], False, "")
    assert abs(datetime.now(UTC) - read.created) < timedelta(minutes=5)


async def test_a_ticket_without_customer_or_text_has_none(place: Place) -> None:
    number = place.open("leer", "", "")
    await place.desk.note(number, "not the requester's words", marker=_MARKER)
    read = await place.desk.read(number)
    assert (read.customer, read.text) == ("", "")


async def test_a_note_arrives_whole(place: Place) -> None:
    number = place.open("note", "x", "musterbau")
    text = "Ursache: /var ist voll.\n- 99 % belegt\n<b>kein Markup</b>"
    sent = await place.desk.note(number, text, html="<p>größer</p>", files=(_JSON,), marker=_MARKER)
    assert sent.reference
    assert sent.remarks == ()
    (note,) = (seen for seen in place.texts(number) if seen != "x")
    assert note.rstrip() == f"{text}\n\n[secondline:{_MARKER}]"
    assert place.files(number) == {"report.html": "text/html", "report.json": "application/json"}


async def test_a_reply_arrives_and_is_found_by_its_marker(place: Place) -> None:
    number, other = place.open("reply", "x", ""), place.open("other", "x", "")
    assert not await place.desk.find_marker(number, _MARKER + "reply")
    await place.desk.reply(number, "Erledigt.", marker=_MARKER + "reply")
    assert await place.desk.find_marker(number, _MARKER + "reply")
    assert not await place.desk.find_marker(other, _MARKER + "reply")
    assert not await place.desk.find_marker(number, _MARKER)


async def test_a_state_is_set_once_and_again(place: Place) -> None:
    number = place.open("state", "x", "")
    _, working, done = place.states
    await place.desk.set_state(number, working)
    await place.desk.set_state(number, working)
    read = await place.desk.read(number)
    assert (read.state, read.closed) == (working, False)
    await place.desk.set_state(number, done)
    read = await place.desk.read(number)
    assert (read.state, read.closed) == (done, True)


@pytest.mark.parametrize("number", ["987654", "0", "x", "", "1/comment", "../queue/1", "٣", "9" * 40])
async def test_a_ticket_that_is_not_there_is_gone(place: Place, number: str) -> None:
    with pytest.raises(TicketGoneError):
        await place.desk.read(number)
    with pytest.raises(TicketGoneError):
        await place.desk.note(number, "x", marker=_MARKER + "gone")
    with pytest.raises(TicketGoneError):
        await place.desk.set_state(number, "open")


async def test_a_text_that_is_far_too_long_still_carries_its_marker(place: Place) -> None:
    number = place.open("long", "x", "")
    await place.desk.note(number, "ü" * 300_000, marker=_MARKER + "long")
    assert await place.desk.find_marker(number, _MARKER + "long")


async def test_a_marker_that_a_search_could_misread_is_refused(place: Place) -> None:
    number = place.open("marker", "x", "")
    for marker in ("%%%%%%%%", "short", "a_b_c_d_e_f", "]aaaaaaaaaa", ""):
        with pytest.raises(ValueError, match="no marker"):
            await place.desk.note(number, "x", marker=marker)
        with pytest.raises(ValueError, match="no marker"):
            await place.desk.find_marker(number, marker)
