"""Which machine is meant? A host's key is looked at before anybody logs in, and proposed to be pinned.

Exit status: 0 its key was seen, 2 bad input, 3 refused by the contract, 4 it could not be asked.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.nursling import Nursery
from controller.cli.live import Live
from controller.cli.show import print_error, print_json, print_line
from controller.inquiry import Verdict, Wishes, carry_out
from controller.office import Office, open_office

if TYPE_CHECKING:
    from inventory.contract import Contract

__all__ = ["app"]

app = typer.Typer(help="Hosts: pin the key by which one is known.", no_args_is_help=True)


@app.callback()
def _alone() -> None:
    """A lone sub-command would otherwise lose its name."""


_QUESTION = "linux.host-key"


@app.command()
def pin(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="The host: its id, name or address.")],
    *,
    ticket: Annotated[str, typer.Option(help="The ticket for which it is done; it names the customer.")],
    output: Annotated[
        Path | None,
        typer.Option(help="Write the next revision of the contract, with the key, to this new file."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """First contact: see a host's key without logging in, record it on the ticket, and propose to pin it.

    It counts from when the revision that pins it holds: signed, and approved by a second person.
    """
    nursery = context.obj if isinstance(context.obj, Nursery) else Nursery()
    try:
        office = open_office(print_error).tidy()
        wishes = Wishes(
            ticket=ticket, hosts=(host,), areas=(), questions=(_QUESTION,), language="", seconds=60.0
        )
        done = asyncio.run(carry_out(office, nursery, wishes, Live(shown=False).take))
    finally:
        nursery.close()
    seen = _key_seen(office, done.run)
    if seen is None:
        print_error("the host's key was not seen:")
        print_line(done.note)
        raise typer.Exit(done.status if done.status > Verdict.FAULTS else Verdict.NOTHING_ASKED)
    customer, found, key, fingerprint = seen
    stored, contract = office.contract_of(customer)
    pinned = _pinned(contract, found)
    if output is not None and key not in pinned:
        from controller.cli.proposed import write_new  # noqa: PLC0415 - start-up counts.
        from inventory.sources.pin import pin_host_key  # noqa: PLC0415

        write_new(output, pin_host_key(stored.text, contract, found, key).text)
    if json:
        facts = {
            "host": found,
            "key": key,
            "fingerprint": fingerprint,
            "pinned": key in pinned,
            "run": done.run,
        }
        print_json(facts | ({"output": str(output)} if output else {}))
        return
    print_line(f"{found} shows {key}")
    print_line(f"fingerprint {fingerprint}: compare it at the host's console (ssh-keygen -lf)")
    if key in pinned:
        print_line("the contract pins this key already")
    elif output is not None:
        print_line(f"{output}: the next revision, which pins it; have it signed, add it, have it approved")
    else:
        print_line(f"to pin it, write under this host's ssh: host_keys: [{key}]")


def _key_seen(office: Office, run: str) -> tuple[str, str, str, str] | None:
    """Customer, host, key and fingerprint that a run has seen; the ledger is told who looked."""
    from agent.job import Seen  # noqa: PLC0415 - start-up counts.
    from controller.ledger import Entry, What, append  # noqa: PLC0415
    from controller.store.jobs import results  # noqa: PLC0415
    from controller.store.runs import get_run  # noqa: PLC0415

    for result in results(office.store, run):
        if isinstance(result.outcome, Seen) and result.job.collector == _QUESTION:
            key, fingerprint = str(result.outcome.reading["key"]), str(result.outcome.reading["fingerprint"])
            customer, host = get_run(office.store, run).customer, result.job.host
            facts = {"customer": customer, "key": fingerprint}
            append(
                office.store, Entry(what=What.HOST_PINNED, who=office.who, run=run, host=host, facts=facts)
            )
            return customer, host, key, fingerprint
    return None


def _pinned(contract: Contract, host: str) -> tuple[str, ...]:
    ssh = getattr(contract.targets[host], "ssh", None)
    return ssh.host_keys if ssh else ()
