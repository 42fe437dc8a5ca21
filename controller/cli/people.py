"""Who may log in to the pages, as whom, for which customer?

No password is ever given on a command line: whoever is added gets a link that counts once, for a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from controller.choice import must_be_known
from controller.cli.programs import revoke, token, tokens
from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

__all__ = ["app"]

app = typer.Typer(help="Who may log in, as whom.", no_args_is_help=True)
_Who = Annotated[str, typer.Argument(help="The person's name here: letters, digits, '.', '-', '_'.")]
_Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="ROLE for every customer, or ROLE:CUSTOMER; may be given several times."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_people(*, json: _Json = False) -> None:
    """Everybody who may log in, with their roles."""
    from controller.people import told  # noqa: PLC0415 - start-up counts.
    from controller.store.people import get_accounts  # noqa: PLC0415

    accounts = get_accounts(open_office(print_error).store)
    if json:
        print_json(
            [
                {
                    "id": one.id,
                    "name": one.name,
                    "roles": dict(one.roles),
                    "disabled": one.disabled,
                    "second_factor": bool(one.totp),
                }
                for one in accounts
            ]
        )
        return
    print_table(
        ("id", "name", "roles", "second factor", "may log in"),
        [
            (one.id, one.name, told(one.roles), "yes" if one.totp else "no", "no" if one.disabled else "yes")
            for one in accounts
        ],
    )


@app.command()
def add(
    who: _Who,
    name: Annotated[str, typer.Option(help="As it stands beside their key, and in the contract.")],
    *,
    role: _Roles = None,
    email: Annotated[str, typer.Option(help="Their address.")] = "",
    language: Annotated[str, typer.Option(help="de or en.")] = "",
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May manage people; sees no customer's data by that.")
    ] = False,
    json: _Json = False,
) -> None:
    """Add a person, and print the link by which they set their password."""
    from controller import people  # noqa: PLC0415 - start-up counts.
    from controller.store.people import Account  # noqa: PLC0415

    office, now = open_office(print_error), datetime.now(UTC)
    given = _roles([*(role or ()), *(("administrator",) if administrator else ())])
    fresh = Account(id=who, name=name, email=email, language=language, added=now, roles=given)
    _print_link(who, people.add(office.store, fresh, by=office.who), as_json=json)


@app.command()
def invite(
    who: _Who,
    *,
    customer: Annotated[
        str,
        typer.Option(help="WHO is a contact of this customer's contract: let them in, if they are not yet."),
    ] = "",
    json: _Json = False,
) -> None:
    """Print a new link by which a person sets a password; the one that they have holds until then."""
    from controller import people  # noqa: PLC0415 - start-up counts.

    office = open_office(print_error)
    if customer:
        _, contract = office.contract_of(customer)
        who, path = people.invite_contact(office.store, contract, who, by=office.who)
    else:
        path = people.link(office.store, who, by=office.who)
    _print_link(who, path, as_json=json)


@app.command()
def roles(who: _Who, *, role: _Roles = None, json: _Json = False) -> None:
    """Give a person exactly these roles; all their log-ins end."""
    from controller import people  # noqa: PLC0415 - start-up counts.

    office, given = open_office(print_error), _roles(role or ())
    people.give_roles(office.store, who, given, by=office.who)
    if json:
        print_json({"id": who, "roles": given})


@app.command()
def disable(
    who: _Who,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="May log in again.")] = False,
    json: _Json = False,
) -> None:
    """Let a person log in no more; all their log-ins end."""
    from controller import people  # noqa: PLC0415 - start-up counts.

    office = open_office(print_error)
    people.allow(office.store, who, undo, by=office.who)
    if json:
        print_json({"id": who, "disabled": not undo})


@app.command()
def bind(
    who: _Who,
    *,
    subject: Annotated[
        str, typer.Option(help="The person at the provider of log-ins ('sub'); its page shows it to them.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="They log in there no more.")] = False,
    json: _Json = False,
) -> None:
    """Have a person log in by the provider of the settings ([oidc]); all their log-ins end."""
    from controller import people  # noqa: PLC0415 - start-up counts.

    office = open_office(print_error)
    oidc = office.settings.oidc
    if undo == bool(subject):
        raise typer.BadParameter("give --subject with the person's id at the provider, or --undo")
    if subject and oidc is None:
        raise typer.BadParameter("the settings name no provider of log-ins: write the table [oidc]")
    identity = (oidc.issuer, subject) if oidc is not None and subject else None
    people.bind(office.store, who, identity, by=office.who)
    if json:
        print_json({"id": who, "issuer": identity[0] if identity else "", "subject": subject})


@app.command()
def sessions(
    who: _Who,
    *,
    end: Annotated[bool, typer.Option("--end", help="End all of them.")] = False,
    json: _Json = False,
) -> None:
    """Where a person is logged in."""
    from controller import people  # noqa: PLC0415 - start-up counts.
    from controller.store.people import logins  # noqa: PLC0415

    office = open_office(print_error)
    people.known_person(office.store, who)
    found = logins(office.store, who)
    heads = ("begun", "last seen", "address", "browser")
    rows = [
        (f"{one.began:%Y-%m-%d %H:%M}", f"{one.seen:%Y-%m-%d %H:%M}", one.address, one.program)
        for one in found
    ]
    if end:
        people.end_all(office.store, who, by=office.who)
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


app.command()(token)
app.command()(tokens)
app.command()(revoke)


def _print_link(who: str, path: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": who, "link": path})
    else:
        print_line(path)
    print_error(f"give {who} this link, behind the address of your server; it counts once, until tomorrow")


def _roles(words: Iterable[str]) -> dict[str, str]:
    """Customer's id, or '*' -> role."""
    from controller.web.access import EVERY_CUSTOMER, Role  # noqa: PLC0415 - start-up counts.

    found: dict[str, str] = {}
    for word in words:
        role, _, customer = word.partition(":")
        must_be_known("role", [role], [one.value for one in Role])
        if (customer or EVERY_CUSTOMER) in found:
            raise typer.BadParameter(f"one role for {customer or 'every customer'}, not two: leave one out")
        found[customer or EVERY_CUSTOMER] = role
    return found
