"""What would be read out of this ticket? Symptom, confidence, the words that say so, and the hosts that are named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.show import print_error, print_json, print_line

if TYPE_CHECKING:
    from controller.triggers.resolve import Resolution

__all__ = ["classify"]

# No ticket is longer, and a file that is none shall not fill the memory.
_MOST = 1_000_000


def classify(
    file: Annotated[str, typer.Argument(help="A file with the ticket's text; '-' for standard input.")],
    *,
    subject: Annotated[str, typer.Option(help="The ticket's subject; else a first line 'Subject: …'.")] = "",
    customer: Annotated[str, typer.Option(help="Whose contract says which hosts may be named.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a text complains of, without asking anybody. Exit status 1 when it is none of our symptoms."""
    from controller.triggers.classify import classify as read  # noqa: PLC0415 - start-up counts.

    text = _text(file)
    first, _, rest = text.partition("\n")
    if not subject and first.casefold().startswith(("subject:", "betreff:")):
        subject, text = first.partition(":")[2].strip(), rest
    said = read(subject, text)
    hosts = _hosts(customer, subject, text)
    if json:
        told = [
            {"symptom": c.symptom, "confidence": c.confidence, "words": list(c.words), "areas": list(c.areas)}
            for c in said.complaints
        ]
        print_json({"symptom": said.symptom, "complaints": told, "hosts": hosts})
    else:
        for one in said.complaints:
            print_line(
                f"{one.symptom}  {one.confidence:.2f}  {', '.join(one.words)}  (asks in {', '.join(one.areas)})"
            )
        if not said.complaints:
            print_line("none of our symptoms")
        for name, value in hosts.items():
            print_line(f"{name}: {value if isinstance(value, str) else ', '.join(value)}")
    raise typer.Exit(0 if said.complaints else 1)


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read(_MOST) if file == "-" else Path(file).read_bytes()[:_MOST]
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from None
    return raw.decode("utf-8", "backslashreplace")


def _hosts(customer: str, subject: str, text: str) -> dict[str, str | list[str]]:
    if not customer:
        return {}
    from controller.office import open_office  # noqa: PLC0415 - only where a contract is looked at.
    from controller.triggers.resolve import resolve  # noqa: PLC0415

    _, contract = open_office(print_error).contract_of(customer)
    return _told(resolve(contract, subject, text))


def _told(meant: Resolution) -> dict[str, str | list[str]]:
    from controller.triggers.resolve import Ambiguous, Named, NothingNamed  # noqa: PLC0415 - see above.

    match meant:
        case Named(found):
            return {"named": [f"{one.host} ({one.why}: {one.words})" for one in found]}
        case Ambiguous(words, candidates):
            return {"ambiguous": words, "candidates": list(candidates)}
        case NothingNamed():
            return {"named": "nothing: the symptom's own chain says who is asked"}
