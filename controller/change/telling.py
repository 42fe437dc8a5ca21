"""What do people read of a plan, and of how it ended? Lines of plain text, inert, without secrets.

Whoever approves a plan reads this before the digest over the very same steps is signed.
"""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from agent.job import (
    AlreadySo,
    Applied,
    Broken,
    Changed,
    NoAnswer,
    Outcome,
    Planned,
    Refused,
    Seen,
    UndoFailed,
    Undone,
    Unfit,
    Unknown,
)
from controller.change.phrases import Phrases
from controller.reports.inert import clip, inert_line
from controller.reports.withhold import remove_secrets
from controller.store.plans import StoredPlan
from playbooks.catalogue import playbook_catalogue
from playbooks.operation import Attributes, Command, Configure, Operation, Write
from playbooks.plan import Part, Plan, Step

__all__ = [
    "Say",
    "differing",
    "does",
    "moment",
    "outcome_lines",
    "plain",
    "plan_lines",
    "step_lines",
    "value",
]

Say = Callable[[str], str]
_WIDE, _LONG, _MANY = 300, 400, 40


def plain(text: str) -> str:
    """One line of text as an engineer may read it: nothing in it acts, and no secret is in it."""
    return inert_line(remove_secrets(text, lambda _: None))


def does(plan: Plan | StoredPlan, phrases: Phrases) -> str:
    """What a plan's playbook does, in a few words; its name where this version does not know it any more."""
    known = playbook_catalogue().get(plan.playbook)
    return known.does[phrases.code == "de"] if known else plan.playbook


def plan_lines(stored: StoredPlan, plan: Plan, phrases: Phrases, say: Say = plain) -> Iterator[str]:
    """The plan as people read it: what is done where, why, what users notice, and how it is taken back and verified."""
    known, german = playbook_catalogue().get(plan.playbook), phrases.code == "de"
    yield phrases.plan.format(id=stored.id, ticket=say(stored.ticket), does=does(plan, phrases))
    said = ", ".join(f"{name}={value(one, phrases)}" for name, one in plan.wanted.items())
    yield phrases.parameters.format(list=say(f"{plan.playbook} {said}"))
    if known is not None:
        yield phrases.risk.format(risk=phrases.risks[known.risk])
        yield phrases.notices.format(text=known.notices[german])
    for number, part in enumerate(plan.parts):
        yield ""
        alone = f" ({phrases.first})" if number == 0 and len(plan.parts) > 1 else ""
        yield f"{say(part.host)}{alone}"
        yield from _part_lines(part, phrases, say)
    yield ""
    yield phrases.verified.format(list=", ".join(plan.asked))
    if plan.tags:
        yield phrases.gone.format(list=", ".join(plan.tags))


def _part_lines(part: Part, phrases: Phrases, say: Say) -> Iterator[str]:
    state = ", ".join(f"{name}={clip(value(one, phrases), 120)}" for name, one in part.state.items())
    yield f"  {phrases.now} {clip(say(state), 2 * _LONG)}"
    if not part.steps:
        yield f"  {phrases.so_already}"
    for number, step in enumerate(part.steps, 1):
        yield f"  {number}. {say(step.why[phrases.code == 'de'])}"
        yield from _step_lines(step, phrases, say)


def _step_lines(step: Step, phrases: Phrases, say: Say) -> Iterator[str]:
    leads = {"do": f"{phrases.done} ", "undo": f"{phrases.back} ", "no-undo": f"{phrases.back} ", "cuts": ""}
    for kind, line in step_lines(step, phrases):
        yield f"     {leads[kind]}{clip(say(line), _WIDE)}"


def step_lines(step: Step, phrases: Phrases) -> Iterator[tuple[str, str]]:
    """What is done, and what takes it back: lines as they are, each with what it is: do, undo, no-undo or cuts."""
    for line in _change_lines(step, phrases):
        yield "do", line
    for undo in step.undo:
        for line in _operation_lines(undo, phrases):
            yield "undo", line
    if step.keeps:
        yield "no-undo", phrases.keeps
    elif step.is_final:
        yield "no-undo", phrases.final
    if step.cuts:
        yield "cuts", phrases.cuts


