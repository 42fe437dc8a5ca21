"""What can be asked? Lists the collectors, surveys and tags of the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from controller.choice import must_be_known
from controller.cli.show import print_json, print_line, print_table

__all__ = ["app"]

app = typer.Typer(help="The questions that can be asked.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(*, area: Annotated[str, typer.Option(help="Only this area.")] = "", json: Json = False) -> None:
    """List the collectors."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.

    must_be_known("area", [area] if area else [], catalogue().areas)
    known = [c for c in catalogue().collectors.values() if area in {"", c.area}]
    rows = [
        (
            c.name,
            ", ".join(session.__name__ for session in c.sessions),
            ", ".join(c.platforms) or c.role or "any",
            c.asks[0],
        )
        for c in known
    ]
    if json:
        print_json([dict(zip(("name", "session", "for", "asks"), row, strict=True)) for row in rows])
    else:
        print_table(("collector", "session", "for", "question"), rows)


@app.command()
def tags(*, json: Json = False) -> None:
    """List the tags that findings can have, with their wording."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - see above.

    known = sorted(catalogue().tags.values(), key=lambda tag: tag.name)
    if json:
        print_json(
            [
                {
                    "tag": t.name,
                    "severity": t.severity.name.lower(),
                    "en": t.en,
                    "de": t.de,
                    "advice": {"en": t.do_en, "de": t.do_de},
                }
                for t in known
            ]
        )
        return
    print_table(("tag", "severity", "says"), [(t.name, t.severity.name.lower(), t.en) for t in known])
    print_line(f"{len(known)} tags")
