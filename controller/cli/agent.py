"""What holds at this agent? Its own law is set up, looked at, and its kill switches thrown, without any controller.

Exit status of `doctor`: 0 all is well, 1 something is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from controller.cli.keys import public_keys
from controller.cli.show import print_json, print_line, print_text

if TYPE_CHECKING:
    from agent.post import Post
    from controller.store.entries import LedgerFact, What

__all__ = ["app"]

app = typer.Typer(
    help="Agents: set up their own law, look at it, stop and resume their work.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The agent, as the contract's sites name it.")]
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
    cosigned: Annotated[bool, typer.Option("--cosigned", help="Demand the customer's signature.")] = False,
    walls: Annotated[
        str, typer.Option(help="'kernel', or 'python' where the kernel cannot hold a wall.")
    ] = "kernel",
    json: Json = False,
) -> None:
    """Set an agent up, or exchange its keys: what it has seen and spent it never forgets."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    from agent.memory import make_memory  # noqa: PLC0415 - start-up counts.
    from agent.post import post_folder, write_post  # noqa: PLC0415
    from controller.ledger import What  # noqa: PLC0415
    from controller.settings import controller_pin, home_folder  # noqa: PLC0415
    from inventory.ceiling import CeilingError, read_ceiling  # noqa: PLC0415
    from inventory.fields import Id  # noqa: PLC0415
    from inventory.signing import Pins  # noqa: PLC0415

    try:
        TypeAdapter(Id).validate_python(name)
    except ValidationError:
        raise typer.BadParameter(
            f"{name!r} is no agent's name: small letters, digits, '.', '_' or '-'"
        ) from None
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
        customer=tuple(pin for file in customer_key or () for pin in public_keys(file)),
        cosigned=cosigned,
    )
    home = home_folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = post_folder(home, name)
    write_post(folder, name=name, controller=(controller_pin(home),), pins=pins, ceiling=raw, walls=kept)
    post = _post(name)
    if not post.memory.exists():
        make_memory(post.memory)
    people = tuple(dict.fromkeys(pin.name for pin in (*pins.duty, *pins.customer)))
    _remember(What.AGENT_SET_UP, agent=name, ceiling=_digest(raw), people=", ".join(people))
    if json:
        print_json({"agent": name, "folder": str(folder), "people": list(people), "cosigned": cosigned})
    else:
        print_line(f"agent {name} is set up in {folder}: it takes contracts that {', '.join(people)} sign")


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

    post = _post(name)
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
    name: Annotated[str, typer.Argument(help="The agent; every agent of this home when not given.")] = "",
    *,
    customer: OneCustomer = "",
    why: Annotated[str, typer.Option(help="What it shall say.")] = "stopped by hand",
    json: Json = False,
) -> None:
    """Stop all work at once: nothing is begun any more, and what is running ends within seconds."""
    from agent import switch  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415

    files = {}
    for one in _folders(name):
        files[one.name] = str(switch.throw(one, _id(customer), why))
        _remember(What.AGENT_STOPPED, agent=one.name, customer=customer, reason=why)
    if json:
        print_json(files)
    else:
        for agent, file in files.items():
            print_line(f"agent {agent} stops {customer or 'everything'}: {file}")


@app.command()
def resume(
    name: Annotated[str, typer.Argument(help="The agent; every agent of this home when not given.")] = "",
    *,
    customer: OneCustomer = "",
    json: Json = False,
) -> None:
    """Let work go on."""
    from agent import switch  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415

    resumed = {one.name: switch.resume(one, _id(customer)) for one in _folders(name)}
    for agent in (agent for agent, was in resumed.items() if was):
        _remember(What.AGENT_RESUMED, agent=agent, customer=customer)
    if json:
        print_json(resumed)
    else:
        for agent, was in resumed.items():
            print_line(f"agent {agent} {'goes on' if was else 'was not stopped in this way'}")


