"""Which commands are there? Every sub-command of `secondline`, and how errors are told."""

from __future__ import annotations

import typer

from agent.nursling import Nursery
from controller.cli import collectors, contract, ledger, outbox, report, scope, ticket
from controller.cli.diagnose import Verdict, diagnose
from controller.cli.show import print_error

__all__ = ["run"]

app = typer.Typer(
    help="Collects evidence from the hosts a contract permits, names the cause, and writes it to the ticket.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(contract.app, name="contract")
app.add_typer(ticket.app, name="ticket")
app.add_typer(report.app, name="report")
app.add_typer(ledger.app, name="ledger")
app.add_typer(outbox.app, name="outbox")
app.add_typer(collectors.app, name="collectors")
app.command()(scope.scope)
app.command()(diagnose)
app.command()(report.judge)


def run(nursery: Nursery | None) -> int:
    """Run the command; a mistake is one line that says what to do, and exit status 2."""
    try:
        status = app(standalone_mode=False, obj=nursery)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        print_error(error.format_message())
        return Verdict.BAD_INPUT
    except _mistakes() as error:
        # What the database says comes with the whole statement: its own words are enough.
        print_error(str(getattr(error, "orig", error)))
        return Verdict.BAD_INPUT
    return status if isinstance(status, int) else 0


def _mistakes() -> tuple[type[Exception], ...]:
    """The errors that are somebody's mistake and not ours: asked for only when one was raised."""
    from sqlalchemy.exc import DatabaseError  # noqa: PLC0415 - start-up counts.

    from agent.credentials import CredentialError  # noqa: PLC0415
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
        DatabaseError,
        DeskError,
        NoContractError,
        OSError,
        StoreError,
        SettingsError,
    )
