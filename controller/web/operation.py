"""Does it live, is it ready, and how is it? For whoever operates the server; no name of a customer or person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from controller.office import Office
from controller.store.errors import StoreError
from controller.store.schema import intake, outbox, plan, run
from controller.store.store import Store
from controller.web.access import Person, Right
from controller.web.door import needs
from controller.web.underway import UnderWay

__all__ = ["Gauges", "router"]

router = APIRouter(include_in_schema=False)
_Anybody = Annotated[Person | None, Depends(needs(Right.PUBLIC))]
# Less room than that on the disk, and evidence could not be kept.
_ROOM = 256 * 1024 * 1024


class Gauges:
    """What is measured of one server."""

    def __init__(self, store: Store, underway: UnderWay) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Rows(store, underway))
        self.latency = Histogram(
            "secondline_request_seconds",
            "from request to answer, by route",
            ["method", "route", "status"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self.registry,
        )


@dataclass(frozen=True, slots=True)
class _Rows(Collector):
    store: Store
    underway: UnderWay

    def collect(self) -> Iterator[Metric]:
        kinds = (
            ("secondline_runs", "runs by state", run.c.state),
            ("secondline_plans", "plans by state", plan.c.state),
            ("secondline_notes", "what goes to tickets, by state", outbox.c.state),
            ("secondline_rings", "what desks rang about, by state", intake.c.state),
        )
        with self.store.read() as connection:
            for name, about, column in kinds:
                family = GaugeMetricFamily(name, about, labels=["state"])
                for state, many in connection.execute(select(column, func.count()).group_by(column)):
                    family.add_metric([state], many)
                yield family
        waiting = sum(work.standing == "waiting" for work in self.underway.works())
        yield GaugeMetricFamily("secondline_waiting", "runs that wait for their turn here", waiting)


@router.get("/healthz")
def lives(_: _Anybody) -> Response:
    """It answers, and so it lives."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request, _: _Anybody) -> Response:
    """Whether work can be given to it: 200, or 503 with what is missing."""
    office: Office = request.app.state.office
    underway: UnderWay = request.app.state.underway
    missing = []
    try:
        with office.store.read() as connection:
            connection.execute(select(run.c.id).limit(1))
    except StoreError:
        missing.append("store")
    if not underway.is_open:
        missing.append("workers")
    if shutil.disk_usage(office.store.home).free < _ROOM:
        missing.append("disk")
    return JSONResponse({"missing": missing}, 503 if missing else 200)


@router.get("/api/metrics")
def metrics(request: Request, _: Annotated[Person, Depends(needs(Right.OPERATE))]) -> Response:
    """For Prometheus, with a token of an administrator's program (`secondline people token … --right operate`)."""
    gauges: Gauges = request.app.state.gauges
    return Response(generate_latest(gauges.registry), media_type=CONTENT_TYPE_LATEST)
