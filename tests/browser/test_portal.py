"""Can the customer's own IT use their pages: wide and narrow, light and dark, in both languages, with the keyboard alone?"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from controller.office import open_office
from controller.release import copy_of, release
from controller.store.runs import RunState, runs
from controller.web.access import Person, Role
from tests.browser.eyes import must_be_well
from tests.browser.served import looking
from tests.controller.web.doors import Fixed

pytestmark = pytest.mark.browser

CARL = Person(id="carl", name="Wilma Weber", roles={"fleet": Role.CUSTOMER_APPROVER})


@pytest.fixture(scope="module")
def places(site: tuple[str, Fixed]) -> dict[str, str]:
    """Every page of theirs, each with something on it."""
    del site  # it has named the home
    office = open_office(print)
    run = runs(office.store, customer="fleet", states=(RunState.DONE,), limit=1)[0]
    copy = copy_of(office, run, "de")
    made = release(office, run, "de", copy.digest, "Bitte lesen Sie vor allem den ersten Punkt.")
    office.store.close()
    base = "/portal/fleet"
    return {
        "overview": base,
        "contract": f"{base}/contract",
        "reports": f"{base}/reports",
        "report": f"{base}/reports/{made.id}",
        "plans": f"{base}/plans",
        "accesses": f"{base}/accesses",
        "questions": f"{base}/questions",
    }


@pytest.mark.parametrize(
    "look", [("de", False, 1280), ("en", True, 1280), ("de", True, 320), ("en", False, 390)], ids=str
)
def test_every_page_of_theirs_is_usable(
    site: tuple[str, Fixed], chromium: Browser, places: dict[str, str], look: tuple[str, bool, int]
) -> None:
    address, door = site
    door.who = CARL
    language, dark, wide = look
    with looking(chromium, address, language=language, dark=dark, wide=wide) as watched:
        for name, path in places.items():
            watched.page.goto(path)
            assert watched.page.get_attribute("html", "lang") == language, name
            assert watched.page.locator("h1").count() == 1, name
            must_be_well(watched)


def test_a_question_is_asked_with_the_keyboard_alone(
    site: tuple[str, Fixed], chromium: Browser, places: dict[str, str]
) -> None:
    address, door = site
    door.who = CARL
    with looking(chromium, address) as watched:
        page = watched.page
        page.goto(places["report"])
        page.get_by_label("Ihre Worte").focus()
        page.keyboard.type("Warum <b>gestern</b>?")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Warum <b>gestern</b>?")).to_be_visible()
        expect(page.get_by_text("noch nicht beantwortet")).to_be_visible()
        must_be_well(watched)


def test_the_report_is_shown_as_it_was_released_and_the_accesses_name_who_when_and_why(
    site: tuple[str, Fixed], chromium: Browser, places: dict[str, str]
) -> None:
    address, door = site
    door.who = CARL
    with looking(chromium, address) as watched:
        page = watched.page
        page.goto(places["report"])
        expect(page.frame_locator("iframe.report").get_by_role("heading", level=1)).to_be_visible()
        page.goto(places["accesses"])
        page.get_by_label("System").fill("h0")
        page.get_by_role("button", name="Zeigen").click()
        rows = page.locator("table tbody tr")
        expect(rows.first).to_contain_text("h0")
        expect(rows.first).to_contain_text("§1")
        for row in rows.all():
            assert "h1" not in row.inner_text()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Als Tabelle speichern (CSV)").click()
        assert "here-1" in saved.value.path().read_text("utf-8-sig")
        # A place of the engineers' is not there for them.
        page.goto("/customers/fleet")
        expect(page.get_by_role("heading", level=1)).not_to_contain_text("Flotte")
