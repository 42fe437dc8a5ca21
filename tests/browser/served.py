"""A real server with the pages, in this process, over a real home; and the browser that looks at them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from controller.office import open_office
from controller.web.access import Person
from controller.web.app import make_app
from tests.controller.web.doors import Fixed

__all__ = ["Watched", "browser", "looking", "served"]


@contextmanager
def served(who: Person | None) -> Iterator[tuple[str, Fixed]]:
    """Serve `$SECONDLINE_HOME` to one person; gives the address, and the door at which they stand."""
    door = Fixed(who)
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(open_office(print), door),
            log_level="warning",
            timeout_graceful_shutdown=3,
            ws="none",
        )
    )
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise RuntimeError("the server does not start")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", door
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium. It needs no sandbox of its own against pages that only this test serves."""
    with sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class Watched:
    """A page, and everything that went wrong on it: errors of scripts, and what the page's own policy held back."""

    page: Page
    context: BrowserContext
    wrong: list[str] = field(default_factory=list)


@contextmanager
def looking(
    opened: Browser,
    address: str,
    *,
    language: str = "de",
    dark: bool = False,
    wide: int = 1280,
    high: int = 900,
    reduced: bool = True,
) -> Iterator[Watched]:
    """Look at the pages as somebody with this language, these eyes and this screen does."""
    context = opened.new_context(
        base_url=address,
        locale="de-DE" if language == "de" else "en-GB",
        color_scheme="dark" if dark else "light",
        viewport={"width": wide, "height": high},
        reduced_motion="reduce" if reduced else "no-preference",
    )
    page = context.new_page()
    watched = Watched(page, context)
    page.on("console", lambda said: watched.wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: watched.wrong.append(str(error)))
    page.on("dialog", lambda dialog: watched.wrong.append(f"dialog: {dialog.message}"))
    try:
        yield watched
    finally:
        context.close()
