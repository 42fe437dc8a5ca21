"""Does Secondline name each fault first, and nothing else? python -m tests.faults [AREA…] [--runs N] [--pairs]"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.faults.fault import Fault, Pair, broken, heal
from tests.faults.matrix import FAULTS, PAIRS
from tests.faults.score import Row, judge, summary
from tests.lab.lab import TOP, Lab, down, running, up
from tests.lab.places import Place
from tests.lab.tools import LabError

_SUBJECT, _TEXT = "Störung bei Musterbau", "Kunden und Mitarbeiter melden Störungen. Bitte prüfen."
_FOUND = {0, 1, 4}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    areas = ["healthy", *dict.fromkeys(fault.area for fault in FAULTS)]
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(areas)}; all without one")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="each fault so many times")
    parser.add_argument("--pairs", action="store_true", help="pairs of faults as well")
    parser.add_argument(
        "--only", action="append", default=[], metavar="FAULT", help="this fault or pair alone; repeatable"
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    asked = parser.parse_args(argv)
    unknown = set(asked.areas) - set(areas)
    if unknown:
        parser.error(f"no area {', '.join(sorted(unknown))}: there are {', '.join(areas)}")
    cases = _chosen(asked.areas, asked.only, pairs=asked.pairs)
    console = Console()
    try:
        with _a_lab(Place.of_environment(), keep=asked.keep) as lab:
            rows = list(_measure(lab, cases, asked.runs, healthy=_healthy(asked), console=console))
            touched = lab.visits_of_the_uncovered()
    except LabError as error:
        console.print(f"lab: {error}", style="red", markup=False)
        return 2
    return _tell(rows, touched, console)


def _healthy(asked: argparse.Namespace) -> bool:
    return not asked.only and (not asked.areas or "healthy" in asked.areas)


def _chosen(areas: Sequence[str], only: Sequence[str], *, pairs: bool) -> list[Fault | Pair]:
    everything: list[Fault | Pair] = [*FAULTS, *PAIRS]
    if only:
        return [case for case in everything if case.name in only]
    singles: list[Fault | Pair] = [fault for fault in FAULTS if not areas or fault.area in areas]
    return [*singles, *(PAIRS if pairs else ())]


@contextmanager
def _a_lab(place: Place, *, keep: bool) -> Iterator[Lab]:
    """The lab that is up, or one for this run alone."""
    lab = running(place)
    if lab is not None:
        yield lab
        return
    try:
        yield up(place)
    finally:
        if not keep:
            down(place)


def _measure(
    lab: Lab, cases: Sequence[Fault | Pair], runs: int, *, healthy: bool, console: Console
) -> Iterator[Row]:
    lab.learn_contract()
    lab.wait_healthy()
    for run in range(1, runs + 1):
        if healthy:
            yield _said(_diagnosed(lab, (), "healthy", "healthy", run), console)
        for case in cases:
            yield _said(_tried(lab, case, run), console)


def _tried(lab: Lab, case: Fault | Pair, run: int) -> Row:
    """Break, diagnose, mend; and see by plain tools that it was whole, then broken, then whole again."""
    wrong = [f"{fault.name} shows before it is there" for fault in case.faults if fault.shows(lab)]
    try:
        broken(lab, case.faults)
        wrong += [f"{fault.name} does not show" for fault in case.faults if not fault.shows(lab)]
        row = _diagnosed(lab, case.faults, case.area, case.name, run)
    finally:
        heal(lab, case.faults)
    wrong += [f"{fault.name} does not go away" for fault in case.faults if fault.shows(lab)]
    return replace(row, first=False, error="; ".join([row.error, *wrong]).strip("; ")) if wrong else row


def _diagnosed(lab: Lab, faults: Sequence[Fault], area: str, name: str, run: int) -> Row:
    made = lab.product(
        "ticket", "new", "--customer", "musterbau", "--subject", _SUBJECT, "--text", _TEXT, "--json"
    )
    if made.returncode:
        raise LabError(f"no ticket could be made: {made.stderr.strip()[-600:]}")
    ticket = str(json.loads(made.stdout)["id"])
    began = time.monotonic()
    words = [word for fault in faults for word in fault.words]
    done = lab.product("diagnose", "--ticket", ticket, "--json", *words)
    seconds = time.monotonic() - began
    printed = _printed(done.stdout)
    if done.returncode in _FOUND and printed is not None:
        return judge(printed, faults, area=area, name=name, run=run, seconds=seconds)
    said = (done.stderr or done.stdout).strip()[-300:]
    return Row(
        area=area,
        fault=name,
        run=run,
        expected=tuple(f"{fault.tags[0]}@{fault.host}" for fault in faults),
        first_cause="",
        first=False,
        extra=(),
        seconds=round(seconds, 2),
        error=f"exit {done.returncode}: {said}",
    )


def _printed(text: str) -> dict[str, Any] | None:
    """The command's JSON; None when it printed something else, such as why it failed."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _said(row: Row, console: Console) -> Row:
    mark = "ok  " if row.first and not row.extra else "ALSO" if row.first else "MISS"
    more = row.error or ", ".join(row.extra)
    console.print(
        f"{mark} {row.fault:22} {row.seconds:6.1f} s  {row.first_cause}  {more}", markup=False, soft_wrap=True
    )
    return row


def _tell(rows: Sequence[Row], touched: int, console: Console) -> int:
    figures = summary(rows)
    file = TOP / "build" / "faults.json"
    file.parent.mkdir(exist_ok=True)
    document = {"summary": {**figures, "uncovered_touched": touched}, "rows": [row.as_json() for row in rows]}
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table = Table(title="Is the fault the first cause?")
    for heading in ("area", "faults", "first", "share", "false alarms", "errors"):
        table.add_column(heading, justify="left" if heading == "area" else "right")
    for area, part in {**figures["by_area"], "all": figures}.items():
        share = "" if part["share"] is None else f"{part['share']:.0%}"
        table.add_row(
            area,
            *(str(part[key]) for key in ("faults", "first")),
            share,
            str(part["false_alarms"]),
            str(part["errors"]),
        )
    console.print(table)
    console.print(f"connections to the host that no clause covers: {touched}")
    console.print(f"written to {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")
    return 0 if figures["first"] == figures["faults"] and not (figures["false_alarms"] or touched) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
