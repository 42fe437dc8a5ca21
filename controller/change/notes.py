"""What does the ticket hear of a change? Notes in the customer's language, as the contract lets the customer see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_type_hints

from agent.job import Outcome
from controller.change.phrases import phrases_for
from controller.change.telling import Say, does, moment, outcome_lines, plan_lines
from controller.reports.inert import clip, inert_line
from controller.reports.redact import Redactor
from controller.store.letters import Action, ActionKind
from controller.store.plans import Doing, PlanState, StoredPlan
from inventory.approval import Approved
from inventory.contract import Contract, Host
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import Plan, read_plan
from playbooks.wanted import Account

__all__ = ["approved_note", "begun_note", "ended_note", "made_note", "rejected_note", "saying"]

_LINES, _WIDE = 60, 300


def saying(contract: Contract, plan: Plan | StoredPlan) -> Say:
    """What everything passes that goes into a ticket: secrets go, and what the contract's data rules hide."""
    rules = contract.data.redact
    made = Redactor(rules, frozenset(domain.name for domain in contract.domains))
    for target in contract.targets.values() if rules.names else ():
        for word in (target.id, target.name):
            made.learn(word, "host", target.id)
    for word in rules.also:
        made.learn(word, "word", word)
    known = playbook_catalogue().get(plan.playbook)
    wanted = read_plan(plan.text).wanted if isinstance(plan, StoredPlan) else plan.wanted
    if rules.accounts and known is not None:
        for name, kind in get_type_hints(known.wanted, include_extras=True).items():
            if kind == Account and str(wanted.get(name, "")):
                made.learn(str(wanted[name]), "account", str(wanted[name]))
        for host in contract.hosts:
            for account in _accounts(host):
                made.learn(account, "account", account)
    return lambda text: inert_line(made.text(text))


def _accounts(host: Host) -> Iterable[str]:
    return (reach.user for reach in (host.ssh, host.directory, host.winrm) if reach is not None)


def made_note(contract: Contract, stored: StoredPlan, plan: Plan, more: Iterable[str]) -> Action:
    """A plan was made: what it would do, and who must agree."""
    phrases, say = phrases_for(contract.language), saying(contract, plan)
    pattern = phrases.shadow_note if stored.shadow else phrases.made_note
    first = pattern.format(does=does(plan, phrases), playbook=plan.playbook, hosts=", ".join(plan.hosts))
    return _note([say(first), "", *plan_lines(stored, plan, phrases, say), *map(say, more)])


def approved_note(contract: Contract, stored: StoredPlan, approved: Approved) -> Action:
    phrases, say = phrases_for(contract.language), saying(contract, stored)
    until = moment(approved.expires.astimezone(contract.zone_info))
    return _note([say(phrases.approved_note.format(person=approved.person, id=stored.id, at=until))])


def rejected_note(
    contract: Contract, stored: StoredPlan, person: str, why: str, *, withdrawn: bool
) -> Action:
    phrases, say = phrases_for(contract.language), saying(contract, stored)
    pattern = phrases.withdrawn_note if withdrawn else phrases.rejected_note
    return _note([say(pattern.format(person=person, id=stored.id, why=clip(why, _WIDE) or "-"))])


def begun_note(contract: Contract, stored: StoredPlan, kind: Doing, people: Iterable[str]) -> Action:
    phrases, say = phrases_for(contract.language), saying(contract, stored)
    pattern = phrases.begun_note if kind is Doing.APPLY else phrases.undo_begun_note
    text = pattern.format(
        id=stored.id,
        does=does(stored, phrases),
        hosts=", ".join(read_plan(stored.text).hosts),
        people=", ".join(people) or phrases.nothing,
    )
    return _note([say(text)])


def ended_note(
    contract: Contract,
    stored: StoredPlan,
    kind: Doing,
    state: PlanState,
    outcomes: Mapping[str, Outcome | None],
) -> Action:
    """How it ended: before and afterwards, host by host."""
    phrases, say = phrases_for(contract.language), saying(contract, stored)
    patterns = phrases.ended_note if kind is Doing.APPLY else phrases.undo_ended_note
    lines = [say(patterns[state].format(id=stored.id, does=does(stored, phrases)))]
    for host, outcome in outcomes.items():
        first, *rest = outcome_lines(outcome, phrases)
        lines += [say(f"- {host}: {first}"), *(say(f"  {line}") for line in rest)]
    if kind is Doing.APPLY and state in {PlanState.DONE, PlanState.FAILED}:
        lines.append(say(phrases.undo_with.format(id=stored.id)))
    return _note(lines)


def _note(lines: Iterable[str]) -> Action:
    kept = [clip(line, _WIDE) for line in lines]
    if len(kept) > _LINES:
        kept = [*kept[: _LINES - 1], "…"]
    return Action(kind=ActionKind.NOTE, text="\n".join(kept))
