"""Where do raw answers of agents elsewhere wait until their words are heard? On the disk, by order, bounded and checked.

A bundle comes in pieces and goes on where it was cut. It counts when it is whole and its SHA-256 is its name.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from controller.store.errors import EvidenceError

__all__ = ["LARGEST", "QUOTA", "Incoming"]

# In bytes: one bundle, and all of one order.
LARGEST, QUOTA = 64 << 20, 512 << 20
_SHA256, _ORDER = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """The folder `incoming` of a home: ORDER/SHA256, and SHA256.part while it is coming."""

    folder: Path
    largest: int = LARGEST
    quota: int = QUOTA

    def offset(self, order: str, sha256: str) -> tuple[int, bool] | None:
        """How many bytes of it are here, and whether it is whole; None when nothing is."""
        whole = self._path(order, sha256)
        if whole.exists():
            return whole.stat().st_size, True
        try:
            return whole.with_suffix(".part").stat().st_size, False
        except FileNotFoundError:
            return None

    def has(self, order: str, sha256: str) -> bool:
        try:
            found = self.offset(order, sha256)
        except EvidenceError:
            return False
        return found is not None and found[1]

    def admit(self, order: str, sha256: str, size: int, offset: int) -> BinaryIO:
        """Open the piece that begins at an offset, for one writer. Raises EvidenceError before a byte of it is read."""
        whole = self._path(order, sha256)
        if not 0 < size <= self.largest:
            raise EvidenceError(413, f"{size} bytes: a bundle has at most {self.largest}")
        whole.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = whole.with_suffix(".part").open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._fits(order, stream.tell(), size, offset)
        except OSError:
            stream.close()
            raise EvidenceError(409, "somebody else is sending it just now") from None
        except EvidenceError:
            stream.close()
            raise
        return stream

    def _fits(self, order: str, here: int, size: int, offset: int) -> None:
        if offset != here or offset > size:
            raise EvidenceError(409, f"{here} bytes of it are here, and this begins at {offset}")
        if self._used(order) + size - here > self.quota:
            raise EvidenceError(413, f"an order may upload {self.quota} bytes, and this would be more")

    def close(self, order: str, sha256: str, size: int) -> None:
        """The last piece has come. Raises EvidenceError for what is not what it was said to be; it is then gone."""
        whole = self._path(order, sha256)
        part = whole.with_suffix(".part")
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if part.stat().st_size != size or digest != sha256:
            part.unlink()
            raise EvidenceError(422, "its SHA-256 is another one: send it anew")
        part.replace(whole)

    def get(self, order: str, sha256: str) -> bytes:
        """Raises EvidenceError."""
        try:
            return self._path(order, sha256).read_bytes()
        except FileNotFoundError:
            raise EvidenceError(404, "the answers that belong to it are not here") from None

    def remove(self, order: str) -> None:
        """Everything of an order: what counts is evidence of a run by now."""
        if _ORDER.fullmatch(order):
            shutil.rmtree(self.folder / order, ignore_errors=True)

    def _used(self, order: str) -> int:
        return sum(file.stat().st_size for file in (self.folder / order).glob("*"))

    def _path(self, order: str, sha256: str) -> Path:
        if not _ORDER.fullmatch(order) or not _SHA256.fullmatch(sha256):
            raise EvidenceError(422, "no such order, or no SHA-256")
        return self.folder / order / sha256
