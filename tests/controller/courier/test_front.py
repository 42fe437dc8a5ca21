"""Seats and uploads over a real web server: cut lines go on, and what is wrong, too much or another's is refused early."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.link.enrol import ENROL_TYPE, EnrolError, Enrolment, enrol
from agent.link.line import LineDownError, NotAnyMoreError
from agent.link.place import Place
from agent.link.web import EVIDENCE_TYPE, Web
from controller.settings import controller_pin
from controller.store.errands import cancel, lease
from controller.store.seats import SeatState, get_seat, invite, move_seat, seats
from inventory.token import new_key, seal_token
from tests.controller.courier.desk import Desk, Seated, desk_in
from tests.law import PINS

ID = "a" * 32
CEILING = b'customers = ["acme"]\nnetworks = ["192.0.2.0/24"]\nports = [22]\nareas = ["linux"]\n'


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, largest=1 << 20, quota=1536 << 10) as made:
        yield made


def has_order(desk: Desk) -> Seated:
    mine = desk.seat("acme", "muc-1")
    desk.send(ID, "acme", "muc-1")
    assert lease(desk.store, customer="acme", agent="muc-1", seat=mine.seat.id, now=datetime.now(UTC), id_=ID)
    return mine


def upload(mine: Seated, content: bytes, **other: Any) -> str:  # noqa: ANN401 - what a test says otherwise.
    web = Web(mine.desk.url)
    try:
        wanted = {"seat": mine.seat.id, "errand": ID, "attempt": 1, "key": mine.key, **other}
        return web.upload(content, **wanted)
    finally:
        web.close()


def token(mine: Seated, content: bytes, **other: object) -> dict[str, str]:
    claims = {"seat": mine.seat.id, "errand": ID, "attempt": 1, "size": len(content), "at": int(time.time())}
    claims |= {"sha256": hashlib.sha256(content).hexdigest(), **other}
    return {"Authorization": f"Secondline {seal_token(json.dumps(claims).encode(), mine.key, EVIDENCE_TYPE)}"}


def put(mine: Seated, path: str, head: Mapping[str, str], body: bytes, length: int) -> int:
    """Send a head that announces so many bytes, and a body; gives the answer's status."""
    connection = http.client.HTTPConnection("127.0.0.1", int(mine.desk.url.rpartition(":")[2]), timeout=10)
    try:
        connection.putrequest("PUT", path)
        for name, value in {**head, "Content-Length": str(length)}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


async def test_an_upload_that_was_cut_goes_on_where_it_was_cut(desk: Desk) -> None:
    mine, content = has_order(desk), os.urandom(700_000)
    sha256 = hashlib.sha256(content).hexdigest()

    def half() -> None:
        head = {**token(mine, content), "Upload-Offset": "0", "Upload-Length": str(len(content)), "Host": "x"}
        head["Content-Length"] = str(len(content))
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        with socket.create_connection(("127.0.0.1", int(desk.url.rpartition(":")[2]))) as line:
            line.sendall(f"PUT /sites/evidence/{sha256} HTTP/1.1\r\n{lines}\r\n".encode() + content[:300_000])

    await asyncio.to_thread(half)
    for _ in range(500):
        if (desk.incoming.offset(ID, sha256) or (0, False))[0] == 300_000:
            break
        await asyncio.sleep(0.02)
    assert desk.incoming.offset(ID, sha256) == (300_000, False)
    assert not desk.incoming.has(ID, sha256), "half of it does not count"
    assert await asyncio.to_thread(upload, mine, content) == sha256
    assert desk.incoming.get(ID, sha256) == content
    assert await asyncio.to_thread(upload, mine, content) == sha256, "what is there is not sent again"


async def test_other_bytes_than_were_signed_are_thrown_away(desk: Desk) -> None:
    mine = has_order(desk)
    signed, sent = b"a" * 1000, b"b" * 1000
    sha256 = hashlib.sha256(signed).hexdigest()
    head = {**token(mine, signed), "Upload-Offset": "0", "Upload-Length": "1000"}
    assert await asyncio.to_thread(put, mine, f"/sites/evidence/{sha256}", head, sent, 1000) == 422
    assert desk.incoming.offset(ID, sha256) is None
    assert await asyncio.to_thread(upload, mine, signed) == sha256, "and it can be sent anew"


async def test_two_gigabytes_are_refused_before_one_byte_of_them_is_sent(desk: Desk) -> None:
    mine, size = has_order(desk), 2 << 30
    head = {**token(mine, b"", size=size, sha256="0" * 64), "Upload-Offset": "0", "Upload-Length": str(size)}
    assert await asyncio.to_thread(put, mine, f"/sites/evidence/{'0' * 64}", head, b"", size) == 413
    # Announced small, and signed small, it cannot grow on the way either.
    head = {**token(mine, b"x"), "Upload-Offset": "0", "Upload-Length": "1"}
    path = f"/sites/evidence/{hashlib.sha256(b'x').hexdigest()}"
    assert await asyncio.to_thread(put, mine, path, head, b"", size) == 422


async def test_an_order_has_a_quota(desk: Desk) -> None:
    mine = has_order(desk)
    await asyncio.to_thread(upload, mine, os.urandom(1 << 20))
    with pytest.raises(NotAnyMoreError, match="would be more"):
        await asyncio.to_thread(upload, mine, os.urandom(1 << 20))


