"""Is this contract right, and how is one written? Checks a file, prints the schema, an example and what holds.

Exit status: 0 the file is a contract, 2 it is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.ending import end
from controller.cli.paper import as_json, examine_text, print_examined, read_file
from controller.cli.propose import propose
from controller.cli.revisions import add, approve, diff, sign
from controller.cli.show import print_error, print_json, print_table, print_text

__all__ = ["app"]

app = typer.Typer(
    help="Contracts: check, propose, sign, add, approve, end, list, show.", no_args_is_help=True
)
for _command in (propose, sign, diff, add, approve, end):
    app.command()(_command)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Argument(help="The contract, a YAML file.", exists=True, dir_okay=False)]


@app.command()
def check(file: File, *, json: Json = False) -> None:
    """Say every mistake of a contract, with its line and what to write instead."""
    examined = examine_text(read_file(file))
    if json:
        print_json(as_json(file, examined))
    else:
        print_examined(file, examined)
    raise typer.Exit(0 if examined.contract else 2)


@app.command()
def schema(*, json: Json = False) -> None:  # noqa: ARG001 - it is JSON either way.
    """Print the JSON Schema of the format, with which an editor helps."""
    from inventory.schema import schema as of_contract  # noqa: PLC0415 - start-up counts.

    print_json(of_contract())


@app.command()
def example(*, json: Json = False) -> None:
    """Print a complete, commented contract."""
    from inventory.schema import example as text  # noqa: PLC0415 - see above.

    _print_contract(text(), as_json=json)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the customers' present contracts."""
    from controller.office import open_office  # noqa: PLC0415 - see above.
    from controller.store.contracts import current_contracts  # noqa: PLC0415

    found = current_contracts(open_office(print_error).store)
    heads = ("customer", "revision", "added (UTC)", "by", "digest")
    rows = [
        (c.customer, str(c.revision), f"{c.added_at:%Y-%m-%d %H:%M}", c.added_by, c.digest[:12])
        for c in found
    ]
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


@app.command()
def show(customer: str, *, json: Json = False) -> None:
    """Print a customer's present contract, exactly as it was added."""
    from controller.office import open_office  # noqa: PLC0415 - see above.

    _print_contract(open_office(print_error).text_of(customer).text, as_json=json)


def _print_contract(text: str, *, as_json: bool) -> None:
    """The text as it is, or what it says as JSON, with what it leaves to the defaults."""
    if not as_json:
        print_text(text)
        return
    from inventory.read import read  # noqa: PLC0415 - see above.

    print_json(read(text).model_dump(mode="json", by_alias=True))
