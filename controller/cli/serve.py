"""Where do engineers and customers look? Pages and programming interface of this installation, in one process."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.show import print_error, print_json, print_line
from controller.nearby import is_loopback
from controller.office import open_office

__all__ = ["serve"]


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.", min=1, max=65535)] = 8080,
    certificate: Annotated[
        Path | None, typer.Option(help="A PEM file with the server's certificate and its chain.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="A PEM file with the certificate's key.")] = None,
    proxy: Annotated[
        str, typer.Option(help="The address of a proxy that speaks TLS to the outside, and is trusted.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Say as JSON where it is.")] = False,
) -> None:
    """Serve the pages, over TLS wherever somebody else could listen; ends at Ctrl-C, and stops what is under way."""
    import uvicorn  # noqa: PLC0415 - start-up counts.

    from controller.store.people import get_accounts  # noqa: PLC0415
    from controller.web.app import make_app  # noqa: PLC0415
    from controller.web.local import LocalDoor  # noqa: PLC0415
    from controller.web.logs import log_settings  # noqa: PLC0415

    if (certificate is None) != (key is None):
        raise typer.BadParameter("a certificate needs its key, and a key its certificate: give both")
    if certificate is None and not proxy and not is_loopback(host):
        raise typer.BadParameter(
            f"others could listen at {host}: give --certificate and --key, or --proxy with the address of one that "
            "speaks TLS, or stay at 127.0.0.1"
        )
    office = open_office(print_error).tidy()
    if not get_accounts(office.store):
        print_error(
            "nobody may log in yet: secondline people add NAME --name 'First Last' --administrator, and then engineers "
            "with --role engineer"
        )
    secure = certificate is not None or bool(proxy)
    where = f"{'https' if certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"
    if json:
        print_json({"url": where})
    else:
        print_line(where)
    # Whoever ends it by a signal has what they want: no trace, and no status that says otherwise.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(
            make_app(office, LocalDoor(office, secure=secure)),
            host=host,
            port=port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            proxy_headers=bool(proxy),
            forwarded_allow_ips=proxy or None,
            server_header=False,
            access_log=False,
            log_config=log_settings(),
            timeout_graceful_shutdown=20,
        )
