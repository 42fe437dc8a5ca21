"""A session with the stand-in for SNMP agents, as the product opens it, and what was recorded of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from agent.sessions.snmp import SnmpSession
from agent.sessions.snmp_engine import the_engine
from agent.start import SnmpWay
from collectors import Oid, Unanswered
from collectors.exchange import Exchange
from tests.agent.odd_snmp import OddSnmp, Value, octets
from tests.leave import leave_for

__all__ = ["AFTER", "ONE", "TABLE", "WAIT", "Asked", "agent", "closed", "numbered", "opened"]

TABLE = (1, 3, 6, 1, 4, 1, 99999, 1)
ONE = (*TABLE, 1, 0)
AFTER = (1, 3, 6, 1, 4, 1, 99999, 2, 0)
WAIT = 0.15


def numbered(count: int) -> dict[Oid, Value]:
    return {(*TABLE, number): octets(f"row {number}") for number in range(1, count + 1)}


@pytest.fixture
def agent() -> Iterator[OddSnmp]:
    with OddSnmp(table=numbered(100) | {AFTER: octets("beyond")}) as odd:
        yield odd


OPENED: list[SnmpSession] = []


@pytest_asyncio.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    while OPENED:
        await OPENED.pop().close()


def opened(*addresses: str, port: int, way: SnmpWay, records: list[Exchange]) -> SnmpSession:
    doors = leave_for("sw1", *addresses, snmp=port).doors("sw1", "snmp")
    OPENED.append(SnmpSession(the_engine(), way, doors, records.append, wait=WAIT))
    return OPENED[-1]


class Asked:
    """A session with the stand-in, as the product opens it, and what was recorded of it."""

    def __init__(self, agent: OddSnmp, way: SnmpWay | None = None) -> None:
        self.records: list[Exchange] = []
        way = way or SnmpWay(community=agent.community)
        self.session = opened(agent.address, port=agent.port, way=way, records=self.records)

    async def unmet(self, *, walk: bool = False, context: str = "", most: int = 20_000) -> Unanswered:
        session = self.session
        asking = (
            session.walk(TABLE, context=context, most=most) if walk else session.get(ONE, context=context)
        )
        with pytest.raises(Unanswered) as caught:
            await asking
        return caught.value
