"""What every desk over HTTPS has in common: who says "later" is left in peace, and no secret goes astray."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from controller.desks.desk import DeskRefusedError, DeskUnavailableError
from controller.desks.named import desk_named
from controller.store.store import Store
from tests.desk.places import Place
from tests.desk.trouble import between, canned

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["seconds", "date"])
async def test_who_says_later_is_not_asked_before(standin: Place, kind: str) -> None:
    assert standin.chaos is not None
    until = datetime.now(UTC) + timedelta(seconds=90)
    standin.chaos.later = b"90" if kind == "seconds" else format_datetime(until, usegmt=True).encode()
    number = standin.open("busy", "x", "")
    standin.chaos.share = 1.0
    with pytest.raises(DeskUnavailableError) as first:
        await standin.desk.read(number)
    standin.chaos.share = 0.0
    asked = len(standin.chaos.seen)
    with pytest.raises(DeskUnavailableError) as again:
        await standin.desk.read(number)
    assert len(standin.chaos.seen) == asked, "it was asked nevertheless"
    assert 60 < again.value.after <= first.value.after <= 90


async def test_a_wrong_secret_is_refused_and_not_shown(standin: Place, store: Store) -> None:
    wrong = "another-secret-that-is-wrong"
    number = standin.open("secret", "x", "")
    desk = desk_named("d", {"d": standin.settings}, store=store, secret=lambda _: wrong)
    with pytest.raises(DeskRefusedError) as caught:
        await desk.read(number)
    await desk.close()
    assert wrong not in f"{caught.value!r} {desk!r}"


async def test_no_secret_follows_a_redirect_elsewhere(standin: Place, store: Store) -> None:
    async with between("http://127.0.0.1:9") as elsewhere:
        away = canned("302 Found", Location=f"{elsewhere.url}/api/v1/tickets/1")
        async with between("http://127.0.0.1:9", away) as server:
            settings = {**standin.settings, "url": server.url}
            desk = desk_named("d", {"d": settings}, store=store, secret=lambda _: standin.secret)
            with pytest.raises(DeskRefusedError, match="redirects"):
                await desk.read(standin.open("x", "y", ""))
            await desk.close()
        assert server.seen
    assert elsewhere.seen == []


async def test_a_token_goes_nowhere_in_the_clear(standin: Place, store: Store) -> None:
    settings = {**standin.settings, "url": "http://desk.example"}
    with pytest.raises(DeskRefusedError, match="use https"):
        desk_named("d", {"d": settings}, store=store, secret=lambda _: standin.secret)
