"""Which ticket systems are set up, and can each be asked? Greets every one of them with our account.

Exit status: 0 all can be asked, 1 one of them cannot.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.show import print_error, print_json, print_table
from controller.office import Office, open_office

if TYPE_CHECKING:
    from controller.desks.desk import Greeting

__all__ = ["desks"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def desks(*, json: Json = False) -> None:
    """List the ticket systems that are set up: whether each can be asked, and how far its clock is from ours."""
    office = open_office(print_error)
    names = sorted({"builtin", *office.settings.desks})
    told = asyncio.run(_all(office, names))
    rows = [_row(office, name, said) for name, said in zip(names, told, strict=True)]
    if json:
        print_json(rows)
    else:
        heads = ("desk", "kind", "used", "rings", "answers", "clock", "said")
        print_table(heads, [tuple(_shown(row[head]) for head in heads) for row in rows])
    raise typer.Exit(0 if not any(isinstance(said, str) for said in told) else 1)


async def _all(office: Office, names: list[str]) -> list[Greeting | str]:
    return list(await asyncio.gather(*(_greeted(office, name) for name in names)))


async def _greeted(office: Office, name: str) -> Greeting | str:
    """What a desk says of itself; a text that says why it cannot be asked."""
    from agent.credentials import CredentialError  # noqa: PLC0415 - only where it is used: start-up counts.
    from controller.desks.desk import DeskError  # noqa: PLC0415

    try:
        async with office.desk(name) as (_, desk):
            return await desk.greet()
    except (DeskError, CredentialError) as error:
        return str(error)


def _row(office: Office, name: str, said: Greeting | str) -> dict[str, object]:
    settings = office.settings.desks.get(name, {})
    return {
        "desk": name,
        "kind": settings.get("kind", "builtin"),
        "used": name == office.settings.desk,
        "rings": "ring" in settings,
        "answers": not isinstance(said, str),
        "said": said if isinstance(said, str) else said.said,
        "clock": None if isinstance(said, str) or said.ahead is None else round(said.ahead),
    }


def _shown(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:+d} s"
        case _:
            return str(value)
