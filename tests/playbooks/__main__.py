"""Which change holds in the lab what it says? python -m tests.playbooks [PLAYBOOK…] [--keep FOLDER]"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from playbooks.catalogue import playbook_catalogue
from tests.lab.lab import up
from tests.lab.places import Place
from tests.playbooks.asking import asking
from tests.playbooks.book import written
from tests.playbooks.rehearsals import REHEARSALS
from tests.playbooks.trial import rehearsed


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.playbooks", description=__doc__)
    parser.add_argument(
        "only", nargs="*", metavar="PLAYBOOK", help="its name, its area, or a fault; all without one"
    )
    parser.add_argument("--each", action="store_true", help="every change once, on the first of its faults")
    parser.add_argument(
        "--write", action="store_true", help="enter what passes into playbooks/rehearsed.toml"
    )
    asked = parser.parse_args(argv)
    only, done = frozenset(asked.only), set[str]()
    lab = up(Place.of_environment())
    lab.learn_contract()
    lab.wait_healthy()
    ill = 0
    with asking(lab) as product:
        for one in REHEARSALS:
            if only and not only & {one.playbook, one.playbook.partition(".")[0], one.fault.name}:
                continue
            if asked.each and one.playbook in done:
                continue
            done.add(one.playbook)
            out = rehearsed(lab, product, playbook_catalogue()[one.playbook], one.fault, one.host)
            ill += not out.is_well
            if asked.write:
                written((one,) if out.is_well else (), () if out.is_well else (one,))
            print(
                f"{'ok  ' if out.is_well else 'NOT '} {one.playbook:28} {one.fault.name:26} {one.host:6} "
                f"{out.steps} steps {out.seconds:5.1f} s  {'; '.join(out.wrong)}",
                flush=True,
            )
    lab.wait_healthy()
    return min(ill, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
