"""What did the command print, and can it be believed? What all questions to a Linux host share.

A host may print anything: localised text, terminal escapes, an error page. What is not what it must be is
unanswered; it never becomes a judgement.
"""

from __future__ import annotations

import re

from collectors import Kind, Ran, Shell, Unanswered
from collectors.plain import plain

__all__ = [
    "aside",
    "count_of",
    "denied",
    "figure",
    "is_missing",
    "plain",
    "printed",
    "rounded_bytes",
    "unparsable",
]

_COUNT = re.compile(r"[0-9]{1,20}")
# env answers 126 when a folder of its search path is closed to the account.
_NOT_FOUND = (126, 127)
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def unparsable(what: str, text: str = "") -> Unanswered:
    """The answer is not what it must be; `text` is the part that shows it."""
    shown = f": {plain(text, 120)}" if text.strip() else ""
    return Unanswered(Kind.UNPARSABLE, what + shown)


def is_missing(ran: Ran) -> bool:
    """Say whether the host has no such command that the account may run."""
    return ran.code in _NOT_FOUND


def denied(text: str) -> bool:
    """Say whether an error message speaks of missing rights.

    >>> denied("dmesg: read kernel buffer failed: Operation not permitted")
    True
    """
    words = ("not permitted", "permission denied", "insufficient permissions", "access denied")
    return any(word in text.lower() for word in words)


def printed(ran: Ran, *, codes: tuple[int, ...] = (0,)) -> str:
    """Give what a command printed. Raises Unanswered when it failed, is missing, or printed no text."""
    command = " ".join(ran.argv[:2])
    if is_missing(ran):
        raise unparsable(f"the host has no command {ran.argv[0]}")
    if ran.code not in codes:
        raise unparsable(f"{command} failed with status {ran.code}", ran.stderr or ran.stdout)
    if "\x00" in ran.stdout or "\x1b" in ran.stdout:
        raise unparsable(f"{command} printed no plain text", ran.stdout)
    return ran.stdout


async def aside(host: Shell, *argv: str) -> str:
    """Give what a command prints that only adds to an answer; empty where it does not come."""
    try:
        return (await host.run(*argv)).stdout
    except Unanswered:
        return ""


def count_of(text: str) -> int:
    """Read a whole number. Raises Unanswered."""
    if not _COUNT.fullmatch(text.strip()):
        raise unparsable("this is not a number", text)
    return int(text)


def figure(text: str) -> float:
    """Read a number with a point. Raises Unanswered."""
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", text.strip()):
        raise unparsable("this is not a number", text)
    return float(text)


def rounded_bytes(size: float) -> str:
    """Write a size as people do.

    >>> rounded_bytes(1_610_612_736)
    '1.5 GiB'
    """
    for unit in _UNITS:
        if abs(size) < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
