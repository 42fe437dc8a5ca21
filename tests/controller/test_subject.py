"""Are the accounts that a ticket speaks of found, no other words taken for one, and hidden where they must be?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ad.filters import escaped, who
from controller.subject import AccountError, account_of, accounts_in_text

DOMAIN = "ad.musterbau.test"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Benutzer MUSTERBAU\\bob kann sich nicht anmelden.", ("bob",)),
        ("musterbau\\Eva.Müller: gesperrt!", ("Eva.Müller",)),
        ("Bitte bob@ad.musterbau.test entsperren.", ("bob@ad.musterbau.test",)),
        ("(bob@AD.Musterbau.Test), und AD\\eva", ("eva", "bob@AD.Musterbau.Test")),
        ("MUSTERBAU\\bob und MUSTERBAU\\bob", ("bob",)),
        ("Mail an eva@musterbau.test und eva@ad.musterbau.test.evil.example", ()),
        ("C:\\musterbau\\daten liegt auf \\\\file1\\musterbau\\daten", ()),
        ("x@ad.musterbau.testing und notmusterbau\\bob", ()),
        ("Anmeldung geht nicht.", ()),
        ("", ()),
    ],
)
def test_only_names_with_the_customers_domain_are_accounts(text: str, found: tuple[str, ...]) -> None:
    assert accounts_in_text(text, [DOMAIN]) == found


def test_without_a_domain_nobody_is_an_account() -> None:
    assert accounts_in_text("MUSTERBAU\\bob, bob@ad.musterbau.test", []) == ()


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "bob;drop", "bob)(cn=*", "x" * 65, "bob@", "@ad", "a/b", "a\nb"]
)
def test_what_is_no_account_is_a_mistake(text: str) -> None:
    with pytest.raises(AccountError, match="write it like"):
        account_of(text)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for account in accounts_in_text(text, [DOMAIN]):
        assert account_of(account) == account


@given(st.text(max_size=40))
def test_a_value_in_a_filter_stays_a_value(text: str) -> None:
    assert not set(escaped(text)) & set("*()\0")
    assert who(text).count("(") == 3
