"""A nursery whose catalogue holds collectors of third parties that want out: the product's own, but for them."""

from agent.wall import raise_wall

WALL = raise_wall()

import sys  # noqa: E402 - the wall comes first.

from agent import cradle, worker  # noqa: E402
from tests.agent import hostile_collectors  # noqa: E402

if __name__ == "__main__":
    sys.exit(cradle.main(WALL, worker.CATALOGUE.collectors | hostile_collectors.ALL))
