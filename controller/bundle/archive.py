"""Is this file exactly what was written? A ZIP in its one spelling: members stored, in order, without dates, and nothing between them.

Every program opens it. Nothing in it is packed, so what it unpacks to is no longer than the file; and each byte of it that is
no content follows from the members' names, sizes and sums, so there is none that could be changed unseen.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

__all__ = ["FORMAT", "LARGEST", "MANIFEST", "SIGNATURE", "Archive", "BundleError", "Member", "pack"]

FORMAT = "secondline-bundle/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.jws"
LARGEST = 2 << 30
_MOST = 65_000
_NAME = re.compile(
    r"manifest\.json|signature\.jws|contract\.json|evidence\.json|ledger\.json|report\.(?:html|json|pdf)|run\.json|tried\.json"
    r"|evidence/[0-9a-f]{64}"
)
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
_VERSION, _DAY = 20, 0x21
# A file of Unix, for its owner alone.
_MADE_BY, _MODE = (3 << 8) | _VERSION, 0o100600 << 16
_CHUNK = 1 << 20


class BundleError(Exception):
    """The file is no bundle of a run, or not the one that was written."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive, and where its content begins."""

    name: str
    size: int
    crc: int
    start: int


def pack(file: IO[bytes], members: Iterable[tuple[str, bytes]]) -> None:
    """Write an archive of these members, in this order. Raises BundleError when it would be too large."""
    packed: list[Member] = []
    at = 0
    for name, content in members:
        member = Member(name, len(content), zlib.crc32(content), at + _LOCAL.size + len(name))
        at = member.start + member.size
        packed.append(member)
        if at > LARGEST or len(packed) > _MOST:
            raise BundleError("the run has more evidence than a bundle may hold")
        file.write(_local(member) + content)
    file.write(_directory(packed, at))


def _local(member: Member) -> bytes:
    name = member.name.encode("ascii")
    return _LOCAL.pack(
        *(b"PK\x03\x04", _VERSION, 0, 0, 0, _DAY, member.crc, member.size, member.size, len(name), 0)
    ) + name  # fmt: skip


def _directory(members: Iterable[Member], at: int) -> bytes:
    parts = []
    for member in members:
        name = member.name.encode("ascii")
        begins = member.start - len(name) - _LOCAL.size
        sizes = (member.crc, member.size, member.size, len(name))
        parts += [
            _CENTRAL.pack(
                *(b"PK\x01\x02", _MADE_BY, _VERSION, 0, 0, 0, _DAY), *sizes, *(0, 0, 0, 0), *(_MODE, begins)
            ),
            name,
        ]
    directory = b"".join(parts)
    count = len(parts) // 2
    return directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)


class Archive:
    """An archive whose every byte outside of the members was looked at. Use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Raises BundleError, OSError."""
        self._file = path.open("rb")
        try:
            self.members: Mapping[str, Member] = {one.name: one for one in self._walk()}
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, name: str, most: int) -> bytes:
        """A member's content, looked at as well. Raises BundleError."""
        member = self.members.get(name)
        if member is None:
            raise BundleError(f"{name} is missing in the bundle")
        if member.size > most:
            raise BundleError(f"{name} is larger than {most} bytes")
        self._file.seek(member.start)
        content = self._file.read(member.size)
        if zlib.crc32(content) != member.crc:
            raise BundleError(f"{name} was changed after it was written")
        return content

    def _walk(self) -> Iterator[Member]:
        """Go through the file from its begin; what is no member must be the directory that they make."""
        size = os.fstat(self._file.fileno()).st_size
        if size > LARGEST + _CHUNK * 16:
            raise BundleError(f"the file is larger than {LARGEST} bytes: a bundle is not")
        found: dict[str, Member] = {}
        at = 0
        while (member := self._member(at, size)) is not None:
            if member.name in found:
                raise BundleError("the bundle holds two members of one name")
            if len(found) >= _MOST:
                raise BundleError(f"the bundle holds more than {_MOST} members")
            found[member.name] = member
            at = member.start + member.size
        wanted = _directory(found.values(), at)
        self._file.seek(at)
        if size - at != len(wanted) or self._file.read(len(wanted)) != wanted:
            raise BundleError(
                "this is no bundle, or it is damaged: its table of contents is not that of its members"
            )
        if not found:
            raise BundleError("the bundle is empty")
        yield from found.values()

    def _member(self, at: int, size: int) -> Member | None:
        self._file.seek(at)
        head = self._file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
            return None
        *_, crc, _packed, length, letters, _extra = _LOCAL.unpack(head)
        raw = self._file.read(letters)
        name = raw.decode("ascii", "replace")
        if not _NAME.fullmatch(name):
            raise BundleError(f"{name[:100]!r} has no place in a bundle")
        member = Member(name, length, crc, at + _LOCAL.size + letters)
        if head + raw != _local(member):
            raise BundleError(f"{name} is packed, dated or marked in a way that a bundle is not")
        if member.start + member.size > size:
            raise BundleError(f"{name} is said to be longer than the file")
        return member
