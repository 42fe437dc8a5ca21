"""Which commands are there? Every sub-command of `secondline`, and how errors are told."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module

import typer

from agent.nursling import Nursery
from controller.cli.show import print_error

__all__ = ["run"]

_HELP = "Collects evidence from the hosts a contract permits, names the cause, and writes it to the ticket."
# In the order of the help text: a group of commands is the `app` of a module, a command its function.
_GROUPS = ("contract", "ticket", "report", "ledger", "outbox", "collectors")
_COMMANDS: Mapping[str, str] = {"scope": "scope", "diagnose": "diagnose", "judge": "report"}


def _app(names: Iterable[str]) -> typer.Typer:
    """The command with these sub-commands only: what is not asked for is not loaded, since start-up counts."""
    app = typer.Typer(help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_nothing)
    for name in names:
        module = import_module(f"controller.cli.{_COMMANDS.get(name, name)}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _nothing() -> None:
    """A lone sub-command would otherwise lose its name."""


def run(nursery: Nursery | None) -> int:
    """Run the command; a mistake is one line that says what to do, and exit status 2."""
    try:
        status = _app(_asked_for(sys.argv[1:2]))(standalone_mode=False, obj=nursery)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        print_error(error.format_message())
        return 2
    except _mistakes() as error:
        print_error(str(error))
        return 2
    return status if isinstance(status, int) else 0


def _asked_for(word: list[str]) -> Iterable[str]:
    every = (*_GROUPS, *_COMMANDS)
    return word if word and word[0] in every else every


def _mistakes() -> tuple[type[Exception], ...]:
    """The errors that are somebody's mistake and not ours: asked for only when one was raised."""
    from agent.credentials import CredentialError  # noqa: PLC0415 - start-up counts.
    from controller.bundle import BundleError  # noqa: PLC0415
    from controller.cli.office import NoContractError  # noqa: PLC0415
    from controller.desks.desk import DeskError  # noqa: PLC0415
    from controller.settings import SettingsError  # noqa: PLC0415
    from controller.store.errors import StoreError  # noqa: PLC0415
    from inventory.read import ContractError  # noqa: PLC0415

    return (
        BundleError,
        ContractError,
        CredentialError,
        DeskError,
        NoContractError,
        OSError,
        StoreError,
        SettingsError,
    )
