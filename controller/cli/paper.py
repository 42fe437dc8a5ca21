"""Is this file a contract? Read once, with every mistake told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from controller.cli.show import print_error, print_json, print_line

if TYPE_CHECKING:
    from inventory.contract import Contract
    from inventory.read import Examined, Mistake

__all__ = ["Paper", "as_json", "examine_text", "print_examined", "read_file", "read_paper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A contract and the very text that says it."""

    contract: Contract
    text: str


def read_paper(file: Path, *, json: bool) -> Paper:
    """The contract in a file; when it is none, every mistake is printed and the command ends with status 2."""
    raw = read_file(file)
    examined = examine_text(raw)
    if examined.contract is None:
        if json:
            print_json(as_json(file, examined))
        else:
            print_examined(file, examined)
        raise typer.Exit(2)
    # The very bytes that were examined: a file can be another one when it is read again, and a pipe is empty.
    return Paper(contract=examined.contract, text=raw.decode("utf-8"))


def read_file(file: Path) -> bytes:
    """The bytes of a file, and no more than a contract may have. Raises OSError."""
    from inventory.source import LARGEST  # noqa: PLC0415 - see above.

    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def examine_text(raw: bytes) -> Examined:
    """Examine a text, with the areas and platforms that exist; mistakes are in the result."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.
    from inventory.read import examine  # noqa: PLC0415 - see above.

    platforms = {platform for one in catalogue().collectors.values() for platform in one.platforms}
    return examine(raw, areas=catalogue().areas or None, platforms=platforms or None)


def print_examined(file: Path, examined: Examined) -> None:
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


def as_json(file: Path, examined: Examined) -> dict[str, Any]:
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
