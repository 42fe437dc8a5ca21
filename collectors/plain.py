"""How is a text that a host gave made fit to be shown?"""

from __future__ import annotations

import unicodedata

__all__ = ["plain"]

_LONGEST = 200


def plain(text: str, longest: int = _LONGEST) -> str:
    r"""Make text fit to be shown: one line, no control or direction characters, not endless.

    >>> plain("a\x1b[31mred\n b")
    'a[31mred b'
    """
    kept = "".join(" " if c.isspace() else c for c in text[: longest * 4] if c.isspace() or c.isprintable())
    kept = " ".join("".join(c for c in kept if unicodedata.category(c) != "Cf").split())
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"
