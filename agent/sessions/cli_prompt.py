"""Where does a device wait for a command? Its greeting is read to the end, and its prompt is the line that it repeats.

A banner may hold anything, also lines that look like prompts. So a last line counts as the prompt only when the
device gives the very same one again after an empty line.
"""

from __future__ import annotations

import re
import time

from agent.sessions.cli_line import Line
from agent.sessions.cli_text import last_line, pager_in, played
from collectors.dialect import Dialect
from collectors.silence import Kind, Phase, Unanswered

__all__ = ["find_prompt", "hear"]

_QUIET = 0.15
_NUDGE = 2.0
_NUDGES = 2
_SAID = 120
# After these it helps to know what the device has said last.
_SPOKEN = frozenset({Kind.TIMED_OUT, Kind.REFUSED, Kind.CUT_OFF})
_ASKS_PASSWORD = re.compile(
    r"(?:.{0,60}\b)?(?:password|passcode|passwort|secret)\b.{0,40}[:>]", re.IGNORECASE
)
_ASKS_NAME = re.compile(r"(?:user ?name|login|user)\s*:", re.IGNORECASE)
# What stands before the first prompt, and the answer that changes nothing.
_ANSWERS = (
    (
        re.compile(r".*(?:press any key|press y or enter|press \"?enter\"?|to continue)\b.*", re.IGNORECASE),
        "\n",
    ),
    (re.compile(r".*change now\??\s*\[y/n\]\s*:?", re.IGNORECASE), "N\n"),
    (re.compile(r".*do you want to see the software license\?.*", re.IGNORECASE), "n"),
    (re.compile(r".*remove this default configuration.*|.*new password>.*", re.IGNORECASE), "\x03"),
)


def find_prompt(line: Line, dialect: Dialect, enter: str, prompt: str = "") -> str:
    """Wait for the prompt, and be sure of it. Raises Unanswered: a line that asks for a password is no prompt.

    prompt: as it was before, when the device has shown one already.
    """
    heard: list[str] = []
    try:
        nudges = 0
        if prompt:
            line.write_channel(enter)
        while True:
            more = hear(line, _NUDGE, heard)
            last = last_line("".join(heard))
            if not more and nudges < _NUDGES:
                nudges += 1
                line.write_channel(enter)
            elif more and prompt and last == prompt:
                return prompt
            elif more and dialect.prompt.fullmatch(last):
                prompt = last
                heard.clear()
                line.write_channel(enter)
            elif more and (answer := _answer_to(last)):
                heard.clear()
                line.write_channel(answer.replace("\n", enter))
            elif more:
                _must_not_ask(last)
    except Unanswered as reason:
        if reason.kind not in _SPOKEN or not (last := _last_words("".join(heard))):
            raise
        detail = f"{reason.detail}; it says {last[:_SAID]!r}"
        raise Unanswered(reason.kind, detail, phase=reason.phase) from None


def _last_words(said: str) -> str:
    return next((line.strip() for line in reversed(played(said)) if line.strip()), "")


def hear(line: Line, seconds: float, heard: list[str]) -> bool:
    """Take in what comes until nothing has come for a while; whether anything came. Raises Unanswered."""
    before, since = len(heard), time.monotonic()
    while time.monotonic() - since < seconds:
        if piece := line.read():
            heard.append(piece)
            since, seconds = time.monotonic(), min(seconds, _QUIET)
    return len(heard) > before


def _answer_to(last: str) -> str:
    if pager_in(last):
        return " "
    return next((answer for pattern, answer in _ANSWERS if pattern.fullmatch(last)), "")


def _must_not_ask(last: str) -> None:
    if _ASKS_PASSWORD.fullmatch(last) or _ASKS_NAME.fullmatch(last):
        detail = f"after the log-in the device asks for another one: {last[:_SAID]!r}"
        raise Unanswered(Kind.CREDENTIALS_REJECTED, detail, phase=Phase.LOGIN)
