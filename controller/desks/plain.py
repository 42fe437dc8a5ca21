"""What does a message say that came as HTML? Its words, without the markup."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["plain"]

_BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "pre"}
_SILENT = {"script", "style", "head", "title"}


class _Words(HTMLParser):
    """Keeps the words of a page and drops the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0


def plain(html: str) -> str:
    """The words of a page.

    >>> plain("<p>Köln<br>VPN &amp; Telefon</p><script>x()</script>").split()
    ['Köln', 'VPN', '&', 'Telefon']
    """
    page = _Words()
    page.feed(html)
    page.close()
    return "".join(page.words)
