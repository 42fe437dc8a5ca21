"""By what does a program get in? Tokens of the programming interface: made, listed, revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from controller.choice import must_be_known
from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

__all__ = ["revoke", "token", "tokens"]

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def token(
    who: Annotated[str, typer.Argument(help="The person in whose place the program works.")],
    *,
    name: Annotated[str, typer.Option(help="What it is for.")],
    right: Annotated[list[str], typer.Option(help="What it may do; may be given several times.")],
    customer: Annotated[
        list[str] | None, typer.Option(help="For this customer alone; may be given several times.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it holds.", min=1, max=366)] = 90,
    json: _Json = False,
) -> None:
    """Make a token for a program, and print it: once, as it is kept as a hash only.

    It never reaches further than the person does now. What needs a fresh second factor is not for programs.
    """
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.tokens import make_token  # noqa: PLC0415
    from controller.web.access import GIVEN  # noqa: PLC0415

    must_be_known("right for a program", right, [one.value for one in GIVEN])
    if not name.strip():
        raise typer.BadParameter("--name is empty: write what the token is for")
    office, now = open_office(print_error), datetime.now(UTC)
    made, secret = make_token(
        office.store,
        who,
        name.strip(),
        rights=right,
        customers=customer or (),
        now=now,
        expires=now + timedelta(days=days),
    )
    facts = {
        "person": who,
        "token": made.id,
        "rights": ", ".join(made.rights),
        "customers": ", ".join(made.customers),
    }
    append(office.store, Entry(what=What.TOKEN_MADE, who=office.who, facts=facts))
    if json:
        print_json({"token": made.id, "secret": secret, "expires": made.expires.isoformat()})
        return
    print_line(secret)
    print_error(f"token {made.id} holds until {made.expires:%Y-%m-%d}; it is not shown again")


def tokens(
    who: Annotated[str, typer.Argument(help="Only this person's.")] = "", *, json: _Json = False
) -> None:
    """List the tokens of programs."""
    from controller.store.tokens import tokens as every  # noqa: PLC0415 - start-up counts.

    now = datetime.now(UTC)
    heads = ("token", "person", "name", "rights", "customers", "until", "last used", "holds")
    rows = [
        (
            one.id,
            one.person,
            one.name,
            " ".join(one.rights),
            " ".join(one.customers) or "all",
            f"{one.expires:%Y-%m-%d}",
            f"{one.used:%Y-%m-%d %H:%M}" if one.used else "never",
            "yes" if one.holds(now) else "no",
        )
        for one in every(open_office(print_error).store, who)
    ]
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


def revoke(
    token: Annotated[str, typer.Argument(help="The token's id, as 'secondline people tokens' lists it.")],
    *,
    json: _Json = False,
) -> None:
    """Let a token count no more, at once."""
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.tokens import revoke_token  # noqa: PLC0415

    office = open_office(print_error)
    if not revoke_token(office.store, token, datetime.now(UTC)):
        raise typer.BadParameter(f"no token {token!r} holds: see 'secondline people tokens'")
    append(office.store, Entry(what=What.TOKEN_REVOKED, who=office.who, facts={"token": token}))
    if json:
        print_json({"token": token})
