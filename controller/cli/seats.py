"""Who serves a customer's site from there? Agents elsewhere are invited, admitted by a person, looked at, revoked."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.posts import Json
from controller.cli.show import print_error, print_json, print_line, print_table

if TYPE_CHECKING:
    from controller.office import Office
    from controller.store.seats import Seat

__all__ = ["admit", "invite", "revoke", "seats"]

SeatName = Annotated[str, typer.Argument(help="The seat, as 'secondline agent seats' shows it.")]


def invite(
    site: Annotated[str, typer.Argument(help="The site, as the contract names it.")],
    *,
    customer: Annotated[str, typer.Option(help="Whose site it is.")],
    agent: Annotated[str, typer.Option(help="The agent's name, where no contract names the site yet.")] = "",
    minutes: Annotated[int, typer.Option(help="For how long the code serves.", min=1, max=1440)] = 60,
    json: Json = False,
) -> None:
    """Make a code with which an agent at a customer's site asks for its seat; it serves once."""
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - start-up counts.
    from controller.office import open_office  # noqa: PLC0415
    from controller.settings import controller_pin  # noqa: PLC0415
    from controller.store.seats import invite as keep  # noqa: PLC0415

    office = open_office(print_error)
    named = agent or _agent_of(office, customer, site)
    now = datetime.now(UTC)
    until = now + timedelta(minutes=minutes)
    # 130 bits nobody guesses; behind it, by which key the agent knows this controller.
    secret = base64.b32encode(secrets.token_bytes(17))[:26].decode()
    code = f"{secret}-{controller_pin(office.settings.home).kid[:16]}"
    keep(office.store, code, customer=customer, site=site, agent=named, by=office.who, now=now, until=until)
    facts = {"customer": customer, "site": site, "agent": named, "until": until.isoformat(timespec="seconds")}
    append(office.store, Entry(what=What.AGENT_INVITED, who=office.who, facts=facts))
    if json:
        print_json({"code": code, **facts})
    else:
        print_line(f"code    {code}")
        print_line(
            f"serves  once, until {until:%Y-%m-%d %H:%M} UTC, for agent {named} at {site} of {customer}"
        )
        print_line(
            "there   secondline-agent enrol --controller URL --duty FILE.pub --ceiling FILE, which asks for it"
        )


def _agent_of(office: Office, customer: str, site: str) -> str:
    """The agent of a site, as the contract has it. Raises NoContractError."""
    _, contract = office.waiting_or_present(customer)
    agents = {one.id: one.agent for one in contract.sites}
    if site not in agents:
        raise typer.BadParameter(f"{customer} has no site {site!r}: there are {', '.join(agents)}")
    return agents[site]


def admit(seat: SeatName, *, json: Json = False) -> None:
    """Let an agent that asked for its seat work, after a look at the law it says it has."""
    from controller.courier.mirror import ceiling_of, mirrored, same_law  # noqa: PLC0415 - see above.
    from controller.ledger import Entry, What, append  # noqa: PLC0415
    from controller.office import open_office  # noqa: PLC0415
    from controller.store.seats import SeatState, move_seat  # noqa: PLC0415
    from controller.store.seats import seats as every  # noqa: PLC0415
    from inventory.source import digest  # noqa: PLC0415

    office = open_office(print_error)
    asked = _known(office, seat)
    ceiling = ceiling_of(asked)
    if asked.customer not in ceiling.customers:
        raise typer.BadParameter(
            f"the ceiling of {seat} does not name {asked.customer}: it would refuse everything"
        )
    same_law(asked, every(office.store, customer=asked.customer, agent=asked.agent, state=SeatState.ADMITTED))
    mirrored(office.settings.home, asked)
    moved = move_seat(office.store, seat, SeatState.ADMITTED, office.who)
    facts = {"customer": moved.customer, "agent": moved.agent, "seat": seat, "key": moved.public}
    facts["ceiling"] = digest(str(moved.law["ceiling"]).encode())
    append(office.store, Entry(what=What.AGENT_ADMITTED, who=office.who, facts=facts))
    told = _broker(office)
    if json:
        print_json({**facts, "broker": told})
    else:
        print_line(f"{seat} serves {moved.agent} ({moved.customer}, {moved.site}) from now on")
        print_line(
            f"ceiling: {', '.join(map(str, ceiling.networks))}; ports {', '.join(map(str, ceiling.ports))}"
        )
        print_line(told)


def revoke(
    seat: SeatName,
    *,
    why: Annotated[str, typer.Option(help="Why; it stands in the ledger.")] = "revoked by hand",
    json: Json = False,
) -> None:
    """Shut an agent out for good, as when its machine or key was stolen."""
    from controller.ledger import Entry, What, append  # noqa: PLC0415 - see above.
    from controller.office import open_office  # noqa: PLC0415
    from controller.store.seats import SeatState, move_seat  # noqa: PLC0415

    office = open_office(print_error)
    moved = move_seat(office.store, seat, SeatState.REVOKED, office.who)
    facts = {"customer": moved.customer, "agent": moved.agent, "seat": seat, "reason": why}
    append(office.store, Entry(what=What.AGENT_REVOKED, who=office.who, facts=facts))
    told = _broker(office)
    if json:
        print_json({**facts, "broker": told})
    else:
        print_line(f"{seat} is shut out: nothing it says counts any more")
        print_line(told)


def seats(*, json: Json = False) -> None:
    """Show the agents elsewhere: whose they are, whether they were heard of, and whose clock is wrong."""
    from controller.office import open_office  # noqa: PLC0415 - see above.
    from controller.store.seats import seats as every  # noqa: PLC0415

    rows = [
        {
            "seat": one.id,
            "agent": one.agent,
            "customer": one.customer,
            "site": one.site,
            "state": one.state.value,
            "seen": one.seen.isoformat(timespec="seconds") if one.seen else "",
            "clock": "" if one.clock_off is None else f"{one.clock_off:+.1f} s",
            "version": one.version,
        }
        for one in every(open_office(print_error).store)
    ]
    if json:
        print_json(rows)
    else:
        heads = ("seat", "agent", "customer", "site", "state", "seen", "clock", "version")
        print_table(heads, [[row[head] for head in heads] for row in rows])


def _known(office: Office, seat: str) -> Seat:
    from controller.store.errors import SeatError  # noqa: PLC0415 - see above.
    from controller.store.seats import get_seat  # noqa: PLC0415

    found = get_seat(office.store, seat)
    if found is None:
        raise SeatError(f"no agent {seat!r} has asked for a seat: see 'secondline agent seats'")
    return found


def _broker(office: Office) -> str:
    """Have the broker know who is let in; gives what is to be told."""
    from controller.cli.nats import reloaded, write_users  # noqa: PLC0415 - see above.

    if office.settings.sites is None:
        return "the settings name no broker ([sites]): nothing is served yet"
    file = write_users(office)
    return (
        "the broker has been told" if reloaded(file.parent) else f"{file} is new: have nats-server reload it"
    )
