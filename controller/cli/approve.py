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
from controller.office import Office, open_office

if TYPE_CHECKING:
    from controller.change.carry import Ground
    from controller.ledger import What
    from controller.store.letters import Action
    from controller.store.plans import PlanState, StoredPlan, Word
    from inventory.approval import Approved

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
    language: Language = "",
    json: Json = False,
) -> None:
    """Agree to a plan: it is shown, then signed with your key, for these hosts and these hours alone."""
    from controller.change.carry import plan_of  # noqa: PLC0415 - start-up counts.
    from controller.change.notes import approved_note  # noqa: PLC0415
    from controller.cli.shown_plan import ground_for, show_plan, standing_of  # noqa: PLC0415
    from controller.ledger import What  # noqa: PLC0415
    from controller.store.plans import PlanState, Word, get_plan  # noqa: PLC0415

    office, now = open_office(print_error), datetime.now(UTC)
    stored = get_plan(office.store, plan)
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    spoken = language or office.settings.language or ground.law.contract.language
    if not json:
        show_plan(stored, content, standing_of(ground, stored, content, now), spoken)
    # One that was carried out may be approved again: its undo is a change as well.
    _must_be_open(office, stored.id, (PlanState.OPEN, PlanState.DONE, PlanState.FAILED))
    holder = private_key(key)
    if sys.stdin.isatty() and not yes:
        typer.confirm("Sign this?", abort=True, err=True)
    token, approved = _signed(ground, stored, content.hosts, holder, now, hours)
    first = approved[0]
    word = Word(
        id=first.id,
        plan=stored.id,
        kind="approval",
        person=first.person,
        token=token,
        at=first.at,
        expires=first.expires,
    )
    facts = {"side": " ".join(one.side for one in approved), "expires": first.expires.isoformat()}
    _keep(office, word, What.PLAN_APPROVED, approved_note(ground.law.contract, stored, first), facts)
    if json:
        print_json({"plan": stored.id, "digest": stored.digest, "person": first.person, **facts})
    else:
        then = "apply" if stored.state is PlanState.OPEN else "undo"
        print_line(
            f"{first.person} agrees to plan {stored.id} until {first.expires:%Y-%m-%d %H:%M} UTC: "
            f"secondline {then} {stored.id}"
        )


def _signed(  # noqa: PLR0917 - what is signed, by whom.
    ground: Ground,
    stored: StoredPlan,
    hosts: tuple[str, ...],
    holder: Mapping[str, Any],
    now: datetime,
    hours: float,
) -> tuple[str, tuple[Approved, ...]]:
    """The token, and for which sides it counts. Raises ApprovalError when it counts for none, BadParameter."""
    from inventory.approval import Subject, judge_approval, sign_approval  # noqa: PLC0415 - start-up counts.
    from inventory.people import People  # noqa: PLC0415

    subject = Subject(
        digest=stored.digest,
        playbook=stored.playbook,
        customer=stored.customer,
        hosts=hosts,
        requested_by=stored.requested_by,
        edited_by=stored.edited_by,
    )
    try:
        token = sign_approval(
            holder,
            digest=subject.digest,
            playbook=subject.playbook,
            customer=subject.customer,
            hosts=hosts,
            ticket=stored.ticket,
            at=now,
            hours=hours,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    people = People(ground.pins, ground.law.contract)
    return token, judge_approval(token, subject, people, datetime.now(UTC))


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
    import secrets  # noqa: PLC0415 - start-up counts.

    from controller.change.carry import plan_of  # noqa: PLC0415
    from controller.change.notes import rejected_note  # noqa: PLC0415
    from controller.cli.shown_plan import ground_for  # noqa: PLC0415
    from controller.ledger import What  # noqa: PLC0415
    from controller.store.plans import PlanState, Word, get_plan  # noqa: PLC0415
    from inventory.approval import read_approval, sign_approval  # noqa: PLC0415
    from inventory.people import plain_name  # noqa: PLC0415

    office, now = open_office(print_error), datetime.now(UTC)
    stored = get_plan(office.store, plan)
    content = plan_of(stored)
    ground = ground_for(office, stored.customer, content.hosts)
    _must_be_open(office, stored.id, (PlanState.OPEN,))
    token, person, id_ = "", office.person, secrets.token_urlsafe(18)
    if key is not None:
        token = sign_approval(
            private_key(key),
            digest=stored.digest,
            playbook=stored.playbook,
            customer=stored.customer,
            hosts=content.hosts,
            ticket=stored.ticket,
            at=now,
            hours=_OPEN_HOURS,
            rejects=True,
        )
        said, pin = read_approval(token, ground.pins, rejects=True)
        person, id_ = pin.name, said.id
    elif plain_name(person) != plain_name(stored.requested_by):
        raise typer.BadParameter(
            f"plan {stored.id} was asked for by {stored.requested_by}: give --key to reject it, so that it is known who did"
        )
    word = Word(id=id_, plan=stored.id, kind="rejection", person=person, token=token, at=now, why=why[:500])
    note = rejected_note(ground.law.contract, stored, person, why, withdrawn=key is None)
    _keep(office, word, What.PLAN_REJECTED, note, {})
    if json:
        print_json({"plan": stored.id, "person": person, "state": "rejected"})
    else:
        print_line(f"plan {stored.id} is rejected by {person}: it will not be carried out")


def _must_be_open(office: Office, plan_id: str, states: tuple[PlanState, ...]) -> None:
    from controller.store.errors import PlanStateError  # noqa: PLC0415 - see above.
    from controller.store.plans import get_plan  # noqa: PLC0415

    now = get_plan(office.store, plan_id)
    if now.state not in states:
        raise PlanStateError(f"plan {plan_id} is {now.state}: there is nothing to say yes or no to any more")
    if now.shadow:
        raise PlanStateError(f"plan {plan_id} was made in shadow, for comparison: it is never carried out")


def _keep(office: Office, word: Word, what: What, note: Action, facts: dict[str, str]) -> None:
    """Keep what was said, tell ledger and ticket; a rejection ends the plan in the same moment."""
    from controller.ledger import Entry, append  # noqa: PLC0415 - see above.
    from controller.outbox import hand_over  # noqa: PLC0415
    from controller.store.letters import action_json  # noqa: PLC0415
    from controller.store.plans import PlanState, add_word, get_plan, move_plan  # noqa: PLC0415

    stored = get_plan(office.store, word.plan)
    written = action_json(office.store, note)
    more = {"plan": stored.id, "digest": stored.digest, "person": word.person}
    append(office.store, Entry(what=what, who=office.who, run=stored.made_in, facts=more | facts))
    after = PlanState.REJECTED if word.kind == "rejection" else stored.state
    with office.store.write(durable=True) as connection:
        move_plan(connection, stored.id, (stored.state,), after)
        add_word(connection, word)
        hand_over(
            connection,
            written,
            run_id=stored.made_in,
            desk=stored.desk,
            ticket=stored.ticket,
            now=datetime.now(UTC),
        )
    asyncio.run(office.deliver([stored.desk]))
