"""How is the product asked again and again without being started each time? Its command's own entry, in a process of the lab's agent.

One line of JSON in (the words of `secondline diagnose`), one line out: the report, or why there is none.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from agent.nursling import Nursery
from controller.cli.app import run
from tests.lab.lab import Lab
from tests.lab.tools import LabError

__all__ = ["Asking", "asking"]

_TICKET = (
    "ticket",
    "new",
    "--customer",
    "musterbau",
    "--subject",
    "Probe",
    "--text",
    "Eine Probe.",
    "--json",
)


class Asking:
    """The product in the agent's network, with a ticket of its own."""

    def __init__(self, into: IO[str], out: IO[str]) -> None:
        self._into, self._out = into, out
        self._ticket = str(self._told(*_TICKET)["id"])

    def diagnose(self, *words: str) -> dict[str, Any]:
        """The report of a diagnosis as an engineer reads it: with the accounts' names. Raises LabError."""
        told = self._told("diagnose", "--ticket", self._ticket, "--json", "--quiet", *words)
        if "run" not in told:
            return told
        with tempfile.TemporaryDirectory() as folder:
            written = self._told("report", "write", str(told["run"]), "--to", folder, "--json")
            document: dict[str, Any] = json.loads(Path(written["data"]).read_text("utf-8"))
            return document

    def _told(self, *words: str) -> dict[str, Any]:
        self._into.write(json.dumps(words) + "\n")
        self._into.flush()
        said = json.loads(self._out.readline() or '{"error": "the product has ended"}')
        if "error" in said:
            raise LabError(f"{' '.join(words[:2])}: {said['error']}")
        answer: dict[str, Any] = said["document"]
        return answer


@contextlib.contextmanager
def asking(lab: Lab) -> Iterator[Asking]:
    """Start the product, to be asked until the end."""
    settings = (f"SECONDLINE_HOME={lab.place.home}", "SECONDLINE_DESK=builtin")
    argv = lab.argv_on("agent", ("env", *settings, sys.executable, "-m", __name__))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise LabError("the product was started without a way to ask it")
        try:
            yield Asking(process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(timeout=20)


def _answered(nursery: Nursery, words: Sequence[str]) -> dict[str, object]:
    printed, noise = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(noise):
        code = run(nursery, words)
    said, more = _said(printed), _said(noise)
    try:
        return {"document": json.loads(said)}
    except json.JSONDecodeError:
        return {"error": f"exit {code}: {(more or said)[-400:]}"}


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _answer(lines: IO[str], mouth: IO[str]) -> None:
    # A nursery serves one run; the next one warms up while nobody asks.
    nursery = Nursery()
    try:
        for line in lines:
            told = _answered(nursery, json.loads(line))
            mouth.write(json.dumps(told) + "\n")
            mouth.flush()
            nursery.close()
            nursery = Nursery()
    finally:
        nursery.close()


if __name__ == "__main__":
    _answer(sys.stdin, sys.stdout)
