"""Is this a text that everybody sees alike? Bytes to text, before anything is read from it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from inventory.tree import Flaw

__all__ = ["LARGEST", "decode", "digest"]

# Enough for 100,000 hosts; the reader's work grows with the length and nothing else.
LARGEST = 40_000_000

# Control characters (tab and line ends are the YAML reader's business), line ends that editors do not show,
# signs that take no room, so that two words look like one, or that turn the direction of the text, so that it
# reads other than it is, and lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_UNSEEN_ASCII = bytes(sign for sign in range(128) if _UNSEEN.match(chr(sign)))
_LINE_END = re.compile(r"[\r\n]")
# So many lines with such signs are named; a file with more is no text.
_PATIENCE = 100
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


def digest(text: str | bytes) -> str:
    """SHA-256 (hex) of the exact bytes; of a str, of its UTF-8.

    >>> digest(b"") == digest("")
    True
    """
    return hashlib.sha256(
        text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    ).hexdigest()


def decode(raw: str | bytes) -> str | tuple[Flaw, ...]:
    """Give the text of a contract, without its byte order mark, or the flaws that make it no text."""
    if len(raw) > LARGEST:
        problem = f"the file is longer than {LARGEST // 1_000_000} MB"
        return (Flaw((), problem, "write one contract a file", 1),)
    text = _utf8(raw) if isinstance(raw, bytes) else raw
    if isinstance(text, Flaw):
        return (text,)
    text = text.removeprefix("\ufeff")
    if unseen := tuple(islice(_unseen(text), _PATIENCE)):
        return unseen
    if text and not text.isspace() and _cut_off(text):
        problem = "the last line has no end: the file may be cut off"
        return (Flaw((), problem, "end it with a line end", _lines(text) + 1),)
    return text


def _utf8(raw: bytes) -> str | Flaw:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return Flaw((), f"the file is written in {name}", "save it as UTF-8", 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Flaw((), f"byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8", line)


def _unseen(text: str) -> Iterator[Flaw]:
    """What nobody can see, the first of each line; after a NUL the rest is no text at all."""
    if text.isascii() and len(text.encode().translate(None, _UNSEEN_ASCII)) == len(text):
        return
    line, start = 1, 0
    while found := _UNSEEN.search(text, start):
        sign = found.group()
        line += _lines(text[start : found.start()])
        name = unicodedata.name(sign, "a control character")
        yield Flaw((), f"U+{ord(sign):04X} ({name}) cannot be seen", "remove it", line)
        end = _LINE_END.search(text, found.end())
        if sign == "\0" or not end:
            return
        start = end.start()


def _cut_off(text: str) -> bool:
    """A last word without a line end may be half a word: 'web1' of 'web12'."""
    return text[-1] not in "\n\r}]\"'" and text.rsplit("\n", 1)[-1].strip() != "..."


def _lines(text: str) -> int:
    """How many lines end in a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")
