"""How fast is a decision, over a contract as large as they come?"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from inventory.contract import Contract
from inventory.decide import Allowed, Diagnose, Request, decide
from tests.bench.row import Row

__all__ = ["measure"]

HOSTS, CLAUSES = 100_000, 1_000


def _contract() -> Contract:
    today = datetime.now(UTC).date()
    document: dict[str, Any] = {
        "contract": "large",
        "customer": "large",
        "name": "Large",
        "revision": 1,
        "valid": {"from": date(2026, 1, 1), "until": today + timedelta(days=365)},
        "sites": [{"id": "s", "name": "S", "agent": "a"}],
        "hosts": [
            {
                "id": f"h{n}",
                "name": f"h{n}.large.test",
                "addresses": [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"],
                "site": "s",
                "environment": "server",
                "roles": [f"r{n % CLAUSES}"],
                "platform": "linux",
            }
            for n in range(1, HOSTS + 1)
        ],
        "clauses": [
            {"id": f"c{n}", "text": "t", "roles": [f"r{n}"], "diagnose": ["linux"]} for n in range(CLAUSES)
        ],
    }
    return Contract.model_validate(document)


def measure() -> list[Row]:
    """Decisions a second on one core, once the contract is loaded."""
    contract, now = _contract(), datetime.now(UTC)
    requests = [Request(customer="large", host=f"h{n}", deed=Diagnose("linux")) for n in range(1, HOSTS + 1)]
    decide(contract, requests[0], now)
    start = time.perf_counter()
    allowed = sum(isinstance(decide(contract, request, now), Allowed) for request in requests)
    rate = len(requests) / (time.perf_counter() - start)
    if allowed != HOSTS:
        raise RuntimeError(f"{allowed} of {HOSTS} were allowed")
    aim = 100_000.0
    return [
        Row(
            name="decisions over 100,000 hosts and 1,000 clauses",
            unit="1/s",
            ours=rate,
            peer=aim,
            ratio=rate / aim,
            aim=">= 100000",
            holds=rate >= aim,
        )
    ]