def _change_lines(step: Step, phrases: Phrases) -> Iterator[str]:
    """What is done, with what was there before where the undo says it."""
    before = next((one for one in step.undo if type(one) is type(step.do)), None)
    match step.do, before:
        case Write(path=path, content=str(new)), Write(path=other, content=str(old)) if path == other:
            yield f"{path} ({step.do.mode:04o})"
            changed = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
            yield from _some([line for line in changed if not line.startswith(("---", "+++"))], phrases)
        case Attributes(entry=entry, values=new_values), Attributes(entry=other, values=old_values) if (
            entry == other
        ):
            known = dict(old_values)
            yield entry
            for name, values in new_values:
                old = ", ".join(known.get(name, ())) or phrases.nothing
                yield phrases.before_after.format(
                    name=name, before=old, after=", ".join(values) or phrases.nothing
                )
        case operation, _:
            yield from _operation_lines(operation, phrases)


def _operation_lines(operation: Operation, phrases: Phrases) -> Iterator[str]:
    match operation:
        case Command(argv=argv, stdin=stdin):
            yield shlex.join(argv)
            yield from _some([f"< {line}" for line in stdin.splitlines()], phrases)
        case Write(path=path, content=None):
            yield f"{path}: {phrases.removed}"
        case Write(path=path, content=content, mode=mode):
            yield f"{path} ({mode:04o})"
            yield from _some([f"+{line}" for line in (content or "").splitlines()], phrases)
        case Attributes(entry=entry, values=values):
            yield entry
            yield from (f"{name} = {', '.join(several) or phrases.nothing}" for name, several in values)
        case Configure(lines=lines):
            yield from lines


def _some(lines: list[str], phrases: Phrases) -> Iterator[str]:
    yield from lines[:_MANY]
    if len(lines) > _MANY:
        yield phrases.more_lines.format(n=len(lines) - _MANY)


def value(one: object, phrases: Phrases) -> str:
    """A value of a state or a parameter, as one reads it."""
    match one:
        case bool():
            return phrases.yes if one else phrases.no
        case str():
            return one or "''"
        case None:
            return phrases.nothing
        case _:
            return json.dumps(one, ensure_ascii=False, default=str)


def differing(before: Mapping[str, Any], after: Mapping[str, Any], phrases: Phrases) -> tuple[str, ...]:
    """What is another one afterwards, one line each."""
    names = dict.fromkeys((*before, *after))
    return tuple(
        phrases.before_after.format(
            name=name,
            before=clip(value(before.get(name), phrases), _LONG),
            after=clip(value(after.get(name), phrases), _LONG),
        )
        for name in names
        if before.get(name) != after.get(name)
    )


def outcome_lines(outcome: Outcome | None, phrases: Phrases) -> tuple[str, ...]:
    """How it ended on a host: a line, and for a change what is different now."""
    match outcome:
        case None:
            return (phrases.host_left,)
        case Refused(reason, _, _, detail):
            return (phrases.refused.format(reason=reason, detail=detail or "-"),)
        case NoAnswer(kind, _, detail):
            return (phrases.unanswered.format(kind=kind, detail=detail or "-"),)
        case Unfit(en, de):
            return (phrases.unfit.format(why=de if phrases.code == "de" else en),)
        case Broken(error):
            return (phrases.broken.format(error=error),)
        case Planned() | Seen():
            raise ValueError("this is no end of a change")
        case _:
            return _applied_lines(outcome, phrases)


def _applied_lines(outcome: Applied, phrases: Phrases) -> tuple[str, ...]:
    match outcome:
        case Changed(before, after):
            return (phrases.changed, *differing(before, after, phrases))
        case AlreadySo():
            return (phrases.already_so,)
        case Undone(step, why, verified):
            first = (
                phrases.undone.format(step=step, why=why) if step else phrases.undone_wholly.format(why=why)
            )
            return (first,) if verified else (first, phrases.unverified)
        case UndoFailed(step, why, _):
            return (phrases.undo_failed.format(step=step, why=why),)
        case Unknown(step, why):
            return (phrases.unknown.format(step=step, why=why),)


def moment(at: datetime) -> str:
    """A moment, in the zone that it has."""
    return f"{at:%Y-%m-%d %H:%M}"
