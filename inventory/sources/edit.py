"""Where in a contract's text stands what changes? Finds the places by a YAML reader's marks, and edits those.

Only the layout that people use is edited: hosts in a block list, one below the other. Anything else raises
CannotEditError, and whoever asked writes the contract anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from inventory.contract import Host
from inventory.sources.proposal import Added, Changed, Proposal
from inventory.sources.render import quoted, written_host, written_list

__all__ = ["CannotEditError", "edited"]

_COMMENT = re.compile(r"([ \t]*)#")


class CannotEditError(Exception):
    """The text is laid out so that a place cannot be changed for itself."""


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    new: str


def edited(text: str, proposal: Proposal) -> tuple[str, bool]:
    """The text with the proposal in it, and whether comments were lost. Raises CannotEditError."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    editor = _Editor(text.removeprefix(mark), proposal)
    return mark + editor.apply(), editor.comments_lost


class _Editor:
    def __init__(self, text: str, proposal: Proposal) -> None:
        # Every last line has an end, so that each place has a line after it.
        self._end = "\r\n" if "\r\n" in text else "\n"
        self._text = text if text.endswith("\n") else text + self._end
        self._proposal = proposal
        self.comments_lost = False

    def apply(self) -> str:
        top = yaml.compose(self._text, Loader=yaml.CSafeLoader)
        if not isinstance(top, yaml.MappingNode):
            raise CannotEditError("no mapping")
        pieces: list[str] = []
        place = 0
        for edit in sorted(self._edits(top), key=lambda edit: (edit.start, edit.end)):
            pieces += (self._text[place : edit.start], edit.new)
            place = edit.end
        return "".join((*pieces, self._text[place:]))

    def _edits(self, top: yaml.MappingNode) -> Iterator[_Edit]:
        _, revision = _entry(top, "revision")
        yield _Edit(revision.start_mark.index, revision.end_mark.index, str(self._proposal.after.revision))
        _, hosts = _entry(top, "hosts")
        if not isinstance(hosts, yaml.SequenceNode) or hosts.flow_style:
            raise CannotEditError("hosts are not one below the other")
        nodes = {_entry(node, "id")[1].value: node for node in hosts.value}
        for changed in self._proposal.changed:
            yield from self._changed(nodes[changed.host.id], changed)
        for removed in self._proposal.removed:
            yield self._removed(nodes[removed.host.id])
        if self._proposal.added:
            yield self._added(hosts, self._proposal.added)

    # --- One host changed.

    def _changed(self, node: yaml.MappingNode, changed: Changed) -> Iterator[_Edit]:
        new = _values(changed.host)
        for key, old in _values(changed.before).items():
            if new[key] != old:
                yield self._set(node, key, new[key], after="site")
        before, after = changed.before.ssh, changed.host.ssh
        if before is not None and after is not None and before.port != after.port:
            yield self._set(_entry(node, "ssh")[1], "port", str(after.port), after="user")

    def _set(self, node: yaml.Node, key: str, value: str, *, after: str) -> _Edit:
        """Change a value, or write a key that is not there yet after another one."""
        if not isinstance(node, yaml.MappingNode):
            raise CannotEditError("no mapping")
        if any(name.value == key for name, _ in node.value):
            name, old = _entry(node, key)
            if not isinstance(old, yaml.CollectionNode) or old.flow_style:
                start, end = old.start_mark.index, old.end_mark.index
                self._note_comments(start, end)
                return _Edit(start, end, value)
            start, end = name.end_mark.index, self._content_end(old)
            self._note_comments(start, end)
            return _Edit(start, end, f": {value}")
        name, last = _entry(node, after)
        if node.flow_style:
            return _Edit(last.end_mark.index, last.end_mark.index, f", {key}: {value}")
        place = self._line_after(self._content_end(last))
        line = " " * name.start_mark.column + f"{key}: {value}{self._end}"
        return _Edit(place, place, line)

    def _note_comments(self, start: int, end: int) -> None:
        if re.search(r"(^|\s)#", self._text[start:end]):
            self.comments_lost = True

    # --- Whole hosts.

    def _added(self, hosts: yaml.SequenceNode, added: tuple[Added, ...]) -> _Edit:
        first, last = hosts.value[0], hosts.value[-1]
        dash = hosts.start_mark.column
        inner = max(dash + 2, first.start_mark.column) if not first.flow_style else dash + 2
        place = self._past(self._content_end(last), dash)
        blank = len(hosts.value) > 1 and self._blank_before(last)
        lines: list[str] = []
        for one in added:
            if blank:
                lines.append("")
            head, *rest = written_host(one.host, one.port, one.user)
            lines.append(" " * dash + "-" + " " * (inner - dash - 1) + head)
            lines += (" " * inner + line for line in rest)
        return _Edit(place, place, "".join(line + self._end for line in lines))

    def _removed(self, node: yaml.MappingNode) -> _Edit:
        start = self._text.rfind("\n", 0, node.start_mark.index) + 1
        before = self._text[start : node.start_mark.index]
        if before.strip() != "-":
            raise CannotEditError("the host does not begin on a line of its own")
        end = self._past(self._content_end(node), before.index("-"))
        # One of the empty lines around it goes with it.
        if self._empty_line(end) and self._blank_before(node):
            end = self._line_after(end)
        return _Edit(start, end, "")

    # --- Lines.

    def _content_end(self, node: yaml.Node) -> int:
        """Where the last sign of a value stands: what follows a block may be comments of the next one."""
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(node, yaml.MappingNode) else last
        end = node.end_mark.index
        while end and self._text[end - 1].isspace():
            end -= 1
        return int(end)

    def _line_after(self, place: int) -> int:
        return self._text.index("\n", place) + 1

    def _past(self, place: int, column: int) -> int:
        """The line after a value and those comments below it that are indented as belonging to it."""
        place = self._line_after(place)
        while (found := _COMMENT.match(self._text, place)) and len(found[1]) > column:
            place = self._line_after(place)
        return place

    def _empty_line(self, place: int) -> bool:
        return place < len(self._text) and not self._text[place : self._line_after(place)].strip()

    def _blank_before(self, node: yaml.Node) -> bool:
        line = self._text.rfind("\n", 0, node.start_mark.index)
        above = self._text.rfind("\n", 0, line) + 1 if line > 0 else 0
        return line > 0 and self._empty_line(above)


def _entry(node: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node]:
    """The key and the value in a mapping."""
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key:
            return name, value
    raise CannotEditError(f"no {key}")


def _values(host: Host) -> Mapping[str, str]:
    """What of a host may change, as it is written."""
    return {
        "name": quoted(host.name),
        "addresses": written_list(host.addresses),
        "site": quoted(host.site),
        "environment": host.environment.value,
        "roles": written_list(host.roles),
        "platform": quoted(host.platform),
    }
