"""Is a bundle read as it was written, or else refused with a reason, whatever somebody made of it?"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.job import Broken, NoAnswer
from controller.bundle import BundleError, read_bundle, write_bundle
from controller.judge import judge
from controller.store.blobs import Blobs
from controller.store.errors import BlobError
from tests.controller.reports.sample import STORE, sample

UNTIL = datetime(2027, 2, 21, tzinfo=UTC)
Members = dict[str, bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good bundle of the sample run."""
    blobs = Blobs(tmp_path / "evidence")
    for item in sample().evidence:
        for digest in item.parts.values():
            blobs.put(STORE[digest])
    target = tmp_path / "evidence.zip"
    write_bundle(sample(), {"web1": "halle"}, blobs, target, keep_until=UNTIL)
    return target


def members(file: Path) -> Members:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file: Path, made: Members, how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in made.items():
            archive.writestr(name, content)
    return file


def first_part(made: Members) -> str:
    return next(name for name in made if name.startswith("evidence/"))


def test_a_bundle_comes_back_as_it_was_written_and_is_for_its_owner_alone(file: Path) -> None:
    read = read_bundle(file)
    assert (read.run, read.customer, read.keep_until) == (sample().run, "musterbau", UNTIL)
    assert [(r.job, r.clause, r.evidence) for r in read.results] == [
        (r.job, r.clause, r.evidence) for r in sample().results
    ]
    assert len(read.findings) == len(sample().findings)
    assert read.exchanges["x-01"].parts["stdout"].startswith(b"Filesystem")
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.glob("*evidence.zip*")] == ["evidence.zip"]


def test_evidence_that_is_gone_makes_no_half_bundle(tmp_path: Path) -> None:
    with pytest.raises(BlobError):
        write_bundle(sample(), {}, Blobs(tmp_path / "empty"), tmp_path / "out.zip", keep_until=UNTIL)
    assert list(tmp_path.iterdir()) == []


# What somebody does to the members, and a word of the reason.
SPOILT: dict[str, tuple[Callable[[Members], object], str]] = {
    "a member that leads out": (lambda made: made.update({"../../evil": b"x"}), "no place"),
    "an absolute member": (lambda made: made.update({"/etc/cron.d/evil": b"x"}), "no place"),
    "evidence of no exchange": (lambda made: made.update({"evidence/" + "0" * 64: b"x"}), "of no exchange"),
    "missing evidence": (lambda made: made.pop(first_part(made)), "missing"),
    "changed evidence": (lambda made: made.update({first_part(made): b"other"}), "was changed"),
    "evidence that swells": (lambda made: made.update({first_part(made): bytes(9 << 20)}), "larger than"),
    "no manifest": (lambda made: made.pop("manifest.json"), "manifest"),
    "a manifest that is a list": (lambda made: made.update({"manifest.json": b"[]"}), "damaged"),
    "a manifest without a bottom": (lambda made: made.update({"manifest.json": b"[" * 200_000}), "damaged"),
    "a manifest that is no text": (lambda made: made.update({"manifest.json": b"\xff\xfe"}), "damaged"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_what_somebody_made_of_a_bundle_is_refused(
    file: Path, spoil: Callable[[Members], object], reason: str
) -> None:
    made = members(file)
    spoil(made)
    with pytest.raises(BundleError, match=reason):
        read_bundle(rewritten(file, made))


# What the manifest says instead, and a word of the reason.
FORGED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another version": (lambda said: said.update(format="secondline-evidence/2"), "secondline-evidence/2"),
    "a part that leads out": (
        lambda said: said["exchanges"][0].update(parts={"stdout": "../../../etc/passwd"}),
        "missing",
    ),
    "facts that are none": (lambda said: said["exchanges"][0].update(facts=[1, 2]), "damaged"),
    "an exchange that is not there": (lambda said: said["results"][0].update(evidence=["e99"]), "e99"),
    "a host that is not there": (lambda said: said["hosts"].pop("web1"), "nothing of the host 'web1'"),
    "a date without a zone": (lambda said: said.update(keep_until="2026-01-01T00:00:00"), "time zone"),
}


@pytest.mark.parametrize(("forge", "reason"), FORGED.values(), ids=FORGED.keys())
def test_a_manifest_that_does_not_fit_is_refused(
    file: Path, forge: Callable[[dict[str, Any]], object], reason: str
) -> None:
    made = members(file)
    said = json.loads(made["manifest.json"])
    forge(said)
    made["manifest.json"] = json.dumps(said).encode()
    with pytest.raises(BundleError, match=reason):
        read_bundle(rewritten(file, made))


def test_two_members_of_one_name_are_refused(file: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr("manifest.json", b"{}")
    with pytest.raises(BundleError, match="two members"):
        read_bundle(file)


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99), (10, zipfile.ZIP_LZMA)])
def test_what_is_packed_otherwise_is_refused(file: Path, offset: int, value: int) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + offset] = value
    file.write_bytes(content)
    with pytest.raises(BundleError, match="encrypted, or packed"):
        read_bundle(file)


def test_one_part_that_is_named_a_thousand_times_is_kept_once(file: Path) -> None:
    made = members(file)
    said = json.loads(made["manifest.json"])
    large = bytes(8 << 20)
    digest = hashlib.sha256(large).hexdigest()
    like = said["exchanges"][0]
    parts = {f"p{n}": digest for n in range(100)}
    said["exchanges"] += [{**like, "id": f"more{n}", "parts": parts} for n in range(100)]
    made |= {"manifest.json": json.dumps(said).encode(), f"evidence/{digest}": large}
    read = read_bundle(rewritten(file, made))
    assert read.exchanges["more1"].parts["p1"] is read.exchanges["more99"].parts["p99"]


def test_what_cannot_be_judged_today_is_said_and_does_not_stop_the_rest(file: Path) -> None:
    """A question that is no more, and an answer that no question of today was made for."""
    read = read_bundle(file)
    assert judge(read).same is False, "the sample's answers are not what today's questions ask for"
    lost = {one.job.id: one.outcome for one in judge(read).lost}
    assert isinstance(lost["ns1-dns.zone"], Broken)
    assert isinstance(lost["web1-linux.disk"], NoAnswer)
    damaged = replace(
        read.exchanges["x-01"], question=("run", "cat", "--", "/proc/self/mountinfo"), facts={"code": "none"}
    )
    spoilt = replace(read, exchanges={**read.exchanges, "x-01": damaged})
    broken = {one.job.id: one.outcome for one in judge(spoilt).lost}["web1-linux.disk"]
    assert isinstance(broken, Broken)
    assert "ValueError" in broken.error
