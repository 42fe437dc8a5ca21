from __future__ import annotations

import pytest

from controller.store.contracts import (
    ContractState,
    StoredContract,
    add_contract,
    approve_contract,
    contract_at,
    current_contract,
    current_contracts,
    digest_of,
    revisions,
    waiting_contract,
)
from controller.store.errors import RevisionError
from controller.store.store import Store


def _add(store: Store, customer: str, revision: int, text: str) -> str:
    return _added(store, customer, revision, text).digest


def _added(  # noqa: PLR0917 - what a revision consists of.
    store: Store,
    customer: str,
    revision: int,
    text: str,
    state: ContractState = ContractState.HOLDS,
    signatures: tuple[str, ...] = ("by-anna",),
) -> StoredContract:
    return add_contract(
        store,
        customer=customer,
        revision=revision,
        text=text,
        signatures=signatures,
        state=state,
        added_by="duty",
    )


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
    once = _added(store, "muster", 3, "drei")
    assert _added(store, "muster", 3, "drei") == once


def test_what_waits_does_not_hold_until_it_is_approved(store: Store) -> None:
    _added(store, "muster", 1, "eins")
    waiting = _added(store, "muster", 2, "zwei", ContractState.WAITING)
    assert waiting_contract(store, "muster") == waiting
    now = current_contract(store, "muster")
    assert now is not None
    assert now.revision == 1
    approved = approve_contract(store, waiting, ("by-bob",))
    assert approved.signatures == ("by-anna", "by-bob")
    assert current_contract(store, "muster") == approved
    assert waiting_contract(store, "muster") is None


def test_only_the_newest_revision_can_be_approved(store: Store) -> None:
    waiting = _added(store, "muster", 2, "zwei", ContractState.WAITING)
    _added(store, "muster", 3, "drei", ContractState.WAITING)
    with pytest.raises(RevisionError, match="not the newest"):
        approve_contract(store, waiting, ("by-bob",))


def test_a_contract_that_comes_again_with_another_signature_keeps_both(store: Store) -> None:
    _added(store, "muster", 2, "zwei", ContractState.WAITING)
    again = _added(store, "muster", 2, "zwei", ContractState.HOLDS, ("by-bob",))
    assert again.signatures == ("by-anna", "by-bob")
    assert again.state is ContractState.HOLDS
    # What holds never waits again.
    assert _added(store, "muster", 2, "zwei", ContractState.WAITING) == again


def test_a_customer_without_a_contract_has_none(store: Store) -> None:
    assert current_contract(store, "nobody") is None
