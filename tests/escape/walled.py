"""The real command, in an installation that has somebody else's collectors: `python -m tests.escape.walled WORD…`."""

from __future__ import annotations

import sys

from agent.nursling import Nursery
from tests.escape.catalogue import extend


def main() -> int:
    """As `controller.cli.main` does it, with a nursery whose workers know more questions."""
    extend()
    nursery = Nursery("tests.escape.nursery")
    try:
        from controller.cli.app import run  # noqa: PLC0415 - it builds the catalogue.

        return run(nursery, sys.argv[1:])
    finally:
        nursery.close()


if __name__ == "__main__":
    sys.exit(main())
