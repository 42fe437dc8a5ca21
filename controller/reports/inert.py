r"""Can this text from a host do anything but be read? Makes control and invisible characters visible.

Whatever a host, a zone or a ticket says is hostile until shown here: an escape sequence would move the
cursor, a bidi override would turn `exe.txt` around, a zero-width character would hide a difference. Each
such character becomes a visible escape like `\x1b` or `\u202e`, and nothing is dropped. Escaping for HTML
is the template's task, and comes after.
"""

from __future__ import annotations

import json
import re

__all__ = ["clip", "inert", "inert_json", "inert_line", "inert_rich"]

# C0 and C1 controls, soft hyphen, joiners and fillers that take no room, bidi controls, line and paragraph
# separators, variation selectors, interlinear marks, lone surrogates, non-characters and tag characters.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff"
)
_BLOCK = re.compile(f"[{_UNSEEN}]")
_LINE = re.compile(f"[{_UNSEEN}\t\n]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
_RICH = re.compile(r"(?<!\\)(\\*)(\[(?=[a-zA-Z/@#])|\Z)")


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def inert(text: str) -> str:
    r"""Make a text of several lines harmless; line breaks and tabs stay.

    >>> inert("a\x1b[2Jb\u202ec\nd")
    'a\\x1b[2Jb\\u202ec\nd'
    """
    # Most texts are such, and a page has tens of thousands.
    return text if text.isascii() and text.isprintable() else _BLOCK.sub(_escape, text)


def inert_line(text: str) -> str:
    r"""Make a text harmless that must stay on one line.

    >>> inert_line("one\ntwo")
    'one\\ntwo'
    """
    return _LINE.sub(_escape, text)


def inert_json(written: str) -> str:
    r"""Make a JSON document harmless that still says exactly the same.

    >>> inert_json('{"a": "\u202ex"}')
    '{"a": "\\u202ex"}'
    """
    # Outside of its strings a document holds none of these.
    return _BLOCK.sub(lambda found: json.dumps(found[0])[1:-1], written)


def inert_rich(text: str) -> str:
    r"""Make a text harmless for a terminal that reads Rich's markup: `[red]` is shown, not obeyed.

    >>> inert_rich("\x1b]0;x\x07 [red]no[/red]")
    '\\x1b]0;x\\x07 \\[red]no\\[/red]'
    """
    # Before a bracket and at the end, where markup of ours may follow, backslashes are doubled.
    return _RICH.sub(lambda m: m[1] * 2 + ("\\" + m[2] if m[2] else ""), inert(text))


def clip(text: str, length: int) -> str:
    """Shorten a text to at most `length` characters, and show with '…' that something is missing.

    >>> clip("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"
