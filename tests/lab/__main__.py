"""The customer of real servers, by hand: python -m tests.lab up | down | status | demo | ticket | exec HOST COMMAND…"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.lab.desk import start as start_desk
from tests.lab.lab import Lab, down, running, up
from tests.lab.places import BOXES, Place
from tests.lab.tools import LabError


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="bring the lab up")
    start.add_argument("--desk", action="store_true", help="with Request Tracker, on https://10.77.1.20")
    stop = commands.add_parser("down", help="take the lab down")
    stop.add_argument("--purge", action="store_true", help="and forget Request Tracker's built database")
    ticket = commands.add_parser("ticket", help="open a ticket at Request Tracker as the customer would")
    ticket.add_argument("subject")
    ticket.add_argument("text")
    commands.add_parser("status", help="say what is up and what is ill")
    commands.add_parser("demo", help="the main job from beginning to end, with one real fault")
    within = commands.add_parser("exec", help="run a command on a machine of the lab")
    within.add_argument("host", choices=[box.id for box in BOXES])
    within.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    asked = parser.parse_args(argv)
    place = Place.of_environment()
    try:
        return _do(asked, place)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _do(asked: argparse.Namespace, place: Place) -> int:
    began = time.monotonic()
    match asked.command:
        case "up":
            _tell(up(place))
            if asked.desk:
                desk = start_desk(place)
                print(
                    f"desk       {desk.url}, its token in {desk.token_file}; SECONDLINE_DESK=helpdesk uses it"
                )
            print(f"up in {time.monotonic() - began:.1f} s")
            return 0
        case "down":
            down(place, keep_cache=not asked.purge)
            print(f"down in {time.monotonic() - began:.1f} s")
            return 0
        case "demo":
            # The demonstration uses the faults, which use the lab.
            from tests.lab.demo import demo  # noqa: PLC0415

            return demo(place)
        case "ticket":
            print(start_desk(place).new_ticket(asked.subject, asked.text))
            return 0
        case "status":
            lab = running(place)
            if lab is None:
                print("the lab is down")
                return 3
            ill = lab.ill()
            print("\n".join(ill) or "the lab is up and healthy")
            return 1 if ill else 0
        case _:
            lab = running(place)
            if lab is None:
                raise LabError("the lab is down: run 'python -m tests.lab up'")
            words = lab.argv_on(asked.host, asked.words or ["bash"])
            return subprocess.run(words, check=False).returncode


def _tell(lab: Lab) -> None:
    place = lab.place
    print(f"contract   {place.contract}")
    print(f"from       ip netns exec {place.netns('agent')} env SECONDLINE_HOME={place.home} secondline …")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
