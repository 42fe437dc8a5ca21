from __future__ import annotations

import pytest

from controller.store.contracts import (
    add_contract,
    contract_at,
    current_contract,
    current_contracts,
    digest_of,
    revisions,
)
from controller.store.errors import RevisionError
from controller.store.store import Store


def _add(store: Store, customer: str, revision: int, text: str) -> str:
    return add_contract(store, customer=customer, revision=revision, text=text, added_by="duty").digest


def test_the_newest_revision_holds_and_the_old_ones_stay_readable(store: Store) -> None:
    first, second = _add(store, "muster", 1, "eins"), _add(store, "muster", 3, "drei, größer")
    _add(store, "other", 7, "sieben")
    now = current_contract(store, "muster")
    old = contract_at(store, first)
    assert now is not None
    assert old is not None
    assert (now.revision, now.text, now.digest) == (3, "drei, größer", second)
    assert old.text == "eins"
    assert [c.revision for c in revisions(store, "muster")] == [1, 3]
    assert [(c.customer, c.revision) for c in current_contracts(store)] == [("muster", 3), ("other", 7)]


def test_a_revision_never_goes_down(store: Store) -> None:
    _add(store, "muster", 3, "drei")
    with pytest.raises(RevisionError, match="older than 3"):
        _add(store, "muster", 2, "zwei")
    assert contract_at(store, digest_of("zwei")) is None


def test_the_same_revision_with_another_text_is_refused(store: Store) -> None:
    _add(store, "muster", 3, "drei")
    with pytest.raises(RevisionError, match="another text"):
        _add(store, "muster", 3, "drei, geändert")


def test_the_very_same_contract_again_is_no_change(store: Store) -> None:
    once = add_contract(store, customer="muster", revision=3, text="drei", added_by="first")
    again = add_contract(store, customer="muster", revision=3, text="drei", added_by="second")
    assert again == once


def test_a_customer_without_a_contract_has_none(store: Store) -> None:
    assert current_contract(store, "nobody") is None
