"""What may leave with the evidence? Raw answers and values as one reader may see them, and a word on what was taken out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from controller.reports.model import Blobs, Evidence
from controller.reports.redact import Audience, Redactor

__all__ = ["Part", "Parts", "hidden", "hide_parts"]

# Pieces of these are no text, even where no byte says so.
_BINARY = frozenset({"wire", "pcap"})


@dataclass(frozen=True, slots=True)
class Part:
    """One raw part as it leaves. sha256: of what leaves; '' for one that does not, as nobody can see what is in it."""

    sha256: str
    size: int
    redacted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them. of: exchange -> name -> part; content: by SHA-256. removed: what was taken out, by kind."""

    of: Mapping[str, Mapping[str, Part]]
    content: Mapping[str, bytes]
    removed: Counter[str]

    def shown(self, items: Iterable[Evidence]) -> tuple[Evidence, ...]:
        """The exchanges with the parts that leave in the place of those that were kept.

        The hash of an original stays here: with all but an address known, it would tell the address.
        """
        return tuple(
            replace(
                item,
                parts={name: part.sha256 for name, part in self.of[item.id].items() if part.sha256},
            )
            for item in items
        )


def hide_parts(items: Iterable[Evidence], blobs: Blobs, hide: Redactor, audience: Audience) -> Parts:
    """Take out of every raw part what the reader may not see. Raises BlobError when one is not kept any more."""
    hide = hide.again()
    of: dict[str, dict[str, Part]] = {}
    content: dict[str, bytes] = {}
    done: dict[tuple[str, bool], Part] = {}
    for item in items:
        for name, digest in item.parts.items():
            key = (digest, name in _BINARY)
            if key not in done:
                raw = blobs(digest)
                told = _told(raw, hide, audience, is_binary=key[1] or b"\0" in raw)
                sha256 = "" if told is None else hashlib.sha256(told).hexdigest()
                done[key] = Part(sha256, len(told or b""), told != raw)
                if told is not None:
                    content[sha256] = told
            of.setdefault(item.id, {})[name] = done[key]
        of.setdefault(item.id, {})
    return Parts(of=of, content=content, removed=hide.removed)


def _told(raw: bytes, hide: Redactor, audience: Audience, *, is_binary: bool) -> bytes | None:
    if is_binary:
        # An engineer needs packets as they were; of others nobody could say what they may see in them.
        return raw if audience is Audience.ENGINEER else None
    text = raw.decode("utf-8", "surrogateescape")
    return hide.whole(text).encode("utf-8", "surrogateescape")


def hidden(value: object, hide: Redactor) -> object:
    """A value as JSON knows them, with every text in it as the reader may see it."""
    match value:
        case str():
            return hide.whole(value)
        case dict():
            return {hide.whole(str(key)): hidden(one, hide) for key, one in value.items()}
        case list() | tuple():
            return [hidden(one, hide) for one in value]
        case _:
            return value
