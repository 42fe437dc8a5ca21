"""Which hosts does somebody else's inventory have that the contract has not, and the other way round?

It compares and proposes; what holds is what a person has read, signed and added. Exit status: 0 compared, 2 the
source or the contract cannot be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.show import print_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inventory.sources.proposal import Defaults

__all__ = ["propose"]


_From = Annotated[str, typer.Option("--from", help="A file, '-' for a pipe, or the address of a NetBox.")]
_Kind = Annotated[str, typer.Option("--as", help="ansible, netbox or csv, when it cannot be told.")]
_Paper = Annotated[
    Path | None,
    typer.Option("--contract", help="Compare with this file, not with what holds.", dir_okay=False),
]
_Site = Annotated[str, typer.Option(help="The site of hosts of which the source does not say it.")]
_Surroundings = Annotated[str, typer.Option(help="The same: client, server, network or voice.")]
_Platform = Annotated[str, typer.Option(help="The same, such as linux.")]
_Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="GROUP=ROLE", help="A word of the source that is this role."),
]
_Token = Annotated[str, typer.Option(help="Where NetBox's token is, like file:netbox.token.")]
_Ca = Annotated[Path | None, typer.Option(help="A PEM file with who vouches for the NetBox.", dir_okay=False)]
_Tenant = Annotated[str, typer.Option(help="NetBox: take this tenant's hosts only, by its slug.")]
_Statuses = Annotated[
    list[str] | None, typer.Option("--status", help="NetBox: take hosts of this status (active).")
]
_Remove = Annotated[
    bool, typer.Option("--remove-missing", help="Propose to remove hosts that the source does not have.")
]
_Output = Annotated[
    Path | None, typer.Option(help="Write the proposed next revision to this new file.", dir_okay=False)
]


def propose(
    customer: str,
    *,
    source: _From,
    kind: _Kind = "",
    paper: _Paper = None,
    site: _Site = "",
    environment: _Surroundings = "server",
    platform: _Platform = "linux",
    role: _Roles = None,
    token: _Token = "",
    ca: _Ca = None,
    tenant: _Tenant = "",
    status: _Statuses = None,
    remove_missing: _Remove = False,
    output: _Output = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare a contract with an inventory from elsewhere, and propose its next revision."""
    import asyncio  # noqa: PLC0415 - start-up counts.

    from agent.credentials import Credentials  # noqa: PLC0415
    from controller.cli.proposed import print_proposal, proposal_json, write_new  # noqa: PLC0415
    from controller.cli.show import print_json  # noqa: PLC0415
    from controller.settings import load_settings  # noqa: PLC0415
    from controller.sources.fetch import Asked, fetch  # noqa: PLC0415
    from inventory.fields import WrongError  # noqa: PLC0415
    from inventory.read import read  # noqa: PLC0415
    from inventory.sources.compare import propose as compare  # noqa: PLC0415
    from inventory.sources.revise import revise  # noqa: PLC0415

    defaults = _defaults(site=site, environment=environment, platform=platform, roles=role or ())
    text = _contract_text(customer, paper, json=json)
    before = read(text)
    if before.customer != customer:
        raise typer.BadParameter(f"{paper} is the contract of {before.customer!r}, not of {customer!r}")
    asked = Asked(
        where=source, kind=kind, token=token, ca=ca, statuses=tuple(status or ("active",)), tenant=tenant
    )
    found = asyncio.run(fetch(asked, Credentials(load_settings().credentials).resolve))
    try:
        proposal = compare(before, found, defaults, remove_missing=remove_missing)
    except WrongError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    revision = None if output is None or proposal.empty else revise(text, before, proposal)
    if output is not None and revision is not None:
        write_new(output, revision.text)
    if json:
        print_json(proposal_json(proposal, revision, output))
    else:
        print_proposal(proposal, revision, output)


def _contract_text(customer: str, file: Path | None, *, json: bool) -> str:
    """The text of the contract that holds, or of the file that is given instead."""
    if file is None:
        from controller.office import open_office  # noqa: PLC0415 - start-up counts.

        return open_office(print_error).text_of(customer).text
    from controller.cli.paper import read_paper  # noqa: PLC0415

    return read_paper(file, json=json).text


def _defaults(*, site: str, environment: str, platform: str, roles: Iterable[str]) -> Defaults:
    """What somebody says where the source says nothing. Raises typer.BadParameter."""
    from inventory.fields import WrongError, identifier  # noqa: PLC0415 - start-up counts.
    from inventory.sources.proposal import Defaults  # noqa: PLC0415
    from inventory.sources.word import environment_of  # noqa: PLC0415

    try:
        surroundings = environment_of(environment)
        if surroundings is None:
            raise typer.BadParameter("the environment is empty: write client, server, network or voice")
        return Defaults(
            site=site, environment=surroundings, platform=identifier(platform), roles=_roles(roles)
        )
    except WrongError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def _roles(words: Iterable[str]) -> Mapping[str, str]:
    from inventory.fields import identifier  # noqa: PLC0415 - start-up counts.

    roles: dict[str, str] = {}
    for word in words:
        group, sign, role = word.rpartition("=")
        if not (group and sign):
            raise typer.BadParameter(
                f"{word!r} is not GROUP=ROLE: write it like --role webservers=web-server"
            )
        roles[group] = identifier(role)
    return roles
