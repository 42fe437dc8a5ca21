"""What does this bundle prove, without us? Every statement that can be checked is, and what cannot be is said.

Nothing is needed but the file and, to know who signed it, the controller's public key from elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.bundle.archive import Archive, BundleError
from controller.bundle.read import MAX_DOCUMENT, document, read_bundle, verified
from controller.store.chain import Head, Link
from inventory.token import Pin, TokenError

__all__ = ["Check", "Checked", "Unproven", "check_bundle"]

_UNREADABLE = (RecursionError, KeyError, TypeError, ValueError, AttributeError)
_CHUNK = MAX_DOCUMENT


class Check(StrEnum):
    """What was looked at: public and stable. Each holds, or there is no bundle at all."""

    ARCHIVE = "archive"
    SIGNATURE = "signature"
    MEMBERS = "members"
    EVIDENCE = "evidence"
    LEDGER = "ledger"
    CLAUSES = "clauses"
    JUDGEMENT = "judgement"


class Unproven(StrEnum):
    """What the file cannot show by itself: public and stable."""

    SIGNER = "signer"
    HOSTS = "hosts-said-so"
    REDACTED = "redacted-evidence"
    GAPS = "entries-between"
    LEDGER_REDACTED = "ledger-redacted"
    LEDGER_WHOLE = "ledger-as-a-whole"
    CONTRACT = "contract-text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A bundle that holds. checks: what was looked at, with numbers; unproven: what was not, and where to ask.

    known: whether the signature is by a key that was given.
    """

    run: str
    customer: str
    audience: str
    signed_at: datetime
    key: Pin
    known: bool
    ledger_entry: str
    checks: tuple[tuple[Check, str], ...]
    unproven: tuple[tuple[Unproven, str], ...]


def check_bundle(path: Path, pins: tuple[Pin, ...] = ()) -> Checked:
    """Check all of a bundle. pins: the controller's public keys. Raises BundleError for the first thing that is wrong."""
    try:
        with Archive(path) as archive:
            return _check(archive, path, pins)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from None
    except TokenError as error:
        raise BundleError(f"the signature of {path} does not hold: {error}") from None
    except _UNREADABLE as error:
        raise BundleError(f"{path} is not a bundle, or it is damaged: {error}") from None


def _check(archive: Archive, path: Path, pins: tuple[Pin, ...]) -> Checked:
    statement, key, known, manifest, hashes = verified(archive, pins)
    checks = [
        (Check.ARCHIVE, f"{len(archive.members)} members in their one spelling, and nothing else"),
        (
            Check.SIGNATURE,
            f"by the key {key.kid}, {datetime.fromtimestamp(statement.at, UTC):%Y-%m-%d %H:%M:%S} UTC",
        ),
        (Check.MEMBERS, f"{len(hashes)} have the SHA-256 that was signed"),
    ]
    unproven = (
        []
        if known
        else [
            (
                Unproven.SIGNER,
                f"whose key {key.kid} is: compare it with the controller's, and give it with --key",
            )
        ]
    )
    for found, open_ in (_evidence(archive, manifest), _ledger(archive, manifest), _clauses(archive, path)):
        checks += found
        unproven += open_
    return Checked(
        run=str(manifest["run"]),
        customer=str(manifest["customer"]),
        audience=str(manifest["audience"]),
        signed_at=datetime.fromtimestamp(statement.at, UTC),
        key=key,
        known=known,
        ledger_entry=statement.ledger,
        checks=tuple(checks),
        unproven=tuple(unproven),
    )


_Said = tuple[list[tuple[Check, str]], list[tuple[Unproven, str]]]


