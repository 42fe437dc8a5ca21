"""Can it be proven what was done? Shows and verifies the ledger, and hands it on as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
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


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write (CSV).")],
    *,
    run: Annotated[str, typer.Option(help="Only of this run.")] = "",
    customer: Annotated[str, typer.Option(help="Only of this customer.")] = "",
    since: Annotated[datetime | None, typer.Option(help="From this moment on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this moment (UTC).")] = None,
    json: Json = False,
) -> None:
    """Write entries as a table that can be checked without us, with 'secondline ledger check'. It is not redacted."""
    from controller.extract import Span, check_extract, write_extract  # noqa: PLC0415 - see above.
    from controller.store.runs import get_run  # noqa: PLC0415

    store = open_office(print_error).tidy().store
    if run:
        get_run(store, run)
    span = Span(run=run, customer=customer, since=_utc(since), until=_utc(until))
    text = write_extract(store, span)
    held = check_extract(text)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8", newline="")
    if json:
        print_json({"file": str(file), "entries": held.entries})
    else:
        print_line(f"{file}: {held.entries} entries")


@app.command()
def check(file: Path, *, json: Json = False) -> None:
    """Check a table of the ledger, offline. Exit status 2 when any cell of it was changed."""
    from controller.extract import check_extract  # noqa: PLC0415 - see above.

    held = check_extract(file.read_text(encoding="utf-8"))
    if json:
        print_json(
            {
                "entries": held.entries,
                "first": {"number": held.first.number, "hash": held.first.hash},
                "last": {"number": held.last.number, "hash": held.last.hash},
                "apart": held.apart,
            }
        )
        return
    print_line(f"{held.entries} entries are as they were written: {held.first.number} to {held.last.number}")
    if held.apart:
        print_line(f"in {held.apart} places entries in between are not in this table")
    print_line(f"give the last hash to 'secondline ledger verify --kept' at the controller: {held.last.hash}")


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
