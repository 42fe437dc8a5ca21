"""What may we ask, of whom, right now, and what is missing where we may not?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.choice import must_be_known, named
from controller.cli.show import print_json, print_line, print_table

if TYPE_CHECKING:
    from controller.work import Law
    from inventory.contract import Contract
    from inventory.explain import Language

__all__ = ["ScopeRow", "print_scope", "scope", "scope_json", "scope_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """One area on one host: may it be asked?

    address: all of the host's addresses, '' for a host that the contract does not know.
    clause: the one that allows it, or those that stand near it. reason: a code of `decide`, '' if allowed.
    """

    host: str
    name: str
    address: str
    area: str
    allowed: bool
    clause: str
    reason: str
    explanation: str


def scope_rows(
    law: Law,
    areas: Sequence[str],
    now: datetime,
    host: str | None = None,
    *,
    language: Language = "en",
) -> tuple[ScopeRow, ...]:
    """Decide every area on every target, or on one, in the contract's order.

    host: an id, a name or an address; one that the contract does not know is refused and not left out.
    now: with its time zone.
    """
    targets = law.contract.targets if host is None else named(law.contract, host)
    return tuple(_row(law, target, area, now, language) for target in targets for area in areas)


def _row(law: Law, host: str, area: str, now: datetime, language: Language) -> ScopeRow:
    from inventory.decide import Allowed  # noqa: PLC0415 - start-up counts.
    from inventory.explain import explain  # noqa: PLC0415 - see above.

    decision = law.decide(host, area, now)
    target = law.contract.targets.get(host)
    allowed = isinstance(decision, Allowed)
    return ScopeRow(
        host=host,
        name=target.name if target else "",
        address=" ".join(str(address) for address in target.addresses) if target else "",
        area=area,
        allowed=allowed,
        clause=decision.clause.id if isinstance(decision, Allowed) else ", ".join(decision.clauses),
        reason="" if isinstance(decision, Allowed) else decision.reason.value,
        explanation=explain(decision, language),
    )


def scope_json(rows: Iterable[ScopeRow]) -> list[dict[str, Any]]:
    """The rows as JSON: one object a row, keys as in `ScopeRow`."""
    return [asdict(row) for row in rows]


def print_scope(rows: Sequence[ScopeRow]) -> None:
    """The rows as a table, and below it why not, once for all hosts that it is alike for."""
    heads = ("host", "name", "address", "area", "may be asked", "clause")
    print_table(heads, [_cells(row) for row in rows])
    for line in dict.fromkeys(_refusals(rows)):
        print_line(line)


def _cells(row: ScopeRow) -> tuple[str, ...]:
    said = "yes" if row.allowed else f"no: {row.reason}"
    return row.host, row.name, row.address, row.area, said, row.clause


def _refusals(rows: Iterable[ScopeRow]) -> Iterator[str]:
    """Each reason with the explanation of its first host, and the other hosts that it holds for."""
    alike: dict[tuple[str, str, str], list[ScopeRow]] = {}
    for row in rows:
        if not row.allowed:
            alike.setdefault((row.reason, row.area, row.clause), []).append(row)
    for first, *others in alike.values():
        more = f" The same for {_few([row.host for row in others])}." if others else ""
        yield f"{first.explanation}{more}"


def _few(hosts: Sequence[str]) -> str:
    return ", ".join(hosts) if len(hosts) <= 8 else f"{', '.join(hosts[:7])} and {len(hosts) - 7} more"


def scope(
    customer: Annotated[str, typer.Argument(help="The customer's id in the contract.")],
    *,
    host: Annotated[str | None, typer.Option(help="Only this host: its id, name or address.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area, such as linux or dns.")] = None,
    at: Annotated[
        str | None, typer.Option(help="A moment, like 2026-11-23T18:30; now when not given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which hosts may be asked, by which clause, and what is missing for the rest."""
    if host is not None and not host.strip():
        raise typer.BadParameter("--host is empty: write its id, name or address, or leave --host out")
    from controller.cli.office import open_office  # noqa: PLC0415 - start-up counts.

    areas = _areas(area or ())
    _, law = open_office().law_of(customer)
    contract = law.contract
    when = datetime.now(UTC) if at is None else moment(at, contract)
    rows = scope_rows(law, areas, when, host)
    if json:
        print_json(scope_json(rows))
        return
    print_line(f"{contract.customer}, revision {contract.revision}, at {_shown(when, contract)}")
    print_scope(rows)


def _areas(wanted: Sequence[str]) -> tuple[str, ...]:
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.

    known = catalogue().areas
    must_be_known("area", wanted, known)
    return tuple(wanted) or tuple(known)


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
