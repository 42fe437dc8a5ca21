"""What is shown of a plan, before anybody says yes to it? Its steps, who must agree, who has, and when it may be done."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from controller.change.phrases import Phrases, phrases_for
from controller.change.telling import moment, outcome_lines, plain, plan_lines
from controller.cli.show import print_line
from controller.store.plans import Carried, StoredPlan, Word, carried, words

if TYPE_CHECKING:
    from controller.change.carry import Ground
    from controller.office import Office
    from inventory.approval import Approvers
    from inventory.clause import Approval
    from playbooks.plan import Plan

__all__ = ["Standing", "ground_for", "plan_json", "show_plan", "standing_lines", "standing_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a plan stands at a moment: what is demanded, whose yes counts, what was said, when it may be done."""

    approval: Approval
    may: Approvers
    said: tuple[Word, ...]
    hosts: tuple[Carried, ...]
    next_at: datetime | None
    now: datetime


def ground_for(office: Office, customer: str, hosts: tuple[str, ...]) -> Ground:
    """What a change of this customer's hosts stands on. Raises NoContractError, HoldError."""
    from controller.change.carry import Ground  # noqa: PLC0415 - start-up counts.
    from controller.change.permit import agents_of  # noqa: PLC0415

    stored, law = office.law_of(customer)
    known = tuple(host for host in hosts if host in law.contract.targets)
    pins = office.pins(law.contract, agents_of(law, known or tuple(law.contract.targets)[:1]))
    return Ground(store=office.store, stored=stored, law=law, pins=pins)


def standing_of(ground: Ground, stored: StoredPlan, plan: Plan, now: datetime) -> Standing:
    from controller.change.permit import approval_for, must_agree, next_time  # noqa: PLC0415 - see above.

    return Standing(
        approval=approval_for(ground.law, plan.playbook, plan.hosts, now),
        may=must_agree(ground.law, ground.pins, requested_by=stored.requested_by, edited_by=stored.edited_by),
        said=words(ground.store, stored.id),
        hosts=carried(ground.store, stored.id),
        next_at=next_time(ground.law, plan.playbook, plan.hosts, now),
        now=now,
    )


def standing_lines(stored: StoredPlan, standing: Standing, phrases: Phrases) -> Iterator[str]:
    """Who must agree, who has, when it may be done, and how far it is."""
    from inventory.clause import Approval  # noqa: PLC0415 - see above.

    wanted = {
        Approval.NONE: (),
        Approval.COLLEAGUE: (standing.may.colleagues,),
        Approval.CUSTOMER: (standing.may.customers,),
        Approval.BOTH: (standing.may.colleagues, standing.may.customers),
    }[standing.approval]
    names = "; ".join(", ".join(several) or phrases.nobody for several in wanted)
    who = phrases.approvals[standing.approval]
    yield phrases.approval.format(who=f"{who} {phrases.who.format(names=plain(names))}" if wanted else who)
    for word in standing.said:
        if word.kind == "approval" and word.expires is not None:
            until = phrases.until.format(at=f"{moment(word.expires)} UTC")
            yield f"{phrases.given.format(person=plain(word.person))}, {until}"
    if stored.shadow:
        yield phrases.shadow
    if standing.next_at is None:
        yield phrases.window_never
    elif standing.next_at <= standing.now:
        yield phrases.window_now
    else:
        yield phrases.window_next.format(at=moment(standing.next_at))
    for one in standing.hosts:
        first, *rest = outcome_lines(one.outcome, phrases)
        yield f"{one.kind} {plain(one.host)}: {plain(first)}"
        yield from (f"  {plain(line)}" for line in rest)


def show_plan(stored: StoredPlan, plan: Plan, standing: Standing, language: str) -> None:
    """Print it as people read it; what stands there is what is approved."""
    phrases = phrases_for(language)
    for line in (*plan_lines(stored, plan, phrases), *standing_lines(stored, standing, phrases)):
        print_line(line)
    print_line(f"{phrases.states[stored.state]} · SHA-256 {stored.digest}")


def plan_json(stored: StoredPlan, plan: Plan, standing: Standing) -> dict[str, Any]:
    """The same for a program; texts in both languages. The content is `Plan.text`, without secrets."""
    from agent.codec import outcome_json  # noqa: PLC0415 - see above.
    from controller.reports.withhold import remove_secrets  # noqa: PLC0415
    from playbooks.catalogue import playbook_catalogue  # noqa: PLC0415

    known = playbook_catalogue().get(stored.playbook)
    return {
        "plan": stored.id,
        "digest": stored.digest,
        "state": stored.state.value,
        "ticket": stored.ticket,
        "customer": stored.customer,
        "playbook": stored.playbook,
        "requested_by": stored.requested_by,
        "made": stored.made.isoformat(),
        "shadow": stored.shadow,
        "risk": known.risk.value if known else "",
        "does": _both(known.does) if known else {},
        "notices": _both(known.notices) if known else {},
        "content": _without_secrets(jsonlib.loads(stored.text), lambda text: remove_secrets(text, _forget)),
        "approval": standing.approval.value,
        "approvers": {
            "colleagues": list(standing.may.colleagues),
            "customers": list(standing.may.customers),
        },
        "approved": [
            {"person": word.person, "expires": word.expires and word.expires.isoformat()}
            for word in standing.said
            if word.kind == "approval"
        ],
        "allowed_from": standing.next_at and standing.next_at.isoformat(),
        "hosts": [
            {
                "host": one.host,
                "kind": one.kind.value,
                "clause": one.clause,
                "outcome": one.outcome and outcome_json(one.outcome),
            }
            for one in standing.hosts
        ],
        "text": {code: list(plan_lines(stored, plan, phrases_for(code))) for code in ("de", "en")},
    }


def _forget(_: str) -> None:
    """What was withheld is not counted here."""


def _both(texts: tuple[str, str]) -> dict[str, str]:
    return {"en": texts[0], "de": texts[1]}


def _without_secrets(one: Any, hide: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold.
    match one:
        case str():
            return hide(one)
        case list():
            return [_without_secrets(item, hide) for item in one]
        case dict():
            return {name: _without_secrets(item, hide) for name, item in one.items()}
        case _:
            return one
