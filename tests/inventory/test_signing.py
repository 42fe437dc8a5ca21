"""Do exactly the pinned people's signatures count, for exactly this text?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.contract import Contract
from inventory.read import read
from inventory.schema import example
from inventory.signing import (
    NotSigned,
    Pins,
    SignatureError,
    check_signatures,
    read_ending,
    read_tokens,
    sign_contract,
    sign_ending,
)
from inventory.source import digest
from inventory.token import LARGEST, KeyFormatError, Pin, TokenError, new_key, pin_of, seal_token

ANNA, BOB, CAROL, MALLORY = (new_key() for _ in range(4))
TEXT = example()
CONTRACT = read(TEXT)
DUTY = (pin_of(ANNA, "Anna Weber"), pin_of(BOB, "Bob Ek"))
PINS = Pins(duty=DUTY, customer=(pin_of(CAROL, "Carol Yilmaz"),))
COSIGNED = Pins(duty=DUTY, customer=PINS.customer, cosigned=True)
AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def signed(*keys: Mapping[str, Any], text: str = TEXT, contract: Contract = CONTRACT) -> tuple[str, ...]:
    return tuple(sign_contract(text, contract, key) for key in keys)


def people(
    tokens: tuple[str, ...], pins: Pins = PINS, *, widens: bool = False, text: str = TEXT
) -> tuple[str, ...]:
    return check_signatures(digest(text), CONTRACT, tokens, pins, widens=widens).people


def refused(
    tokens: tuple[str, ...], pins: Pins = PINS, *, widens: bool = False, text: str = TEXT
) -> NotSigned:
    with pytest.raises(SignatureError) as caught:
        people(tokens, pins, widens=widens, text=text)
    # Whoever reads it learns which revision is meant, and what to do.
    assert f"revision {CONTRACT.revision} of {CONTRACT.customer}" in str(caught.value)
    assert "sign" in str(caught.value)
    return caught.value.reason


def test_who_has_signed_is_named_once() -> None:
    assert people(signed(ANNA)) == ("Anna Weber",)
    assert people(signed(ANNA, CAROL, ANNA, BOB)) == ("Anna Weber", "Bob Ek", "Carol Yilmaz")


@pytest.mark.parametrize(
    ("tokens", "why"),
    [
        ((), "nobody"),
        (signed(CAROL), "only the customer"),
        (signed(MALLORY), "a stranger"),
        (("", "rubbish", "a.b.c"), "no tokens"),
        (signed(ANNA, text=TEXT + "# one more line\n"), "another text"),
        (signed(ANNA, contract=CONTRACT.model_copy(update={"revision": 4})), "another revision"),
        (signed(ANNA, contract=CONTRACT.model_copy(update={"customer": "other"})), "another customer"),
        ((sign_ending("musterbau", 3, AT, ANNA),), "an ending"),
        ((seal_token(b"{}", ANNA, "contract+jws"),), "nothing"),
        ((seal_token(b"\xff", ANNA, "contract+jws"),), "no JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_the_duty_manager_it_is_unsigned(tokens: tuple[str, ...], why: str) -> None:
    assert why
    assert refused(tokens) is NotSigned.UNSIGNED


def test_where_the_customer_must_sign_nobody_else_can_instead() -> None:
    assert refused(signed(ANNA, BOB), COSIGNED) is NotSigned.NOT_COSIGNED
    assert people(signed(ANNA, CAROL), COSIGNED) == ("Anna Weber", "Carol Yilmaz")


def test_what_widens_needs_two_people_and_not_two_keys() -> None:
    later = new_key()
    both_annas = Pins(duty=(*DUTY, pin_of(later, "Anna Weber")), customer=PINS.customer)
    assert refused(signed(ANNA), widens=True) is NotSigned.ONE_PERSON
    assert refused(signed(ANNA, later), both_annas, widens=True) is NotSigned.ONE_PERSON
    assert people(signed(later, BOB), both_annas, widens=True) == ("Anna Weber", "Bob Ek")
    assert people(signed(ANNA, CAROL), widens=True) == ("Anna Weber", "Carol Yilmaz")


def test_a_signature_counts_for_the_very_text_only() -> None:
    assert refused(signed(ANNA), text=TEXT.replace("10.20.1.11", "10.20.1.12")) is NotSigned.UNSIGNED


@given(st.data())
def test_no_changed_sign_of_a_token_counts(data: st.DataObject) -> None:
    (token,) = signed(ANNA)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.characters(codec="utf-8").filter(lambda one: one != token[place]))
    assert refused((token[:place] + sign + token[place + 1 :],)) is NotSigned.UNSIGNED


def test_an_ending_is_read_as_it_was_said_and_from_either_side() -> None:
    for key, name in ((ANNA, "Anna Weber"), (CAROL, "Carol Yilmaz")):
        ending, who = read_ending(sign_ending("musterbau", 3, AT, key), PINS)
        assert (ending.customer, ending.revision, ending.moment, who) == ("musterbau", 3, AT, name)


@pytest.mark.parametrize(
    "token",
    ["", sign_ending("musterbau", 3, AT, MALLORY), *signed(ANNA), seal_token(b"{}", ANNA, "ending+jws")],
    ids=["nothing", "a stranger's", "a contract's", "empty"],
)
def test_what_is_no_ending_ends_nothing(token: str) -> None:
    with pytest.raises(TokenError):
        read_ending(token, PINS)


def test_a_signature_file_has_a_token_a_line() -> None:
    assert read_tokens(b"# signed by Anna\n a.b.c \n\nd.e.f\n") == ("a.b.c", "d.e.f")
    assert len(read_tokens(b"x\n" * 16)) == 16
    with pytest.raises(TokenError, match="too many"):
        read_tokens(b"x\n" * 17)
    assert read_tokens("Ü\n".encode()) == ("\ufffd\ufffd",), "what is no token is no reason to fail here"


def test_a_pin_is_read_as_it_is_written() -> None:
    for pin in (*DUTY, Pin(DUTY[0].public)):
        assert Pin.read(str(pin)) == pin


def test_what_can_be_signed_has_a_bound() -> None:
    bound = LARGEST // 4 * 3
    with pytest.raises(ValueError, match=f"at most {bound}"):
        seal_token(b"x" * (bound + 1), ANNA, "x")
    assert len(seal_token(b"x" * bound, ANNA, "x")) > bound


@pytest.mark.parametrize(
    "key", [{}, {"kty": "OKP"}, {**ANNA, "d": ""}, {**ANNA, "crv": "X25519"}], ids=range(4)
)
def test_what_is_no_private_key_signs_nothing(key: Mapping[str, Any]) -> None:
    with pytest.raises(KeyFormatError, match="secondline key new"):
        seal_token(b"x", key, "x")
