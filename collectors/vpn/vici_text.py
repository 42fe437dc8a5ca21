"""What does strongSwan's daemon say, as `swanctl --pretty` prints it? (swanctl(8); the messages: vici's README.md)

One key, list or section a line. What does not close what it opens, or lacks the reply at its end, is cut off and no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors.vpn.rights import unparsable

__all__ = ["Section", "events_of"]

_OPENS = re.compile(r"(?P<name>.*\S)? ?\{")
_LIST = re.compile(r"(?P<name>\S+) = \[(?P<empty>\])?")
_VALUE = re.compile(r"(?P<name>[^\s=]+) = (?P<value>.*)")
_MOST = 50_000


@dataclass(frozen=True, slots=True)
class Section:
    """values: by key. lists: by key. parts: sections in it, in order, by name; a name may come twice."""

    values: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    parts: tuple[tuple[str, Section], ...]

    def part(self, name: str) -> Section:
        """The section of that name; an empty one where there is none."""
        return next((one for key, one in self.parts if key == name), Section({}, {}, ()))

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def number(self, name: str) -> int:
        """A count; 0 where it is not there. Raises Unanswered for what is no number."""
        text = self.values.get(name, "0")
        if not re.fullmatch(r"[0-9]{1,20}", text):
            raise unparsable(f"'{name}' of strongSwan is no number", text)
        return int(text)


def events_of(text: str, *, event: str, reply: str) -> tuple[tuple[Section, ...], Section]:
    """Give all events of a kind, in order, and the reply that ends them. Raises Unanswered.

    event: as 'list-sa'; reply: as 'list-sas'.
    """
    lines = text.split("\n")
    if len(lines) > _MOST:
        raise unparsable(f"swanctl printed more than {_MOST} lines")
    reader = iter(lines)
    found: list[Section] = []
    ended: Section | None = None
    for line in reader:
        if not line.strip():
            continue
        match = _OPENS.fullmatch(line)
        name = (match["name"] or "") if match else ""
        if ended is not None or name not in {f"{event} event", f"{reply} reply"}:
            raise unparsable("swanctl printed something else than it was asked for", line)
        section = _section(reader, depth=0)
        if name.endswith(" reply"):
            ended = section
        else:
            found.append(section)
    if ended is None:
        raise unparsable("what swanctl printed is cut off")
    if ended.text("success") == "no":
        raise unparsable("strongSwan does not answer", ended.text("errmsg"))
    return tuple(found), ended


def _section(lines: Iterator[str], *, depth: int) -> Section:
    if depth > 8:
        raise unparsable("what swanctl printed is nested too deep")
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    parts: list[tuple[str, Section]] = []
    for line in lines:
        said = line.strip()
        if said == "}":
            return Section(values, lists, tuple(parts))
        if match := _LIST.fullmatch(said):
            lists[match["name"]] = () if match["empty"] else tuple(_items(lines))
        elif match := _VALUE.fullmatch(said):
            values[match["name"]] = match["value"]
        elif match := _OPENS.fullmatch(said):
            parts.append((match["name"] or "", _section(lines, depth=depth + 1)))
        elif said.endswith(" ="):
            values[said.removesuffix(" =")] = ""
        elif said:
            raise unparsable("this is no line of swanctl's", said)
    raise unparsable("what swanctl printed is cut off")


def _items(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        said = line.strip()
        if said == "]":
            return
        yield said
    raise unparsable("what swanctl printed is cut off")
