"""Does a server give no row of another customer's, whatever is asked of it? With every table that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from controller.store import schema_people, schema_sites  # noqa: F401 - their tables belong to the same database.
from controller.store.check import check
from controller.store.errors import StoreError
from controller.store.fence import ALL, FREE, bind, bound, bound_to, for_all
from controller.store.forget import held_pieces
from controller.store.postgres import postgres_engine
from controller.store.schema import METADATA
from controller.store.server import Server
from controller.store.store import Store, open_store
from controller.store.tickets import add_ticket
from tests.controller.store.rows import row_of
from tests.postgres import Cluster

pytestmark = pytest.mark.slow

FENCED = sorted(METADATA.tables.keys() - FREE.keys())


@pytest.fixture(scope="module")
def fenced(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A server with a row in every table for each of two customers."""
    store = open_store(tmp_path_factory.mktemp("fenced"), postgres.database())
    with for_all(), store.write() as connection:
        for place, customer in enumerate(("one", "two")):
            made: dict[str, dict[str, Any]] = {}
            for table in METADATA.sorted_tables:
                if table.name in FENCED:
                    row = row_of(table, customer, 1001 + place, **_given(table, customer, made))
                    connection.execute(insert(table).values(**row))
                    made[table.name] = row
    yield store
    store.close()


def _given(table: Table, customer: str, made: dict[str, dict[str, Any]]) -> dict[str, object]:
    """Whose it is, and the rows of theirs that it points to."""
    given: dict[str, object] = {"customer": customer} if "customer" in table.c else {}
    for column in table.columns:
        for key in column.foreign_keys:
            if key.column.table.name in made:
                given[column.name] = made[key.column.table.name][key.column.name]
    return given


def test_every_table_is_behind_it_or_says_why_not() -> None:
    assert {table.name for table in METADATA.sorted_tables} == {*FENCED, *FREE}
    assert not FREE.keys() & {*FENCED}
    assert all(FREE.values())


def test_the_account_is_held_by_it(fenced: Store) -> None:
    wanted = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    with fenced.read() as connection:
        assert connection.scalar(wanted) is False
        policies = set(connection.scalars(text("SELECT tablename FROM pg_policies")))
        held = text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        assert policies == set(connection.scalars(held)) == {*FENCED}


@pytest.mark.parametrize("name", FENCED)
def test_of_another_customer_nothing_is_read_changed_or_written(fenced: Store, name: str) -> None:
    table, every = METADATA.tables[name], select(func.count()).select_from(METADATA.tables[name])

    def rows() -> int:
        with fenced.read() as connection:
            return connection.scalar(every) or 0

    assert rows() == 2
    for customers, seen in ((("one",), 1), (("one", "two"), 2), (("three",), 0), ((), 0), (("one,two",), 0)):
        with bound_to(customers):
            # As a query that forgot whose rows it wants.
            assert rows() == seen, customers
    with bound_to(("one",)):
        with fenced.write() as connection:
            nested = connection.begin_nested()
            changed = connection.execute(update(table).values(**{_harmless(table): _same(table)})).rowcount
            nested.rollback()
            assert changed == 1
        if "customer" in table.c:
            with pytest.raises((DBAPIError, StoreError)), fenced.write() as connection:
                connection.execute(update(table).values(customer="two"))
    assert rows() == 2


def _harmless(table: Table) -> str:
    return next(column.name for column in table.columns if not column.foreign_keys and not column.primary_key)


def _same(table: Table) -> object:
    return table.c[_harmless(table)]


def test_an_account_that_passes_by_it_is_named(fenced: Store) -> None:
    def said(store: Store) -> list[str]:
        return [wrong for wrong in check(store).wrong if "row-level" in wrong]

    assert said(fenced) == []
    url = fenced.engine.url.set(username="tester")
    other = Store(
        fenced.home,
        postgres_engine(Server(url=url.set(drivername="postgresql").render_as_string())),
        fenced.blobs,
    )
    try:
        assert "tester passes by" in said(other)[0]
    finally:
        other.close()


def test_without_a_word_nothing_is_seen(fenced: Store) -> None:
    with fenced.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL secondline.customers TO DEFAULT")
        assert connection.scalar(select(func.count()).select_from(METADATA.tables["run"])) == 0


def test_deleting_everything_deletes_ones_own(fenced: Store) -> None:
    table = METADATA.tables["question"]
    with bound_to(("two",)), fenced.write() as connection:
        nested = connection.begin_nested()
        assert connection.execute(delete(table)).rowcount == 1
        nested.rollback()


def test_what_looks_like_an_id_and_is_none_is_nobodys() -> None:
    for odd in ("'; DROP TABLE run; --", "a,b", "", "a" * 65, "ä"):
        with bound_to((odd,)):
            assert bound() == ""
    with bound_to(("b", "a")):
        assert bound() == "a,b"
        bind((ALL,))
        assert bound() == ALL
    assert bound() == ALL


def test_what_is_for_all_is_for_all_whoever_is_bound(fenced: Store) -> None:
    """Deleting what nothing holds asks what anybody holds."""
    before = len(held_pieces(fenced))
    with bound_to(("two",)):
        add_ticket(
            fenced,
            customer="two",
            subject="s",
            text="t",
            requester="r",
            files=[("a", "text/plain", b"piece")],
        )
    with bound_to(("one",)):
        assert len(held_pieces(fenced)) == before + 1
        with pytest.raises((DBAPIError, StoreError)):
            add_ticket(fenced, customer="two", subject="s", text="t", requester="r")
