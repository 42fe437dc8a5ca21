"""How is this agent run by the machine's own service manager, behind a ring that it cannot widen?"""

from __future__ import annotations

import os
import pwd
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.posts import Json, Name, folders_of, post_of
from controller.cli.show import print_error, print_json, print_text

__all__ = ["unit"]


def unit(
    name: Name,
    *,
    user: Annotated[str, typer.Option(help="Who runs it; the owner of the home when not given.")] = "",
    also: Annotated[
        list[str] | None,
        typer.Option(
            help="The ticket system's network or address, where it is elsewhere; and the name server's, "
            "where its name must be looked up."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Print a systemd unit whose packets reach what this agent's ceiling names, and nothing else."""
    from agent.refusal import HoldError  # noqa: PLC0415 - start-up counts.
    from controller.settings import load_settings  # noqa: PLC0415
    from controller.unit import Unit, UnitError, unit_text  # noqa: PLC0415
    from inventory.ceiling import read_network  # noqa: PLC0415
    from inventory.decide import Reason  # noqa: PLC0415
    from inventory.fields import WrongError  # noqa: PLC0415

    post = post_of(name)
    if post.ceiling is None:
        raise HoldError(
            Reason.NO_CEILING,
            f"no unit without a ceiling: {post.ceiling_trouble} ('secondline agent ceiling {name} FILE')",
        )
    settings = load_settings()
    if settings.desk != "builtin" and not also:
        raise typer.BadParameter(
            f"the ticket system {settings.desk!r} is elsewhere, and the unit would not let anybody there: name its "
            "address with --also"
        )
    home = settings.home.resolve()
    try:
        text = unit_text(
            Unit(
                agent=name,
                program=_program(),
                python=Path(sys.base_prefix).resolve(),
                home=home,
                user=_runs_as(user, home),
                within=post.ceiling.all_within(),
                also=tuple(read_network(one) for one in also or ()),
            )
        )
    except (UnitError, WrongError) as error:
        raise typer.BadParameter(str(error)) from None
    named = (*post.ceiling.networks, *post.ceiling.outside)
    _warn(name, [str(one) for one in named if one.prefixlen == 0])
    if json:
        print_json({"agent": name, "unit": text})
    else:
        print_text(text)


def _warn(name: str, wide: list[str]) -> None:
    """Say what this unit does not do, although it can be made."""
    if wide:
        print_error(f"the ceiling of {name} names {', '.join(wide)}: this ring holds little back")
    others = [folder.name for folder in folders_of("") if folder.name != name]
    if others:
        print_error(
            f"this home has other agents too ({', '.join(others)}): under this unit, hosts that only they may reach "
            "are not answered; give each agent a home of its own"
        )


def _program() -> Path:
    """The installed command of this very installation."""
    found = Path(sysconfig.get_path("scripts")).absolute() / "secondline"
    if not os.access(found, os.X_OK):
        raise typer.BadParameter(
            f"the command is not installed as {found}: install Secondline, then ask again"
        )
    return found


def _runs_as(user: str, home: Path) -> str:
    """The user who runs it: whoever else it were could not use the home."""
    owner = home.stat().st_uid
    try:
        found = pwd.getpwnam(user) if user else pwd.getpwuid(owner)
    except KeyError:
        raise typer.BadParameter(f"there is no user {user or owner} on this machine: make one") from None
    if found.pw_uid != owner:
        raise typer.BadParameter(
            f"{home} does not belong to {user}: chown -R {user} {home}, or leave --user out"
        )
    return found.pw_name
