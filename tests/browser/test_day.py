"""An engineer's day in the browser: what waits, what may be touched, a diagnosis followed live, a change agreed to and made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from inventory.token import Pin, pin_of
from tests.browser.conftest import EVA, EVA_KEY, FINN, World, pin_engineers
from tests.browser.eyes import must_be_well
from tests.browser.served import Watched, looking
from tests.controller.change.units import UNIT, fail, said_of
from tests.controller.web.doors import Fixed
from tests.home import run_command

pytestmark = pytest.mark.browser
# A run starts workers and asks real hosts, on a machine that does other things as well.
_PATIENCE = 90_000
_WORDS = {
    "de": {
        "needs": "Braucht einen Menschen",
        "start": "Untersuchung beginnen",
        "plan": "Planen",
        "make": "Einen erzeugen",
        "agree": "Mit meinem Schlüssel zustimmen",
        "sign": "Unterschreiben",
        "apply": "Jetzt ausführen",
        "done": "ausgeführt",
        "undo": "Jetzt zurücknehmen",
        "undone": "zurückgenommen",
        "must": "muss jemand anderes",
    },
    "en": {
        "needs": "Needs a person",
        "start": "Start the diagnosis",
        "plan": "Plan it",
        "make": "Make one",
        "agree": "Agree with my key",
        "sign": "Sign",
        "apply": "Carry out now",
        "done": "carried out",
        "undo": "Take back now",
        "undone": "undone",
        "must": "somebody else must agree",
    },
}


@pytest.mark.parametrize("language", ["de", "en"])
def test_from_the_inbox_to_a_change_that_helped(
    site: tuple[str, Fixed], chromium: Browser, world: World, language: str
) -> None:
    address, door = site
    words = _WORDS[language]
    door.who = EVA
    fail(world.units, world.address)
    with looking(chromium, address, language=language, dark=language == "en") as watched:
        watched.page.goto("/")
        expect(watched.page.get_by_role("heading", name=words["needs"])).to_be_visible()
        must_be_well(watched)
        _by_keyboard(watched.page)
        must_be_well(watched)
        _diagnosed(watched, words)
        plan = _planned(watched, words)
        assert said_of(world.units, world.address) == ("failed", [])
        door.who = FINN
        _made_a_key(watched, words, world.home)
        _carried_out(watched, plan, words)
        assert said_of(world.units, world.address)[0] == "active"
        _taken_back(watched, plan, words)
        assert said_of(world.units, world.address)[1][-1] == f"stop {UNIT}"
    assert run_command(world.home, "ledger", "verify").returncode == 0


def _diagnosed(watched: Watched, words: dict[str, str]) -> None:
    """The ticket says what will be asked before it starts; the run is followed until it is over."""
    page = watched.page
    page.goto("/tickets/builtin/1")
    page.get_by_role("checkbox", name="h1").check()
    expect(page.locator("#preview")).to_contain_text(re.compile("an 1 Host|to 1 host"))
    must_be_well(watched)
    page.get_by_role("button", name=words["start"]).click()
    page.wait_for_url("**/live/*")
    must_be_well(watched)
    result = page.locator("[data-result]")
    result.wait_for(timeout=_PATIENCE)
    expect(result).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Es ist zu Ende\.|It is over\."))
    must_be_well(watched)
    result.click()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("main")).to_contain_text(UNIT)
    must_be_well(watched)


def _planned(watched: Watched, words: dict[str, str]) -> str:
    """What treats the finding is planned; who asked for it is told that somebody else must agree."""
    page = watched.page
    page.get_by_role("button", name=words["plan"]).first.click()
    page.locator("[data-result]").click(timeout=_PATIENCE)
    page.wait_for_url("**/plans/*")
    expect(page.get_by_role("main")).to_contain_text(f"systemctl start -- {UNIT}")
    expect(page.get_by_role("main")).to_contain_text(words["must"])
    must_be_well(watched)
    return page.url


def _made_a_key(watched: Watched, words: dict[str, str], home: Path) -> None:
    """A colleague makes a key in the browser, and has its public half pinned."""
    page = watched.page
    page.goto("/key")
    page.get_by_role("button", name=words["make"]).click()
    line = page.locator("[data-line]")
    expect(line).to_have_text(re.compile(r"^ed25519 \S{43} Finn Fix$"))
    must_be_well(watched)
    pin_engineers(home, pin_of(EVA_KEY, "Eva Eng"), Pin.read(line.inner_text()))


def _carried_out(watched: Watched, plan: str, words: dict[str, str]) -> None:
    page = watched.page
    _agree(page, plan, words)
    must_be_well(watched)
    page.get_by_role("button", name=words["apply"]).click()
    page.locator("[data-result]").click(timeout=_PATIENCE)
    page.wait_for_url("**/plans/*")
    expect(page.locator(".when")).to_contain_text(words["done"])
    must_be_well(watched)


def _taken_back(watched: Watched, plan: str, words: dict[str, str]) -> None:
    """Its undo is a change of its own, and is agreed to anew."""
    page = watched.page
    _agree(page, plan, words)
    page.get_by_role("button", name=words["undo"]).click()
    page.locator("[data-result]").click(timeout=_PATIENCE)
    expect(page.locator(".when")).to_contain_text(words["undone"])
    must_be_well(watched)


def _by_keyboard(page: Page) -> None:
    """Lists, places and help by single keys, which are in nobody's way who types."""
    page.keyboard.press("j")
    expect(page.locator("[data-row] a").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("gc?j")
    expect(page.locator("#q")).to_have_value("gc?j")
    expect(page.locator("#runs")).to_contain_text(re.compile("Nichts passt|Nothing fits"))
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/customers")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/fleet")
    expect(page.locator("#hosts")).to_contain_text("§1")


