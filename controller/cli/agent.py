"""What may this agent do, and how is it stopped? Its own law is set up, and its kill switches thrown.

No controller is needed for any of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from controller.cli.doctor import doctor
from controller.cli.journal import journal, verify
from controller.cli.keys import public_keys
from controller.cli.posts import EveryName, Json, Name, folders_of, post_of
from controller.cli.seats import admit, invite, revoke, seats
from controller.cli.show import print_json, print_line, print_text
from controller.cli.unit import unit

if TYPE_CHECKING:
    from controller.store.entries import LedgerFact, What

__all__ = ["app"]

app = typer.Typer(
    help="Agents: set up their own law, look at it, stop and resume their work.", no_args_is_help=True
)
OneCustomer = Annotated[str, typer.Option(help="Only this customer; everything when not given.")]


@app.command()
def init(
    name: Name,
    *,
    duty: Annotated[list[Path], typer.Option(help="Public keys of the duty managers (FILE.pub).")],
    ceiling: Annotated[Path, typer.Option(help="The customer's own bound, a TOML file.", exists=True)],
    customer_key: Annotated[
        list[Path] | None, typer.Option(help="Public keys of the customer's people.")
    ] = None,
    engineer: Annotated[
        list[Path] | None, typer.Option(help="Public keys of engineers, who may agree to others' changes.")
    ] = None,
    cosigned: Annotated[bool, typer.Option("--cosigned", help="Demand the customer's signature.")] = False,
    walls: Annotated[
        str, typer.Option(help="'kernel', or 'python' where the kernel cannot hold a wall.")
    ] = "kernel",
    json: Json = False,
) -> None:
    """Set an agent up, or exchange its keys: what it has seen and spent it never forgets."""
    from agent.memory import make_memory  # noqa: PLC0415 - start-up counts.
    from agent.post import post_folder, write_post  # noqa: PLC0415
    from controller.ledger import What  # noqa: PLC0415
    from controller.settings import controller_pin, home_folder  # noqa: PLC0415
    from inventory.ceiling import CeilingError, read_ceiling  # noqa: PLC0415
    from inventory.signing import Pins  # noqa: PLC0415

    _must_be_a_name(name)
    raw = ceiling.read_bytes()
    try:
        read_ceiling(raw)
    except CeilingError as error:
        raise typer.BadParameter(f"{ceiling}: {error}") from None
    kept: Literal["kernel", "python"] = "python" if walls == "python" else "kernel"
    if walls != kept:
        raise typer.BadParameter("--walls is 'kernel' or 'python'")
    pins = Pins(
        duty=tuple(pin for file in duty for pin in public_keys(file)),
        engineers=tuple(pin for file in engineer or () for pin in public_keys(file)),
        customer=tuple(pin for file in customer_key or () for pin in public_keys(file)),
        cosigned=cosigned,
    )
    home = home_folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = post_folder(home, name)
    write_post(folder, name=name, controller=(controller_pin(home),), pins=pins, ceiling=raw, walls=kept)
    post = post_of(name)
    if not post.memory.exists():
        make_memory(post.memory)
    people = tuple(dict.fromkeys(pin.name for pin in (*pins.duty, *pins.customer)))
    _remember(What.AGENT_SET_UP, agent=name, ceiling=_digest(raw), people=", ".join(people))
    if json:
        print_json({"agent": name, "folder": str(folder), "people": list(people), "cosigned": cosigned})
    else:
        print_line(f"agent {name} is set up in {folder}: it takes contracts that {', '.join(people)} sign")


def _must_be_a_name(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - start-up counts.

    from inventory.fields import Id  # noqa: PLC0415

    try:
        TypeAdapter(Id).validate_python(name)
    except ValidationError:
        raise typer.BadParameter(
            f"{name!r} is no agent's name: small letters, digits, '.', '_' or '-'"
        ) from None


@app.command()
def example(*, json: Json = False) -> None:
    """Print a commented ceiling."""
    from inventory.ceiling import read_ceiling  # noqa: PLC0415 - see above.
    from inventory.schema import ceiling_example  # noqa: PLC0415

    if json:
        print_json(read_ceiling(ceiling_example()).model_dump(mode="json"))
    else:
        print_text(ceiling_example().decode("utf-8"))


@app.command()
def ceiling(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="A new ceiling; when not given, the one in place.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Confirm a ceiling: from now on the agent takes exactly this text for it."""
    from agent.post import CEILING, write_post  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415
    from inventory.ceiling import CeilingError, read_ceiling  # noqa: PLC0415

    post = post_of(name)
    source = file or post.folder / CEILING
    raw = source.read_bytes()
    try:
        read = read_ceiling(raw)
    except CeilingError as error:
        raise typer.BadParameter(f"{source}: {error}") from None
    write_post(
        post.folder, name=name, controller=post.controller, pins=post.pins, ceiling=raw, walls=post.walls
    )
    _remember(What.AGENT_SET_UP, agent=name, ceiling=_digest(raw), people="")
    said = read.model_dump(mode="json")
    if json:
        print_json({"agent": name, "ceiling": said})
    else:
        for key, values in said.items():
            print_line(f"{key}: {', '.join(map(str, values)) or 'none'}")


