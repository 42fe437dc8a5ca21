"""Does Secondline name each fault first, and nothing else? python -m tests.faults [AREA…] [--runs N] [--pairs] [--remedies]"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from queue import Empty, SimpleQueue

from rich.console import Console
from rich.table import Table

from tests.faults.fault import Fault, Pair
from tests.faults.matrix import FAULTS, PAIRS
from tests.faults.remedies import treat
from tests.faults.score import Row, summary
from tests.faults.trial import diagnosed, tried
from tests.lab.lab import TOP, Lab, down, running, up
from tests.lab.places import Place
from tests.lab.tools import LabError

# One thing to be tried: its place in the list, the case (None: nothing is broken), and which run it is.
_Work = tuple[int, Fault | Pair | None, int]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    areas = ["healthy", *dict.fromkeys(fault.area for fault in FAULTS)]
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(areas)}; all without one")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="each fault so many times")
    parser.add_argument("--pairs", action="store_true", help="pairs of faults as well")
    parser.add_argument(
        "--part",
        type=_part,
        default=(0, 1),
        metavar="K/N",
        help="of all that is chosen each Nth, from the Kth on",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="FAULT", help="this fault or pair alone; repeatable"
    )
    parser.add_argument("--labs", type=int, default=1, metavar="N", help="so many labs side by side")
    parser.add_argument(
        "--remedies", action="store_true", help="treat the faults by the changes that are for them, instead"
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    asked = parser.parse_args(argv)
    unknown = set(asked.areas) - set(areas)
    if unknown:
        parser.error(f"no area {', '.join(sorted(unknown))}: there are {', '.join(areas)}")
    cases = _chosen(asked.areas, asked.only, pairs=asked.pairs)
    first, every = asked.part
    cases = cases[first::every]
    work = [
        (case, run)
        for run in range(1, asked.runs + 1)
        for case in ([None] if _healthy(asked) else []) + cases
    ]
    console = Console()
    singles = tuple(case for case in cases if isinstance(case, Fault))
    try:
        if asked.remedies:
            with _labs(1, keep=asked.keep) as (lab,):
                return treat(lab, singles, console)
        with _labs(asked.labs, keep=asked.keep) as labs:
            rows = _measured(labs, [(at, *one) for at, one in enumerate(work)], console)
            touched = sum(lab.visits_of_the_uncovered() for lab in labs)
    except LabError as error:
        console.print(f"lab: {error}", style="red", markup=False)
        return 2
    return _tell(rows, touched, console)


def _part(text: str) -> tuple[int, int]:
    """'2/3' is every third, beginning with the second."""
    number, _, every = text.partition("/")
    if not (number.isdecimal() and every.isdecimal() and 1 <= int(number) <= int(every)):
        raise argparse.ArgumentTypeError("write it as K/N, such as 1/3")
    return int(number) - 1, int(every)


def _healthy(asked: argparse.Namespace) -> bool:
    return not asked.only and (not asked.areas or "healthy" in asked.areas)


def _chosen(areas: Sequence[str], only: Sequence[str], *, pairs: bool) -> list[Fault | Pair]:
    everything: list[Fault | Pair] = [*FAULTS, *PAIRS]
    if only:
        return [case for case in everything if case.name in only]
    singles: list[Fault | Pair] = [fault for fault in FAULTS if not areas or fault.area in areas]
    return [*singles, *(PAIRS if pairs else ())]


@contextmanager
def _labs(count: int, *, keep: bool) -> Iterator[tuple[Lab, ...]]:
    """As many labs; those that are up, or new ones for this run alone."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_a_lab(place, keep=keep)) for place in _places(count))


def _places(count: int) -> Iterator[Place]:
    first = Place.of_environment()
    yield first
    for at in range(2, count + 1):
        yield Place(Path(f"{first.state}-{at}"), f"{first.prefix.removesuffix('-')}{at}-", first.cache)


@contextmanager
def _a_lab(place: Place, *, keep: bool) -> Iterator[Lab]:
    lab = running(place)
    if lab is not None:
        yield lab
        return
    try:
        yield up(place)
    finally:
        if not keep:
            down(place)


def _measured(labs: Sequence[Lab], work: Sequence[_Work], console: Console) -> list[Row]:
    """Every lab takes the next case as soon as it is done with one; the rows in the order of the cases."""
    waiting: SimpleQueue[_Work] = SimpleQueue()
    for one in work:
        waiting.put(one)
    with ThreadPoolExecutor(len(labs)) as pool:
        done = [row for rows in pool.map(lambda lab: _worked(lab, waiting, console), labs) for row in rows]
    return [row for _, row in sorted(done, key=itemgetter(0))]


def _worked(lab: Lab, waiting: SimpleQueue[_Work], console: Console) -> list[tuple[int, Row]]:
    rows: list[tuple[int, Row]] = []
    try:
        lab.learn_contract()
        lab.wait_healthy()
        while True:
            at, case, run = waiting.get_nowait()
            row = tried(lab, case, run) if case else diagnosed(lab, (), "healthy", "healthy", run)
            rows.append((at, _said(row, console)))
    except Empty:
        return rows
    except BaseException:
        # The other labs shall not go on with what is of no use any more.
        with suppress(Empty):
            while True:
                waiting.get_nowait()
        raise


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
