"""Which changes are there, and which of them may be applied? Lists playbooks, compares shadow plans, promotes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from agent.nursling import Nursery
from controller.choice import LANGUAGES, must_be_known
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import open_office

__all__ = ["app"]

app = typer.Typer(help="The changes that can be planned, and which may be applied.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    *,
    area: Annotated[str, typer.Option(help="Only this area.")] = "",
    language: Annotated[str, typer.Option(help="de or en.")] = "en",
    json: Json = False,
) -> None:
    """List the playbooks: what they treat, their risk, where they were rehearsed, and whether they may be applied."""
    from controller.change.standing import standings  # noqa: PLC0415 - start-up counts.
    from playbooks.catalogue import playbook_catalogue  # noqa: PLC0415

    must_be_known("language", [language], LANGUAGES)
    known = playbook_catalogue()
    must_be_known("area", [area] if area else [], {one.area for one in known.values()})
    found = [one for one in standings(open_office(print_error).store) if area in {"", known[one.name].area}]
    if json:
        print_json(
            [
                {
                    "playbook": one.name,
                    "does": dict(zip(("en", "de"), known[one.name].does, strict=True)),
                    "notices": dict(zip(("en", "de"), known[one.name].notices, strict=True)),
                    "risk": known[one.name].risk.value,
                    "treats": list(known[one.name].treats),
                    "asked": list(known[one.name].asked),
                    "parameters": sorted(known[one.name].wanted.__dataclass_fields__),
                    "platforms": list(known[one.name].platforms),
                    "role": known[one.name].role,
                    "rehearsed": list(one.rehearsed),
                    "promoted": one.promoted and one.promoted.isoformat(),
                    "promoted_by": one.promoted_by,
                    "shadow": {"agreed": one.agreed, "differed": one.differed, "not_compared": one.open},
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            one.name,
            known[one.name].does[language == "de"],
            known[one.name].risk.value,
            ", ".join(one.rehearsed) or "nowhere",
            f"since {one.promoted:%Y-%m-%d}" if one.promoted else "no: it only plans",
            f"{one.agreed} of {one.agreed + one.differed}" if one.agreed + one.differed else "-",
        )
        for one in found
    ]
    print_table(("playbook", "does", "risk", "rehearsed", "may be applied", "agreed with engineers"), rows)


@app.command()
def promote(
    playbook: Annotated[str, typer.Argument(help="Its name, such as linux.start_service.")],
    *,
    unrehearsed: Annotated[
        bool, typer.Option("--unrehearsed", help="Although its undo was never rehearsed in the lab.")
    ] = False,
    json: Json = False,
) -> None:
    """Let a playbook be applied, and no longer only plan; the ledger remembers who said so, and on what grounds."""
    from controller.change.standing import standings  # noqa: PLC0415 - see above.
    from controller.ledger import Entry, What, append  # noqa: PLC0415
    from controller.store.plans import promote as promoted  # noqa: PLC0415
    from playbooks.catalogue import playbook_catalogue  # noqa: PLC0415

    must_be_known("playbook", [playbook], playbook_catalogue())
    office = open_office(print_error)
    one = next(one for one in standings(office.store) if one.name == playbook)
    if not one.rehearsed and not unrehearsed:
        raise typer.BadParameter(
            f"the undo of {playbook} was never rehearsed on any platform: try it in a lab of your own, then add --unrehearsed"
        )
    append(
        office.store,
        Entry(what=What.PLAYBOOK_PROMOTED, who=office.who, facts=_facts(playbook, one.agreed, one.differed)),
    )
    with office.store.write(durable=True) as connection:
        promoted(connection, playbook, office.person, datetime.now(UTC))
    if json:
        print_json({"playbook": playbook, "agreed": one.agreed, "differed": one.differed})
    else:
        print_line(f"{playbook} may be applied from now on; plans that were made before stay in shadow")


def _facts(playbook: str, agreed: int, differed: int) -> dict[str, str | int | float | bool]:
    return {"playbook": playbook, "agreed": agreed, "differed": differed}


@app.command()
def compare(
    context: typer.Context,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan that was made in shadow.")],
    *,
    json: Json = False,
) -> None:
    """Look again whether the engineers did what a plan made in shadow says: then nothing is left for it to do.

    Exit status: 0 they did, 1 they did something else, 4 nobody can tell now.
    """
    from controller.cli.compare import compared  # noqa: PLC0415 - see above.
    from controller.store.plans import get_plan  # noqa: PLC0415

    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        stored = get_plan(office.store, plan)
        with Live(shown=False) as live:
            agreed = asyncio.run(compared(office, nursery, stored, live))
    finally:
        nursery.close()
    if json:
        print_json({"plan": stored.id, "agreed": agreed})
    elif agreed is None:
        print_error("not every host could be looked at: nothing is noted")
    elif agreed:
        print_line(f"nothing is left for plan {stored.id} to do: what the engineers did agrees with it")
    else:
        print_line(
            f"plan {stored.id} would still change something: the engineers did something else, or nothing"
        )
    raise typer.Exit(4 if agreed is None else int(not agreed))
