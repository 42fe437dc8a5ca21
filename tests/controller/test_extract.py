"""Does a table of the ledger say what the ledger says, and is every changed cell of it found?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.extract import ExtractError, Span, check_extract, write_extract
from controller.ledger import Entry, What, append, touches, verify
from controller.reports.cells import guarded, plain, table, untable
from controller.store.store import Store
from tests.controller.reports.sample import BEGAN
from tests.controller.stored import RUN, kept

HOSTILE = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "'=1", "＝1")  # noqa: RUF001 - wide signs are meant.


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    for opened in kept(tmp_path_factory.mktemp("home")):
        for name in HOSTILE:
            append(
                opened, Entry(what=What.CANCELLED, who=name, run="evil", host=name, facts={"reason": name})
            )
        append(
            opened,
            Entry(what=What.CONTRACT_ADDED, who="anna", facts={"customer": "musterbau", "revision": 3}),
        )
        yield opened


@pytest.fixture(scope="module")
def whole(store: Store) -> list[list[str]]:
    """The rows of the whole ledger."""
    return lines(write_extract(store, Span()))


def lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_run_is_extracted_as_the_ledger_has_it(store: Store) -> None:
    text = write_extract(store, Span(run=RUN))
    held = check_extract(text)
    told = touches(store, RUN)
    assert held.entries == len(told)
    assert (held.first.number, held.last.number) == (told[0].number, told[-1].number)
    assert held.apart == 1, "another run has an entry in between"
    assert verify(store, held.last.hash).holds
    assert [(row[2], row[3], row[5]) for row in lines(text)[1:]] == [(t.what, t.host, t.who) for t in told]


def test_a_customer_gets_their_own_and_nobody_elses(store: Store) -> None:
    rows = lines(write_extract(store, Span(customer="musterbau")))[1:]
    assert {row[6] for row in rows} == {RUN, ""}
    assert rows[-1][2] == "contract-added"
    with pytest.raises(ExtractError, match="no entry"):
        check_extract(write_extract(store, Span(customer="nobody")))


def test_a_span_ends_before_its_end(store: Store) -> None:
    span = Span(run=RUN, since=BEGAN + timedelta(seconds=1), until=BEGAN + timedelta(seconds=22))
    assert {row[2] for row in lines(write_extract(store, span))[1:]} == {
        "decided-allowed",
        "decided-refused",
        "session-opened",
    }


def test_no_cell_is_a_formula_and_all_of_it_can_be_checked(store: Store) -> None:
    text = write_extract(store, Span(run="evil"))
    assert check_extract(text).entries == len(HOSTILE)
    cells = [cell for row in lines(text) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))]  # noqa: RUF001
    assert not {"\t", "\r"} & {char for cell in cells for char in cell}


@given(data=st.data())
def test_any_cell_that_is_another_is_found(whole: list[list[str]], data: st.DataObject) -> None:
    rows = [list(row) for row in whole]
    line = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    fresh = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80))
    if plain(fresh) == plain(rows[line][column]):
        return
    rows[line][column] = fresh
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    with pytest.raises(ExtractError):
        check_extract(out.getvalue())


@given(data=st.data())
def test_rows_in_another_order_are_found(whole: list[list[str]], data: st.DataObject) -> None:
    heads, *rows = whole
    mixed = data.draw(st.permutations(rows))
    out = io.StringIO()
    csv.writer(out).writerows([heads, *mixed])
    if mixed == rows:
        assert check_extract(out.getvalue()).entries == len(rows)
    else:
        with pytest.raises(ExtractError):
            check_extract(out.getvalue())


@given(st.text())
def test_what_is_no_table_is_refused_and_never_more(text: str) -> None:
    with pytest.raises(ExtractError):
        check_extract(text)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))), min_size=2, max_size=4
    )
)
def test_a_table_comes_back_as_it_was_meant(cells: list[str]) -> None:
    heads, rows = untable(table(["a"] * len(cells), [cells]))
    assert len(heads) == len(cells)
    assert rows == [tuple(cells)]
    assert not any(guarded(cell).lstrip(" ").startswith(tuple("=+-@")) for cell in cells)
