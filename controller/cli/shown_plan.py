"""What is shown of a plan, before anybody says yes to it? Its steps, who must agree, who has, and when it may be done."""

from __future__ import annotations

import json as jsonlib
from typing import Any

from controller.change.ground import Standing, standing_lines
from controller.change.phrases import phrases_for
from controller.change.telling import plan_lines
from controller.cli.show import print_line
from controller.store.plans import StoredPlan
from playbooks.plan import Plan

__all__ = ["plan_json", "show_plan"]


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
