"""How does somebody say yes or no to a plan? What they signed is judged, kept once, and told to ledger and ticket.

Nothing here signs: a person's key is on their own machine, behind the command or in their browser.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from controller.change.carry import Ground
from controller.change.notes import approved_note, rejected_note
from controller.ledger import Entry, What, append
from controller.office import Office
from controller.outbox import hand_over
from controller.store.errors import PlanStateError
from controller.store.letters import Action, action_json
from controller.store.plans import PlanState, StoredPlan, Word, add_word, get_plan, move_plan
from inventory.approval import ApprovalError, Approved, NotApproved, Subject, judge_approval, read_approval
from inventory.people import People, plain_name

__all__ = ["may_agree", "may_reject", "subject_of", "take_approval", "take_rejection", "withdraw"]


def subject_of(stored: StoredPlan, hosts: tuple[str, ...]) -> Subject:
    """What a signature over this plan has to be for."""
    return Subject(
        digest=stored.digest,
        playbook=stored.playbook,
        customer=stored.customer,
        hosts=hosts,
        requested_by=stored.requested_by,
        edited_by=stored.edited_by,
    )


def may_agree(office: Office, plan_id: str) -> None:
    """Raises PlanStateError where a yes would change nothing.

    One that was carried out may be approved again: its undo is a change as well.
    """
    _must_be(office, plan_id, (PlanState.OPEN, PlanState.DONE, PlanState.FAILED))


def may_reject(office: Office, plan_id: str) -> None:
    """Raises PlanStateError where a no would change nothing."""
    _must_be(office, plan_id, (PlanState.OPEN,))


def take_approval(
    office: Office, ground: Ground, stored: StoredPlan, hosts: tuple[str, ...], token: str
) -> tuple[Approved, ...]:
    """Keep an approval, and tell ledger and ticket; gives for which sides it counts.

    Raises PlanStateError, and ApprovalError when it counts for none.
    """
    may_agree(office, stored.id)
    people = People(ground.pins, ground.law.contract)
    approved = judge_approval(token, subject_of(stored, hosts), people, datetime.now(UTC))
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
    return approved


def take_rejection(  # noqa: PLR0913, PLR0917 - what is rejected, by what, and why.
    office: Office, ground: Ground, stored: StoredPlan, hosts: tuple[str, ...], token: str, why: str
) -> str:
    """Keep a signed rejection, which ends the plan; gives whose it is. Raises PlanStateError, ApprovalError."""
    may_reject(office, stored.id)
    said, pin = read_approval(token, ground.pins, rejects=True)
    if (said.plan, said.playbook, said.customer, set(said.hosts)) != (
        *(stored.digest, stored.playbook, stored.customer),
        set(hosts),
    ):
        raise ApprovalError(NotApproved.OTHER_PLAN, "the rejection is for another plan than this one")
    word = Word(
        id=said.id,
        plan=stored.id,
        kind="rejection",
        person=pin.name,
        token=token,
        at=datetime.now(UTC),
        why=why[:500],
    )
    _keep(office, word, What.PLAN_REJECTED, _no(ground, stored, word, withdrawn=False), {})
    return pin.name


def withdraw(office: Office, ground: Ground, stored: StoredPlan, why: str) -> str:
    """Who asked for a plan takes it back, without a signature; gives who that is. Raises PlanStateError."""
    may_reject(office, stored.id)
    person = office.person
    if plain_name(person) != plain_name(stored.requested_by):
        raise PlanStateError(
            f"plan {stored.id} was asked for by {stored.requested_by}: give --key to reject it, so that it is known who did"
        )
    word = Word(
        id=secrets.token_urlsafe(18),
        plan=stored.id,
        kind="rejection",
        person=person,
        token="",
        at=datetime.now(UTC),
        why=why[:500],
    )
    _keep(office, word, What.PLAN_REJECTED, _no(ground, stored, word, withdrawn=True), {})
    return person


def _no(ground: Ground, stored: StoredPlan, word: Word, *, withdrawn: bool) -> Action:
    return rejected_note(ground.law.contract, stored, word.person, word.why, withdrawn=withdrawn)


def _must_be(office: Office, plan_id: str, states: tuple[PlanState, ...]) -> None:
    now = get_plan(office.store, plan_id)
    if now.state not in states:
        raise PlanStateError(f"plan {plan_id} is {now.state}: there is nothing to say yes or no to any more")
    if now.shadow:
        raise PlanStateError(f"plan {plan_id} was made in shadow, for comparison: it is never carried out")


def _keep(office: Office, word: Word, what: What, note: Action, facts: dict[str, str]) -> None:
    """Keep what was said, tell ledger and ticket; a rejection ends the plan in the same moment."""
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
