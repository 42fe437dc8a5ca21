"""How long does a report of 400 findings take as a page and on paper? And does twice as much take twice as long?

The peer of paper is the same library with the web page itself, on a quarter of the findings, as it takes minutes for all. The
page has no peer: it is held against a tenth of a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from controller.reports.html import prepare, render_html, render_paper
from controller.reports.model import Report
from controller.reports.paper import render_pdf
from tests.bench.row import Row, at_most
from tests.controller.reports.sample import Store, crowd

__all__ = ["measure"]

ROUNDS = 3
_PAGE, _PAPER = 0.1, 3.0
_DISK = b"/dev/vda1 20466256 7211404 12190164 38% /\n" * 8


def _report(findings: int, store: Store) -> Report:
    """Every third host of a crowd has one."""
    return crowd(3 * findings, lambda n: _DISK + b"%d" % n, store=store)


def _seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Of processor time, with that of the processes that were started: others on the machine do not count."""
    best = float("inf")
    for _ in range(rounds):
        start = sum(os.times()[:4])
        work()
        best = min(best, sum(os.times()[:4]) - start)
    return best


def measure() -> list[Row]:
    """All rows; the peer alone takes half a minute."""
    prepare()
    store = Store()
    few, half, all_ = (_report(number, store) for number in (50, 200, 400))
    blobs = store.get_bytes
    page = _seconds(partial(render_html, all_, blobs, "en"))
    half_page = _seconds(partial(render_html, half, blobs, "en"))
    paper, half_paper, few_paper = (
        _seconds(partial(render_pdf, render_paper(one, blobs, "en"))) for one in (all_, half, few)
    )
    peer = _seconds(partial(render_pdf, render_html(few, blobs, "en")), rounds=1)
    return [
        at_most("report-page-400", "s", page, _PAGE),
        at_most("report-page-growth", "x", page / half_page, 2.0, 1.25),
        at_most("report-paper-400", "s", paper, _PAPER),
        at_most("report-paper-growth", "x", paper / half_paper, 2.0, 1.25),
        at_most("report-paper-50-of-web-page", "s", few_paper, peer, 0.5),
    ]
