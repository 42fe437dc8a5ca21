"""What did an agent change, step by step, and where must somebody look? Its journal, and a person's word that it was seen to."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from controller.cli.posts import Json, Name, post_of
from controller.cli.show import print_json, print_line

__all__ = ["journal", "verify"]

_PLAN = 12


def journal(
    name: Name,
    *,
    host: Annotated[str, typer.Option(help="Only this host.")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="Only where somebody must look.")] = False,
    json: Json = False,
) -> None:
    """Show what this agent changed: one line before and one after each step, as it stands on its disk."""
    from agent.journal import Journal  # noqa: PLC0415 - start-up counts.

    kept = Journal(post_of(name).journal)
    waiting = kept.open()
    lines = [one for one in (waiting if open_only else kept.entries()) if host in {"", one.host}]
    if json:
        places = [{"customer": one.customer, "host": one.host, "plan": one.plan} for one in waiting]
        print_json({"agent": name, "entries": [asdict(one) for one in lines], "open": places})
        return
    for one in lines:
        at = datetime.fromtimestamp(one.at, UTC)
        # The plan's own text stands in its first line, for whoever takes it back by hand.
        said = one.detail if one.what != "begin" else one.playbook
        step = f" {one.step}" if one.step else ""
        print_line(
            f"{at:%Y-%m-%d %H:%M:%S} {one.customer} {one.host} {one.plan[:_PLAN]} {one.what}{step} {said}".rstrip()
        )
    for one in waiting:
        if host in {"", one.host}:
            print_line(
                f"{one.customer} {one.host}: nobody knows how the last change ended; look there, then "
                f"'secondline agent verify {name} {one.customer} {one.host}', or undo the plan {one.plan[:_PLAN]}"
            )


def verify(
    name: Name,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    host: Annotated[str, typer.Argument(help="The host that somebody has looked at.")],
    *,
    found: Annotated[str, typer.Option(help="What was found there, and what was done about it.")],
    json: Json = False,
) -> None:
    """Say that a person has seen to a host where a change has no known end: from then on it may be changed again."""
    from agent.journal import Entry, Journal  # noqa: PLC0415 - see above.
    from agent.lock import only_one  # noqa: PLC0415

    post = post_of(name)
    kept = Journal(post.journal)
    standing = kept.standing(customer, host)
    if standing is None or not standing.is_open:
        raise typer.BadParameter(
            f"no change of {customer} {host} waits for anybody: see 'secondline agent journal {name}'"
        )
    with only_one(post.locks, customer, (host,)):
        kept.write(
            Entry(
                what="looked",
                customer=customer,
                host=host,
                plan=standing.plan,
                playbook=standing.playbook,
                detail=f"{getpass.getuser()}: {found}",
            )
        )
    if json:
        print_json(
            {
                "agent": name,
                "customer": customer,
                "host": host,
                "plan": standing.plan,
                "was": standing.words(),
            }
        )
    else:
        print_line(f"{customer} {host} may be changed again; what stood there: {standing.words()}")
