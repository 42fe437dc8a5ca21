"""What a rule may look at, on every desk: fields, files, tags, links, merged and deleted tickets."""

from __future__ import annotations

import pytest

from controller.desks.desk import DeskRefusedError, TicketGoneError
from tests.desk.places import Place

pytestmark = pytest.mark.slow

_MARKER = "f1e1d5000000000000c0ffee"
_PCAP = bytes(range(256)) * 400


async def test_what_a_rule_may_look_at_is_read(place: Place) -> None:
    read = await place.desk.read(place.dressed("dressed"))
    assert (read.queue, read.category, read.customer) == ("Support", "network", "musterbau")
    assert read.tags == ("koeln", "vpn")
    assert read.priority
    assert read.changed >= read.created


async def test_files_are_listed_with_the_ticket_and_fetched_by_themselves(place: Place) -> None:
    number = place.open("capture", "x", "")
    place.attach(number, "calls.pcap", "application/vnd.tcpdump.pcap", _PCAP)
    place.attach(number, "screen.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    listed = {file.name: file for file in (await place.desk.read(number)).attachments}
    assert listed.keys() == {"calls.pcap", "screen.png"}
    capture = listed["calls.pcap"]
    assert capture.media_type == "application/vnd.tcpdump.pcap"
    assert capture.size in {len(_PCAP), None}
    assert await place.desk.fetch(number, capture.id, limit=len(_PCAP)) == _PCAP


async def test_a_file_past_the_limit_is_not_taken(place: Place) -> None:
    number = place.open("large", "x", "")
    place.attach(number, "calls.pcap", "application/vnd.tcpdump.pcap", _PCAP)
    (file,) = (await place.desk.read(number)).attachments
    with pytest.raises(DeskRefusedError):
        await place.desk.fetch(number, file.id, limit=len(_PCAP) - 1)


async def test_a_file_of_another_ticket_is_not_given(place: Place) -> None:
    number, other = place.open("mine", "x", ""), place.open("theirs", "x", "")
    place.attach(other, "secret.pcap", "application/vnd.tcpdump.pcap", _PCAP)
    (file,) = (await place.desk.read(other)).attachments
    for wanted in (file.id, "987654321", "x", "../1", ""):
        with pytest.raises(DeskRefusedError):
            await place.desk.fetch(number, wanted, limit=10**6)


async def test_tags_are_added_and_taken_away_and_others_stay(place: Place) -> None:
    number = place.dressed("tags")
    await place.desk.tag(number, add=["secondline", "vpn"], remove=["koeln", "never-there"])
    assert (await place.desk.read(number)).tags == ("secondline", "vpn")
    await place.desk.tag(number, add=["secondline"])
    assert (await place.desk.read(number)).tags == ("secondline", "vpn")


async def test_a_link_is_there_once_however_often_it_is_asked_for(place: Place) -> None:
    number, other = place.open("one", "x", ""), place.open("other", "x", "")
    for _ in range(2):
        await place.desk.link(number, other)
        await place.desk.link(number, "https://secondline.example/runs/7?x=1")
    assert place.linked(number) == {other, "https://secondline.example/runs/7?x=1"}


@pytest.mark.parametrize(
    "target",
    ["http://x.example/", "https://x.example/\n", "javascript://x", "https://u@x.example", "https://"],
)
async def test_an_address_that_nobody_should_follow_is_not_linked(place: Place, target: str) -> None:
    number = place.open("link", "x", "")
    with pytest.raises(ValueError, match="cannot be linked"):
        await place.desk.link(number, target)
    assert place.linked(number) == set()


async def test_a_merged_ticket_is_read_and_written_where_its_notes_are(place: Place) -> None:
    if place.merge is None:
        pytest.skip("this desk merges no tickets")
    old, kept = place.open("old", "the old words", ""), place.open("kept", "the kept words", "")
    await place.desk.note(old, "before", marker=_MARKER + "a")
    place.merge(old, kept)
    read = await place.desk.read(old)
    assert (read.id, read.merged_into, read.subject, read.text) == (kept, kept, "kept", "the kept words")
    assert (await place.desk.read(kept)).merged_into == ""
    assert await place.desk.find_marker(old, _MARKER + "a")
    await place.desk.note(old, "after", marker=_MARKER + "b")
    assert sum(_MARKER + "b" in text for text in place.texts(kept)) == 1
    for number in (old, kept):
        assert await place.desk.find_marker(number, _MARKER + "b")


async def test_a_deleted_ticket_is_gone_for_reading_and_writing(place: Place) -> None:
    if place.delete is None:
        pytest.skip("this desk deletes no tickets")
    number = place.open("deleted", "x", "")
    place.delete(number)
    for asking in (
        place.desk.read(number),
        place.desk.note(number, "x", marker=_MARKER),
        place.desk.set_state(number, place.states[1]),
        place.desk.tag(number, add=["x"]),
    ):
        with pytest.raises(TicketGoneError):
            await asking


async def test_a_desk_says_what_it_is_and_how_late_it_is_there(place: Place) -> None:
    greeting = await place.desk.greet()
    assert greeting.said
    assert greeting.ahead is not None
    assert abs(greeting.ahead) < 60
