"""Where may a browser be sent on to? Places of ours alone, whatever was asked for."""

from __future__ import annotations

__all__ = ["inside"]


def inside(there: str) -> str:
    r"""Give this place when it is one of ours, else the first page.

    >>> inside("/runs/1"), inside("//evil.example"), inside("https://evil.example"), inside("/\\evil")
    ('/runs/1', '/', '/', '/')
    """
    clean = there.startswith("/") and not there.startswith(("//", "/\\")) and there.isprintable()
    return there if clean and len(there) <= 2000 else "/"
