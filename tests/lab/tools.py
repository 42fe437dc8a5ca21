"""How does the lab start a program, wait for something, and say what went wrong?"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping

__all__ = ["LabError", "run", "until"]


class LabError(Exception):
    """The lab cannot do what was asked; the message says what to look at."""


def run(
    *argv: str,
    text: str | None = None,
    check: bool = True,
    timeout: float = 20.0,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. text: its standard input. timeout: seconds.

    Raises LabError when it fails (unless `check` is False) or takes longer.
    """
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=env,
            stdin=subprocess.DEVNULL if text is None else None,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"after {timeout:.0f} s still running: {' '.join(argv)}") from None
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: run './run setup lab'") from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise LabError(f"exit {done.returncode} from {' '.join(argv)}: {said}")
    return done


def until(what: str, holds: Callable[[], bool], *, seconds: float = 10.0, every: float = 0.05) -> None:
    """Wait until something holds. Raises LabError, naming it, when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(every)
