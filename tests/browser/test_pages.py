"""Is every page usable by everybody: wide and narrow, light and dark, in both languages; and does hostile text stay text?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from agent.job import Job, Result, Seen
from collectors.exchange import Exchange
from collectors.linux.services import FAILED
from controller.outbox import Action, ActionKind, finish_run, post
from controller.store.contracts import current_contract
from controller.store.exchanges import record_exchanges
from controller.store.runs import Run, RunState, create_run, runs
from controller.store.schema import outbox
from controller.store.store import open_store
from controller.store.tickets import add_ticket
from tests.browser.conftest import EVA
from tests.browser.eyes import must_be_well
from tests.browser.served import looking
from tests.controller.reports.hostile import EVIL as _EVIL
from tests.controller.web.doors import Fixed

pytestmark = pytest.mark.browser

# No database keeps half a sign.
EVIL = _EVIL.replace("\ud800", "")
_LONG = "x" * 5000
_RUN = "20261127-000000-evil00"


@pytest.fixture(scope="module")
def places(home: Path) -> dict[str, str]:
    """Every page that there is, each with something on it."""
    store = open_store(home)
    run = runs(store, customer="fleet", states=(RunState.DONE,), limit=1)[0].id
    return {
        "inbox": "/",
        "nothing found": "/?q=nothing-of-that-sort",
        "customers": "/customers",
        "customer": "/customers/fleet",
        "one area": "/customers/fleet?area=voip",
        "ticket": "/tickets/builtin/1",
        "run": f"/runs/{run}",
        "compare": f"/runs/{run}/compare",
        "ledger": f"/runs/{run}/ledger",
        "plans": "/plans",
        "key": "/key",
        "nowhere": "/tickets/other/1",
        "no such ticket": "/tickets/builtin/999",
    }


@pytest.mark.parametrize(
    "look", [("de", False, 1280), ("en", True, 1280), ("de", True, 320), ("en", False, 390)], ids=str
)
def test_every_page_is_usable(
    site: tuple[str, Fixed], chromium: Browser, places: dict[str, str], look: tuple[str, bool, int]
) -> None:
    address, door = site
    language, dark, wide = look
    door.who = EVA
    with looking(chromium, address, language=language, dark=dark, wide=wide) as watched:
        for name, path in places.items():
            watched.page.goto(path)
            # That a page says 404 is told on the console; it is what was asked for.
            watched.wrong[:] = [one for one in watched.wrong if "status of" not in one]
            assert watched.page.get_attribute("html", "lang") == language, name
            assert watched.page.locator("h1").count() == 1, name
            must_be_well(watched)


def test_the_first_page_is_light(site: tuple[str, Fixed], chromium: Browser) -> None:
    address, door = site
    door.who = EVA
    with looking(chromium, address) as watched:
        answers: list[Response] = []
        watched.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a list's own cannot be listened with.
        watched.page.goto("/", wait_until="load")
        assert len(answers) >= 5
        assert 10_000 < sum(len(answer.body()) for answer in answers) < 150_000


def test_it_prints_without_what_is_for_the_screen(
    site: tuple[str, Fixed], chromium: Browser, places: dict[str, str]
) -> None:
    address, door = site
    door.who = EVA
    with looking(chromium, address) as watched:
        watched.page.goto(places["run"])
        watched.page.emulate_media(media="print")
        assert not watched.page.locator("header nav").is_visible()
        assert watched.page.locator("h1").is_visible()


@pytest.fixture(scope="module")
def evil(home: Path) -> str:
    """A ticket, a run, its evidence and a note, with hostile text wherever a host or a ticket can put some. Its number."""
    store, now = open_store(home), datetime.now(UTC)
    stored = current_contract(store, "fleet")
    assert stored is not None
    number = str(add_ticket(store, customer="fleet", subject=EVIL, text=EVIL + _LONG, requester=EVIL))
    job = Job(id="h0/linux.services", host="h0", collector="linux.services")
    finding = FAILED(host="h0", unit=EVIL, result=EVIL, status=EVIL, reason=EVIL + _LONG)
    seen = Result(job=job, outcome=Seen({}, (finding,)), began=now, took=0.1, clause="§1", evidence=("e1",))
    fresh = Run(
        id=_RUN,
        ticket=number,
        desk="builtin",
        customer="fleet",
        contract=stored.digest,
        revision=1,
        asked_by=EVIL,
        state=RunState.RUNNING,
        began=now,
        subject=EVIL,
    )
    create_run(store, fresh, [job], [seen])
    said = Exchange(
        session="shell",
        question=("cat", EVIL),
        began=now,
        took=0.1,
        facts={},
        parts={"stdout": EVIL.encode()},
    )
    record_exchanges(store, _RUN, [("e1", "h0", said)])
    finish_run(store, _RUN, RunState.DONE, ended=now, summary={"seen": 1}, found=(1, "linux.service-failed"))
    post(
        store,
        desk="builtin",
        ticket=number,
        action=Action(kind=ActionKind.NOTE, text="-"),
        now=now,
        run_id=_RUN,
    )
    with store.write() as connection:
        connection.execute(
            outbox.update().where(outbox.c.run == _RUN).values(state="failed", last_error=EVIL + _LONG)
        )
    return number


def test_hostile_text_is_read_and_does_nothing(site: tuple[str, Fixed], chromium: Browser, evil: str) -> None:
    address, door = site
    door.who = EVA
    with looking(chromium, address, language="en", wide=390) as watched:
        page = watched.page
        for path in (
            "/",
            f"/?q={evil}",
            f"/tickets/builtin/{evil}",
            f"/runs/{_RUN}",
            f"/runs/{_RUN}/compare",
            f"/runs/{_RUN}/ledger",
            "/customers/fleet",
        ):
            page.goto(path)
            must_be_well(watched)
            assert page.locator("img, script:not([src])").count() == 0, path
            shown = page.locator("body").inner_text()
            for sign in ("\x1b", "\u202e", "\u200b", "\u2066", "\ufeff", "\x9b"):
                assert sign not in shown, (path, sign)
        page.goto(f"/runs/{_RUN}")
        assert "<script>alert(1)</script>" in page.locator("h1").inner_text()
        assert "{{ 7*7 }}" in page.locator("h1").inner_text()
        # The report is walled in by itself as well.
        answer = page.goto(f"/runs/{_RUN}/report")
        assert answer is not None
        assert answer.headers["content-security-policy"].endswith("sandbox")
        assert page.locator("img, script").count() == 0
        assert watched.wrong == []
