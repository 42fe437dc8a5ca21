"""Which agents have their law in this home? What the commands about agents share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.post import Post

__all__ = ["EveryName", "Json", "Name", "folders_of", "post_of"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The agent, as the contract's sites name it.")]
EveryName = Annotated[str, typer.Argument(help="The agent; every agent of this home when not given.")]


def folders_of(name: str) -> tuple[Path, ...]:
    """The folders of the agents meant, of all when there is no name. Raises HoldError when there is none."""
    from agent.post import post_folder  # noqa: PLC0415 - start-up counts.
    from agent.refusal import Hold, HoldError  # noqa: PLC0415
    from controller.settings import home_folder  # noqa: PLC0415

    home = home_folder()
    every = sorted(path for path in (home / "agents").glob("*") if path.is_dir())
    folders = (post_folder(home, name),) if name else tuple(every)
    missing = [path for path in folders if not path.is_dir()]
    if missing or not folders:
        raise HoldError(
            Hold.NO_AGENT, f"there is no agent {name or 'here'}: set one up with 'secondline agent init'"
        )
    return folders


def post_of(name: str) -> Post:
    """An agent's law. Raises HoldError."""
    from agent.post import load_post  # noqa: PLC0415 - start-up counts.
    from controller.settings import home_folder  # noqa: PLC0415

    return load_post(home_folder(), name)
