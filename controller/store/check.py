"""Is the store whole? Database, evidence, ledger: each looked at in full, and what is wrong named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.ledger import verify
from controller.store.errors import BlobError
from controller.store.fence import for_all
from controller.store.forget import held_pieces
from controller.store.schema import HEAD
from controller.store.store import Store

__all__ = ["Checked", "check"]

# So many of a kind are named, the rest is counted.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found. entries, head: of the ledger; pieces: of evidence that something holds; loose: that nothing holds (any more).

    wrong: what is wrong, in words; empty when all is whole.
    """

    tables: str
    entries: int
    head: str
    pieces: int
    loose: int
    wrong: tuple[str, ...]


def check(store: Store) -> Checked:
    """Look at everything; nothing is changed."""
    with for_all():
        return _check(store)


def _check(store: Store) -> Checked:
    verdict = verify(store)
    held = held_pieces(store)
    wrong = [*_database(store), *_evidence(store, held)]
    if not verdict.holds:
        wrong.append(f"the ledger does not hold: {verdict.problem} at entry {verdict.number}")
    there = {path.name for path in store.blobs.folder.glob("??/*") if not path.name.startswith(".")}
    return Checked(
        tables=HEAD,
        entries=verdict.entries,
        head=verdict.head.hash,
        pieces=len(held),
        loose=len(there - held),
        wrong=tuple(wrong),
    )


def _database(store: Store) -> Iterator[str]:
    """SQLite's file page by page. PostgreSQL looks after its own pages; whether its second wall holds this account."""
    if store.engine.dialect.name != "sqlite":
        wanted = "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
        with store.read() as connection:
            free = connection.exec_driver_sql(wanted).scalar()
        if free:
            yield f"the account {free} passes by row-level security: give Secondline one that is no superuser (BYPASSRLS)"
        return
    with store.read() as connection:
        said = [row[0] for row in connection.exec_driver_sql(f"PRAGMA integrity_check({_NAMED})")]
        loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    yield from (f"the database is damaged: {one}" for one in said if one != "ok")
    if loose:
        yield f"{len(loose)} rows name others that are not there, such as in {loose[0][0]}"


def _evidence(store: Store, held: frozenset[str]) -> Iterator[str]:
    bad = []
    for digest in sorted(held):
        try:
            store.blobs.get(digest)
        except BlobError as error:
            bad.append(str(error))
    yield from bad[:_NAMED]
    if len(bad) > _NAMED:
        yield f"and {len(bad) - _NAMED} more pieces of evidence"
