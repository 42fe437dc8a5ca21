"""What can somebody do with a bundle's file? Take it apart, put it together, and sign what is not theirs to sign."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.bundle.archive import MANIFEST, SIGNATURE, pack
from controller.bundle.sealed import Statement, sign
from controller.reports.redact import Audience
from inventory.token import new_key, pin_of

KEY, OTHER = new_key(), new_key()
PIN = pin_of(KEY, "controller")
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
READERS = (Audience.ENGINEER, Audience.CUSTOMER, Audience.VENDOR)
Members = dict[str, bytes]


def members(file: Path) -> Members:
    """By another program's eyes."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(target: Path, content: Members) -> Path:
    with target.open("wb") as file:
        pack(file, content.items())
    return target


def resigned(content: Members, key: Mapping[str, Any] = KEY, **changed: object) -> Members:
    """With a manifest and signature that fit: what only who holds the key can make."""
    said = json.loads(content[MANIFEST]) | changed
    rest = {name: one for name, one in content.items() if name not in {MANIFEST, SIGNATURE}}
    said["members"] = [
        {"name": name, "size": len(one), "sha256": hashlib.sha256(one).hexdigest()}
        for name, one in sorted(rest.items())
    ]
    manifest = json.dumps(said).encode()
    statement = Statement(
        manifest=hashlib.sha256(manifest).hexdigest(),
        run=said["run"],
        audience=said["audience"],
        at=0,
        ledger="0" * 64,
    )
    return {MANIFEST: manifest, **dict(sorted(rest.items())), SIGNATURE: sign(statement, key)}
