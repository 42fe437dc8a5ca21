"""Where do workers come from? One small process that has everything imported and forks a worker a grant.

Started as `python -I -m agent.nursery FD`. The wall stands before any library is imported. What it does then is
told in `agent/cradle.py`; another module that is started in its place may know more questions, and does the same.
"""

from agent.wall import raise_wall

WALL = raise_wall()

import gc  # noqa: E402 - the wall comes first.

# What is imported here is kept for good and shared by all workers: it is never looked through.
gc.disable()

import sys  # noqa: E402

from agent import cradle  # noqa: E402

if __name__ == "__main__":
    sys.exit(cradle.main(WALL))
