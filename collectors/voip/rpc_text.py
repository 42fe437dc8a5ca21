"""How is what kamcmd prints read? Structures in braces, one value a line (kamcmd(8), 'formatted output')."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.voip.ask import unparsable

__all__ = ["Node", "read"]

_DEEPEST = 20


@dataclass(slots=True)
class Node:
    """values: of each name the first value; parts: the structures below, in order, with their names."""

    values: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, Node]] = field(default_factory=list)

    def every(self, name: str) -> Iterator[Node]:
        """All structures of this name, however deep."""
        for own, part in self.parts:
            if own == name:
                yield part
            yield from part.every(name)


def read(text: str) -> tuple[Node, ...]:
    r"""Read the structures that stand beside each other. Raises Unanswered (`unparsable`).

    >>> [one.values for one in read("{\n\tIDX: 0\n}\n{\n\tIDX: 1\n}\n")]
    [{'IDX': '0'}, {'IDX': '1'}]
    """
    top = Node()
    open_ones = [top]
    for raw in text.splitlines():
        line = raw.strip()
        if line == "}":
            if len(open_ones) == 1:
                raise unparsable("a structure ends that never began", raw)
            open_ones.pop()
        elif line == "{" or line.endswith(": {"):
            part = Node()
            open_ones[-1].parts.append((line[:-3] if line != "{" else "", part))
            open_ones.append(part)
            if len(open_ones) > _DEEPEST:
                raise unparsable("the answer is nested too deep", raw)
        elif line:
            name, colon, value = line.partition(":")
            if not colon or len(open_ones) == 1:
                raise unparsable("this is no structure", raw)
            open_ones[-1].values.setdefault(name.strip(), value.strip())
    if len(open_ones) != 1:
        raise unparsable("the answer does not come to its end", text[-120:])
    return tuple(part for _, part in top.parts)
