r"""What did the device show? The text of a terminal, without echo, pages, escapes, prompt and log lines. Nothing here does I/O.

A terminal of one line at a time is played: `\r`, `\b` and the escapes that move within a line (ECMA-48: CUB, CUF, CHA,
CUP, EL, NEL, IL) write over what stands there, as on a screen, so what a pager or a redrawn prompt took away is gone here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collectors.dialect import Dialect
from collectors.silence import Kind

__all__ = ["Told", "complaint", "last_line", "pager_in", "played", "told_by"]

_WIDEST = 4096
_TOKENS = re.compile(
    r"(?P<csi>\x1b\[(?P<args>[0-?]*)[ -/]*(?P<end>[@-~]))"
    r"|(?P<osc>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<esc>\x1b(?:[ -/][0-~]|[0-Z\\^-~])?)"
    r"|(?P<newline>\n)|(?P<control>[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\r])"
    r"|(?P<text>[^\x00-\x08\x0a-\x1f\x7f]+)"
)
# How devices ask for a key in the middle of an answer (sources: see `collectors.dialect`).
_PAGER = re.compile(
    r"<?-{2,4} ?\(?more[^\n]{0,20}\)? ?-{2,4}>?"
    r"|-- MORE --, next page: Space, next line: Enter, quit: Control-C"
    r"|-- \[Q quit[^\n]{0,60}\]"
    r"|\(?Press any key to continue[^\n]{0,40}",
    re.IGNORECASE,
)
# What Junos writes before a prompt when it has two routing engines, or is a chassis of switches.
_ENGINE = re.compile(r"\{(?:master|backup|linecard|primary|secondary|line)(?::\w+)?\}(?:\[edit\])?")
_CARET = re.compile(r"\s*\^\s*")
_FIRST_LINES = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says. aside: log lines that came between, and are none of it.

    is_echoed: whether the command was repeated before it; else it may be somebody else's answer.
    """

    text: str
    aside: str = ""
    is_echoed: bool = True


def played(raw: str) -> list[str]:
    r"""The lines that a terminal would show in the end, without blanks at their ends.

    >>> played("sh\bhow ver\r\nIOS\r\n --More-- \b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\bend")
    ['show ver', 'IOS', 'end']
    >>> played("\x1b[24;1H\x1b[2Ksw1# \x1b[1;32mup\x1b[0m")
    ['sw1# up']
    """
    screen = _Screen()
    for token in _TOKENS.finditer(raw):
        screen.take(token)
    return screen.lines()


class _Screen:
    """The line that is being written, and those above it."""

    def __init__(self) -> None:
        self._above: list[str] = []
        self._line: list[str] = []
        self._at = 0

    def lines(self) -> list[str]:
        return [*self._above, "".join(self._line).rstrip()]

    def take(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "text":
                self._write(token["text"])
            case "newline":
                self._feed()
            case "control":
                self._control(token["control"])
            case "esc" if token["esc"] == "\x1bE":
                self._feed()
            case _ if token["csi"]:
                self._move(token["end"], token["args"])
            case _:
                pass

    def _write(self, text: str) -> None:
        if self._at > len(self._line):
            self._line.extend(" " * (self._at - len(self._line)))
        self._line[self._at : self._at + len(text)] = text
        self._at += len(text)

    def _feed(self) -> None:
        self._above.append("".join(self._line).rstrip())
        self._line, self._at = [], 0

    def _control(self, sign: str) -> None:
        if sign == "\r":
            self._at = 0
        elif sign == "\b":
            self._at = max(0, self._at - 1)

    def _move(self, end: str, args: str) -> None:
        numbers = [int(one[:6]) for one in args.split(";") if one.isdecimal()]
        first = numbers[0] if numbers else 0
        match end:
            case "D":
                self._at = max(0, self._at - max(1, first))
            case "C":
                self._at = min(_WIDEST, self._at + max(1, first))
            case "G":
                self._at = min(_WIDEST, max(1, first) - 1)
            case "H" | "f":
                self._at = min(_WIDEST, max(1, numbers[1]) - 1) if len(numbers) > 1 else 0
            case "E":
                self._feed()
            case "K":
                self._erase(first)
            case "J" if first in {0, 2}:
                self._erase(first)
            case "L":
                # A new line at the bottom of the screen: so AOS-S goes on from the line of the command.
                self._feed()
            case _:
                pass

    def _erase(self, what: int) -> None:
        if what == 0:
            del self._line[self._at :]
        elif what == 1:
            upto = min(self._at + 1, len(self._line))
            self._line[:upto] = " " * upto
        else:
            self._line.clear()


def last_line(raw: str) -> str:
    """The line that stands last on the terminal now, perhaps half of one."""
    return played(raw[raw.rfind("\n") + 1 :])[-1].strip()


def pager_in(line: str) -> bool:
    """Say whether a last line is a pager's, and nothing else."""
    return bool(_PAGER.fullmatch(line.strip()))


def told_by(raw: str, command: str, prompt: str, dialect: Dialect, *, before: str = "") -> Told:
    """Cut the answer out of what came between the command and the prompt behind it. before: what came unasked."""
    lines = [line for line in played(raw) if not pager_in(line)]
    aside: list[str] = []
    if (log := dialect.syslog) is not None:
        aside = [line for line in played(before) if log.match(line)]
        if not _asks_for_the_log(command):
            aside += [line for line in lines if log.match(line)]
            lines = [line for line in lines if not log.match(line)]
    rest = _after_echo(lines, command, prompt)
    text = _trimmed(_without_prompt(lines if rest is None else rest, prompt))
    return Told(
        "".join(f"{line}\n" for line in text), "".join(f"{line}\n" for line in aside), rest is not None
    )


def complaint(text: str, dialect: Dialect) -> tuple[Kind, str] | None:
    """What an answer is that is none: the device's own words, and what they mean; None for an answer."""
    said = [line.strip() for line in text.splitlines() if line.strip() and not _CARET.fullmatch(line)]
    for line in said[:_FIRST_LINES]:
        for pattern, kind in dialect.errors:
            if pattern.match(line):
                return kind, line[:200]
    return None


def _asks_for_the_log(command: str) -> bool:
    return any(word.startswith("log") for word in command.replace("/", " ").split())


def _after_echo(lines: Sequence[str], command: str, prompt: str) -> list[str] | None:
    """What comes after the line that repeats the command, perhaps broken into several; None when there is none.

    Some devices paint it twice, the second time behind the prompt.
    """
    wanted = "".join(command.split())
    echoes = {wanted, "".join(prompt.split()) + wanted}
    for start in range(min(len(lines), _FIRST_LINES)):
        joined = ""
        for end in range(start, min(len(lines), start + _FIRST_LINES)):
            joined += "".join(lines[end].split())
            if joined in echoes:
                rest = list(lines[end + 1 :])
                while rest and "".join(rest[0].split()) in echoes:
                    rest.pop(0)
                return rest
    return None


def _without_prompt(lines: Sequence[str], prompt: str) -> list[str]:
    """Without the prompt that ends the answer, wherever a log line has moved it."""
    rest = list(lines)
    for place in range(len(rest) - 1, -1, -1):
        if rest[place].strip() == prompt:
            del rest[place]
            if place and _ENGINE.fullmatch(rest[place - 1].strip()):
                del rest[place - 1]
            break
    return rest


def _trimmed(lines: Iterable[str]) -> list[str]:
    """Without empty lines before and behind."""
    kept = list(lines)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
