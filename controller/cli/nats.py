"""How is the broker between controller and sites set up, and who works at its end? NATS, with a user for each agent."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.posts import Json
from controller.cli.show import print_error, print_json, print_line

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.registry import Collector

    from controller.office import Office
    from controller.settings import SitesSettings

__all__ = ["app", "reloaded", "write_users"]

app = typer.Typer(
    help="Many sites: the broker's configuration, and the controller's end of it.", no_args_is_help=True
)


def sites_of(office: Office) -> SitesSettings:
    if office.settings.sites is None:
        raise typer.BadParameter(
            'the settings name no sites: write [sites] with url = "https://…" and nats = ["tls://…"]'
        )
    return office.settings.sites


def write_users(office: Office) -> Path:
    """Write who is let in at the broker; whole, or as before."""
    from agent.link.place import put  # noqa: PLC0415 - start-up counts.
    from controller.courier.broker_config import users_text  # noqa: PLC0415
    from controller.settings import broker_key  # noqa: PLC0415
    from controller.store.seats import SeatState, seats  # noqa: PLC0415

    home = office.settings.home
    file = home / "nats" / "users.conf"
    admitted = seats(office.store, state=SeatState.ADMITTED)
    put(file, users_text(str(broker_key(home)["x"]), admitted).encode())
    return file


def reloaded(folder: Path) -> bool:
    """Have the server on this machine read its users anew; False when there is none that we may tell."""
    try:
        number = int((folder / "nats.pid").read_text("ascii"))
        if Path(f"/proc/{number}/comm").read_text("ascii").strip() != "nats-server":
            return False
        os.kill(number, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True


@app.command()
def config(
    *,
    old: Annotated[
        bool,
        typer.Option("--for-tests", help="For a server older than 2.14: known holes, writes may be lost."),
    ] = False,
    json: Json = False,
) -> None:
    """Write the configuration of nats-server (2.14 or newer) and of its users."""
    from agent.link.place import put  # noqa: PLC0415 - see above.
    from controller.courier.broker_config import BrokerConfig, config_text  # noqa: PLC0415
    from controller.office import open_office  # noqa: PLC0415
    from controller.settings import broker_key  # noqa: PLC0415

    office = open_office(print_error)
    sites, home = sites_of(office), office.settings.home
    users = write_users(office)
    text = config_text(
        BrokerConfig(
            listen=sites.broker,
            folder=users.parent.resolve(),
            controller=str(broker_key(home)["x"]),
            users=users,
            certificate=_path(home, sites.certificate),
            key=_path(home, sites.key),
            websocket=sites.websocket,
            modern=not old,
        )
    )
    file = users.parent / "server.conf"
    put(file, text.encode())
    if json:
        print_json({"config": str(file), "users": str(users)})
    else:
        print_line(f"nats-server -c {file}")
        if not (sites.certificate and sites.key):
            print_error(
                "no certificate in [sites]: agents take an unprotected broker on their own machine only"
            )


def _path(home: Path, name: str) -> Path | None:
    return (home / name).resolve() if name else None


@app.command()
def serve(*, json: Annotated[bool, typer.Option("--json", help="Say as JSON where.")] = False) -> None:
    """Work at the controller's end: ring for orders, answer agents, take their raw answers. Until it is stopped."""
    from controller.office import open_office  # noqa: PLC0415 - see above.

    office = open_office(print_error)
    sites = sites_of(office)
    if json:
        print_json({"listen": sites.listen})
    try:
        asyncio.run(_serve(office, sites))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _serve(office: Office, sites: SitesSettings) -> None:
    import uvicorn  # noqa: PLC0415 - see above.

    from controller.courier.ends import ends_for  # noqa: PLC0415
    from controller.courier.metrics import SitesCollector  # noqa: PLC0415

    ends = ends_for(office)
    host, _, port = sites.listen.rpartition(":")
    home = office.settings.home
    certificate, key = _path(home, sites.certificate), _path(home, sites.key)
    server = uvicorn.Server(
        uvicorn.Config(
            ends.front,
            host=host,
            port=int(port),
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_level="warning",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
        )
    )
    measured = _measured(sites.metrics, SitesCollector(office.store, ends.exchange, ends.dispatch))
    working = asyncio.create_task(ends.exchange.serve())
    web = asyncio.create_task(server.serve())
    try:
        # Neither ends by itself: when one does, what it raises is said.
        for done in (await asyncio.wait({working, web}, return_when=asyncio.FIRST_COMPLETED))[0]:
            done.result()
    finally:
        working.cancel()
        server.should_exit = True
        await asyncio.gather(working, web, return_exceptions=True)
        if measured is not None:
            measured.shutdown()
            measured.server_close()


def _measured(where: str, collector: Collector) -> WSGIServer | None:
    """Let Prometheus ask, at an address of its own: nobody logs in there."""
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - see above.

    if not where:
        return None
    host, _, port = where.rpartition(":")
    registry = CollectorRegistry()
    registry.register(collector)
    return start_http_server(int(port), addr=host.strip("[]"), registry=registry)[0]
