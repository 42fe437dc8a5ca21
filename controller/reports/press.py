"""Who sets a page that may be hostile? A process of its own, which opens no file but fonts and reaches nobody, within bounds.

Started by `controller.reports.paper` with the page on its standard input; says the PDF and ends. Before the first byte
of the page is read it has a bound on memory, processor time and files, Python's wall without a single door and, where
the kernel has it, Landlock: fonts and libraries can be read, nothing can be written.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import sys
from pathlib import Path
from typing import NoReturn

from agent.kernel.calls import allow_no_new_privileges, die_with_parent, landlock_abi, restrict_self
from agent.kernel.landlock import readable, ruleset
from agent.wall import Wall, raise_wall

__all__ = ["main"]

_FILES = 64
_KILL = 9
# Where Fontconfig looks for fonts and what it knows of them.
_FONTS = (
    "/etc/fonts",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/xml/fontconfig",
    "/var/cache/fontconfig",
)


def main() -> int:
    """Set the page on standard input, and say the PDF. Arguments: bytes of memory, seconds of processor time."""
    memory, seconds = map(int, sys.argv[1:3])
    die_with_parent(_KILL)
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # The libraries are loaded while that is still allowed.
    from weasyprint import HTML  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415

    wanted: list[str] = []

    class Nothing(URLFetcher):  # type: ignore[misc]
        """Fetches nothing, from nowhere: a page that wants it is not ours."""

        def fetch(self, url: str, headers: object = None) -> NoReturn:  # noqa: ARG002 - the library calls it so.
            # A drawing that wants something is left out without a word: it is remembered.
            wanted.append(url)
            raise FatalURLFetchingError(f"the page wants {url[:200]!r}")

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    _close_in(raise_wall())
    page = sys.stdin.buffer.read()
    document = HTML(string=page.decode("utf-8"), url_fetcher=Nothing(), base_url=None)
    said = document.write_pdf(pdf_variant="pdf/ua-1")
    if wanted:
        sys.stderr.write(f"the page wants {wanted[0][:200]!r}\n")
        return 1
    sys.stdout.buffer.write(said)
    return 0


def _close_in(wall: Wall) -> None:
    """No file but fonts and libraries, no port, no address, no process."""
    sys.dont_write_bytecode = True
    allow_no_new_privileges()
    if landlock_abi() > 0:
        fonts = (path for path in map(Path, _FONTS) if path.exists())
        restrict_self(ruleset((*readable(), *fonts), ()))
    with contextlib.suppress(OSError):
        os.chdir("/")
    wall.seal(frozenset(), lambda *_: None)


if __name__ == "__main__":
    sys.exit(main())
