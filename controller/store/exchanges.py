"""On what evidence does it rest? The index of what was asked and answered; the raw bytes are blobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, func, insert, select

from agent.codec import unanswered_from
from collectors.exchange import Exchange
from controller.reports.model import Evidence
from controller.store.blobs import MAX_BLOB
from controller.store.schema import exchange
from controller.store.store import Store

__all__ = ["Asked", "evidence", "exchange_of", "record_exchanges"]

# Id of the exchange, id of the host, what was said.
Asked = tuple[str, str, Exchange]


def record_exchanges(store: Store, run_id: str, asked: Iterable[Asked]) -> tuple[Evidence, ...]:
    """Keep exchanges: their bytes as blobs, then the index in one transaction.

    A part longer than 8 MiB is kept up to there and the exchange is marked as cut.
    """
    kept = tuple(_keep(store, exchange_id, host, said) for exchange_id, host, said in asked)
    if not kept:
        return ()
    with store.write() as connection:
        start = connection.scalar(select(func.count()).select_from(exchange).where(exchange.c.run == run_id))
        rows = [_row(run_id, place, item) for place, item in enumerate(kept, start or 0)]
        connection.execute(insert(exchange), rows)
    return kept


def evidence(store: Store, run_id: str) -> tuple[Evidence, ...]:
    """All exchanges of a run, in the order they were recorded."""
    every = select(exchange).where(exchange.c.run == run_id).order_by(exchange.c.place)
    with store.read() as connection:
        return tuple(_evidence(row) for row in connection.execute(every))


def exchange_of(store: Store, item: Evidence) -> Exchange:
    """Put index and bytes together again, so that a run can be judged anew. Raises BlobError."""
    return Exchange(
        session=item.session,
        question=item.question,
        began=item.began,
        took=item.took,
        facts=item.facts,
        parts={name: store.blobs.get(digest) for name, digest in item.parts.items()},
        cut=item.cut,
        unanswered=item.unanswered,
    )


def _keep(store: Store, exchange_id: str, host: str, said: Exchange) -> Evidence:
    return Evidence(
        id=exchange_id,
        host=host,
        session=said.session,
        question=said.question,
        began=said.began,
        took=said.took,
        facts=said.facts,
        parts={name: store.blobs.put(content[:MAX_BLOB]) for name, content in said.parts.items()},
        cut=said.cut or any(len(content) > MAX_BLOB for content in said.parts.values()),
        unanswered=said.unanswered,
    )


def _row(run_id: str, place: int, item: Evidence) -> Mapping[str, Any]:
    return {
        "run": run_id,
        "id": item.id,
        "place": place,
        "host": item.host,
        "session": item.session,
        "question": list(item.question),
        "began": item.began,
        "took": item.took,
        "facts": dict(item.facts),
        "parts": dict(item.parts),
        "cut": item.cut,
        "unanswered": None if item.unanswered is None else [str(word) for word in item.unanswered],
    }


def _evidence(row: Row[tuple[object, ...]]) -> Evidence:
    return Evidence(
        id=row.id,
        host=row.host,
        session=row.session,
        question=tuple(row.question),
        began=row.began,
        took=row.took,
        facts=row.facts,
        parts=row.parts,
        cut=row.cut,
        unanswered=unanswered_from(row.unanswered),
    )
