"""Everything that needs real servers, after `./run check`: one after the other, because they share a machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

# What is run, in this order: a name, and what pytest selects by it.
PARTS = (
    # Most of them wait more than they reckon: more at once than there are cores.
    ("slow tests", ("-m", "slow and not lab and not desk and not browser", "-n", "3", "--dist", "worksteal")),
    ("pages in a browser", ("-m", "browser")),
    ("Request Tracker", ("-m", "desk")),
    ("the lab", ("-m", "lab and not rehearsal", "--ignore=tests/escape")),
    # Of each area the first; `python -m tests.playbooks` rehearses all.
    ("rehearsals", ("-m", "rehearsal and first")),
    # Alone: it adds somebody else's collectors to its own process.
    ("escapes", ("-m", "lab", "tests/escape")),
)

_PARTS = 8


def main(words: list[str]) -> int:
    if os.getuid() != 0:
        sys.stderr.write("the lab needs root, for network namespaces: run this as root or with sudo\n")
        return 2
    for name, selected in PARTS:
        began = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *selected, *words], check=False
        ).returncode
        sys.stdout.write(f"{name}: {time.monotonic() - began:.0f} s\n\n")
        sys.stdout.flush()
        if status:
            return status
    return _matrix()


def _matrix() -> int:
    """The cause first in 95 of 100, no false alarm, nobody touched whom no clause covers.

    Every eighth fault and pair, other ones each day: all of them, by `./run faults --pairs --labs 2`, take an hour.
    """
    part = f"{datetime.now(UTC).toordinal() % _PARTS + 1}/{_PARTS}"
    words = ("--pairs", "--part", part)
    subprocess.run([sys.executable, "-m", "tests.faults", *words], check=False)
    said = json.loads((Path("build") / "faults.json").read_text("utf-8"))["summary"]
    good = said["share"] >= 0.95 and not (said["false_alarms"] or said["uncovered_touched"])
    sys.stdout.write(f"fault matrix: {said['first']} of {said['faults']} named first\n")
    # The closing line in plain words, for whoever reads only the end.
    failed = said["faults"] - said["first"] + said["false_alarms"] + said["uncovered_touched"]
    sys.stdout.write(f"{said['first']} passed, {failed} failed\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
