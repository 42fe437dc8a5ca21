"""Is this contract right, and how is one written? Checks a file, prints the schema and an example.

Exit status: 0 the file is a contract, 2 it is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.propose import propose
from controller.cli.show import print_error, print_json, print_line, print_table, print_text

if TYPE_CHECKING:
    from inventory.contract import Contract
    from inventory.read import Examined, Mistake

__all__ = ["app"]

app = typer.Typer(
    help="Contracts: check, add, list, show; propose hosts from elsewhere.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Argument(help="The contract, a YAML file.", exists=True, dir_okay=False)]
app.command()(propose)


@app.command()
def check(file: File, *, json: Json = False) -> None:
    """Say every mistake of a contract, with its line and what to write instead."""
    examined = _examine_text(_read_file(file))
    if json:
        print_json(_as_json(file, examined))
    else:
        _print(file, examined)
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


@app.command()
def add(file: File, *, json: Json = False) -> None:
    """Add a contract, or a new revision of one, which holds from now on."""
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.
    from controller.ledger import Entry, LedgerFact, What, append  # noqa: PLC0415
    from controller.store.contracts import add_contract, current_contract  # noqa: PLC0415

    raw = _read_file(file)
    examined = _examine_text(raw)
    contract = examined.contract
    if contract is None:
        if json:
            print_json(_as_json(file, examined))
        else:
            _print(file, examined)
        raise typer.Exit(2)
    office = open_office()
    # The very bytes that were examined: a file can be another one when it is read again, and a pipe is empty.
    text = raw.decode("utf-8")
    before = current_contract(office.store, contract.customer)
    stored = add_contract(
        office.store, customer=contract.customer, revision=contract.revision, text=text, added_by=office.who
    )
    facts: dict[str, LedgerFact] = {
        "customer": stored.customer,
        "revision": stored.revision,
        "digest": stored.digest,
    }
    known = before is not None and before.digest == stored.digest
    if not known:
        append(office.store, Entry(what=What.CONTRACT_ADDED, who=office.who, facts=facts))
    if json:
        print_json(facts)
    else:
        holds = "holds already, unchanged," if known else "holds"
        print_line(
            f"revision {stored.revision} of {stored.customer} {holds} {_days(contract)}: "
            f"secondline scope {stored.customer}"
        )


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the customers' present contracts."""
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.
    from controller.store.contracts import current_contracts  # noqa: PLC0415

    found = current_contracts(open_office().store)
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
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.

    _print_contract(open_office().text_of(customer).text, as_json=json)


def _print_contract(text: str, *, as_json: bool) -> None:
    """The text as it is, or what it says as JSON, with what it leaves to the defaults."""
    if not as_json:
        print_text(text)
        return
    from inventory.read import read  # noqa: PLC0415 - see above.

    print_json(read(text).model_dump(mode="json", by_alias=True))


def _read_file(file: Path) -> bytes:
    """The bytes of a file, and no more than a contract may have. Raises OSError."""
    from inventory.source import LARGEST  # noqa: PLC0415 - see above.

    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def _examine_text(raw: bytes) -> Examined:
    """Examine a text, with the areas and platforms that exist; mistakes are in the result."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.
    from inventory.read import examine  # noqa: PLC0415 - see above.

    platforms = {one.platform for one in catalogue().collectors.values() if one.platform}
    return examine(raw, areas=catalogue().areas or None, platforms=platforms or None)


def _print(file: Path, examined: Examined) -> None:
    for mistake in examined.mistakes:
        print_line(f"{file}:{mistake}")
    for hint in examined.hints:
        print_line(f"{file}:{hint.line}: hint: {_place(hint)}{hint.problem} — {hint.instead}")
    contract = examined.contract
    if contract is None:
        number = len(examined.mistakes)
        print_error(f"{file}: {number} mistake{'s' if number != 1 else ''}: nothing may be touched under it")
        return
    print_line(
        f"{file}: contract {contract.contract} of {contract.name}, revision {contract.revision}, {_days(contract)}: "
        f"{len(contract.hosts)} hosts, {len(contract.outside)} outside servers, {len(contract.clauses)} clauses"
    )


def _days(contract: Contract) -> str:
    return f"from {contract.valid.start} until {contract.valid.until}"


def _place(mistake: Mistake) -> str:
    return f"{mistake.where}: " if mistake.where else ""


def _as_json(file: Path, examined: Examined) -> dict[str, Any]:
    contract = examined.contract
    return {
        "file": str(file),
        "ok": contract is not None,
        "contract": contract.contract if contract else None,
        "customer": contract.customer if contract else None,
        "revision": contract.revision if contract else None,
        "mistakes": [_row(mistake) for mistake in examined.mistakes],
        "hints": [_row(hint) for hint in examined.hints],
    }


def _row(mistake: Mistake) -> dict[str, str | int]:
    return {
        "line": mistake.line,
        "where": mistake.where,
        "problem": mistake.problem,
        "instead": mistake.instead,
    }
