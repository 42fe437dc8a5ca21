"""Can it be proven what was done? Shows and verifies the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

__all__ = ["app"]

app = typer.Typer(
    help="The ledger: who asked, what was decided, opened, sent, attached.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def verify(
    *,
    kept: Annotated[str, typer.Option(help="A head that you kept elsewhere: it must be in the ledger.")] = "",
    json: Json = False,
) -> None:
    """Find a changed, missing or reordered entry. Exit status 1 when there is one."""
    from controller.ledger import verify as check  # noqa: PLC0415 - only where it is used.

    verdict = check(open_office(print_error).store, kept)
    if json:
        print_json(
            {
                "holds": verdict.holds,
                "entries": verdict.entries,
                "head": verdict.head.hash,
                "problem": verdict.problem,
                "number": verdict.number,
            }
        )
    elif verdict.holds:
        print_line(f"the ledger holds: {verdict.entries} entries, head {verdict.head.hash}")
    else:
        print_error(f"the ledger does NOT hold: {verdict.problem} at entry {verdict.number}")
    raise typer.Exit(0 if verdict.holds else 1)


@app.command()
def show(run: str, *, json: Json = False) -> None:
    """Show what the ledger says of one run."""
    from controller.ledger import touches  # noqa: PLC0415 - see above.
    from controller.store.runs import get_run  # noqa: PLC0415

    store = open_office(print_error).tidy().store
    found = touches(store, run)
    if not found:
        # Nothing is said of a run that there is not: that is a mistake and no empty answer.
        get_run(store, run)
    if json:
        print_json(
            [
                {
                    "number": t.number,
                    "at": t.at.isoformat(),
                    "what": t.what,
                    "host": t.host,
                    "clause": t.clause,
                    "who": t.who,
                    "about": t.about,
                }
                for t in found
            ]
        )
        return
    heads = ("entry", "at (UTC)", "what", "about", "host", "clause", "who")
    rows = [
        (str(t.number), f"{t.at:%Y-%m-%d %H:%M:%S}", t.what, t.about, t.host, t.clause, t.who) for t in found
    ]
    print_table(heads, rows)
