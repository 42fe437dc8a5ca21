"""What comes of one fault in one lab? Break, diagnose, mend; and see by plain tools that it was so."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.faults.fault import Fault, Pair, broken, heal
from tests.faults.score import Row, judge
from tests.lab.lab import Lab
from tests.lab.tools import LabError

__all__ = ["diagnosed", "tried"]

_SUBJECT, _TEXT = "Störung bei Musterbau", "Kunden und Mitarbeiter melden Störungen. Bitte prüfen."
_FOUND = {0, 1, 4}
# A fault of a server is looked for without the network, whose counters are read twice, ten seconds apart.
_SERVERS = ("linux", "dns", "ad", "voip")


def tried(lab: Lab, case: Fault | Pair, run: int) -> Row:
    """Break, diagnose, mend; and see by plain tools that it was whole, then broken, then whole again."""
    wrong = [f"{fault.name} shows before it is there" for fault in case.faults if fault.shows(lab)]
    try:
        broken(lab, case.faults)
        wrong += [f"{fault.name} does not show" for fault in case.faults if not fault.shows(lab)]
        row = diagnosed(lab, case.faults, case.area, case.name, run)
    finally:
        heal(lab, case.faults)
    wrong += [f"{fault.name} does not go away" for fault in case.faults if fault.shows(lab)]
    return replace(row, first=False, error="; ".join([row.error, *wrong]).strip("; ")) if wrong else row


def diagnosed(lab: Lab, faults: Sequence[Fault], area: str, name: str, run: int) -> Row:
    """Diagnose the lab as it is, and score it: these faults and nothing else are there."""
    made = lab.product(
        "ticket", "new", "--customer", "musterbau", "--subject", _SUBJECT, "--text", _TEXT, "--json"
    )
    if made.returncode:
        raise LabError(f"no ticket could be made: {made.stderr.strip()[-600:]}")
    ticket = str(json.loads(made.stdout)["id"])
    began = time.monotonic()
    words = [word for fault in faults for word in fault.words]
    # Tunnels name the area that is asked: their counters are read twice as well.
    is_of_servers = any("--area" not in fault.words for fault in faults)
    if is_of_servers and not any(fault.of_network for fault in faults):
        words += [word for area in _SERVERS for word in ("--area", area)]
    done = lab.product("diagnose", "--ticket", ticket, "--json", *words)
    seconds = time.monotonic() - began
    printed = _printed(done.stdout)
    broken_jobs = printed["coverage"]["broken"] if printed is not None else 0
    if done.returncode in _FOUND and printed is not None and not broken_jobs:
        return judge(printed, faults, area=area, name=name, run=run, seconds=seconds)
    said = (done.stderr or done.stdout).strip()[-300:]
    if broken_jobs:
        # Where the product itself failed, an empty report says nothing.
        said = f"{broken_jobs} questions broke"
    return Row(
        area=area,
        fault=name,
        run=run,
        expected=tuple(f"{fault.tags[0]}@{fault.host}" for fault in faults),
        first_cause="",
        first=False,
        extra=(),
        seconds=round(seconds, 2),
        error=f"exit {done.returncode}: {said}",
    )


def _printed(text: str) -> dict[str, Any] | None:
    """The command's JSON; None when it printed something else, such as why it failed."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
