"""What exactly did a host answer? Each exchange as the page shows it: redacted, shortened, never run together."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from controller.reports.inert import clip
from controller.reports.model import Blobs, Evidence
from controller.reports.redact import Redactor, part_text
from controller.reports.words import Words
from inventory.contract import Redaction

__all__ = ["Exhibits", "Piece", "Shown"]

_SHOWN = 4_000
_SHOWN_IN_ALL = 1_500_000
_BEHIND = 400
# The rules under which nothing but secrets is taken out.
_ALL = Redaction(accounts=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """One raw piece of an exchange; `note` says what is missing.

    digest: '' where something was taken out: with all but an address known, the hash of the whole would tell it.
    """

    label: str
    text: str
    note: str
    digest: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange. state: 'seen' or 'unanswered'."""

    anchor: str
    id: str
    question: str
    when: str
    took: str
    result: str
    state: str
    detail: str
    pieces: tuple[Piece, ...]
    cut: bool


class Exhibits:
    """The exchanges of a report with their places on the page.

    anchors: id of an exchange -> place on the page; asked: id -> its question in words.
    """

    def __init__(
        self, items: Sequence[Evidence], blobs: Blobs, words: Words, hide: Redactor, zone: ZoneInfo
    ) -> None:
        self._items = items
        self._blobs = blobs
        self._w = words
        self._say = hide.text
        self._is_all_shown = hide.rules == _ALL
        self._zone = zone
        self._share = min(_SHOWN, max(200, _SHOWN_IN_ALL // max(1, len(items))))
        self.anchors = {item.id: f"e{number}" for number, item in enumerate(items, 1)}
        self.asked = {item.id: clip(self._say(self._question(item)), 1_000) for item in items}

    def by_host(self) -> tuple[tuple[str, tuple[Shown, ...]], ...]:
        by_host: defaultdict[str, list[Shown]] = defaultdict(list)
        for item in self._items:
            by_host[item.host].append(self._shown(item))
        return tuple((self._say(host), tuple(items)) for host, items in by_host.items())

    def _shown(self, item: Evidence) -> Shown:
        words = self._w
        result, state, detail = words.answered, "seen", ""
        if item.unanswered is not None:
            kind, phase, said = item.unanswered
            why = words.kinds.get(kind, kind)
            result, state = words.unanswered, "unanswered"
            detail = (
                f"{why[:1].upper()}{why[1:]} ({words.phases.get(phase, phase)}): {clip(self._say(said), 600)}"
            )
        elif "code" in item.facts:
            result = words.exit_code.format(code=item.facts["code"])
        elif isinstance(item.facts.get("answer"), Mapping):
            result = str(item.facts["answer"].get("rcode", result))
        return Shown(
            anchor=self.anchors[item.id],
            id=self._say(item.id),
            question=self.asked[item.id],
            when=words.moment(item.began, self._zone),
            took=words.seconds(item.took),
            result=result,
            state=state,
            detail=detail,
            pieces=tuple(self._pieces(item)),
            cut=item.cut,
        )

    def _question(self, item: Evidence) -> str:
        match item.question:
            case ("run", *argv):
                return shlex.join(argv)
            case ("fetch", path):
                return self._w.read_file.format(path=path)
            case ("open",):
                return self._w.open_session
            case ("ask", server, name, rtype, transport, *rest):
                return " ".join(
                    [self._w.asked_dns.format(transport=transport.upper()), f"@{server}", name, rtype, *rest]
                )
            case other:
                return shlex.join(other)

    def _pieces(self, item: Evidence) -> list[Piece]:
        pieces = []
        answer = item.facts.get("answer")
        if isinstance(answer, Mapping):
            pieces.append(Piece("", clip(self._say(_dns(answer)), self._share), "", ""))
        for name, digest in item.parts.items():
            piece = self._piece(name, digest, decoded=isinstance(answer, Mapping))
            if piece is not None:
                pieces.append(piece)
        return pieces

    def _piece(self, name: str, digest: str, *, decoded: bool) -> Piece | None:
        words = self._w
        label = words.parts.get(name, name)
        text, size = part_text(self._blobs, digest, 4 * (self._share + _BEHIND))
        if size < 0:
            return Piece(label, "", words.gone, digest)
        if size == 0:
            return None if name == "stderr" else Piece(label, "", words.empty, digest)
        if name == "wire" or "\0" in text:
            return (
                None
                if decoded
                else Piece(
                    label,
                    "",
                    words.binary.format(size=words.number(size)),
                    digest if self._is_all_shown else "",
                )
            )
        # A little more than is shown is redacted, so that nothing slips through in two halves.
        whole = len(text) <= self._share
        told = text if whole else text[: self._share + _BEHIND]
        shown = self._say(told)
        digest = digest if shown == told else ""
        if whole:
            return Piece(label, shown, "", digest)
        shown = shown[: min(self._share, max(0, len(shown) - _BEHIND))]
        note = words.more_bytes.format(shown=words.number(len(shown)), size=words.number(size))
        return Piece(label, shown, note, digest)


def _dns(answer: Mapping[str, Any]) -> str:
    """A DNS answer the way zone files write it."""
    lines = [f"{answer.get('rcode', '')} {' '.join(sorted(map(str, answer.get('flags', ()))))}".strip()]
    for section in ("answer", "authority", "additional"):
        records = answer.get(section) or ()
        if records:
            lines += ["", f";; {section}"]
            lines += [f"{r.get('name')} {r.get('ttl')} {r.get('type')} {r.get('data')}" for r in records]
    return "\n".join(lines)
