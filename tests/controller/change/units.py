"""A host's service manager for tests: a `systemctl` of our own that keeps, per address, which unit runs.

It stands in for systemd behind a real sshd, so that the command, the agent, its workers, the journal and the store are
the real ones. A unit whose file says `refuses` does not start; one that says `lies` starts and has failed again at once.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.fleet import Fleet

__all__ = ["UNIT", "fail", "install", "said_of"]

UNIT = "kiosk.service"
_PROGRAM = """#!/usr/bin/env python3
import json, os, sys
from pathlib import Path
folder = Path({folder!r}) / os.environ["SSH_CONNECTION"].split()[2]
words = [word for word in sys.argv[1:] if not word.startswith("-")]
log = folder / "log"
known = {{path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}}
def show(unit):
    one = known.get(unit)
    print("Id=" + unit)
    print("LoadState=" + ("loaded" if one else "not-found"))
    print("ActiveState=" + (one["active"] if one else "inactive"))
    print("SubState=" + ("running" if one and one["active"] == "active" else "dead"))
    print("UnitFileState=enabled\\nType=simple\\nRemainAfterExit=no\\nNRestarts=0")
    print("Result=exit-code\\nExecMainStatus=" + ("1" if one and one["active"] == "failed" else "0"))
    print()
if words[0] == "show":
    for unit in ([*known, "cron.service"] if words[1:] == ["*.service"] else words[1:]):
        known.setdefault("cron.service", {{"active": "active"}})
        show(unit)
    sys.exit(0)
with log.open("a") as stream:
    stream.write(" ".join(words) + "\\n")
unit = words[1]
one = known.get(unit)
if one is None:
    sys.exit(5)
if words[0] == "start":
    if one.get("refuses"):
        sys.exit(1)
    one["active"] = "failed" if one.get("lies") else "active"
if words[0] == "stop":
    one["active"] = "inactive"
(folder / (unit + ".json")).write_text(json.dumps(one))
"""


def install(fleet: Fleet) -> Path:
    """Give every host of the fleet a service that has failed; gives where their state is kept."""
    folder = fleet.folder / "units"
    program = fleet.programs / "systemctl"
    program.write_text(_PROGRAM.format(folder=str(folder)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    journal = fleet.programs / "journalctl"
    journal.write_text("#!/bin/sh\necho no journal here\n")
    journal.chmod(journal.stat().st_mode | stat.S_IXUSR)
    for number in range(fleet.count):
        fail(folder, fleet.address(number))
    return folder


def fail(folder: Path, address: str, **more: bool) -> None:
    """Let a host's service have failed."""
    home = folder / address
    home.mkdir(parents=True, exist_ok=True)
    (home / f"{UNIT}.json").write_text(json.dumps({"active": "failed", **more}))
    (home / "log").write_text("")


def said_of(folder: Path, address: str) -> tuple[str, list[str]]:
    """What a host's service does now, and what was asked of its manager besides looking."""
    state = json.loads((folder / address / f"{UNIT}.json").read_text())
    return state["active"], (folder / address / "log").read_text().splitlines()
