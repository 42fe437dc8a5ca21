"""Which tickets are there? Opens, lists and shows tickets of the built-in desk; reads those of any desk."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.show import print_error, print_json, print_line, print_table
from controller.desks.desk import Ticket
from controller.office import Office, open_office

__all__ = ["app"]

# What is larger is no matter of a ticket; a capture of a busy hour is smaller.
_MAX_FILE = 200_000_000
_BYTES = "application/octet-stream"

app = typer.Typer(help="Tickets: open, list, show.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def new(
    *,
    customer: Annotated[str, typer.Option(help="The customer's id in the contract.")],
    subject: Annotated[str, typer.Option(help="The subject, as the customer wrote it.")],
    text: Annotated[str, typer.Option(help="The text; '-' reads it from standard input.")] = "",
    requester: Annotated[str, typer.Option(help="Who asks.")] = "",
    attach: Annotated[
        list[Path], typer.Option(help="A file that came with it: a capture, a picture, an e-mail.")
    ] = [],  # noqa: B006 - typer copies it.
    json: Json = False,
) -> None:
    """Open a ticket at the built-in desk."""
    from mimetypes import guess_type  # noqa: PLC0415 - only where it is used: start-up counts.

    from controller.store.tickets import add_ticket  # noqa: PLC0415

    if not subject.strip():
        raise typer.BadParameter("the subject is empty: write what the customer wrote")
    if len({path.name for path in attach}) != len(attach):
        raise typer.BadParameter("two files have the same name: give each another")
    office = open_office(print_error)
    office.text_of(customer)
    # Mail comes in many code pages: what is not UTF-8 is kept as it is, and seen.
    body = sys.stdin.buffer.read().decode("utf-8", "backslashreplace") if text == "-" else text
    number = add_ticket(
        office.store,
        customer=customer,
        subject=subject,
        text=body,
        requester=requester or office.who,
        files=[(path.name, guess_type(path.name)[0] or _BYTES, path.read_bytes()) for path in attach],
    )
    if office.settings.trigger:
        from controller.store.arrivals import ring  # noqa: PLC0415 - see above.

        ring(office.store, "builtin", str(number), f"opened-{number}", datetime.now(UTC))
    if json:
        print_json({"id": str(number), "customer": customer, "subject": subject})
    else:
        print_line(f"ticket {number} is open: secondline diagnose --ticket {number}")


@app.command("list")
def list_(
    *, customer: Annotated[str, typer.Option(help="Only this customer's.")] = "", json: Json = False
) -> None:
    """List the newest tickets of the built-in desk."""
    from controller.store.tickets import tickets  # noqa: PLC0415 - see above.

    found = tickets(open_office(print_error).store, customer=customer)
    rows = [(str(t.id), t.customer, t.state, f"{t.created:%Y-%m-%d %H:%M}", t.subject) for t in found]
    if json:
        keys = ("id", "customer", "state", "created", "subject")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        print_table(("ticket", "customer", "state", "opened (UTC)", "subject"), rows)


@app.command()
def show(ticket: str, *, json: Json = False) -> None:
    """Show a ticket of the desk that is set up, with its notes where the desk is the built-in one."""
    office = open_office(print_error).tidy()
    found = asyncio.run(_read(office, ticket))
    notes = _notes(office, found.id) if office.settings.desk == "builtin" else []
    if json:
        shown = {
            "id": found.id,
            "customer": found.customer,
            "subject": found.subject,
            "text": found.text,
            "state": found.state,
            "requester": found.requester,
            "created": found.created.isoformat(),
            "changed": found.changed.isoformat(),
            "queue": found.queue,
            "category": found.category,
            "priority": found.priority,
            "tags": found.tags,
            "closed": found.closed,
            "merged_into": found.merged_into,
            "attachments": [asdict(file) for file in found.attachments],
            "notes": notes,
        }
        print_json(shown)
        return
    print_line(f"#{found.id}  {found.subject}")
    print_line(
        f"{found.customer or 'no customer'} · {found.state} · {found.requester} · {found.created:%Y-%m-%d %H:%M} UTC"
    )
    if sorted_into := [word for word in (found.queue, found.category, found.priority, *found.tags) if word]:
        print_line(" · ".join(sorted_into))
    for line in found.text.splitlines():
        print_line(line)
    for attached in found.attachments if not notes else ():
        print_line(f"file: {attached.name} · {attached.media_type} · {attached.size or 'unknown'} bytes")
    for note in notes:
        print_line("")
        print_line(
            f"{note['created']} · {note['author']} · {note['kind']} · files: {', '.join(note['files']) or 'none'}"
        )
        for line in str(note["text"]).splitlines():
            print_line(f"  {line}")


@app.command()
def file(
    ticket: Annotated[str, typer.Argument(help="The ticket's number.")],
    name: str,
    *,
    to: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
    json: Json = False,
) -> None:
    """Take a file out of a ticket of the desk that is set up: the newest of this name."""
    content = asyncio.run(_fetch(open_office(print_error), ticket, name))
    # Who wrote the ticket chose the name: it must not lead out of the folder.
    safe = re.sub(r"[^\w. -]", "_", name).lstrip(".") or "file"
    target = to / safe if to.is_dir() else to
    target.write_bytes(content)
    if json:
        print_json({"file": str(target)})
    else:
        print_line(str(target))


async def _fetch(office: Office, ticket: str, name: str) -> bytes:
    async with office.desk() as (_, desk):
        found = [file for file in (await desk.read(ticket)).attachments if file.name == name]
        if not found:
            raise typer.BadParameter(
                f"ticket {ticket} has no file {name!r}: see 'secondline ticket show {ticket}'"
            )
        return await desk.fetch(ticket, found[-1].id, limit=_MAX_FILE)


async def _read(office: Office, ticket: str) -> Ticket:
    async with office.desk() as (_, desk):
        return await desk.read(ticket)


def _notes(office: Office, ticket: str) -> list[dict[str, str | list[str]]]:
    from controller.store.tickets import notes  # noqa: PLC0415 - see above.

    return [
        {
            "kind": note.kind,
            "author": note.author,
            "created": f"{note.created:%Y-%m-%d %H:%M}",
            "text": note.text,
            "files": [f.name for f in note.files],
        }
        for note in notes(office.store, int(ticket))
    ]
