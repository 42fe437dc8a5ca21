"""How is a contract ended early? By either side's signature, at the next job, and at once for whatever is running."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.keys import private_key
from controller.cli.show import print_error, print_json, print_line
from controller.cli.signed import posts_of, tokens_in

if TYPE_CHECKING:
    from controller.ledger import LedgerFact

__all__ = ["end"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def end(
    customer: str,
    *,
    key: Annotated[
        Path | None, typer.Option("--key", help="A duty manager's or the customer's private key.")
    ] = None,
    ending: Annotated[Path | None, typer.Option(help="Or an ending that was signed elsewhere.")] = None,
    at: Annotated[
        str | None, typer.Option(help="From when on, like 2026-11-23T18:30; now when not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Also write the signed ending, for agents elsewhere.")
    ] = None,
    json: Json = False,
) -> None:
    """End a contract early: at the next job, and at once for whatever is running. Only a new revision undoes it."""
    from agent.memory import Memory  # noqa: PLC0415 - see above.
    from controller.cli.scope import moment  # noqa: PLC0415
    from controller.ledger import Entry, What, append  # noqa: PLC0415
    from controller.office import open_office  # noqa: PLC0415
    from inventory.signing import read_ending, sign_ending  # noqa: PLC0415
    from inventory.token import TokenError  # noqa: PLC0415

    if (key is None) == (ending is None):
        raise typer.BadParameter("give --key, or --ending when it was signed elsewhere")
    office = open_office(print_error)
    stored, contract = office.contract_of(customer)
    posts = posts_of(office, contract)
    if key is not None:
        when = moment(at, contract) if at else datetime.now(UTC)
        token = sign_ending(customer, stored.revision, when, private_key(key))
    else:
        token = next(iter(tokens_in(ending)), "") if ending else ""
    people = ""
    for name, post in posts.items():
        try:
            said, people = read_ending(token, post.pins)
        except TokenError as error:
            raise typer.BadParameter(f"agent {name} does not take this ending: {error}") from None
        if said.customer != customer:
            raise typer.BadParameter(f"this ends the contract of {said.customer}, not of {customer}")
        Memory(post.memory).end(customer=customer, revision=said.revision, at=said.at)
        facts: dict[str, LedgerFact] = {"customer": customer, "revision": said.revision, "people": people}
        facts["at"] = said.moment.isoformat()
    append(office.store, Entry(what=What.CONTRACT_ENDED, who=office.who, facts=facts))
    if output:
        output.write_text(f"{token}\n", encoding="ascii")
    if json:
        print_json(facts)
    else:
        print_line(f"the contract of {customer} ends at {facts['at']}, up to revision {facts['revision']}")
