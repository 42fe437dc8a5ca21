"""What does it look like? The main job from beginning to end, on the lab, with one real fault."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.faults.matrix import FAULTS
from tests.lab.lab import TOP, Lab, down, up
from tests.lab.places import Place
from tests.lab.tools import LabError

__all__ = ["demo"]

SUBJECT = "Webshop langsam, Anmeldung geht nicht"
TEXT = "Seit heute früh lädt der Webshop kaum noch, und Kunden können sich nicht mehr anmelden."
_FAULT = "full-disk"


def demo(place: Place) -> int:
    """Start the lab, open a ticket, break something, diagnose, show where the report is, clean up."""
    _say("The lab starts: six Linux servers, two name servers, a registry, each a host of its own.")
    try:
        return _shown(up(place))
    finally:
        _say("The lab is shut down.")
        down(place)


def _shown(lab: Lab) -> int:
    lab.learn_contract()
    fault = next(fault for fault in FAULTS if fault.name == _FAULT)
    made = lab.product(
        "ticket", "new", "--customer", "musterbau", "--subject", SUBJECT, "--text", TEXT, "--json"
    )
    if made.returncode:
        raise LabError(f"no ticket could be made: {made.stderr.strip()}")
    ticket = str(json.loads(made.stdout)["id"])
    _say(f"Ticket {ticket} of Musterbau GmbH is open: “{SUBJECT}”")
    fault.inject(lab)
    _say(f"A fault is injected, and Secondline is not told: {fault.name} on {fault.host}.")
    _say(f"secondline diagnose --ticket {ticket}")
    place, target = lab.place, TOP / "build" / "demo"
    # In the foreground, so that the live table is seen where there is a terminal.
    command = str(Path(sys.executable).parent / "secondline")
    words = lab.argv_on(
        "agent", ["env", f"SECONDLINE_HOME={place.home}", command, "diagnose", "--ticket", ticket]
    )
    status = subprocess.run(words, check=False).returncode
    run = max((place.home / "runs").iterdir())
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(run, target)
    exported = lab.product("report", "export", run.name, "--to", str(target / "evidence.zip"))
    kept = lab.product("ledger", "verify")
    sys.stdout.write(kept.stdout)
    first = json.loads((target / "report.json").read_text("utf-8"))["causes"][:1]
    found = [(cause["tag"], cause["host"]) for cause in first]
    _say(f"The report, its data and the raw evidence are kept in {target.relative_to(TOP)}/:")
    for file in sorted(target.iterdir()):
        _say(f"  {file.relative_to(TOP)}")
    if status == 1 and exported.returncode == kept.returncode == 0 and found == [(fault.tags[0], fault.host)]:
        _say("The injected fault was named as the first cause.")
        return 0
    _say(f"The injected fault was NOT named first: exit status {status}, first cause {found}.")
    return 1


def _say(text: str) -> None:
    sys.stdout.write(f"\n» {text}\n")
    sys.stdout.flush()
