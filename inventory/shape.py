"""Of which shape is one item of a contract, and which of its words is which value?

A shape is learned from the YAML reader: it is given one item, with stand-ins for its words, and says what becomes
of each. An item of that shape is read by putting its own words there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from inventory.tree import parse
from inventory.word import plain

__all__ = ["STRANGE", "Shapes"]

# What is given for an item that cannot be told by its shape.
STRANGE: Final = object()

# So many shapes of about one size are tried; what is of yet another is read by the YAML reader.
_MOST = 8

# Items with more words are not many, and learning their shape takes long.
_LONGEST = 200

# Signs that mean nothing to YAML in a word without quotes; a ':' or a space only with a letter or digit after it.
_RUN = "[A-Za-z0-9À-ɏ][A-Za-z0-9À-ɏ_./+=@-]*"
_BARE = rf"{_RUN}(?:[: ]{_RUN})*"
_DOUBLE = r"[ !#-\[\]-~À-ɏ]*"
_SINGLE = r"[ -&(-~À-ɏ]*"
_COMMENT = r"#[ -~À-ɏ]*"
_WORD = re.compile(
    rf"\"(?P<double>{_DOUBLE})\"|'(?P<single>{_SINGLE})'|(?<=[ \[])(?P<bare>(?>{_BARE}))(?!:)"
    rf"|(?<=[ \n])(?P<comment>{_COMMENT})"
)
_SLOT = {"double": f'"({_DOUBLE})"', "single": f"'({_SINGLE})'", "bare": f"({_BARE})", "comment": _COMMENT}
_QUOTE = {"double": '"', "single": "'", "bare": ""}
# What may stand around the words: keys, and the signs of lists and mappings.
_AROUND = re.compile(r"(?:[A-Za-z0-9_.:\-,\[\]{} ]|\r?\n)*")


@dataclass(frozen=True, slots=True)
class _Shape:
    """pattern: its text, with a group for each word. form: its data, with the words' numbers instead of them."""

    pattern: re.Pattern[str]
    form: Any
    bare: tuple[int, ...]


@dataclass(slots=True)
class Shapes:
    """The shapes that have been learned, sorted so that few have to be tried.

    indent: what stands before each '- '. mark: begins a stand-in, and stands nowhere in the text.
    """

    indent: str
    mark: str
    often: int
    known: dict[tuple[int, int], list[_Shape]] = field(default_factory=dict)
    seen: Counter[int] = field(default_factory=Counter)
    plain: Callable[[str], tuple[Any, Any]] = field(default_factory=lambda: lru_cache(maxsize=8192)(plain))

    def read(self, piece: str) -> Any:  # noqa: ANN401 - plain data of any kind.
        """The data of one item, or STRANGE if it is of no shape that is known."""
        near = self.known.setdefault((piece.count("\n"), piece.count(",")), [])
        for number, shape in enumerate(near):
            if found := shape.pattern.fullmatch(piece):
                if number:
                    near.insert(0, near.pop(number))
                return self._values(shape, found)
        learned = self._learn(piece)
        if learned is None:
            return STRANGE
        near.insert(0, learned)
        del near[_MOST:]
        return self._values(learned, learned.pattern.fullmatch(piece))

    def _values(self, shape: _Shape, found: re.Match[str] | None) -> Any:  # noqa: ANN401
        if not found:
            return STRANGE
        words: list[Any] = list(found.groups())
        for number in shape.bare:
            words[number], wrong = self.plain(words[number])
            if wrong:
                return STRANGE
        return _filled(shape.form, words)

    def _learn(self, piece: str) -> _Shape | None:
        """The shape of a piece, once it has been seen often and if it is plain enough."""
        outline = hash(_WORD.sub(_blank, piece))
        self.seen[outline] += 1
        if self.seen[outline] % self.often:
            return None
        sample, pattern, kinds, after = "", "", list[str](), 0
        for word in _WORD.finditer(piece):
            kind = str(word.lastgroup)
            around = piece[after : word.start()]
            after = word.end()
            pattern += re.escape(around) + _SLOT[kind]
            if kind == "comment":
                sample += f"{around}#"
                continue
            sample += f"{around}{_QUOTE[kind]}{self._stand_in(len(kinds))}{_QUOTE[kind]}"
            kinds.append(kind)
        sample, pattern = sample + piece[after:], pattern + re.escape(piece[after:])
        if len(kinds) > _LONGEST or not (_AROUND.fullmatch(_WORD.sub("", piece)) and self._indented(sample)):
            return None
        form = self._form(sample, len(kinds))
        bare = tuple(number for number, kind in enumerate(kinds) if kind == "bare")
        return None if form is STRANGE else _Shape(re.compile(pattern), form, bare)

    def _stand_in(self, number: int) -> str:
        return f"{self.mark}{number}w"

    def _indented(self, sample: str) -> bool:
        """Whether all lines but the first are further right than the '-'."""
        _, *lines = sample.splitlines()
        return all(line.startswith(self.indent + "  ") or not line.strip() for line in lines)

    def _form(self, sample: str, words: int) -> Any:  # noqa: ANN401
        """What the YAML reader makes of the sample, if it takes each stand-in for one value."""
        tree = parse(f"x:\n{sample}")
        match tree.data:
            case {"x": [item], **others} if not (tree.flaws or others):
                numbers = {self._stand_in(number): number for number in range(words)}
                try:
                    form = _numbered(item, numbers)
                except KeyError:
                    return STRANGE
                return STRANGE if numbers else form
            case _:
                return STRANGE


def _blank(word: re.Match[str]) -> str:
    return f"<{word.lastgroup}>"


def _numbered(data: Any, numbers: dict[str, int]) -> Any:  # noqa: ANN401
    """Data with the number of each stand-in instead of it; it leaves `numbers`. KeyError: it is none, or again."""
    match data:
        case dict():
            return {key: _numbered(value, numbers) for key, value in data.items()}
        case list():
            return [_numbered(value, numbers) for value in data]
        case None:
            return None
        case _:
            return numbers.pop(data)


def _filled(form: Any, words: list[Any]) -> Any:  # noqa: ANN401
    """New data of a form."""
    kind = type(form)
    if kind is int:
        return words[form]
    if kind is dict:
        return {
            key: words[inner] if type(inner) is int else _filled(inner, words) for key, inner in form.items()
        }
    return [_filled(inner, words) for inner in form] if kind is list else None
