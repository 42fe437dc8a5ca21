"""The command `secondline`: starts what takes longest first, then everything else."""

from __future__ import annotations

import gc
import os
import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command and end with its exit status; 130 when somebody stops it before it could say more."""
    # While modules are loaded, a Ctrl-C that becomes an exception may be lost (in a library's callback) or turned
    # into another one. Until there is something to tidy up, it just ends this process.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _keep_standard_streams()
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        sys.exit(130)


# The commands for which workers are started.
_AT_THE_HOSTS = (["diagnose"], ["host"], ["plan"], ["apply"], ["undo"], ["remedy"])


def _run() -> int:
    # Nothing that is imported is garbage: collecting meanwhile costs a tenth of the start.
    gc.disable()
    # No plug-in that another package brings along; looking for some takes longer than not to.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    nursery = None
    try:
        if sys.argv[1:2] in _AT_THE_HOSTS and "--help" not in sys.argv:
            # The workers' home imports for as long as the command line does: both at the same time.
            from agent.nursling import Nursery  # noqa: PLC0415 - nothing else needs it.

            nursery = Nursery()
        from controller.cli.app import run  # noqa: PLC0415 - loaded while the nursery starts.

        gc.freeze()
        gc.enable()
        return run(nursery, sys.argv[1:])
    finally:
        if nursery is not None:
            nursery.close()


def _keep_standard_streams() -> None:
    """Where one was closed (`>&-`), nothing else may take its number: a database would be written over."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good.
