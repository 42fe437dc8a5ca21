"""How does the whole store get into one file, and out of it again? Database, evidence, ledger's end, settings and laws.

The file is a tar with a manifest that has every member's SHA-256. Keys and credentials are in it only when that is asked
for: who has such a file can sign as this controller. Nothing is restored over anything that is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from controller.store.chain import START, Head
from controller.store.dump import load, taken
from controller.store.errors import BackupError
from controller.store.forget import held_pieces
from controller.store.schema import HEAD
from controller.store.server import Server
from controller.store.store import Store

__all__ = ["Backup", "back_up", "restore"]

_MANIFEST, _FORM = "manifest.json", 1
_DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
# What of a home belongs in it, and what only when it is asked for. The rest is of the moment: locks, what is on its way.
_FOLDERS = ("evidence", "runs", "agents", "far", "nats")
_FILES = ("settings.toml", "installation", "expired")
_SECRETS = ("keys", "credentials")
_LEDGER = "ledger.head"
_MAY_BE_THERE = frozenset({"settings.toml", *_SECRETS})
_MOST_MANIFEST = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What is in a file. database: 'sqlite' or 'postgresql'; entries, head: the ledger's end; size: bytes of all members."""

    made: datetime
    database: str
    tables: str
    entries: int
    head: str
    files: int
    size: int
    with_keys: bool


def back_up(store: Store, target: Path, *, with_keys: bool, now: datetime, server: Server | None) -> Backup:
    """Write the file, which must not be there yet. Work may go on meanwhile. Raises BackupError, OSError."""
    kind, fresh = store.engine.dialect.name, target.with_name(f".{target.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".secondline-") as folder:
        copy = Path(folder) / _DATABASE[kind]
        # The database first: whatever its rows name lay in the home before they were written.
        heads = taken(store, copy, server)
        members: dict[str, dict[str, object]] = {}
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w|") as archive:
                _add(archive, members, copy, copy.name)
                _put(
                    archive, members, _LEDGER, "".join(f"{one.number} {one.hash}\n" for one in heads).encode()
                )
                for path, name in _home(store.home, with_keys=with_keys):
                    _add(archive, members, path, name)
                _see_that_all_is_there(store, members)
                manifest = _manifest(kind, heads, members, with_keys=with_keys, now=now)
                _put(archive, {}, _MANIFEST, json.dumps(manifest, indent=1).encode())
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, target)
        except FileExistsError:
            raise BackupError(f"{target} is there already: give another name") from None
        finally:
            fresh.unlink(missing_ok=True)
    return _told(manifest)


def restore(source: Path, home: Path, server: Server | None) -> Backup:
    """Put everything where it was, into a home (and a database) that is empty. Raises BackupError, OSError.

    Every byte is compared with the manifest before anything counts: what fails leaves the home as it was. Settings, keys
    and credentials may be there already: they stay. Whoever opens it then brings its tables up to date.
    """
    odd = [one.name for one in home.iterdir() if one.name not in _MAY_BE_THERE] if home.exists() else []
    if odd:
        raise BackupError(
            f"{home} is not empty ({odd[0]}): restore into a new home folder, and change over when it holds"
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".secondline-") as folder:
        place = Path(folder) / "home"
        place.mkdir(mode=0o700)
        manifest = _unpacked(source, place)
        kind = str(manifest["database"])
        if (kind == "postgresql") != (server is not None):
            raise BackupError(
                f"the file holds a database of {kind}: [store] in the settings of {home} must name a server exactly then"
            )
        load(place / _DATABASE[kind], place, server)
        (place / _DATABASE[kind]).unlink(missing_ok=True)
        for one in place.iterdir():
            if not (home / one.name).exists():
                one.rename(home / one.name)
    return _told(manifest)


def _home(home: Path, *, with_keys: bool) -> Iterator[tuple[Path, str]]:
    """The files of a home that belong in it; what vanishes meanwhile was of the moment."""
    for name in (*_FILES, *_FOLDERS, *(_SECRETS if with_keys else ())):
        path = home / name
        if path.is_file():
            yield path, f"home/{name}"
        for one in sorted(path.rglob("*")) if path.is_dir() else ():
            if one.is_file() and not one.is_symlink() and not one.name.startswith("."):
                yield one, f"home/{one.relative_to(home)}"


