"""Is this a text that everybody sees alike? Bytes to text, before anything is read from it."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from inventory.tree import Flaw

__all__ = ["LARGEST", "decode", "digest"]

# Enough for 100,000 hosts; the reader's work grows with the length and nothing else.
LARGEST = 40_000_000

# Control characters (tab and line ends are the YAML reader's business), line ends that editors do not show,
# signs that turn the direction of the text, so that it reads other than it is, and lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


def digest(text: str | bytes) -> str:
    """SHA-256 (hex) of the exact bytes; of a str, of its UTF-8.

    >>> digest(b"") == digest("")
    True
    """
    return hashlib.sha256(
        text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    ).hexdigest()


def decode(raw: str | bytes) -> str | Flaw:
    """Give the text of a contract, without its byte order mark, or the flaw that makes it no text."""
    if len(raw) > LARGEST:
        return Flaw((), f"the file is longer than {LARGEST // 1_000_000} MB", "write one contract a file", 1)
    if isinstance(raw, bytes):
        for mark, name in _MARKS.items():
            if raw.startswith(mark):
                return Flaw((), f"the file is written in {name}", "save it as UTF-8", 1)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = f"byte 0x{raw[error.start]:02x} is not UTF-8"
            return Flaw((), problem, "save the file as UTF-8", raw.count(b"\n", 0, error.start) + 1)
    else:
        text = raw
    text = text.removeprefix("\ufeff")
    if found := _UNSEEN.search(text):
        sign = found.group()
        name = unicodedata.name(sign, "a control character")
        return Flaw((), f"U+{ord(sign):04X} ({name}) cannot be seen", "remove it", _line(text, found.start()))
    if text and not text.isspace() and _cut_off(text):
        return Flaw(
            (), "the last line has no end: the file may be cut off", "end it with a line end", _line(text)
        )
    return text


def _cut_off(text: str) -> bool:
    """A last word without a line end may be half a word: 'web1' of 'web12'."""
    return text[-1] not in "\n\r}]\"'" and text.rsplit("\n", 1)[-1].strip() != "..."


def _line(text: str, end: int | None = None) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[:end])) + 1
