"""Which commands are there? Every sub-command of `secondline`, and how errors are told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from agent.nursling import Nursery
from controller.cli.show import print_error, print_json, print_line

__all__ = ["EVERY", "app_of", "run"]

_HELP = "Collects evidence from the hosts a contract permits, names the cause, and writes it to the ticket."
# In the order of the help text: a group of commands is the `app` of a module, a command its function.
_GROUPS = (
    *("contract", "key", "agent", "host", "ticket", "report", "ledger", "outbox", "intake"),
    *("collectors", "playbooks", "plans", "people", "nats", "store"),
)
_COMMANDS: Mapping[str, str] = {
    "scope": "scope",
    "classify": "classify",
    "diagnose": "diagnose",
    "judge": "report",
    "plan": "plan",
    "approve": "approve",
    "reject": "approve",
    "apply": "apply",
    "undo": "apply",
    "remedy": "remedy",
    "serve": "serve",
    "desks": "desks",
}
# Where a module is not named as its command.
_MODULES: Mapping[str, str] = {"key": "keys", **_COMMANDS}
EVERY = (*_GROUPS, *_COMMANDS)


def app_of(names: Iterable[str]) -> typer.Typer:
    """The command with these sub-commands only: what is not asked for is not loaded, since start-up counts."""
    app = typer.Typer(help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    # A lone sub-command would otherwise lose its name, too.
    app.callback()(_before)
    for name in names:
        module = import_module(f"controller.cli.{_MODULES.get(name, name)}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - start-up counts.

        print_line(f"secondline {version('secondline')}")
        raise typer.Exit(0)


def _before(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None: ...


def run(nursery: Nursery | None, words: Sequence[str]) -> int:
    """Run the command; a mistake is one line that says what to do, and exit status 2.

    Whoever asks for JSON finds the mistake on standard output too, as `{"error": …}`.
    """
    try:
        # Arguments are UTF-8, whatever the locale says.
        asked = [os.fsencode(word).decode("utf-8") for word in words]
    except UnicodeDecodeError as error:
        return _refuse(f"{error.object!r} is not UTF-8: write it in UTF-8", words)
    try:
        app = app_of(asked[:1] if asked and asked[0] in EVERY else EVERY)
        status = app(args=asked, standalone_mode=False, obj=nursery)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        return _refuse(error.format_message(), words)
    except _mistakes() as error:
        return _refuse(str(error), words)
    return status if isinstance(status, int) else 0


def _refuse(why: str, words: Sequence[str]) -> int:
    # Without any argument the help was shown, and there is no more to say.
    if why:
        print_error(why)
        if "--json" in words:
            print_json({"error": why})
    return 2


def _mistakes() -> tuple[type[Exception], ...]:
    """The errors that are somebody's mistake and not ours: asked for only when one was raised."""
    from agent.credentials import CredentialError  # noqa: PLC0415 - start-up counts.
    from agent.refusal import HoldError  # noqa: PLC0415
    from controller.bundle.archive import BundleError  # noqa: PLC0415
    from controller.capture import CaptureError  # noqa: PLC0415
    from controller.choice import ChoiceError  # noqa: PLC0415
    from controller.desks.desk import DeskError  # noqa: PLC0415
    from controller.extract import ExtractError  # noqa: PLC0415
    from controller.office import NoContractError  # noqa: PLC0415
    from controller.reports.paper import PaperError  # noqa: PLC0415
    from controller.settings import SettingsError  # noqa: PLC0415
    from controller.store.errors import StoreError  # noqa: PLC0415
    from inventory.approval import ApprovalError  # noqa: PLC0415
    from inventory.read import ContractError  # noqa: PLC0415
    from inventory.signing import SignatureError  # noqa: PLC0415
    from inventory.sources.seen import SourceError  # noqa: PLC0415

    return (
        ApprovalError,
        BundleError,
        CaptureError,
        ChoiceError,
        ContractError,
        CredentialError,
        DeskError,
        ExtractError,
        HoldError,
        NoContractError,
        OSError,
        PaperError,
        SignatureError,
        SourceError,
        StoreError,
        SettingsError,
    )