async def test_only_the_seat_that_has_the_order_now_may_upload_to_it(desk: Desk) -> None:
    mine = has_order(desk)
    other = desk.seat("globex", "ber-1")
    tries: list[tuple[Seated, dict[str, Any], str]] = [
        (other, {}, "does not have such an order"),
        (other, {"seat": mine.seat.id}, "nobody who may upload"),
        (mine, {"attempt": 2}, "does not have such an order"),
        (mine, {"errand": "b" * 32}, "does not have such an order"),
        (mine, {"errand": "../x"}, "does not have such an order"),
        (mine, {"seat": "nobody"}, "nobody who may upload"),
    ]
    for who, said, why in tries:
        with pytest.raises((NotAnyMoreError, LineDownError), match=why):
            await asyncio.to_thread(upload, who, b"x", **said)
    old = {**token(mine, b"x", at=int(time.time()) - 3600), "Upload-Offset": "0", "Upload-Length": "1"}
    path = f"/sites/evidence/{hashlib.sha256(b'x').hexdigest()}"
    assert await asyncio.to_thread(put, mine, path, old, b"x", 1) == 401
    await asyncio.to_thread(upload, mine, b"x")
    move_seat(desk.store, mine.seat.id, SeatState.REVOKED, "eva")
    with pytest.raises(NotAnyMoreError, match="nobody who may upload"):
        await asyncio.to_thread(upload, mine, b"y")


async def test_to_an_order_that_is_over_nothing_is_uploaded(desk: Desk) -> None:
    mine = has_order(desk)
    cancel(desk.store, [ID], datetime.now(UTC) - timedelta(minutes=5))
    from controller.store.errands import reconcile  # noqa: PLC0415 - here alone.

    reconcile(desk.store, datetime.now(UTC))
    with pytest.raises(NotAnyMoreError, match="does not have such an order"):
        await asyncio.to_thread(upload, mine, b"x")


# --- Seats.


def invited(desk: Desk, secret: str = "A" * 26, minutes: int = 5) -> str:
    code = f"{secret}-{controller_pin(desk.store.home).kid[:16]}"
    now = datetime.now(UTC)
    until = now + timedelta(minutes=minutes)
    invite(desk.store, code, customer="acme", site="muc", agent="muc-1", by="eva", now=now, until=until)
    return code


def asking(desk: Desk, home: Path, code: str) -> Callable[[], object]:
    return lambda: enrol(home, Enrolment(code=code, web=desk.url, authority=None, pins=PINS, ceiling=CEILING))


async def test_a_code_serves_once_and_its_seat_waits_for_a_person(desk: Desk, tmp_path: Path) -> None:
    code = invited(desk)
    await asyncio.to_thread(asking(desk, tmp_path / "one", code))
    (seat,) = seats(desk.store)
    assert (seat.customer, seat.site, seat.agent, seat.state) == ("acme", "muc", "muc-1", SeatState.PENDING)
    place = Place.of(tmp_path / "one", "muc-1")
    key = place.key()
    assert key["x"] == seat.public
    assert place.seat().id == seat.id
    raw = b"".join(file.read_bytes() for file in desk.store.home.rglob("*") if file.is_file())
    assert str(key["d"]).encode() not in raw, "the private key has never left"
    assert code.encode() not in raw, "nor is the code kept"
    with pytest.raises(EnrolError, match="does not count"):
        await asyncio.to_thread(asking(desk, tmp_path / "two", code))


async def test_a_code_whose_time_is_over_or_that_was_never_one_is_refused_and_guessing_stops(
    desk: Desk, tmp_path: Path
) -> None:
    late = invited(desk, "B" * 26, minutes=-1)
    with pytest.raises(EnrolError, match="time is over"):
        await asyncio.to_thread(asking(desk, tmp_path / "late", late))
    kid = controller_pin(desk.store.home).kid[:16]
    for n in range(4):
        with pytest.raises(EnrolError, match="does not count"):
            await asyncio.to_thread(asking(desk, tmp_path / f"guess{n}", f"{'C' * 25}{'ABCD'[n]}-{kid}"))
    good = invited(desk, "D" * 26)
    with pytest.raises(EnrolError, match="429"):
        await asyncio.to_thread(asking(desk, tmp_path / "good", good))
    assert seats(desk.store) == ()


async def test_who_sits_on_the_line_is_not_taken_for_the_controller(desk: Desk, tmp_path: Path) -> None:
    """The code names the controller's key: another one that answers is refused, and nothing is set up."""
    real = invited(desk, "E" * 26)
    forged = f"{real[:26]}-{'x' * 16}"
    now = datetime.now(UTC)
    until = now + timedelta(minutes=5)
    invite(desk.store, forged, customer="acme", site="muc", agent="muc-1", by="eva", now=now, until=until)
    with pytest.raises(EnrolError, match="somebody sits on the line"):
        await asyncio.to_thread(asking(desk, tmp_path / "mitm", forged))
    assert not (tmp_path / "mitm" / "agents").exists()


async def test_a_proof_by_another_key_is_none(desk: Desk) -> None:
    code, mine, other = invited(desk, "F" * 26), new_key(), new_key()
    said = {"code": hashlib.sha256(code.encode()).hexdigest(), "public": mine["x"], "law": {}}
    proof = seal_token(json.dumps(said).encode(), other, ENROL_TYPE)
    web = Web(desk.url)
    status, _ = await asyncio.to_thread(
        web.post, "/sites/enrol", {"code": code, "public": mine["x"], "proof": proof}
    )
    assert status == 400
    status, _ = await asyncio.to_thread(web.post, "/sites/elsewhere", {})
    assert status == 404
    web.close()
    assert seats(desk.store) == ()
    assert get_seat(desk.store, "muc-1") is None


@pytest.mark.parametrize(
    "url", ["http://controller.example", "ftp://127.0.0.1", "controller.example", "https://"]
)
def test_an_address_without_protection_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="write https"):
        Web(url)
