"""The escape lab by hand: `python -m tests.escape [NAME…]` tries attempts without the product and says what moved."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.escape.catalogue import ways
from tests.escape.lab import up
from tests.escape.papers import number_of
from tests.escape.places import Spot


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="escape-") as folder, up(Path(folder)) as lab:
        began = time.monotonic()
        trial = lab.unheld(*sys.argv[1:])
        print(f"without the product, {time.monotonic() - began:.1f} s")
        for name in sys.argv[1:] or ways():
            target = ways()[name].target(Spot(number_of(name)))
            moved = trial.saw.moved(*target) if target else trial.said[name]
            print(f"{'' if moved else 'NOTHING '}{name:24} {target} {moved}")
        began = time.monotonic()
        trial = lab.asked_all(sys.argv[1:] or list(ways()))
        print(f"with the product, {time.monotonic() - began:.1f} s")
        for result in (result for report in trial.said for result in report["results"]):
            name = result["host"]
            target = ways()[name].target(Spot(number_of(name)))
            moved = trial.saw.moved(*target) if target else 0
            why = result.get("reason") or result.get("detail")
            asked = trial.saw.asked(Spot(number_of(name)).web) + trial.saw.asked(Spot(number_of(name)).names)
            print(f"{'ESCAPED ' if moved else ''}{name:24} {result['state']:10} asked {asked:3} {why}")
        print(trial.saw.escaped)


if __name__ == "__main__":
    main()
