"""What holds at this agent and on this machine, and what is wrong with it?

Exit status: 0 all is well, 1 something is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from controller.cli.posts import EveryName, Json, folders_of
from controller.cli.show import print_json, print_line

if TYPE_CHECKING:
    from agent.kernel.standing import Walls
    from agent.post import Post

__all__ = ["doctor"]


def doctor(name: EveryName = "", *, json: Json = False) -> None:
    """Say what holds at an agent, which walls stand on this machine, and what is wrong."""
    told = {one.name: list(_examined(one)) for one in folders_of(name)}
    if json:
        print_json({agent: [{"ok": ok, "what": what} for ok, what in lines] for agent, lines in told.items()})
    else:
        for agent, lines in told.items():
            for ok, what in lines:
                print_line(f"{agent}: {'ok' if ok else 'NOT OK'}: {what}")
    raise typer.Exit(0 if all(ok for lines in told.values() for ok, _ in lines) else 1)


def _examined(folder: Path) -> Iterator[tuple[bool, str]]:
    """What holds at one agent, line by line: whether it is well, and what it is."""
    from agent import switch  # noqa: PLC0415 - start-up counts.
    from agent.kernel.standing import standing  # noqa: PLC0415
    from agent.post import load_post  # noqa: PLC0415
    from agent.refusal import HoldError  # noqa: PLC0415
    from agent.sessions.krb5 import is_installed  # noqa: PLC0415

    try:
        post = load_post(folder.parents[1], folder.name)
    except HoldError as error:
        yield False, str(error)
        return
    yield from _law(post)
    yield from _walls(post, standing())
    # Not wanted by most: what is missing is no fault.
    has = (
        "libkrb5 is there"
        if is_installed()
        else "not possible, install libkrb5-3 where a contract wants them"
    )
    yield True, f"log-ins by Kerberos: {has}"
    stopped = switch.all_thrown(folder)
    yield not stopped, f"stopped by {', '.join(stopped)}" if stopped else "no kill switch is thrown"


def _law(post: Post) -> Iterator[tuple[bool, str]]:
    from agent.memory import Memory  # noqa: PLC0415 - see above.
    from agent.refusal import HoldError  # noqa: PLC0415

    for role, pins in (("duty manager", post.pins.duty), ("customer", post.pins.customer)):
        for pin in pins:
            yield True, f"the signature of {pin.name} counts ({role}, key {pin.kid[:12]})"
    yield True, f"the customer's signature is {'demanded' if post.pins.cosigned else 'not demanded'}"
    if post.ceiling is None:
        yield False, f"no ceiling, so nothing is allowed: {post.ceiling_trouble}"
    else:
        networks = ", ".join(map(str, post.ceiling.networks))
        ports = ", ".join(map(str, post.ceiling.ports))
        yield True, f"ceiling: {', '.join(post.ceiling.customers)}; {networks}; ports {ports}"
    try:
        newest = Memory(post.memory).newest()
        yield True, f"memory: {newest:%Y-%m-%d %H:%M:%S} UTC is the newest moment seen"
    except HoldError as error:
        yield False, str(error)


def _walls(post: Post, here: Walls) -> Iterator[tuple[bool, str]]:
    """Which walls a worker of this agent stands behind on this machine."""
    yield here.audit_hook, "first wall: Python's audit hooks, in every worker"
    if post.walls == "python":
        could = (
            "it could not stand on this machine either: " + "; ".join(here.missing)
            if here.missing
            else "it could stand on this machine: take that line out"
        )
        file = post.folder / "agent.toml"
        undemanded = (
            f'second wall: NOT DEMANDED, since {file} says walls = "python": C libraries, and code that takes the first '
            f"wall out, are then held by nothing; {could}"
        )
        # What the agent's own file says is its owner's will, and no fault: but never said by half.
        yield True, undemanded
        return
    for lack in here.missing:
        yield False, f"second wall: {lack}"
    if not here.missing:
        yield True, f"second wall: seccomp, Landlock {here.landlock}; workers give all capabilities away"
        for ring in here.weaker:
            yield True, f"second wall: this kernel's Landlock does not hold {ring}; seccomp alone does"
