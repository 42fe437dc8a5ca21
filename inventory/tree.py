"""What does the YAML text say, and on which line? Plain data, or every reason why it is not plain.

YAML can do far more than a contract needs, and two programs may read the same file in two ways. What is
ambiguous (`no`, `07:00`, `1.10`, octal numbers) or a device (anchors, tags, merge keys) is a mistake with
its line, never a guess. Without aliases the work is bounded by the length of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from inventory.word import plain

__all__ = ["DEEPEST", "Flaw", "Path", "Tree", "parse"]

Path = tuple[str | int, ...]
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong at a path of the data; line counts from 1, or is 0 where the path must tell it."""

    path: Path
    problem: str
    instead: str
    line: int = 0


@dataclass(slots=True)
class Tree:
    """The data of one document (`None` when there is none), its flaws, and its lines where they were noted.

    lines: of each mapping and list in the data, by its `id`, the line of each key or item.
    """

    data: Any = None
    flaws: list[Flaw] = field(default_factory=list)
    lines: dict[int, dict[str | int, int]] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a key or item, or of the nearest thing around it."""
        line, inside = 1, self.data
        for step in path:
            noted = self.lines.get(id(inside), {})
            if step not in noted:
                break
            line, inside = noted[step], inside[step]
        return line


def parse(text: str, *, lines: bool = False) -> Tree:
    """Read one YAML document without constructing anything but dict, list, str, int, bool and None.

    lines: also note the line of every key and item (slower: only asked for when something is wrong).
    """
    reader = _Reader(text, lines=lines)
    try:
        reader.read()
    except _EndHereError:
        reader.tree.data = None
    except yaml.MarkedYAMLError as error:
        reader.tree.flaws.append(_syntax(error, text))
        reader.tree.data = None
    finally:
        reader.loader.dispose()
    return reader.tree


class _EndHereError(Exception):
    """Nothing that comes after this flaw would make sense."""


# The way to a value: the way to what holds it, and its key or number there; None at the top.
_Way = tuple[Any, str | int] | None


def _path(way: _Way) -> Path:
    steps: list[str | int] = []
    while way:
        way, step = way
        steps.append(step)
    return tuple(reversed(steps))


class _Reader:
    """Builds the tree from events; a flaw stops it only where nothing after it would make sense."""

    def __init__(self, text: str, *, lines: bool) -> None:
        self.tree = Tree()
        self.loader = yaml.CSafeLoader(text)
        self._next: Callable[[], Any] = self.loader.get_event
        self._noting = lines
        # The same words come again and again in a contract: each is looked at, and kept in memory, once.
        self._plain = lru_cache(maxsize=8192)(plain)
        self._names: dict[str, str] = {}

    def read(self) -> None:
        """Take the whole stream, which must be one document."""
        documents = 0
        for event in iter(self._next, None):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                self._document(event, documents)
            elif isinstance(event, NodeEvent):
                self.tree.data = self._value(event, None, 0)

    def _document(self, event: DocumentStartEvent, number: int) -> None:
        if event.tags or event.version:
            self._flaw(event, (), "the file begins with a YAML directive (%)", "remove the line")
        if number > 1:
            what = "a second document begins here"
            self._flaw(event, (), what, "write one contract a file, without '---' inside")
            raise _EndHereError

    def _value(self, event: Any, way: _Way, depth: int) -> Any:  # noqa: ANN401 - plain data of any kind.
        """What an event begins: a scalar, a mapping or a list."""
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event, _path(way))
        if event.anchor or event.tag:
            self._refuse_devices(event, _path(way))
        if kind is ScalarEvent:
            if not event.implicit[0]:
                return event.value
            value, wrong = self._plain(event.value)
            if wrong:
                self._flaw(event, _path(way), *wrong)
            return value
        if depth >= DEEPEST:
            what = f"the text is nested more than {DEEPEST} deep"
            self._flaw(event, _path(way), what, "write it as in the example")
            raise _EndHereError
        return (self._mapping if kind is MappingStartEvent else self._list)(way, depth + 1)

    def _mapping(self, way: _Way, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        take, noted = self._next, self._note(found)
        while type(event := take()) is not MappingEndEvent:
            name = self._key(event, way, found)
            if name is None:
                self._skip(event, way, depth)
                continue
            if noted is not None:
                noted.setdefault(name, _line(event))
            # Of a key that is written twice the first stays: the file is refused anyway.
            found.setdefault(name, self._value(take(), (way, name), depth))
        return found

    def _list(self, way: _Way, depth: int) -> list[Any]:
        found: list[Any] = []
        take, noted = self._next, self._note(found)
        while type(event := take()) is not SequenceEndEvent:
            if noted is not None:
                noted[len(found)] = _line(event)
            found.append(self._value(event, (way, len(found)), depth))
        return found

    def _note(self, found: dict[str, Any] | list[Any]) -> dict[str | int, int] | None:
        """Where to note the lines of a mapping or list, if they are asked for."""
        if not self._noting:
            return None
        noted = self.tree.lines[id(found)] = {}
        return noted

    def _key(self, event: Any, way: _Way, found: dict[str, Any]) -> str | None:  # noqa: ANN401
        """The name that a key is, or None for what can be no key."""
        if type(event) is not ScalarEvent:
            return None
        name: str = event.value
        if event.anchor or event.tag:
            self._refuse_devices(event, _path((way, name)))
        if event.implicit[0] and self._plain(name) != (name, None):
            self._no_word(event, name, _path((way, name)))
        elif name in found:
            what = f"the key '{name}' is written twice here"
            self._flaw(event, _path((way, name)), what, "write it once")
        return self._names.setdefault(name, name)

    def _skip(self, event: Any, way: _Way, depth: int) -> None:  # noqa: ANN401
        """Pass over what stands where a key is expected, and its value: the rest can still be read."""
        if not isinstance(event, AliasEvent):
            what = "a list or mapping stands where a key is expected"
            self._flaw(event, _path(way), what, "write a plain word as the key")
        self._value(event, way, depth)
        self._value(self._next(), way, depth)

    def _no_word(self, event: ScalarEvent, name: str, path: Path) -> None:
        if name == "<<":
            self._flaw(event, path, "'<<' merges another mapping in", "write the keys themselves")
        else:
            what = f"the key `{name}` is no word to every reader"
            self._flaw(event, path, what, f"write '{name}' in quotes")

    def _alias(self, event: AliasEvent, path: Path) -> None:
        what = f"'*{event.anchor}' is an alias"
        self._flaw(event, path, what, "write the text itself, as often as it is needed")

    def _refuse_devices(self, event: Any, path: Path) -> None:  # noqa: ANN401
        if event.anchor:
            what = f"'&{event.anchor}' is an anchor"
            self._flaw(event, path, what, "write the text itself, as often as it is needed")
        if event.tag:
            self._flaw(event, path, f"'{event.tag}' is a tag", "write the plain value, without '!'")

    def _flaw(self, event: Event, path: Path, problem: str, instead: str) -> None:
        self.tree.flaws.append(Flaw(path, problem, instead, _line(event)))


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


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
