"""Can somebody else look at it, without us and without the hosts? A run's evidence in one archive.

A bundle is a ZIP file: `manifest.json` (the run, what the contract says of its hosts, every result, every
exchange with the SHA-256 of its raw parts) and `evidence/SHA256` for each part. It holds raw evidence and is
for engineers; it is never attached to a ticket by itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from agent.codec import finding_from, finding_json, result_head, result_of, unanswered_from
from agent.job import Result
from collectors import About, Finding
from collectors.exchange import Exchange
from controller.reports.model import Evidence, Report
from controller.store.blobs import Blobs

__all__ = ["Bundle", "BundleError", "read_bundle", "write_bundle"]

_FORMAT = "secondline-evidence/1"
_MAX_MANIFEST = 256 * 1024 * 1024
_MAX_PART = 8 * 1024 * 1024
_MAX_ALL = 2 * 1024 * 1024 * 1024
_MEMBER = re.compile(r"evidence/[0-9a-f]{64}")
_ABOUTS = TypeAdapter(dict[str, About])


class BundleError(Exception):
    """The file is no bundle of evidence, or not the one that was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle holds, checked: every raw part has the hash that the manifest names."""

    run: str
    ticket: str
    customer: str
    hosts: Mapping[str, About]
    sites: Mapping[str, str]
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    exchanges: Mapping[str, Exchange]
    keep_until: datetime | None


def write_bundle(
    report: Report, sites: Mapping[str, str], blobs: Blobs, target: Path, *, keep_until: datetime
) -> None:
    """Write the bundle of a run. sites: host -> site. keep_until: when the contract wants it deleted."""
    manifest = {
        "format": _FORMAT,
        "run": report.run,
        "ticket": report.ticket,
        "customer": report.customer,
        "contract": report.contract,
        "revision": report.revision,
        "keep_until": keep_until.isoformat(),
        "hosts": _ABOUTS.dump_python(dict(report.hosts), mode="json"),
        "sites": dict(sites),
        "results": [result_head(result) for result in report.results],
        "findings": [finding_json(finding) for finding in report.findings],
        "exchanges": [_exchange_head(item) for item in report.evidence],
    }
    digests = sorted({digest for item in report.evidence for digest in item.parts.values()})
    with _fresh(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        for digest in digests:
            archive.writestr(f"evidence/{digest}", blobs.get(digest))


@contextmanager
def _fresh(target: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole or not at all, for this account only: it is all that the hosts said."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with fresh.open("xb") as file:
            fresh.chmod(0o600)
            yield file
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _exchange_head(item: Evidence) -> dict[str, Any]:
    return {
        "id": item.id,
        "host": item.host,
        "session": item.session,
        "question": list(item.question),
        "began": item.began.isoformat(),
        "took": item.took,
        "facts": dict(item.facts),
        "parts": dict(item.parts),
        "cut": item.cut,
        "unanswered": list(item.unanswered) if item.unanswered else None,
    }


def read_bundle(path: Path) -> Bundle:
    """Read and check a bundle. Raises BundleError."""
    try:
        with zipfile.ZipFile(path) as archive:
            _examine(archive)
            manifest = json.loads(_member(archive, "manifest.json", _MAX_MANIFEST))
            if manifest.get("format") != _FORMAT:
                raise BundleError(
                    f"{path} is not a bundle of evidence that this version reads ({_FORMAT}): "
                    f"it says {str(manifest.get('format'))[:60]!r}"
                )
            return _consistent(_bundle(manifest, _parts(archive, manifest)))
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RecursionError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise BundleError(f"{path} is not a bundle of evidence, or it is damaged: {error}") from None


def _examine(archive: zipfile.ZipFile) -> None:
    """Look at what the archive claims before anything is unpacked."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise BundleError("the bundle holds two members of one name")
    for member in members:
        if member.filename != "manifest.json" and not _MEMBER.fullmatch(member.filename):
            raise BundleError(f"{member.filename[:100]!r} has no place in a bundle of evidence")
        if member.flag_bits & 1 or member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise BundleError(f"{member.filename} is encrypted, or packed in a way that a bundle is not")
    if sum(member.file_size for member in members) > _MAX_ALL:
        raise BundleError(f"the bundle is larger than {_MAX_ALL} bytes when it is unpacked")


def _parts(archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> Mapping[str, bytes]:
    """The raw parts by their hash: those that the manifest names, all of them and no others."""
    named = {str(digest) for head in manifest["exchanges"] for digest in head["parts"].values()}
    there = {name.removeprefix("evidence/") for name in archive.namelist()} - {"manifest.json"}
    if named - there:
        raise BundleError(f"the evidence {min(named - there)[:12]}… is missing in the bundle")
    if there - named:
        raise BundleError(f"the evidence {min(there - named)[:12]}… is of no exchange in the bundle")
    return {digest: _part(archive, digest) for digest in sorted(named)}


def _bundle(manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> Bundle:
    return Bundle(
        run=str(manifest["run"]),
        ticket=str(manifest["ticket"]),
        customer=str(manifest["customer"]),
        hosts=_ABOUTS.validate_python(manifest["hosts"]),
        sites=dict(manifest["sites"]),
        results=tuple(result_of(head) for head in manifest["results"]),
        findings=tuple(finding_from(head) for head in manifest["findings"]),
        exchanges={head["id"]: _exchange(head, parts) for head in manifest["exchanges"]},
        keep_until=_moment(manifest.get("keep_until")),
    )


def _consistent(bundle: Bundle) -> Bundle:
    """What a result rests on must be there."""
    for result in bundle.results:
        missing = [name for name in result.evidence if name not in bundle.exchanges]
        if missing:
            raise BundleError(f"{result.job.id} rests on the exchange {missing[0]!r}, which is not there")
        if result.evidence and result.job.host not in bundle.hosts:
            raise BundleError(f"the bundle says nothing of the host {result.job.host!r}")
    return bundle


def _moment(written: object) -> datetime | None:
    """The moment until which it may be kept; None in bundles of before that was written."""
    moment = datetime.fromisoformat(str(written)) if written is not None else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{written} has no time zone")
    return moment


def _exchange(head: Mapping[str, Any], parts: Mapping[str, bytes]) -> Exchange:
    return Exchange(
        session=str(head["session"]),
        question=tuple(map(str, head["question"])),
        began=datetime.fromisoformat(head["began"]),
        took=float(head["took"]),
        facts=dict(head["facts"]),
        parts={str(name): parts[digest] for name, digest in head["parts"].items()},
        cut=bool(head["cut"]),
        unanswered=unanswered_from(head["unanswered"]),
    )


def _part(archive: zipfile.ZipFile, digest: str) -> bytes:
    content = _member(archive, f"evidence/{digest}", _MAX_PART)
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"the evidence {digest[:12]}… was changed after it was written")
    return content


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Read one member, never more than the limit: an archive can claim anything."""
    with archive.open(name) as member:
        content = member.read(limit + 1)
    if len(content) > limit:
        raise BundleError(f"{name} is larger than {limit} bytes")
    return content
