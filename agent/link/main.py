"""The program `secondline-agent`: all that stands in a customer's network. No web, store or report code is needed for it.

secondline-agent enrol   asks for a seat with the code of an invitation
secondline-agent run     dials out, and works until it is stopped
secondline-agent status  how it is, from its own files
secondline-agent doctor  what is wrong here: law, walls, clock, and the way to the controller
secondline-agent unit    a systemd unit around it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Run the program; gives its exit status: 0 well, 1 something is not, 2 a mistake that its one line explains."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    asked = _parser().parse_args(words)
    from agent.link.enrol import EnrolError  # noqa: PLC0415 - start-up counts, and --help most of all.
    from agent.refusal import HoldError  # noqa: PLC0415
    from agent.ring import UnitError  # noqa: PLC0415

    try:
        status = asked.does(asked)
    except (EnrolError, HoldError, UnitError, OSError, ValueError) as error:
        _say(f"secondline-agent: {error}", error=True)
        return 2
    return int(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="secondline-agent", description="Secondline near the hosts: dials out only."
    )
    verbs = parser.add_subparsers(required=True, metavar="enrol|run|status|doctor|unit")
    enrol = verbs.add_parser("enrol", help="ask for a seat with the code of an invitation")
    enrol.add_argument("--controller", required=True, metavar="URL", help="https://… of the controller")
    enrol.add_argument("--code-file", type=Path, metavar="FILE", help="the code; asked for when not given")
    enrol.add_argument(
        "--duty", required=True, action="append", type=Path, help="public keys of the duty managers"
    )
    enrol.add_argument("--engineer", default=[], action="append", type=Path, help="public keys of engineers")
    enrol.add_argument(
        "--customer-key", default=[], action="append", type=Path, help="of the customer's people"
    )
    enrol.add_argument("--cosigned", action="store_true", help="demand the customer's signature")
    enrol.add_argument("--ceiling", required=True, type=Path, help="the customer's own bound, a TOML file")
    enrol.add_argument(
        "--ca", type=Path, help="who vouches for the controller, where the machine does not know them"
    )
    enrol.add_argument("--walls", choices=("kernel", "python"), default="kernel")
    enrol.set_defaults(does=_enrol)
    for verb, does, said in (
        ("run", _run, "dial out, and work until it is stopped"),
        ("status", _status, "how it is"),
        ("doctor", _doctor, "what is wrong here"),
        ("unit", _unit, "print a systemd unit"),
    ):
        one = verbs.add_parser(verb, help=said)
        one.add_argument("name", nargs="?", default="", help="the agent; the only one here when not given")
        if verb == "unit":
            one.add_argument("--user", required=True, help="whose processes these are")
            one.add_argument(
                "--at", required=True, action="append", help="the controller's address or network"
            )
        one.set_defaults(does=does)
    return parser


def _say(text: str, *, error: bool = False) -> None:
    """One line, inert: what a controller says cannot steer the terminal."""
    stream = sys.stderr if error else sys.stdout
    stream.write("".join(c if c.isprintable() or c == "\n" else "?" for c in text) + "\n")


def _enrol(asked: argparse.Namespace) -> int:
    from agent.link.enrol import Enrolment, enrol, pins_in  # noqa: PLC0415 - see above.
    from agent.link.place import home_of  # noqa: PLC0415
    from inventory.signing import Pins  # noqa: PLC0415

    # Never on the command line: every user of this machine reads those.
    code = asked.code_file.read_text("utf-8") if asked.code_file else _typed()
    home = home_of()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    seat = enrol(
        home,
        Enrolment(
            code=code.strip(),
            web=asked.controller,
            authority=asked.ca,
            pins=Pins(
                duty=_pins(asked.duty, pins_in),
                engineers=_pins(asked.engineer, pins_in),
                customer=_pins(asked.customer_key, pins_in),
                cosigned=asked.cosigned,
            ),
            ceiling=asked.ceiling.read_bytes(),
            walls=asked.walls,
        ),
    )
    _say(
        f"{seat.id} has asked for the seat of agent {seat.agent} (customer {seat.customer}, site {seat.site})."
    )
    _say(f"It works once a person admits it at the controller: secondline agent admit {seat.id}")
    return 0


def _pins(files: Sequence[Path], read: Any) -> tuple[Any, ...]:  # noqa: ANN401 - the reader is loaded late.
    return tuple(pin for file in files for pin in read(file))


def _typed() -> str:
    import getpass  # noqa: PLC0415 - only where a person sits.

    return getpass.getpass("code of the invitation: ")


def _named(asked: argparse.Namespace) -> tuple[Path, str]:
    """The home, and the agent that is meant. Raises ValueError."""
    from agent.link.place import home_of  # noqa: PLC0415 - see above.

    home = home_of()
    here = sorted(file.parents[1].name for file in home.glob("agents/*/link/link.json"))
    if asked.name:
        return home, asked.name
    if len(here) != 1:
        raise ValueError(
            f"there is no agent in {home}: enrol it" if not here else f"which one: {', '.join(here)}?"
        )
    return home, here[0]


def _run(asked: argparse.Namespace) -> int:
    home, name = _named(asked)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level=logging.INFO)
    # What the library says at every try is said by us in a sentence.
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    from agent.link.run import run  # noqa: PLC0415 - the other commands need nothing of it.

    return asyncio.run(run(home, name))


def _status(asked: argparse.Namespace) -> int:
    from agent.link.place import Place  # noqa: PLC0415 - see above.

    home, name = _named(asked)
    place = Place.of(home, name)
    seat, said = place.seat(), place.said()
    waiting = len(list(place.spool.glob("*.*")))
    fresh = time.time() - float(said.get("at", 0)) < 180
    connected = bool(said.get("connected")) and fresh
    _say(json.dumps({"agent": name, "seat": seat.id, "customer": seat.customer, "site": seat.site}, indent=1))
    _say(f"connected: {'yes' if connected else 'no'}{': ' + said['trouble'] if said.get('trouble') else ''}")
    _say(f"orders under way: {len(said.get('orders', ())) if fresh else 0}; not told yet: {waiting}")
    _say(f"the controller's clock is before ours by {said.get('clock_off', 0)} s")
    return 0 if connected else 1


def _doctor(asked: argparse.Namespace) -> int:
    from agent.link.examine import examine  # noqa: PLC0415 - see above.

    home, name = _named(asked)
    lines = list(examine(home, name))
    for ok, what in lines:
        _say(f"{name}: {'ok' if ok else 'NOT OK'}: {what}")
    return 0 if all(ok for ok, _ in lines) else 1


def _unit(asked: argparse.Namespace) -> int:
    from agent.link.unit import unit_for  # noqa: PLC0415 - see above.

    home, name = _named(asked)
    _say(unit_for(home, name, asked.user, asked.at).rstrip("\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
