"""What can be done about what was found? Plans what treats the findings of a ticket's last run; applies only what may be.

Exit status: 0 nothing is left to do; 1 a person must do something first: agree, wait for a window, or promote; 2 bad
input; 3 refused by the contract; 4 no answer, or it did not succeed; 5 verify first.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from agent.job import Planned
from agent.nursling import Nursery
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.office import open_office

if TYPE_CHECKING:
    from controller.change.phrases import Phrases
    from controller.change.treating import Remedied

__all__ = ["remedy"]

_LEFT, _VERIFY = 0, 5


def remedy(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(help="The ticket whose last run is looked at.")],
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry out what needs nobody's approval, and may be done now.")
    ] = False,
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No live table.")] = False,
) -> None:
    """Plan what treats the findings of the ticket's last run; stop at everything that needs a person."""
    from controller.change.treating import remedied  # noqa: PLC0415 - start-up counts.

    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with Live(shown=sys.stderr.isatty() and not quiet) as live:
            lines, spoken = asyncio.run(remedied(office, nursery, ticket, live.take, apply=apply))
    finally:
        nursery.close()
    _print(ticket, lines, language or office.settings.language or spoken, as_json=json)
    raise typer.Exit(max((line.status for line in lines), default=_LEFT))


def _print(ticket: str, lines: Iterable[Remedied], language: str, *, as_json: bool) -> None:
    from controller.change.phrases import phrases_for  # noqa: PLC0415 - see above.

    told = tuple(lines)
    if as_json:
        print_json({"ticket": ticket, "remedies": [_json(ticket, line) for line in told]})
        return
    if not told:
        print_line(f"nothing that was found for ticket {ticket} is treated by a playbook")
    for line in told:
        for text in _told(line, phrases_for(language)):
            print_line(text)
    if any(line.status == _VERIFY for line in told):
        print_error(
            "a change ended in a way that nobody knows: look at its hosts before anything else is changed there"
        )


def _told(line: Remedied, phrases: Phrases) -> Iterator[str]:
    """One proposal as people read it: its plan, or why there is none, and what to do next."""
    from controller.change.telling import outcome_lines, plain, plan_lines  # noqa: PLC0415 - see above.
    from controller.store.plans import carried  # noqa: PLC0415

    title, drawn = line.proposal.known.does[phrases.code == "de"], line.drawn
    hosts = ", ".join(map(plain, line.proposal.hosts))
    yield f"{line.proposal.playbook}: {title} ({hosts}): {line.state}"
    if drawn is not None and drawn.stored is not None and drawn.plan is not None:
        yield from (f"  {text}" if text else "" for text in plan_lines(drawn.stored, drawn.plan, phrases))
        for one in carried(drawn.ground.store, drawn.stored.id):
            yield from (f"  {plain(one.host)}: {plain(text)}" for text in outcome_lines(one.outcome, phrases))
    elif drawn is not None and line.status != _LEFT:
        for host, outcome in drawn.looked.outcomes.items():
            if not isinstance(outcome, Planned):
                yield f"  {plain(host)}: {plain(' '.join(outcome_lines(outcome, phrases)))}"
    if line.next:
        yield f"  -> {plain(line.next)}"


def _json(ticket: str, line: Remedied) -> dict[str, object]:
    stored = line.drawn.stored if line.drawn else None
    return {
        "playbook": line.proposal.playbook,
        "parameters": dict(line.proposal.said),
        "hosts": list(line.proposal.hosts),
        "treats": list(line.proposal.tags),
        "state": line.state,
        "plan": stored.id if stored else None,
        "digest": stored.digest if stored else None,
        "next": line.next,
        "command": shlex.join(line.proposal.words(ticket)),
    }
