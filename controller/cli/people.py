"""Who may log in to the pages, as whom, for which customer?

No password is ever given on a command line: whoever is added gets a link that counts once, for a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from controller.choice import must_be_known
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
_LINK = timedelta(days=1)


@app.command("list")
def list_people(*, json: _Json = False) -> None:
    """Everybody who may log in, with their roles."""
    from controller.store.people import get_accounts  # noqa: PLC0415 - start-up counts.

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
            (one.id, one.name, _told(one.roles), "yes" if one.totp else "no", "no" if one.disabled else "yes")
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
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.people import Account, add_account  # noqa: PLC0415

    if not who.replace(".", "").replace("-", "").replace("_", "").isalnum() or not who.isascii():
        raise typer.BadParameter(f"{who!r} cannot be a name here: use letters, digits, '.', '-' and '_'")
    office, now = open_office(print_error), datetime.now(UTC)
    roles = _roles([*(role or ()), *(("administrator",) if administrator else ())])
    fresh = Account(id=who, name=name, email=email, language=language, added=now, roles=roles)
    add_account(office.store, fresh)
    facts = {"person": who, "roles": _told(roles)}
    append(office.store, Entry(what=What.PERSON_ADDED, who=office.who, facts=facts))
    _print_link(who, as_json=json)


@app.command()
def invite(who: _Who, *, json: _Json = False) -> None:
    """Print a new link by which a person sets a password; the one that they have holds until then."""
    _print_link(who, as_json=json)


@app.command()
def roles(who: _Who, *, role: _Roles = None, json: _Json = False) -> None:
    """Give a person exactly these roles; all their log-ins end."""
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.people import set_roles  # noqa: PLC0415

    office, given = open_office(print_error), _roles(role or ())
    set_roles(office.store, who, given)
    facts = {"person": who, "what": "roles", "roles": _told(given)}
    append(office.store, Entry(what=What.PERSON_CHANGED, who=office.who, facts=facts))
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
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.store.people import change_account  # noqa: PLC0415

    office = open_office(print_error)
    change_account(office.store, who, disabled=not undo)
    facts = {"person": who, "what": "may log in again" if undo else "may not log in"}
    append(office.store, Entry(what=What.PERSON_CHANGED, who=office.who, facts=facts))
    if json:
        print_json({"id": who, "disabled": not undo})


def _print_link(who: str, *, as_json: bool) -> None:
    from controller.store.people import PersonError, get_account, invite  # noqa: PLC0415 - start-up counts.

    office = open_office(print_error)
    if get_account(office.store, who) is None:
        raise PersonError(f"there is no person {who!r}: see 'secondline people list'")
    secret = invite(office.store, who, datetime.now(UTC) + _LINK)
    if as_json:
        print_json({"id": who, "link": f"/invitation/{secret}"})
    else:
        print_line(f"/invitation/{secret}")
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


def _told(roles: Mapping[str, str]) -> str:
    return ", ".join(f"{role}:{customer}" for customer, role in sorted(roles.items()))