@app.command()
def stop(
    name: EveryName = "",
    *,
    customer: OneCustomer = "",
    why: Annotated[str, typer.Option(help="What it shall say.")] = "stopped by hand",
    json: Json = False,
) -> None:
    """Stop all work at once: nothing is begun any more, and what is running ends within seconds."""
    from agent import switch  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415

    files = {}
    for one in folders_of(name):
        files[one.name] = str(switch.throw(one, _id(customer), why))
        _remember(What.AGENT_STOPPED, agent=one.name, customer=customer, reason=why)
    if json:
        print_json(files)
    else:
        for agent, file in files.items():
            print_line(f"agent {agent} stops {customer or 'everything'}: {file}")


@app.command()
def resume(
    name: EveryName = "",
    *,
    customer: OneCustomer = "",
    json: Json = False,
) -> None:
    """Let work go on."""
    from agent import switch  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415

    resumed = {one.name: switch.resume(one, _id(customer)) for one in folders_of(name)}
    for agent in (agent for agent, was in resumed.items() if was):
        _remember(What.AGENT_RESUMED, agent=agent, customer=customer)
    if json:
        print_json(resumed)
    else:
        for agent, was in resumed.items():
            print_line(f"agent {agent} {'goes on' if was else 'was not stopped in this way'}")


@app.command()
def endpoint(
    account: Annotated[
        str, typer.Argument(help="Who shall be let in: an account or a group, like 'AD\\reader'.")
    ],
    *,
    output: Annotated[Path, typer.Option(help="The folder for the two files; it is made.")] = Path(
        "Secondline"
    ),
    json: Json = False,
) -> None:
    """Write what registers an endpoint of PowerShell (JEA) on Windows hosts that offers our questions and nothing else."""
    from agent.capability import ROLE, capability, configuration, scripts  # noqa: PLC0415 - see above.

    files = {
        output / f"{ROLE}.psrc": capability(scripts()),
        output / f"{ROLE}.pssc": configuration(account),
    }
    output.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        # With its mark: Windows PowerShell takes a text without one for its own code page.
        path.write_text(text, "utf-8-sig", newline="\r\n")
    if json:
        print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            print_line(str(path))


app.command()(doctor)
app.command()(journal)
app.command()(verify)
app.command()(unit)
app.command()(invite)
app.command()(admit)
app.command()(revoke)
app.command()(seats)


def _id(customer: str) -> str:
    if customer and ("/" in customer or "\0" in customer):
        raise typer.BadParameter(f"{customer!r} is no customer's id")
    return customer


def _digest(raw: bytes) -> str:
    from inventory.source import digest  # noqa: PLC0415 - see above.

    return digest(raw)


def _remember(what: What, **facts: LedgerFact) -> None:
    """Into the ledger, where this installation has one that can be written; a kill switch never waits for that."""
    from controller.cli.show import print_error  # noqa: PLC0415
    from controller.ledger import Entry, append  # noqa: PLC0415
    from controller.office import open_office  # noqa: PLC0415 - see above.
    from controller.store.errors import StoreError  # noqa: PLC0415

    try:
        office = open_office(print_error)
        append(office.store, Entry(what=what, who=office.who, facts=facts))
    except (StoreError, OSError) as error:
        print_error(f"it is done, but the ledger does not hold it: {error}")
