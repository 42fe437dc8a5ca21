"""What does the YAML text say, and on which line? Plain data, or every reason why it is not plain.

YAML can do far more than a contract needs, and two programs may read the same file in two ways. What is
ambiguous (`no`, `07:00`, `1.10`, octal numbers) or a device (anchors, tags, merge keys) is a mistake with
its line, never a guess. Without aliases the work is bounded by the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.resolver import Resolver

__all__ = ["DEEPEST", "Flaw", "Path", "Tree", "parse"]

Path = tuple[str | int, ...]
DEEPEST = 20

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Numbers to a reader of YAML 1.2, words to one of 1.1; and every time of day, also 07:00, as only those
# from 10:00 on are numbers and nobody can remember that.
_NUMBER_TO_OTHERS = re.compile(
    r"0o[0-7]+|[-+]?(?:[0-9]+|\.[0-9]+|[0-9]+\.[0-9]*)[eE][-+]?[0-9]+|[-+]?[0-9]+(?::[0-5]?[0-9])+"
)
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_TRUE = frozenset({"yes", "on"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong at a path of the data; line counts from 1, or is 0 where the path must tell it."""

    path: Path
    problem: str
    instead: str
    line: int = 0


@dataclass(slots=True)
class Tree:
    """The data of one document (`None` when there is none), its flaws, and the line of each path."""

    data: Any = None
    flaws: list[Flaw] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a key or item, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being read; `key` is the one whose value comes next."""

    value: Any
    step: str | int
    key: str | None = None


def parse(text: str, *, lines: bool = False) -> Tree:
    """Read one YAML document without constructing anything but dict, list, str, int, bool and None.

    lines: also note the line of every key and item (slower: only asked for when something is wrong).
    """
    reader = _Reader(lines=lines)
    try:
        for event in _events(text):
            if not reader.take(event):
                break
    except yaml.MarkedYAMLError as error:
        reader.tree.flaws.append(_syntax(error, text))
        reader.tree.data = None
    return reader.tree


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader(text)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


class _Reader:
    """Builds the tree, one event at a time."""

    def __init__(self, *, lines: bool) -> None:
        self.tree = Tree()
        self._noting = lines
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> bool:
        """Take one event; False when reading must stop here."""
        kind = type(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._stack.pop()
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event, {} if kind is yaml.MappingStartEvent else [])
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            return self._document(event)
        return True

    def _alias(self, event: yaml.AliasEvent) -> bool:
        where = self._path() if self._awaits_key() else self._here()
        problem, instead = f"'*{event.anchor}' is an alias", "write the text itself, as often as it is needed"
        self._flaw(event, problem, instead, at=where)
        if self._awaits_key():
            return False
        self._put(event, None)
        return True

    def _document(self, event: yaml.DocumentStartEvent) -> bool:
        self._documents += 1
        if event.tags or event.version:
            self._flaw(event, "the file begins with a YAML directive (%)", "remove the line")
        if self._documents > 1:
            self._flaw(
                event, "a second document begins here", "write one contract a file, without '---' inside"
            )
            self.tree.data = None
        return self._documents == 1

    def _begin(self, event: yaml.CollectionStartEvent, value: dict[str, Any] | list[Any]) -> bool:
        self._refuse_devices(event)
        if self._awaits_key():
            self._flaw(
                event,
                "a list or mapping stands where a key is expected",
                "write a plain word as the key",
                at=self._path(),
            )
            return False
        if len(self._stack) >= DEEPEST:
            self._flaw(event, f"the text is nested more than {DEEPEST} deep", "write it as in the example")
            self.tree.data = None
            return False
        step = self._put(event, value)
        self._stack.append(_Open(value, step))
        return True

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.anchor or event.tag:
            self._refuse_devices(event)
        plain = event.implicit[0]
        if self._awaits_key():
            self._key(event, plain=plain)
            return
        text: str = event.value
        value: Any = text
        if plain:
            value, wrong = _plain(text)
            if wrong:
                self._flaw(event, *wrong, at=self._here())
        self._put(event, value)

    def _key(self, event: yaml.ScalarEvent, *, plain: bool) -> None:
        top = self._stack[-1]
        name: str = event.value
        here = (*self._path(), name)
        if name == "<<" and plain:
            self._flaw(event, "'<<' merges another mapping in", "write the keys themselves", at=here)
        elif plain and _plain(name) != (name, None):
            self._flaw(
                event, f"the key `{name}` is no word to every reader", f"write '{name}' in quotes", at=here
            )
        elif name in top.value:
            self._flaw(event, f"the key '{name}' is written twice here", "write it once", at=here)
        top.key = name
        if self._noting:
            self.tree.lines.setdefault(here, _line(event))

    def _put(self, event: yaml.Event, value: object) -> str | int:
        """Enter a value where it belongs; gives the last step of its path."""
        if not self._stack:
            self.tree.data = value
            return ""
        top = self._stack[-1]
        if top.key is not None:
            step: str | int = top.key
            # Of a key that is written twice the first stays: the file is refused anyway.
            top.value.setdefault(step, value)
            top.key = None
            return step
        step = len(top.value)
        top.value.append(value)
        if self._noting:
            self.tree.lines[(*self._path(), step)] = _line(event)
        return step

    def _awaits_key(self) -> bool:
        if not self._stack:
            return False
        top = self._stack[-1]
        return top.key is None and type(top.value) is dict

    def _refuse_devices(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._flaw(
                event, f"'&{event.anchor}' is an anchor", "write the text itself, as often as it is needed"
            )
        if event.tag:
            self._flaw(event, f"'{event.tag}' is a tag", "write the plain value, without '!'")

    def _path(self) -> Path:
        return tuple(level.step for level in self._stack[1:])

    def _here(self) -> Path:
        """The path of the value that comes next."""
        if not self._stack:
            return ()
        top = self._stack[-1]
        return (*self._path(), len(top.value) if top.key is None else top.key)

    def _flaw(self, event: yaml.Event, problem: str, instead: str, *, at: Path | None = None) -> None:
        where = self._here() if at is None else at
        self.tree.flaws.append(Flaw(where, problem, instead, _line(event)))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(text: str) -> tuple[Any, tuple[str, str] | None]:
    """What a scalar without quotes stands for, and what is ambiguous about it.

    >>> _plain("web1"), _plain("22"), _plain("2026-01-01")
    (('web1', None), (22, None), ('2026-01-01', None))
    >>> _plain("07:00")[1]
    ('`07:00` without quotes is a number to some readers', "write '07:00' in quotes")
    """
    if text in _WORDS:
        return _WORDS[text], None
    tag = _tag(text)
    if not tag or (tag == "timestamp" and _DAY.fullmatch(text)):
        return text, None
    if tag == "int" and _INTEGER.fullmatch(text):
        return int(text), None
    if tag == "bool":
        meaning = "true" if text.lower() in _TRUE else "false"
        problem = f"`{text}` without quotes means {meaning} to some readers and the word '{text}' to others"
        return text, (problem, f"write true or false, or '{text}' in quotes if the word is meant")
    what = {"timestamp": "a time", "merge": "a merge key", "value": "a special key"}.get(tag, "a number")
    instead = f"write '{text}' in quotes"
    if what == "a number" and ":" not in text:
        instead += " if it is a text, or else a whole number in plain digits"
    return text, (f"`{text}` without quotes is {what} to some readers", instead)


def _tag(text: str) -> str:
    """The type that YAML 1.1 or 1.2 gives a plain scalar, '' for a string."""
    for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[0], ()):
        if pattern.match(text):
            return str(tag).rpartition(":")[2]
    return "float" if text[0] in "0123456789+-." and _NUMBER_TO_OTHERS.fullmatch(text) else ""


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Flaw:
    """A plain sentence for what stopped the YAML reader."""
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1 if mark else 1, max(1, len(text.splitlines())))
    problem = str(error.problem or "the text is not YAML")
    began = error.context_mark.line + 1 if error.context_mark else line
    since = f" (it began on line {began})" if began != line else ""
    if "cannot start any token" in problem and "\\t" in repr(text.splitlines()[line - 1 : line]):
        return Flaw((), "a tab stands where the text is indented", "indent with spaces", line)
    for sign, (what, instead) in _SYNTAX.items():
        if sign in f"{error.context}: {problem}":
            return Flaw((), f"{what}{since}", instead, line)
    return Flaw((), f"this is not YAML: {problem}{since}", "compare with `secondline contract example`", line)


_SYNTAX = {
    "quoted scalar": ("a quotation mark is never closed", "close it; the file may be cut off"),
    "flow sequence": ("a '[' is never closed, or a ',' is missing", "close it; the file may be cut off"),
    "flow mapping": ("a '{' is never closed, or a ',' is missing", "close it; the file may be cut off"),
    "did not find expected key": (
        "this line does not belong to the list or mapping above it",
        "check the indent",
    ),
    "expected '-' indicator": ("this line does not belong to the list above it", "check the indent"),
    "mapping values are not allowed": ("a ':' stands where none can", "check the indent, or quote the text"),
    "could not find expected ':'": ("a key without ':'", "write 'key: value'; the file may be cut off"),
    "undefined alias": ("'*' begins an alias", "quote the text if it begins with '*'"),
    "undefined tag": ("'!' begins a tag", "quote the text if it begins with '!'"),
    "scanning an alias": ("'*' begins an alias", "quote the text if it begins with '*'"),
    "scanning an anchor": ("'&' begins an anchor", "quote the text if it begins with '&'"),
    "cannot start any token": ("a sign stands where none can", "quote the text"),
}