@app.command()
def doctor(
    name: Annotated[str, typer.Argument(help="The agent; every agent of this home when not given.")] = "",
    *,
    json: Json = False,
) -> None:
    """Say what holds at an agent, and what is wrong with it."""
    told = {one.name: list(_examined(one)) for one in _folders(name)}
    if json:
        print_json({agent: [{"ok": ok, "what": what} for ok, what in lines] for agent, lines in told.items()})
    else:
        for agent, lines in told.items():
            for ok, what in lines:
                print_line(f"{agent}: {'ok' if ok else 'NOT OK'}: {what}")
    raise typer.Exit(0 if all(ok for lines in told.values() for ok, _ in lines) else 1)


def _examined(folder: Path) -> Iterator[tuple[bool, str]]:
    """What holds at one agent, line by line: whether it is well, and what it is."""
    from agent import switch  # noqa: PLC0415 - see above.
    from agent.kernel.standing import standing  # noqa: PLC0415
    from agent.memory import Memory  # noqa: PLC0415
    from agent.post import load_post  # noqa: PLC0415
    from agent.refusal import HoldError  # noqa: PLC0415

    try:
        post = load_post(folder.parents[1], folder.name)
    except HoldError as error:
        yield False, str(error)
        return
    for role, pins in (("duty manager", post.pins.duty), ("customer", post.pins.customer)):
        for pin in pins:
            yield True, f"the signature of {pin.name} counts ({role}, key {pin.kid[:12]})"
    yield True, f"the customer's signature is {'demanded' if post.pins.cosigned else 'not demanded'}"
    if post.ceiling is None:
        yield False, f"no ceiling, so nothing is allowed: {post.ceiling_trouble}"
    else:
        networks = ", ".join(map(str, post.ceiling.networks))
        yield True, f"ceiling: {', '.join(post.ceiling.customers)}; {networks}; ports {_listed(post)}"
    try:
        newest = Memory(post.memory).newest()
        yield True, f"memory: {newest:%Y-%m-%d %H:%M:%S} UTC is the newest moment seen"
    except HoldError as error:
        yield False, str(error)
    if post.walls == "python":
        yield True, "walls: python alone, as its own file says"
    else:
        yield not standing().missing, f"walls: {standing()}"
    stopped = switch.all_thrown(folder)
    yield not stopped, f"stopped by {', '.join(stopped)}" if stopped else "no kill switch is thrown"


def _listed(post: Post) -> str:
    return ", ".join(map(str, post.ceiling.ports)) if post.ceiling else ""


def _folders(name: str) -> tuple[Path, ...]:
    """The folders of the agents meant. Raises HoldError when there is none."""
    from agent.post import post_folder  # noqa: PLC0415 - see above.
    from agent.refusal import Hold, HoldError  # noqa: PLC0415
    from controller.settings import home_folder  # noqa: PLC0415

    home = home_folder()
    every = sorted(path for path in (home / "agents").glob("*") if path.is_dir())
    folders = (post_folder(home, name),) if name else tuple(every)
    missing = [path for path in folders if not path.is_dir()]
    if missing or not folders:
        raise HoldError(
            Hold.NO_AGENT, f"there is no agent {name or 'here'}: set one up with 'secondline agent init'"
        )
    return folders


def _post(name: str) -> Post:
    from agent.post import load_post  # noqa: PLC0415 - see above.
    from controller.settings import home_folder  # noqa: PLC0415

    return load_post(home_folder(), name)


def _id(customer: str) -> str:
    if customer and ("/" in customer or "\0" in customer):
        raise typer.BadParameter(f"{customer!r} is no customer's id")
    return customer


def _digest(raw: bytes) -> str:
    from inventory.source import digest  # noqa: PLC0415 - see above.

    return digest(raw)


def _remember(what: What, **facts: LedgerFact) -> None:
    """Into the ledger, where this installation has one that can be written; a kill switch never waits for that."""
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.
    from controller.cli.show import print_error  # noqa: PLC0415
    from controller.ledger import Entry, append  # noqa: PLC0415
    from controller.store.errors import StoreError  # noqa: PLC0415

    try:
        office = open_office()
        append(office.store, Entry(what=what, who=office.who, facts=facts))
    except (StoreError, OSError) as error:
        print_error(f"it is done, but the ledger does not hold it: {error}")