def _add(archive: tarfile.TarFile, members: dict[str, dict[str, object]], path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = status.st_size, status.st_mode & 0o700, int(status.st_mtime)
            archive.addfile(info, file)
    except FileNotFoundError:
        return
    members[name] = {"size": info.size, "sha256": sha256}


def _put(archive: tarfile.TarFile, members: dict[str, dict[str, object]], name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    archive.addfile(info, BytesIO(content))
    members[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _see_that_all_is_there(store: Store, members: Mapping[str, object]) -> None:
    gone = [one for one in held_pieces(store) if f"home/evidence/{one[:2]}/{one}" not in members]
    still = [one for one in gone if not (store.blobs.folder / one[:2] / one).exists()]
    if still:
        raise BackupError(
            f"{len(still)} pieces of evidence are not there, such as {still[0]}: see 'secondline store check'"
        )


def _manifest(
    kind: str,
    heads: tuple[Head, ...],
    members: Mapping[str, Mapping[str, object]],
    *,
    with_keys: bool,
    now: datetime,
) -> dict[str, Any]:
    last = heads[-1] if heads else Head(0, START)
    return {
        "form": _FORM,
        "made": now.astimezone(UTC).isoformat(),
        "database": kind,
        "tables": HEAD,
        "entries": last.number,
        "head": last.hash,
        "with_keys": with_keys,
        "members": members,
    }


def _told(manifest: Mapping[str, Any]) -> Backup:
    members: Mapping[str, Mapping[str, Any]] = manifest["members"]
    return Backup(
        made=datetime.fromisoformat(manifest["made"]),
        database=manifest["database"],
        tables=manifest["tables"],
        entries=manifest["entries"],
        head=manifest["head"],
        files=len(members),
        size=sum(int(one["size"]) for one in members.values()),
        with_keys=manifest["with_keys"],
    )


def _unpacked(source: Path, place: Path) -> dict[str, Any]:
    """Take everything out of the file into a new folder, and compare it with the manifest. Raises BackupError."""
    found: dict[str, str] = {}
    manifest: Any = None
    try:
        with tarfile.open(source, mode="r|") as archive:
            for info in archive:
                file = archive.extractfile(info) if info.isreg() else None
                if file is None or manifest is not None or info.name in found:
                    raise BackupError(
                        f"{source} is no backup of Secondline: {info.name!r} has no place in one"
                    )
                if info.name == _MANIFEST:
                    manifest = json.loads(file.read(_MOST_MANIFEST))
                else:
                    found[info.name] = _kept(file, _place(place, info.name), info.mode)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise BackupError(f"{source} cannot be read to its end: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("form") != _FORM:
        raise BackupError(
            f"{source} has no manifest that this Secondline knows: is it whole, and not a newer one's?"
        )
    wanted = {name: one["sha256"] for name, one in manifest["members"].items()}
    if wanted != found:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise BackupError(f"{source} is not what was written: {len(odd)} members differ, such as {odd[0]}")
    return manifest


def _place(place: Path, name: str) -> Path:
    """Where a member goes: into the home, and nowhere else. Raises BackupError."""
    if name in {*_DATABASE.values(), _LEDGER}:
        return place / name
    inside = name.removeprefix("home/")
    parts = inside.split("/")
    known = {*_FILES, *_FOLDERS, *_SECRETS}
    if inside == name or parts[0] not in known or any(part in {"", ".", ".."} for part in parts):
        raise BackupError(f"{name!r} is no member of a backup")
    return place.joinpath(*parts)


def _kept(file: Any, path: Path, mode: int) -> str:  # noqa: ANN401 - tarfile gives a plain reader.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as kept:
        path.chmod(mode & 0o700 | 0o400)
        while part := file.read(1 << 20):
            digest.update(part)
            kept.write(part)
    return digest.hexdigest()
