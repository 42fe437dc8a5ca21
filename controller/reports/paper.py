"""How does a page come onto paper? Set by a process of its own as a tagged PDF (PDF/UA-1), within bounds of time and memory.

What hosts have said is in the page: the process that sets it can open no file, reach nobody and outlive nothing.
The same page gives the same bytes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

__all__ = ["Bounds", "PaperError", "render_pdf"]

_LARGEST_PAGE = 64 << 20
_LARGEST_PDF = 256 << 20


class PaperError(Exception):
    """The page could not be set; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What setting one page may take: bytes of address space, seconds of processor time and by the clock."""

    memory: int = 2 << 30
    seconds: int = 120


def render_pdf(page: str, bounds: Bounds | None = None) -> bytes:
    """Set a page that `render_paper` has made. Raises PaperError."""
    bounds = bounds or Bounds()
    sent = page.encode()
    if len(sent) > _LARGEST_PAGE:
        raise PaperError(f"the page has {len(sent)} bytes: too long for paper, take the web page")
    said, words, code = _set(sent, bounds)
    if code != 0:
        raise PaperError(_why(words, code))
    if not said.startswith(b"%PDF-") or len(said) > _LARGEST_PDF:
        raise PaperError("the process that sets pages gave no PDF")
    return said


def _set(page: bytes, bounds: Bounds) -> tuple[bytes, bytes, int]:
    process = subprocess.Popen(
        (*(sys.executable, "-I", "-m", "controller.reports.press"), str(bounds.memory), str(bounds.seconds)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Nothing of our surroundings: fonts are those of the machine, not of an account.
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent", "SOURCE_DATE_EPOCH": "0"},
    )
    try:
        said, words = process.communicate(page, timeout=bounds.seconds)
    except subprocess.TimeoutExpired:
        raise PaperError(f"the page was not set within {bounds.seconds} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
    return said, words, process.returncode


def _why(words: bytes, code: int) -> str:
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return "the page took more processor time than it is given"
    last = (words.decode("utf-8", "replace").strip().splitlines() or ["without a word"])[-1]
    if "MemoryError" in last or code in {-signal.SIGABRT, -signal.SIGSEGV}:
        return "the page took more memory than it is given"
    return f"the process that sets pages ended with {code}: {last}"[:500]
