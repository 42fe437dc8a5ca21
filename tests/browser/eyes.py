"""Can everybody use this page? axe-core in the page itself, what its scripts and its policy complained of, and its width."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from tests.browser.served import Watched

__all__ = ["must_be_well"]

_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}


@cache
def _axe() -> str:
    return files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")


def must_be_well(watched: Watched) -> None:
    """No violation of WCAG 2.2 AA that a machine can find, nothing on the console, nothing wider than the screen."""
    page = watched.page
    # The page's own policy lets no such script in; the browser's tools put it beside the page.
    session = watched.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": f"{_axe()};0"})
    asked = {
        "expression": f"axe.run(document, {_RULES!r}).then(found => JSON.stringify(found.violations.map(v => "
        "({id: v.id, nodes: v.nodes.map(n => n.html.slice(0, 200))}))))",
        "awaitPromise": True,
    }
    found: dict[str, Any] = session.send("Runtime.evaluate", asked)
    session.detach()
    assert found["result"].get("value") == "[]", (page.url, found)
    assert watched.wrong == [], page.url
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, (page.url, wide)
