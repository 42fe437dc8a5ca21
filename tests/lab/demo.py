"""What does it look like? The main job from beginning to end, on the lab, with one real fault; then a change that treats one."""

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
from tests.law import ANNA
from tests.playbooks.own_faults import by_name

__all__ = ["demo"]

SUBJECT = "Webshop langsam, Anmeldung geht nicht"
TEXT = "Seit heute früh lädt der Webshop kaum noch, und Kunden können sich nicht mehr anmelden."
_FAULT = "full-disk"
_TREATED = "service-killed"
_PLAYBOOK = "linux.start_service"


def demo(place: Place) -> int:
    """Start the lab, open a ticket, break something, diagnose, show where the report is, clean up."""
    _say("The lab starts: six Linux servers, two name servers, a registry, each a host of its own.")
    try:
        lab = up(place)
        return _shown(lab) or _treated(lab)
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


def _treated(lab: Lab) -> int:
    """A finding, its remedy, a colleague's approval, the change, and the finding gone."""
    place = lab.place
    fault = by_name(_TREATED)
    fault.inject(lab)
    _say(f"A second fault is injected: {fault.name} on {fault.host}. This one has a playbook that treats it.")
    (place.home / "settings.toml").write_text('[people]\nroot = "Bob Ek"\n', "utf-8")
    key = place.state / "anna.key"
    key.touch(mode=0o600)
    key.write_text(json.dumps(dict(ANNA)), "utf-8")
    words = ("ticket", "new", "--customer", "musterbau", "--subject", f"{fault.host}: Dienst weg", "--json")
    ticket = str(json.loads(_done(lab, *words))["id"])
    asked = ("diagnose", "--ticket", ticket, "--host", fault.host, "--area", "linux", "--json")
    found = [one["playbook"] for one in json.loads(_done(lab, *asked, status=1))["remedies"]]
    _say(f"The report names what treats it: {', '.join(found) or 'nothing'}.")
    if _PLAYBOOK not in found:
        return 1
    # In the lab every playbook is tried; at a customer it would only plan until somebody promotes it.
    _done(lab, "playbooks", "promote", _PLAYBOOK, "--unrehearsed")
    planned = json.loads(_done(lab, "remedy", ticket, "--json", status=1))["remedies"]
    plan = next(one["plan"] for one in planned if one["playbook"] == _PLAYBOOK)
    _say(f"secondline approve {plan} --key anna.key   (what Anna Weber signs, and Bob Ek has asked for)")
    sys.stdout.write(_done(lab, "approve", plan, "--key", str(key), "--yes"))
    _say(f"secondline apply {plan}")
    sys.stdout.write(_done(lab, "apply", plan))
    left = json.loads(_done(lab, *asked, status=None))["findings"]
    gone = not any(one["host"] == fault.host and one["tag"] in fault.tags for one in left)
    _say("Asked again: the finding is gone." if gone else f"Asked again: it is NOT gone: {left}")
    return 0 if gone else 1


def _done(lab: Lab, *words: str, status: int | None = 0) -> str:
    """What a command prints. Raises LabError when it ends with another status; None: with any."""
    done = lab.product(*words)
    if status is not None and done.returncode != status:
        raise LabError(f"{' '.join(words)}: {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def _say(text: str) -> None:
    sys.stdout.write(f"\n» {text}\n")
    sys.stdout.flush()
