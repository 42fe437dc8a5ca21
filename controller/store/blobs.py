"""What exactly did the host answer? Raw evidence, each piece once, named by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from controller.store.errors import BlobError

__all__ = ["MAX_BLOB", "Blobs"]

MAX_BLOB = 8 * 1024 * 1024

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blobs:
    """The folder of raw evidence: `ab/abcdef…`."""

    folder: Path

    def put(self, content: bytes) -> str:
        """Keep the bytes and give their SHA-256. Raises BlobError past 8 MiB."""
        if len(content) > MAX_BLOB:
            raise BlobError(f"{len(content)} bytes of evidence are more than the {MAX_BLOB} that are kept")
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not _has(path, len(content)):
            _write(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Give the bytes back, checked against their name. Raises BlobError."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise BlobError(f"the evidence {digest} is not here: it was deleted or never stored") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise BlobError(f"the evidence {digest} was changed on the disk: do not rely on it")
        return content

    def sweep(self, kept: AbstractSet[str], before: datetime) -> int:
        """Delete the pieces that are not among `kept` and were last put before a moment; gives how many."""
        return sum(
            _sweep(path, before.timestamp()) for path in self.folder.glob("??/*") if path.name not in kept
        )

    def _path(self, digest: str) -> Path:
        if not _SHA256.fullmatch(digest):
            raise BlobError(f"{digest!r} is not a SHA-256")
        return self.folder / digest[:2] / digest


def _has(path: Path, size: int) -> bool:
    """Say whether a piece is there whole; if so, it counts as put now."""
    try:
        whole = path.stat().st_size == size
        if whole:
            os.utime(path)
    except FileNotFoundError:
        return False
    return whole


def _sweep(path: Path, before: float) -> bool:
    """Delete one piece, unless somebody puts it again at this very moment."""
    if path.stat().st_mtime >= before:
        return False
    aside = path.with_name(f".{path.name[:16]}.{secrets.token_hex(6)}")
    path.rename(aside)
    if aside.stat().st_mtime >= before:
        aside.replace(path)
        return False
    aside.unlink()
    return True


def _write(path: Path, content: bytes) -> None:
    """Appear whole or not at all, also when two write the same piece at the same time."""
    fresh = path.with_name(f".{path.name[:16]}.{secrets.token_hex(6)}")
    try:
        fresh.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_bytes(content)
    os.replace(fresh, path)  # noqa: PTH105 - the plain call; a Path would be built for each piece.
