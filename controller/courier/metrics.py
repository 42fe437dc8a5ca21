"""What can be watched of many sites? Orders by state, seats by state, what was refused and what was parked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from controller.courier.broker import Exchange
from controller.courier.dispatch import Dispatch
from controller.store.schema_sites import errand, seat
from controller.store.store import Store

__all__ = ["SitesCollector"]


@dataclass(frozen=True, slots=True, eq=False)
class SitesCollector(Collector):
    """Register it where metrics are served. No customer's name is in it."""

    store: Store
    exchange: Exchange
    dispatch: Dispatch

    def collect(self) -> Iterator[Metric]:
        orders = GaugeMetricFamily("secondline_orders", "orders for agents elsewhere", labels=["state"])
        seats = GaugeMetricFamily("secondline_seats", "agents elsewhere", labels=["state"])
        with self.store.read() as connection:
            for family, table in ((orders, errand), (seats, seat)):
                counted = select(table.c.state, func.count()).group_by(table.c.state)
                for state, many in connection.execute(counted):
                    family.add_metric([state], many)
        yield orders
        yield seats
        refused = CounterMetricFamily("secondline_messages_refused", "of agents", labels=["verb"])
        for verb, many in self.dispatch.refused.items():
            refused.add_metric([verb], many)
        yield refused
        yield CounterMetricFamily(
            "secondline_orders_parked", "rings that nobody could take", self.exchange.parked
        )
        yield GaugeMetricFamily(
            "secondline_broker_up", "whether agents are answered", int(self.exchange.is_up)
        )
