from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.store.blobs import MAX_BLOB, Blobs
from controller.store.errors import BlobError


def test_what_was_put_comes_back_by_its_hash(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    for content in (b"", b"\x00\xff", b"x" * 100_000):
        digest = blobs.put(content)
        assert digest == hashlib.sha256(content).hexdigest()
        assert blobs.get(digest) == content
        assert (tmp_path / digest[:2] / digest).is_file()


def test_the_same_piece_lies_there_once_however_many_put_it(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(blobs.put, [b"same"] * 64))
    assert len(digests) == 1
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == list(digests)


def test_a_changed_piece_is_not_taken_for_evidence(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"true")
    (tmp_path / digest[:2] / digest).write_bytes(b"fake")
    with pytest.raises(BlobError, match="changed on the disk"):
        blobs.get(digest)


def test_a_half_written_piece_is_written_anew(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"whole")
    (tmp_path / digest[:2] / digest).write_bytes(b"wh")
    assert blobs.get(blobs.put(b"whole")) == b"whole"


def test_a_missing_piece_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(BlobError, match="not here"):
        Blobs(tmp_path).get("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_only_a_hash_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BlobError, match="not a SHA-256"):
        Blobs(tmp_path).get(name)


def test_too_large_a_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BlobError, match="more than"):
        Blobs(tmp_path).put(bytes(MAX_BLOB + 1))
