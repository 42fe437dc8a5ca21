"""What may we do, to whom, until when; and where we may not, from when on, or what would have to change?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from controller.choice import must_be_known, named
from controller.cli.show import print_error, print_json, print_line, print_table

if TYPE_CHECKING:
    from inventory.contract import Contract
    from inventory.decide import Deed
    from inventory.outlook.scope import ScopeRow

__all__ = ["moment", "print_scope", "scope"]


def print_scope(rows: Sequence[ScopeRow]) -> None:
    """The rows as a table, and below it why not, and what would have to change, once for all that it is alike for."""
    from inventory.outlook.scope import reasons  # noqa: PLC0415 - start-up counts.

    heads = ("host", "name", "address", "area", "may be asked", "clause", "from", "until")
    if any(_playbook(row) for row in rows):
        heads = (*heads[:3], "area or playbook", "allowed", *heads[5:])
    print_table(heads, [_cells(row) for row in rows])
    for line, changes in reasons(rows):
        print_line(line)
        for change in changes:
            for part in change.splitlines():
                print_line(f"  {part}")


def _playbook(row: ScopeRow) -> bool:
    from inventory.decide import Change  # noqa: PLC0415 - start-up counts.

    return isinstance(row.deed, Change)


def _cells(row: ScopeRow) -> tuple[str, ...]:
    from inventory.decide import deed_name  # noqa: PLC0415
    from inventory.outlook.advice import moment as shown  # noqa: PLC0415 - start-up counts.

    said = "yes" if row.allowed else f"no: {row.reason}"
    begins = "now" if row.allowed else shown(row.allowed_from, "en") if row.allowed_from else "never"
    ends = shown(row.allowed_until, "en") if row.allowed_until else "no end" if begins != "never" else ""
    return row.host, row.name, row.address, deed_name(row.deed), said, row.clause, begins, ends


def scope(
    customer: Annotated[str, typer.Argument(help="The customer's id in the contract.")],
    *,
    host: Annotated[str | None, typer.Option(help="Only this host: its id, name or address.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area, such as linux or dns.")] = None,
    playbook: Annotated[
        list[str] | None, typer.Option(help="May this playbook be run? Alone, or with --area.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="A moment, like 2026-11-23T18:30; now when not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who may be asked, by which clause and how long, and for the rest from when on or what must change."""
    if host is not None and not host.strip():
        raise typer.BadParameter("--host is empty: write its id, name or address, or leave --host out")
    from controller.hindrance import hindered  # noqa: PLC0415 - start-up counts.
    from controller.office import open_office  # noqa: PLC0415
    from inventory.outlook.scope import scope_json, scope_rows  # noqa: PLC0415

    deeds = _deeds(area or (), playbook or ())
    _, law = open_office(print_error).law_of(customer)
    contract = law.contract
    when = datetime.now(UTC) if at is None else moment(at, contract)
    hosts = contract.targets if host is None else named(contract, host)
    decided = scope_rows(law.contracts, tuple(hosts), deeds, when, ceiling_of=law.ceiling_of)
    rows = tuple(hindered(row, law) for row in decided)
    if json:
        print_json(scope_json(rows))
        return
    print_line(f"{contract.customer}, revision {contract.revision}, at {_shown(when, contract)}")
    print_scope(rows)


def _deeds(areas: Sequence[str], playbooks: Sequence[str]) -> tuple[Deed, ...]:
    """What is asked about: the areas and playbooks that are named, or else every area."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.
    from inventory.decide import Change, Diagnose  # noqa: PLC0415

    known = catalogue().areas
    must_be_known("area", areas, known)
    if not all(name.strip() for name in playbooks):
        raise typer.BadParameter("--playbook is empty: write its name, like dns.restart_resolver")
    wanted = tuple(areas) or (() if playbooks else tuple(known))
    return (*map(Diagnose, wanted), *map(Change, playbooks))


def _shown(when: datetime, contract: Contract) -> str:
    try:
        local = when.astimezone(UTC).astimezone(contract.zone_info)
    except OverflowError:
        local = when
    return f"{local:%Y-%m-%d %H:%M} ({contract.timezone})"


def moment(text: str, contract: Contract) -> datetime:
    """A moment in ISO 8601; without an offset it is the contract's local time.

    A local time that a change of the clocks leaves out, or gives twice, is a mistake and no guess.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a moment: write it like 2026-11-23T18:30") from None
    if given.tzinfo:
        return given
    first, second = (given.replace(tzinfo=contract.zone_info, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        offsets = " or ".join(local.isoformat(timespec="minutes") for local in (first, second))
        left_out = first.astimezone(UTC).astimezone(contract.zone_info).replace(tzinfo=None) != given
        what = "does not exist" if left_out else "comes twice"
        raise typer.BadParameter(
            f"{text} {what} in {contract.timezone}, as the clocks change: write {offsets}"
        )
    return first
