"""Is this page well formed? A strict reading of it: balanced, ids unique, anchors that lead somewhere."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Reading", "read"]

_VOID = frozenset({"meta", "br", "link", "img", "input", "hr", "rect"})


class Reading(HTMLParser):
    """What a page holds. faults: everything that is not as it should be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.labelled: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.headings: list[int] = []
        self.texts: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name == "aria-labelledby":
                self.labelled.append(value or "")
            if name == "href":
                self.targets.append(value or "")
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)


def read(page: str) -> Reading:
    reading = Reading()
    reading.feed(page)
    reading.close()
    reading.faults += [f"<{tag}> stays open" for tag in reading.open]
    reading.faults += [f"id {id_} twice" for id_ in {i for i in reading.ids if reading.ids.count(i) > 1}]
    reading.faults += [
        f"{t} leads nowhere" for t in reading.targets if t[:1] != "#" or t[1:] not in reading.ids
    ]
    reading.faults += [f"label {name} is missing" for name in reading.labelled if name not in reading.ids]
    steps = zip(reading.headings, reading.headings[1:], strict=False)
    reading.faults += [f"h{a} is followed by h{b}" for a, b in steps if b > a + 1]
    return reading
