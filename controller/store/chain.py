"""How are entries of the ledger chained, and where was its end? Hashes, and the file `ledger.head`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

__all__ = ["FIELDS", "START", "Head", "Link", "alone", "canonical", "hash_of", "read_heads", "write_heads"]

# What the first entry has for a predecessor's hash.
START = "0" * 64

FIELDS = ("number", "run", "who", "what", "host", "clause", "facts")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: its number (0 when there is none) and its hash."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry as it stands in the chain. content: what `hash_of` reads."""

    previous: str
    hash: str
    content: Mapping[str, Any]

    @property
    def number(self) -> int:
        return int(self.content["number"])

    @property
    def holds(self) -> bool:
        return hash_of(self.previous, self.content) == self.hash


def hash_of(previous: str, content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the predecessor's hash and an entry's content as canonical JSON."""
    return hashlib.sha256(f"{previous}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """An entry's content as the one text that is hashed."""
    fields = {name: content[name] for name in FIELDS}
    fields["at"] = content["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Let one thread of one process at a time work at the end of the ledger."""
    with (home / "ledger.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_heads(home: Path) -> tuple[Head, ...]:
    """Where the ledger may end: the last head, and the one that was being added; empty without the file."""
    try:
        lines = (home / "ledger.head").read_text("ascii").splitlines()
        return tuple(Head(int(number), digest) for number, digest in (line.split() for line in lines))
    except (FileNotFoundError, ValueError):
        return ()


def write_heads(home: Path, *heads: Head) -> None:
    """Replace the file, and have it on the disk."""
    fresh = home / "ledger.head.new"
    with fresh.open("w", encoding="ascii") as file:
        file.writelines(f"{head.number} {head.hash}\n" for head in heads)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(home / "ledger.head")
