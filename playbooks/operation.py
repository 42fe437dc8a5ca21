"""What can be done to a host? A closed set of operations, each plain data: no shell, no template, nothing computed there.

A plan holds them as they are approved, and the agent carries out these very values. Whoever adds a kind adds its
place in `agent.hands`, which does them, and in `tests.playbooks.model`, which does them to a modelled host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Attributes", "Command", "Configure", "Operation", "Write"]

# Whatever reads a program text, or passes its arguments on to be read as one, is no operation: it is a way around all rules.
_READS_PROGRAMS = re.compile(
    r"(?:ba|da|z|k|c|tc|fi)?sh|busybox|env|sudo|su|doas|eval|exec|xargs|nohup|setsid|perl|ruby|lua|awk|[gm]awk|sed|python[\d.]*"
)
_PROGRAM = re.compile(r"(?:/[A-Za-z0-9._/-]+/)?[a-z][A-Za-z0-9._-]{0,60}")
_PATH = re.compile(r"/(?:[A-Za-z0-9._@+-]+/)*[A-Za-z0-9._@+-]+")
_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program with its arguments; it counts as done when its exit status is among `codes`.

    stdin: what it reads, in UTF-8. seconds: how long it may take. Raises ValueError for what is no such command.

    >>> Command(argv=("systemctl", "restart", "--", "cron.service")).argv[0]
    'systemctl'
    >>> Command(argv=("sh", "-c", "reboot"))
    Traceback (most recent call last):
    ...
    ValueError: 'sh' reads programs: name the program itself
    """

    kind: Literal["command"] = "command"
    argv: tuple[str, ...]
    stdin: str = ""
    codes: tuple[int, ...] = (0,)
    seconds: float = 30.0

    def __post_init__(self) -> None:
        program = self.argv[0] if self.argv else ""
        if not _PROGRAM.fullmatch(program) or ".." in program:
            raise ValueError(f"{program!r} is no program's name")
        if _READS_PROGRAMS.fullmatch(program.rpartition("/")[2]):
            raise ValueError(f"{program!r} reads programs: name the program itself")
        for word in (*self.argv, self.stdin.replace("\n", "")):
            if any(sign < " " and sign != "\t" for sign in word) or "\x7f" in word:
                raise ValueError(f"a control character in {word[:40]!r}")
        if sum(map(len, (*self.argv, self.stdin))) > _MOST:
            raise ValueError(f"a command of more than {_MOST} signs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A text file gets this content, whole or not at all (a new file takes its place); None: it is removed.

    mode: of its permissions; the owner stays, and is the change account's for a new file. An undo gives back what
    the plan's reading has seen, byte for byte. Raises ValueError for a path that is not absolute and plain.
    """

    kind: Literal["write"] = "write"
    path: str
    content: str | None
    mode: int = 0o644

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path) or "/../" in self.path or self.path.endswith(("/..", "/.")):
            raise ValueError(f"{self.path!r} is no plain absolute path")
        if not 0 <= self.mode <= 0o777:
            raise ValueError(f"{self.mode:o} is no mode of a file of ours")
        if self.content is not None and len(self.content) > _MOST:
            raise ValueError(f"a file of more than {_MOST} signs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """An entry of a directory gets these values for these attributes (RFC 4511, section 4.6); none removes it.

    All of one operation or nothing. Values are text as the directory takes it (LDAP string forms).
    """

    kind: Literal["attributes"] = "attributes"
    entry: str
    values: tuple[tuple[str, tuple[str, ...]], ...]

    def __post_init__(self) -> None:
        if not self.entry or not self.values:
            raise ValueError("a change of an entry names it, and at least one attribute")
        for name, _ in self.values:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,80}", name):
                raise ValueError(f"{name!r} is no attribute's name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """A network device takes these lines in its configuration mode, one after the other; the first refusal ends it."""

    kind: Literal["configure"] = "configure"
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError("no lines to configure")
        for line in self.lines:
            if not line.strip() or not line.isprintable():
                raise ValueError(f"{line!r} is no line of a configuration")


Operation = Command | Write | Attributes | Configure
