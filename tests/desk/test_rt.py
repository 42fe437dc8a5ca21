"""What only Request Tracker does: merged tickets, rights, dropped files, refused states, addresses and tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.desks.desk import DeskRefusedError, File, PartlyDoneError, TicketChangedError
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from tests.desk.rt import MAX_ATTACHMENT, RequestTracker

pytestmark = pytest.mark.desk

_MARKER = "0a1b2c3d4e5f60718293a4b5"


@pytest.fixture
async def writer(rt: RequestTracker) -> AsyncIterator[RtDesk]:
    desk = RtDesk(RtWire(rt.url, rt.writer))
    yield desk
    await desk.close()


@pytest.fixture
async def reader(rt: RequestTracker) -> AsyncIterator[RtDesk]:
    desk = RtDesk(RtWire(rt.url, rt.reader))
    yield desk
    await desk.close()


async def test_a_merged_ticket_is_read_and_written_under_its_new_number(
    rt: RequestTracker, writer: RtDesk
) -> None:
    old, kept = rt.ticket("old", "the old words"), rt.ticket("kept", "the kept words")
    rt.call("PUT", f"ticket/{old}", {"MergeInto": kept})
    read = await writer.read(old)
    assert (read.id, read.subject, read.text) == (kept, "kept", "the kept words")
    await writer.note(old, "hello", marker=_MARKER)
    assert await writer.find_marker(old, _MARKER)
    assert await writer.find_marker(kept, _MARKER)


async def test_a_dropped_file_is_told_and_the_note_is_there(rt: RequestTracker, writer: RtDesk) -> None:
    number = rt.ticket("drop")
    large = File(name="large.json", media_type="application/json", content=b"x" * (MAX_ATTACHMENT + 1))
    small = File(name="small.json", media_type="application/json", content=b"{}")
    with pytest.raises(PartlyDoneError, match=r"dropped large\.json") as caught:
        await writer.note(number, "text", files=(large, small), marker=_MARKER)
    assert caught.value.reference.startswith("transaction/")
    assert await writer.find_marker(number, _MARKER)
    assert "small.json" in rt.files(number)


async def test_a_state_that_there_is_not_is_refused_although_it_says_200(
    rt: RequestTracker, writer: RtDesk
) -> None:
    number = rt.ticket("state")
    with pytest.raises(DeskRefusedError, match="isn't a valid status"):
        await writer.set_state(number, "nonsense")


async def test_an_account_that_may_only_look_is_refused(rt: RequestTracker, reader: RtDesk) -> None:
    number = rt.ticket("rights", "x", customer="musterbau")
    assert (await reader.read(number)).customer == "musterbau"
    with pytest.raises(DeskRefusedError, match="Permission Denied"):
        await reader.note(number, "x", marker=_MARKER)
    with pytest.raises(DeskRefusedError, match="Permission Denied"):
        await reader.set_state(number, "open")
    assert rt.notes(number) == ("x",)


async def test_an_account_that_cannot_see_its_own_notes_is_told_so(rt: RequestTracker) -> None:
    number = rt.ticket("blind")
    desk = RtDesk(RtWire(rt.url, rt.blind))
    with pytest.raises(PartlyDoneError, match="ShowTicketComments"):
        await desk.note(number, "x", marker=_MARKER)
    await desk.close()
    assert len(rt.notes(number)) == 1


async def test_a_wrong_token_is_refused_and_not_shown(rt: RequestTracker) -> None:
    desk = RtDesk(RtWire(rt.url, "1-14-secretsecretsecret"))
    with pytest.raises(DeskRefusedError, match="token is not accepted") as caught:
        await desk.read(rt.ticket("token"))
    await desk.close()
    assert "secretsecret" not in f"{caught.value!r} {desk!r} {desk._wire!r}"


async def test_a_change_against_an_old_state_of_the_ticket_is_refused(rt: RequestTracker) -> None:
    wire = RtWire(rt.url, rt.writer)
    number = rt.ticket("etag")
    tag = (await wire.look(f"ticket/{number}")).headers["ETag"]
    rt.call("PUT", f"ticket/{number}", {"Subject": "somebody was here"})
    with pytest.raises(TicketChangedError):
        await wire.change("PUT", f"ticket/{number}", {"Status": "open"}, {"If-Match": tag})
    await wire.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://rt.example",
        "ftp://127.0.0.1",
        "https://user:pw@rt.example",
        "rt.example",
        "https://",
        "http://[",
    ],
)
def test_an_address_that_would_leak_the_token_is_refused(url: str) -> None:
    with pytest.raises(DeskRefusedError):
        RtWire(url, "1-14-abc")


@pytest.mark.parametrize("token", ["", "a b", "a\nX-Other: 1", "ü"])
def test_a_token_that_is_none_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(DeskRefusedError) as caught:
        RtWire("https://rt.example", token)
    assert not token or token not in str(caught.value)
