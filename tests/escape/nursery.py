"""A nursery whose workers know somebody else's collectors as well; otherwise it is the product's own."""

from agent.wall import raise_wall

WALL = raise_wall()

import sys  # noqa: E402 - the wall comes first.

from tests.escape.catalogue import extend  # noqa: E402

extend()

from agent import cradle  # noqa: E402 - it builds the catalogue.

if __name__ == "__main__":
    sys.exit(cradle.main(WALL))