def _agree(page: Page, plan: str, words: dict[str, str]) -> None:
    page.goto(plan)
    page.get_by_role("button", name=words["agree"]).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"systemctl start -- {UNIT}")
    dialog.get_by_role("button", name=words["sign"], exact=True).click()
    page.wait_for_url("**/plans/*#standing")
    expect(page.locator("dl.facts").last).to_contain_text("Finn Fix")


def test_a_diagnosis_is_stopped_and_says_so(site: tuple[str, Fixed], chromium: Browser) -> None:
    address, door = site
    door.who = EVA
    with looking(chromium, address, language="en") as watched:
        page = watched.page
        page.goto("/tickets/builtin/1")
        page.get_by_role("checkbox", name="h3").check()
        page.get_by_role("button", name="Start the diagnosis").click()
        page.wait_for_url("**/live/*")
        expect(page.locator("#progress")).to_contain_text("is asked", timeout=_PATIENCE)
        must_be_well(watched)
        page.get_by_role("button", name="Stop").click()
        page.locator("[data-result]").wait_for(timeout=_PATIENCE)
        expect(page.get_by_role("main")).to_contain_text("It was stopped.")
        page.locator("[data-result]").click()
        expect(page.locator(".when")).to_contain_text("stopped")
        must_be_well(watched)


def test_a_page_that_names_another_digest_is_not_signed(
    site: tuple[str, Fixed], chromium: Browser, home: Path
) -> None:
    address, door = site
    door.who = EVA
    done = run_command(home, "plan", "1", "linux.start_service", "h1", "--set", f"unit={UNIT}", "--quiet")
    if done.returncode:
        pytest.skip("there is nothing to plan")
    door.who = FINN
    with looking(chromium, address, language="en") as watched:
        page = watched.page
        page.goto("/key")
        page.get_by_role("button", name="Make one").click()
        expect(page.locator("[data-line]")).to_contain_text("Finn Fix")
        page.goto("/plans")
        page.locator("[data-row] a").first.click()
        page.route("**/plans/*/text", lambda route: route.fulfill(body='{"other": "plan"}'))
        page.get_by_role("button", name="Agree with my key").click()
        expect(page.locator("[data-wrong]")).to_contain_text("do not agree")
        assert page.get_by_role("dialog").count() == 0
