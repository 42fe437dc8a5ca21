"""Is everything kept, and would it come back? Looks the store through, copies it into one file, and puts it back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.show import print_error, print_json, print_line
from controller.office import open_office, server_of

__all__ = ["app"]

app = typer.Typer(help="The store: look it through, back it up, put it back.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(*, json: Json = False) -> None:
    """Look at database, evidence and ledger in full. Exit status 1 when something is not whole."""
    from controller.store.check import check as look  # noqa: PLC0415 - start-up counts.

    found = look(open_office(print_error).store)
    if json:
        print_json(asdict(found))
    else:
        print_line(
            f"{found.entries} entries of the ledger, head {found.head}; {found.pieces} pieces of evidence, "
            f"{found.loose} that nothing holds"
        )
        for one in found.wrong:
            print_error(one)
    raise typer.Exit(1 if found.wrong else 0)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write: a tar, readable by its owner alone.")],
    *,
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys", help="With keys and credentials: whoever has the file can sign as this controller."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Copy everything into one file, as it is at one moment; work may go on meanwhile."""
    from controller.ledger import Entry, LedgerFact, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.backup import back_up  # noqa: PLC0415

    office = open_office(print_error)
    made = back_up(
        office.store, file, with_keys=with_keys, now=datetime.now(UTC), server=server_of(office.settings)
    )
    copied: dict[str, LedgerFact] = {"entries": made.entries, "head": made.head, "with_keys": with_keys}
    append(office.store, Entry(what=What.BACKED_UP, who=office.who, facts=copied))
    if json:
        print_json({**asdict(made), "made": made.made.isoformat()})
    else:
        print_line(
            f"{file}: {made.files} files, {made.size} bytes, ledger up to entry {made.entries}, head {made.head}"
        )
        print_line("keep the head elsewhere: 'ledger verify --kept' proves by it that nothing was cut off")
        if not with_keys:
            print_line("without keys and credentials: keep those apart from it, or give --with-keys")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that 'store backup' wrote.")], *, json: Json = False
) -> None:
    """Put everything back into an empty home ($SECONDLINE_HOME), and look it through. Exit status 1 when it is not whole."""
    from controller.ledger import Entry, LedgerFact, What, append  # noqa: PLC0415 - start-up counts.
    from controller.settings import home_folder, load_settings  # noqa: PLC0415
    from controller.store.backup import restore as put_back  # noqa: PLC0415
    from controller.store.check import check as look  # noqa: PLC0415
    from controller.store.store import open_store  # noqa: PLC0415

    home = home_folder()
    server = server_of(load_settings())
    made = put_back(file, home, server)
    store = open_store(home, server)
    try:
        found = look(store)
        if not found.wrong:
            facts: dict[str, LedgerFact] = {
                "made": made.made.isoformat(),
                "entries": made.entries,
                "head": made.head,
            }
            append(store, Entry(what=What.RESTORED, who=getpass.getuser(), facts=facts))
    finally:
        store.close()
    if json:
        print_json({"backup": {**asdict(made), "made": made.made.isoformat()}, "found": asdict(found)})
    else:
        print_line(
            f"{home}: as of {made.made:%Y-%m-%d %H:%M} UTC, ledger up to entry {found.entries}, head {found.head}"
        )
        if not made.with_keys:
            print_line("keys and credentials were not in it: put them back before work goes on")
        for one in found.wrong:
            print_error(one)
    raise typer.Exit(1 if found.wrong else 0)
