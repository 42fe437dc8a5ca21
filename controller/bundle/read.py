"""What does a bundle say of a run? Read for `secondline judge`, with every member looked at.

Of the members only the engineers' bundle has what is needed to judge the evidence again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agent.codec import finding_from, result_of, unanswered_from
from agent.job import Result
from collectors import About, Finding
from collectors.exchange import Exchange
from controller.bundle.archive import FORMAT, MANIFEST, SIGNATURE, Archive, BundleError
from controller.bundle.sealed import Statement, opened
from inventory.token import Pin, TokenError

__all__ = ["MAX_DOCUMENT", "MAX_PART", "Bundle", "document", "read_bundle", "verified"]

MAX_DOCUMENT = 256 * 1024 * 1024
MAX_PART = 16 * 1024 * 1024
_ABOUTS = TypeAdapter(dict[str, About])
# What content raises that is not what it should be.
_UNREADABLE = (RecursionError, KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle holds, checked: every member has the hash that was signed, whoever signed it.

    redacted: the exchanges of whose answers something was taken out; what rests on them may be judged otherwise.
    """

    run: str
    ticket: str
    customer: str
    hosts: Mapping[str, About]
    sites: Mapping[str, str]
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    exchanges: Mapping[str, Exchange]
    redacted: frozenset[str]
    keep_until: datetime


def read_bundle(path: Path) -> Bundle:
    """Read and check a bundle. Raises BundleError."""
    try:
        with Archive(path) as archive:
            _, _, _, manifest, hashes = verified(archive)
            if "run.json" not in archive.members:
                raise BundleError(
                    f"{path} is a bundle for a {manifest['audience']}: only that for an engineer can be judged"
                )
            return _consistent(_bundle(archive, manifest, hashes))
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from None
    except TokenError as error:
        raise BundleError(f"the signature of {path} does not hold: {error}") from None
    except _UNREADABLE as error:
        raise BundleError(f"{path} is not a bundle, or it is damaged: {error}") from None


def verified(
    archive: Archive, pins: tuple[Pin, ...] = ()
) -> tuple[Statement, Pin, bool, Mapping[str, Any], Mapping[str, str]]:
    """What was signed, by which key, whether that is one of these, the manifest, and the members' hashes: all of it looked at.

    Raises BundleError, TokenError, and what JSON raises.
    """
    statement, key, known = opened(archive.read(SIGNATURE, 1 << 20), pins)
    manifest = document(archive, MANIFEST, statement.manifest)
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"this is not a bundle that this version reads ({FORMAT}): it says {str(manifest.get('format'))[:60]!r}"
        )
    if (statement.run, statement.audience) != (manifest["run"], manifest["audience"]):
        raise BundleError("the signature is for another run or reader than the manifest names")
    hashes = _listed(archive, manifest)
    for name, sha256 in hashes.items():
        if hashlib.sha256(archive.read(name, MAX_DOCUMENT)).hexdigest() != sha256:
            raise BundleError(f"{name} was changed after it was written")
    return statement, key, known, manifest, hashes


def document(archive: Archive, name: str, sha256: str = "") -> Mapping[str, Any]:
    """A member that is JSON, with this hash. Raises BundleError, and what JSON raises."""
    content = archive.read(name, MAX_DOCUMENT)
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise BundleError(f"{name} was changed after it was written")
    said = json.loads(content)
    if not isinstance(said, dict):
        raise BundleError(f"{name} is damaged: it says nothing by name")
    return said


def _listed(archive: Archive, manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """The members' hashes by name: those of the manifest are there in its order, and no others. Raises BundleError."""
    rows = [(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in manifest["members"]]
    names = [name for name, _, _ in rows]
    there = [name for name in archive.members if name not in {MANIFEST, SIGNATURE}]
    if missing := sorted(set(names) - set(there)):
        raise BundleError(f"{missing[0]} is missing in the bundle")
    if more := sorted(set(there) - set(names)):
        raise BundleError(f"{more[0]} is in the bundle, and its manifest does not name it")
    if list(archive.members) != [MANIFEST, *sorted(set(names)), SIGNATURE] or names != sorted(set(names)):
        raise BundleError("the members of the bundle are not in their order")
    for name, size, _ in rows:
        if archive.members[name].size != size:
            raise BundleError(f"{name} has not the size that the manifest names")
    return {name: sha256 for name, _, sha256 in rows}


def _bundle(archive: Archive, manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> Bundle:
    run = document(archive, "run.json", hashes["run.json"])
    heads = document(archive, "evidence.json", hashes["evidence.json"])["exchanges"]
    parts = _parts(archive, heads)
    return Bundle(
        run=str(run["run"]),
        ticket=str(run["ticket"]),
        customer=str(run["customer"]),
        hosts=_ABOUTS.validate_python(run["hosts"]),
        sites=dict(run["sites"]),
        results=tuple(result_of(head) for head in run["results"]),
        findings=tuple(finding_from(head) for head in run["findings"]),
        exchanges={head["id"]: _exchange(head, parts) for head in heads},
        redacted=frozenset(
            str(head["id"]) for head in heads if any(part["redacted"] for part in head["parts"].values())
        ),
        keep_until=_moment(manifest["keep_until"]),
    )


def _parts(archive: Archive, heads: list[Mapping[str, Any]]) -> Mapping[str, bytes]:
    """The raw parts by their hash: those that exchanges name, all of them and no others."""
    named = {str(part["sha256"]) for head in heads for part in head["parts"].values()} - {""}
    there = {name.removeprefix("evidence/") for name in archive.members if name.startswith("evidence/")}
    if named - there:
        raise BundleError(f"the evidence {min(named - there)[:12]}… is missing in the bundle")
    if there - named:
        raise BundleError(f"the evidence {min(there - named)[:12]}… is of no exchange in the bundle")
    return {digest: _part(archive, digest) for digest in sorted(named)}


def _consistent(bundle: Bundle) -> Bundle:
    """What a result rests on must be there."""
    for result in bundle.results:
        missing = [name for name in result.evidence if name not in bundle.exchanges]
        if missing:
            raise BundleError(f"{result.job.id} rests on the exchange {missing[0]!r}, which is not there")
        if result.evidence and result.job.host not in bundle.hosts:
            raise BundleError(f"the bundle says nothing of the host {result.job.host!r}")
    return bundle


def _moment(written: object) -> datetime:
    """The moment until which it may be kept."""
    moment = datetime.fromisoformat(str(written))
    if moment.tzinfo is None:
        raise ValueError(f"{written} has no time zone")
    return moment


def _exchange(head: Mapping[str, Any], parts: Mapping[str, bytes]) -> Exchange:
    return Exchange(
        session=str(head["session"]),
        question=tuple(map(str, head["question"])),
        began=datetime.fromisoformat(head["began"]),
        took=float(head["took"]),
        facts=dict(head["facts"]),
        parts={str(name): parts[part["sha256"]] for name, part in head["parts"].items() if part["sha256"]},
        cut=bool(head["cut"]),
        unanswered=unanswered_from(head["unanswered"]),
    )


def _part(archive: Archive, digest: str) -> bytes:
    content = archive.read(f"evidence/{digest}", MAX_PART)
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"the evidence {digest[:12]}… was changed after it was written")
    return content
