"""What if the line is cut while work is going on? What there is to tell lies on the disk until it was taken.

    spool/ERRAND.ATTEMPT/000001-000012.json   words, in order, told together
    spool/ERRAND.ATTEMPT/000001-000012.raw    their raw answers
    spool/ERRAND.ATTEMPT/end                  how many words there are, and whether all was done

A folder without an `end` is of a process that was ended: it is told as far as it goes, and as not whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.link.line import Batch
from agent.link.messages import event_word
from agent.order import Event

__all__ = ["Spool", "left_over"]

_NAME = re.compile(r"([0-9a-z-]{1,64})\.(\d{1,6})")
# So many words are told together at the most.
_MANY = 500


@dataclass
class Spool:
    """What one attempt has to tell."""

    folder: Path
    errand: str
    attempt: int
    _words: list[str] = field(default_factory=list)
    _raw: bytearray = field(default_factory=bytearray)
    _last: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def begin(cls, root: Path, errand: str, attempt: int) -> Spool:
        """Make an empty one. Raises OSError."""
        name = f"{errand}.{attempt}"
        if not _NAME.fullmatch(name):
            raise OSError(f"{name!r} is no name for a folder")
        folder = root / name
        folder.mkdir(mode=0o700, parents=True)
        return cls(folder, errand, attempt)

    def take(self, event: Event) -> None:
        """Take in one thing that was told."""
        word, raw = event_word(event)
        with self._turn:
            word["at"] = len(self._raw)
            for part in raw:
                self._raw += part
            self._words.append(json.dumps(word, ensure_ascii=False, separators=(",", ":")))

    def write(self) -> None:
        """Have on the disk what was taken in. Raises OSError."""
        with self._turn:
            words, raw = self._words, bytes(self._raw)
            self._words, self._raw = [], bytearray()
        while words:
            some, words = words[:_MANY], words[_MANY:]
            first, self._last = self._last + 1, self._last + len(some)
            name = f"{first:06}-{self._last:06}"
            if raw:
                _put(self.folder / f"{name}.raw", raw)
            _put(self.folder / f"{name}.json", json.dumps(some).encode())

    def close(self, *, whole: bool) -> None:
        """Nothing more comes. Raises OSError."""
        self.write()
        _put(self.folder / "end", json.dumps({"last": self._last, "whole": whole}).encode())

    def batches(self) -> Iterator[Batch]:
        """What was not taken yet, in order."""
        for file in sorted(self.folder.glob("*-*.json")):
            words = tuple(json.loads(file.read_bytes()))
            raw = file.with_suffix(".raw")
            bundle = raw.read_bytes() if raw.exists() else b""
            yield Batch(first=int(file.name.partition("-")[0]), words=words, bundle=bundle)

    def taken(self, batch: Batch) -> None:
        """A batch has counted."""
        _put(self.folder / "taken", str(batch.last).encode())
        file = self.folder / f"{batch.first:06}-{batch.last:06}.json"
        file.unlink(missing_ok=True)
        file.with_suffix(".raw").unlink(missing_ok=True)

    def end(self) -> tuple[int, bool] | None:
        """How many words there are, and whether all was done; None while it goes on."""
        try:
            said = json.loads((self.folder / "end").read_bytes())
        except FileNotFoundError:
            return None
        return int(said["last"]), bool(said["whole"])

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def left_over(root: Path) -> tuple[Spool, ...]:
    """What a process that is gone had still to tell; each is closed. Raises OSError."""
    found = []
    for folder in sorted(root.glob("*.*")):
        if not (name := _NAME.fullmatch(folder.name)):
            continue
        spool = Spool(folder, name[1], int(name[2]))
        numbers = [int(file.stem.partition("-")[2]) for file in folder.glob("*-*.json")]
        spool._last = max(numbers, default=_known(folder))  # noqa: SLF001 - its own kind.
        if spool.end() is None:
            spool.close(whole=False)
        found.append(spool)
    return tuple(found)


def _known(folder: Path) -> int:
    """How many words were taken already, where none lies here any more."""
    try:
        return int((folder / "taken").read_text("ascii"))
    except FileNotFoundError:
        return 0


def _put(file: Path, content: bytes) -> None:
    fresh = file.with_name(f"{file.name}.new")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