def _evidence(archive: Archive, manifest: Mapping[str, Any]) -> _Said:
    """The answers: those that the exchanges name are there by their hash, and no others."""
    heads = document(archive, "evidence.json")["exchanges"]
    parts = [part for head in heads for part in head["parts"].values()]
    named = {str(part["sha256"]) for part in parts if part["sha256"]}
    there = {name.removeprefix("evidence/") for name in archive.members if name.startswith("evidence/")}
    if named != there:
        raise BundleError("the evidence in the bundle is not that of its exchanges")
    for digest in named:
        if hashlib.sha256(archive.read(f"evidence/{digest}", MAX_DOCUMENT)).hexdigest() != digest:
            raise BundleError(f"the evidence {digest[:12]}… was changed after it was written")
    checks = [(Check.EVIDENCE, f"{len(named)} answers to {len(heads)} questions, by their SHA-256")]
    unproven = [(Unproven.HOSTS, "that the hosts said this: the controller says so, nobody else was there")]
    changed = sum(bool(part["redacted"]) for part in parts)
    if changed:
        unproven.append(
            (
                Unproven.REDACTED,
                f"what {changed} answers said before something was taken out: the controller keeps them until {str(manifest['keep_until'])[:10]}",
            )
        )
    return checks, unproven


def _ledger(archive: Archive, manifest: Mapping[str, Any]) -> _Said:
    """The entries: each has its hash, follows the one before where that is here, and is of this run."""
    if "ledger.json" not in archive.members:
        return [], []
    said = document(archive, "ledger.json")
    entries: Sequence[Mapping[str, Any]] = said["entries"]
    numbers = [int(entry["number"]) for entry in entries]
    if numbers != sorted(set(numbers)):
        raise BundleError("the entries of the ledger are not in their order")
    whole = (
        Unproven.LEDGER_WHOLE,
        "that the ledger holds: give the entry below to 'secondline ledger verify --kept' at the controller",
    )
    if said["before"] is None:
        if any("hash" in entry for entry in entries):
            raise BundleError("the ledger has hashes and is not tied to them")
        unproven = [
            (
                Unproven.LEDGER_REDACTED,
                f"what {len(entries)} entries say: something was taken out of them, so their hashes stay at the controller",
            )
        ]
        return [(Check.LEDGER, f"{len(entries)} entries in their order")], [*unproven, whole]
    links = [_link(entry, str(manifest["run"])) for entry in entries]
    first, last = links[0], links[-1]
    ends = (_head(said["before"]), _head(said["after"]))
    if ends != (Head(first.number - 1, first.previous), Head(last.number, last.hash)):
        raise BundleError("the ledger's heads are not those of its first and last entry")
    for before, after in pairwise(links):
        if after.number == before.number + 1 and after.previous != before.hash:
            raise BundleError(f"entry {after.number} of the ledger does not follow entry {before.number}")
    gaps = sum(after.number - before.number - 1 for before, after in pairwise(links))
    checks = [
        (
            Check.LEDGER,
            f"{len(links)} entries, {first.number} to {last.number}, each with its hash and in the chain",
        )
    ]
    between = [(Unproven.GAPS, f"what {gaps} entries in between say: they are of other runs")] if gaps else []
    return checks, [*between, whole]


def _link(entry: Mapping[str, Any], run: str) -> Link:
    content = {**entry, "at": datetime.fromisoformat(entry["at"])}
    link = Link(previous=str(content.pop("previous")), hash=str(content.pop("hash")), content=content)
    if not link.holds:
        raise BundleError(f"entry {link.number} of the ledger was changed")
    if content["run"] != run:
        raise BundleError(f"entry {link.number} of the ledger is of another run")
    return link


def _head(said: Mapping[str, Any]) -> Head:
    return Head(int(said["number"]), str(said["hash"]))


def _clauses(archive: Archive, path: Path) -> _Said:
    """What the run stands on: each clause that the entries name is there; and what judges it again can read it."""
    checks: list[tuple[Check, str]] = []
    unproven: list[tuple[Unproven, str]] = []
    if "contract.json" in archive.members:
        clauses = document(archive, "contract.json")["clauses"]
        named = {entry["clause"] for entry in document(archive, "ledger.json")["entries"]} - {""}
        if missing := sorted(named - clauses.keys()):
            raise BundleError(f"the wording of clause {missing[0]} is missing in the bundle")
        checks.append((Check.CLAUSES, f"{len(clauses)} clauses in their wording"))
        unproven.append(
            (
                Unproven.CONTRACT,
                "that this is the contract's wording: compare it with the signed contract of the SHA-256 in the manifest",
            )
        )
    if "run.json" in archive.members:
        bundle = read_bundle(path)
        checks.append(
            (Check.JUDGEMENT, f"{len(bundle.results)} results can be judged again with 'secondline judge'")
        )
    return checks, unproven
