"""Do you agree to exactly this change? What is signed is shown first; the signature is a person's own.

Exit status: 0 it is kept; 2 bad input, or it would not count.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.keys import private_key
from controller.cli.show import print_error, print_json, print_line
from controller.office import open_office

if TYPE_CHECKING:
    from controller.store.plans import StoredPlan

__all__ = ["approve", "reject"]

Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, or the first signs of its digest.")]
Key = Annotated[Path, typer.Option("--key", help="Your private key, from 'secondline key new'.", exists=True)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Language = Annotated[str, typer.Option(help="de or en; the contract's when not given.")]
_OPEN_HOURS = 24.0


def approve(
    plan: Plan,
    *,
    key: Key,
    hours: Annotated[float, typer.Option(help="For how many hours it holds, at most 168.")] = _OPEN_HOURS,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the signed text to this file too, for the page.", dir_okay=False),
    ] = None,
    language: Language = "",
    json: Json = False,
) -> None:
    """Agree to a plan: it is shown, then signed with your key, for these hosts and these hours alone."""
    from controller.change.agreeing import may_agree, take_approval  # noqa: PLC0415 - start-up counts.
    from controller.change.carry import plan_of  # noqa: PLC0415
    from controller.change.ground import ground_for, standing_of  # noqa: PLC0415
    from controller.cli.shown_plan import show_plan  # noqa: PLC0415
    from controller.store.plans import PlanState, get_plan  # noqa: PLC0415

    office, now = open_office(print_error), datetime.now(UTC)
    stored = get_plan(office.store, plan)
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    spoken = language or office.settings.language or ground.law.contract.language
    if not json:
        show_plan(stored, content, standing_of(ground, stored, content, now), spoken)
    may_agree(office, stored.id)
    holder = private_key(key)
    if sys.stdin.isatty() and not yes:
        typer.confirm("Sign this?", abort=True, err=True)
    token = _signed(stored, content.hosts, holder, now, hours)
    approved = take_approval(office, ground, stored, content.hosts, token)
    if output:
        output.write_text(f"{token}\n", encoding="ascii")
    asyncio.run(office.deliver([stored.desk]))
    first = approved[0]
    if json:
        facts = {"side": " ".join(one.side for one in approved), "expires": first.expires.isoformat()}
        print_json({"plan": stored.id, "digest": stored.digest, "person": first.person, **facts})
    else:
        then = "apply" if stored.state is PlanState.OPEN else "undo"
        print_line(
            f"{first.person} agrees to plan {stored.id} until {first.expires:%Y-%m-%d %H:%M} UTC: "
            f"secondline {then} {stored.id}"
        )


def _signed(
    stored: StoredPlan,
    hosts: tuple[str, ...],
    holder: Mapping[str, Any],
    now: datetime,
    hours: float,
    *,
    rejects: bool = False,
) -> str:
    """The token. Raises BadParameter for hours that nobody may give."""
    from inventory.approval import sign_approval  # noqa: PLC0415 - start-up counts.

    try:
        return sign_approval(
            holder,
            digest=stored.digest,
            playbook=stored.playbook,
            customer=stored.customer,
            hosts=hosts,
            ticket=stored.ticket,
            at=now,
            hours=hours,
            rejects=rejects,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def reject(
    plan: Plan,
    *,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Your private key; not needed for a plan of your own.", exists=True),
    ] = None,
    why: Annotated[str, typer.Option(help="Why not; it goes to the ticket.")] = "",
    json: Json = False,
) -> None:
    """Say no to a plan: it can never be applied then. Who asked for it may withdraw it without a key."""
    from controller.change.agreeing import may_reject, take_rejection, withdraw  # noqa: PLC0415 - see above.
    from controller.change.carry import plan_of  # noqa: PLC0415
    from controller.change.ground import ground_for  # noqa: PLC0415
    from controller.store.plans import get_plan  # noqa: PLC0415

    office, now = open_office(print_error), datetime.now(UTC)
    stored = get_plan(office.store, plan)
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    may_reject(office, stored.id)
    if key is not None:
        token = _signed(stored, content.hosts, private_key(key), now, _OPEN_HOURS, rejects=True)
        person = take_rejection(office, ground, stored, content.hosts, token, why)
    else:
        person = withdraw(office, ground, stored, why)
    asyncio.run(office.deliver([stored.desk]))
    if json:
        print_json({"plan": stored.id, "person": person, "state": "rejected"})
    else:
        print_line(f"plan {stored.id} is rejected by {person}: it will not be carried out")
