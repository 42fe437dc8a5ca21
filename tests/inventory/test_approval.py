"""Has somebody else agreed to exactly this change, and does nothing else count as agreement?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.approval import (
    LONGEST_HOURS,
    ApprovalError,
    Approved,
    NotApproved,
    Side,
    approvers,
    check_approvals,
    read_approval,
    sign_approval,
    strictest,
)
from inventory.clause import Approval
from inventory.contract import Contact
from inventory.read import read
from inventory.schema import example
from inventory.signing import Pins, sign_contract
from inventory.token import new_key, pin_of, seal_token

DORA, EVA, FINN, WEBER, YILMAZ, MALLORY = (new_key() for _ in range(6))
PINS = Pins(
    duty=(pin_of(DORA, "Dora Duty"),),
    engineers=(pin_of(EVA, "Eva Eng"), pin_of(FINN, "Finn Fix")),
    customer=(pin_of(WEBER, "anna.weber@musterbau.example"), pin_of(YILMAZ, "yilmaz")),
)
NOBODY = Pins(duty=(pin_of(DORA, "Dora Duty"),))
CONTRACT = read(example())
AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DIGEST, OTHER = "a" * 64, "b" * 64
HOSTS = ("web1", "dns1")
PLAYBOOK = "linux.start_service"


def agreed(key: Mapping[str, Any], **changed: object) -> str:
    said: dict[str, Any] = {
        "digest": DIGEST,
        "playbook": PLAYBOOK,
        "customer": "musterbau",
        "hosts": HOSTS,
        "ticket": "4711",
        "at": AT,
        "hours": 8.0,
    }
    return sign_approval(key, **(said | changed))


def check(*tokens: str, **changed: object) -> tuple[Approved, ...]:
    asked: dict[str, Any] = {
        "pins": PINS,
        "digest": DIGEST,
        "playbook": PLAYBOOK,
        "customer": "musterbau",
        "hosts": HOSTS,
        "approval": Approval.COLLEAGUE,
        "requested_by": "Finn Fix",
        "edited_by": (),
        "contract": CONTRACT,
        "now": AT + timedelta(minutes=5),
    } | changed
    return check_approvals(tokens, asked.pop("pins"), **asked)


def refused(*tokens: str, **changed: object) -> ApprovalError:
    with pytest.raises(ApprovalError) as caught:
        check(*tokens, **changed)
    return caught.value


def test_a_colleague_agrees() -> None:
    (one,) = check(agreed(EVA))
    assert (one.person, one.side) == ("Eva Eng", Side.COLLEAGUE)
    assert (one.at, one.expires) == (AT, AT + timedelta(hours=8))
    assert len(one.id) >= 16
    assert check(agreed(DORA))[0].person == "Dora Duty"


def test_the_customer_agrees_where_the_contract_lets_the_contact() -> None:
    (one,) = check(agreed(WEBER), approval=Approval.CUSTOMER)
    assert (one.person, one.side) == ("anna.weber@musterbau.example", Side.CUSTOMER)
    # This contact may say yes to reports only.
    wrong = refused(agreed(YILMAZ), approval=Approval.CUSTOMER)
    assert wrong.reason is NotApproved.NOT_ENTITLED
    assert "'approves: [change]'" in str(wrong)


def test_both_takes_two_people() -> None:
    pair = check(agreed(EVA), agreed(WEBER), approval=Approval.BOTH)
    assert [one.side for one in pair] == [Side.COLLEAGUE, Side.CUSTOMER]
    assert refused(agreed(EVA), approval=Approval.BOTH).reason is NotApproved.MISSING
    assert refused(agreed(WEBER), approval=Approval.BOTH).reason is NotApproved.MISSING
    twice = Pins(duty=(pin_of(DORA, "Anna Weber"),), engineers=PINS.engineers, customer=PINS.customer)
    wrong = refused(agreed(DORA), agreed(WEBER), approval=Approval.BOTH, pins=twice)
    assert wrong.reason is NotApproved.ONE_PERSON
    assert "two different people" in str(wrong)


def test_where_none_is_demanded_nothing_is_looked_at() -> None:
    assert check(approval=Approval.NONE) == ()
    assert check("rubbish", approval=Approval.NONE, requested_by="nobody") == ()


def test_nobody_agrees_to_his_own_request() -> None:
    wrong = refused(agreed(FINN))
    assert wrong.reason is NotApproved.BY_REQUESTER
    assert "Finn Fix asked for this plan: somebody else must agree" in str(wrong)
    # However the name is spelled.
    assert refused(agreed(FINN), requested_by=" finn  FIX").reason is NotApproved.BY_REQUESTER
    assert refused(agreed(EVA), edited_by=("eva eng",)).reason is NotApproved.BY_EDITOR
    # The contact's id, name and address are one person, and one of them stands beside the key.
    mine = refused(agreed(WEBER), requested_by="weber", approval=Approval.CUSTOMER)
    assert mine.reason is NotApproved.NOBODY_MAY


def test_two_keys_under_one_name_are_one_person() -> None:
    second = new_key()
    pins = Pins(duty=PINS.duty, engineers=(*PINS.engineers, pin_of(second, "FINN FIX")))
    assert refused(agreed(second), pins=pins).reason is NotApproved.BY_REQUESTER


def test_a_stranger_who_asks_cannot_be_told_from_who_agrees() -> None:
    wrong = refused(agreed(EVA), requested_by="root")
    assert wrong.reason is NotApproved.REQUESTER_UNKNOWN
    assert "'root'" in str(wrong)
    assert refused(agreed(EVA), requested_by="").reason is NotApproved.REQUESTER_UNKNOWN


def test_an_empty_list_of_approvers_is_nobody() -> None:
    assert refused(agreed(DORA), pins=NOBODY, requested_by="Dora Duty").reason is NotApproved.NOBODY_MAY
    wrong = refused(agreed(EVA), pins=NOBODY, requested_by="Dora Duty", approval=Approval.CUSTOMER)
    assert wrong.reason is NotApproved.NOBODY_MAY
    no_contacts = CONTRACT.model_copy(update={"contacts": ()})
    wrong = refused(agreed(WEBER), contract=no_contacts, approval=Approval.CUSTOMER)
    assert wrong.reason is NotApproved.NOBODY_MAY


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (agreed(EVA, digest=OTHER), NotApproved.OTHER_PLAN),
        (agreed(EVA, playbook="linux.stop_service"), NotApproved.OTHER_PLAN),
        (agreed(EVA, customer="other"), NotApproved.OTHER_PLAN),
        (agreed(EVA, hosts=("web1",)), NotApproved.OTHER_HOSTS),
        (agreed(EVA, hosts=("web1", "web1")), NotApproved.OTHER_HOSTS),
        (agreed(EVA, hosts=(*HOSTS, "web2")), NotApproved.OTHER_HOSTS),
        (agreed(EVA, at=AT - timedelta(hours=9)), NotApproved.EXPIRED),
        (agreed(EVA, at=AT + timedelta(hours=1)), NotApproved.NOT_YET),
        (agreed(EVA, rejects=True), NotApproved.UNSIGNED),
        (agreed(MALLORY), NotApproved.UNSIGNED),
        ("", NotApproved.UNSIGNED),
        (agreed(EVA)[:-1], NotApproved.UNSIGNED),
        (sign_contract(example(), CONTRACT, DORA), NotApproved.UNSIGNED),
        (seal_token(b"{}", EVA, "approval+jws"), NotApproved.UNREADABLE),
        (seal_token(b"\xff", EVA, "approval+jws"), NotApproved.UNREADABLE),
    ],
)
def test_what_does_not_count(token: str, reason: NotApproved) -> None:
    wrong = refused(token)
    assert wrong.reason is reason
    assert "still missing: a colleague (Dora Duty or Eva Eng)" in str(wrong)
    # It takes nothing from one that counts.
    assert check(token, agreed(EVA))[0].person == "Eva Eng"


def test_an_approval_lives_for_hours() -> None:
    for hours in (0, -1, LONGEST_HOURS + 1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="an approval holds for more than 0"):
            agreed(EVA, hours=hours)
    said, _ = read_approval(agreed(EVA), PINS)
    long = said.model_copy(update={"expires": said.at + 3600 * LONGEST_HOURS + 1})
    token = seal_token(long.model_dump_json().encode(), EVA, "approval+jws")
    assert refused(token).reason is NotApproved.TOO_LONG
    newer = seal_token(said.model_copy(update={"version": 2}).model_dump_json().encode(), EVA, "approval+jws")
    assert refused(newer).reason is NotApproved.UNREADABLE


def test_it_holds_up_to_its_last_second() -> None:
    token = agreed(EVA)
    assert check(token, now=AT + timedelta(hours=8, seconds=-1))
    assert refused(token, now=AT + timedelta(hours=8)).reason is NotApproved.EXPIRED
    assert check(token, now=AT - timedelta(seconds=30))
    assert refused(token, now=AT - timedelta(seconds=31)).reason is NotApproved.NOT_YET


def test_one_approval_given_twice_is_one() -> None:
    token = agreed(EVA)
    assert len(check(token, token)) == 1


def test_who_may_is_told_by_name() -> None:
    may = approvers(PINS, CONTRACT, requested_by="Finn Fix", edited_by=("Dora Duty",))
    assert may.colleagues == ("Eva Eng",)
    assert may.customers == ("anna.weber@musterbau.example",)


ORDER = {
    Approval.NONE: frozenset[Side](),
    Approval.COLLEAGUE: frozenset({Side.COLLEAGUE}),
    Approval.CUSTOMER: frozenset({Side.CUSTOMER}),
    Approval.BOTH: frozenset(Side),
}


@given(st.lists(st.sampled_from(Approval), max_size=5))
def test_the_strictest_demands_what_any_demands(several: list[Approval]) -> None:
    whole = ORDER[strictest(several)]
    assert whole == (frozenset().union(*(ORDER[one] for one in several)) if several else frozenset(Side))


PEOPLE = {"Dora Duty": DORA, "Eva Eng": EVA, "Finn Fix": FINN, "weber": WEBER, "yilmaz": YILMAZ}


@given(
    keys=st.lists(st.sampled_from([*PEOPLE.values(), MALLORY]), max_size=4),
    digests=st.lists(st.sampled_from([DIGEST, OTHER]), min_size=4, max_size=4),
    hosts=st.lists(st.sampled_from([HOSTS, ("web1",)]), min_size=4, max_size=4),
    asked=st.sampled_from(list(PEOPLE)),
    edited=st.lists(st.sampled_from(list(PEOPLE)), max_size=2),
    approval=st.sampled_from([Approval.COLLEAGUE, Approval.CUSTOMER, Approval.BOTH]),
    late=st.integers(min_value=-3600, max_value=9 * 3600),
)
def test_whatever_is_approved_was_agreed_to_by_others(  # noqa: PLR0917 - what is drawn.
    keys: Sequence[Mapping[str, Any]],
    digests: list[str],
    hosts: list[tuple[str, ...]],
    asked: str,
    edited: list[str],
    approval: Approval,
    late: int,
) -> None:
    tokens = [agreed(key, digest=d, hosts=h) for key, d, h in zip(keys, digests, hosts, strict=False)]
    now = AT + timedelta(seconds=late)
    # What must hold, computed in another way: from the keys.
    valid = [
        key
        for key, d, h in zip(keys, digests, hosts, strict=False)
        if d == DIGEST and h == HOSTS and -30 <= late < 8 * 3600
    ]
    barred = [PEOPLE[name] for name in (asked, *edited)]
    ours = any(key in (DORA, EVA, FINN) and key not in barred for key in valid)
    theirs = any(key is WEBER and key not in barred for key in valid)
    enough = {
        Approval.COLLEAGUE: ours,
        Approval.CUSTOMER: theirs,
        Approval.BOTH: ours and theirs,
    }[approval]
    try:
        people = check(*tokens, approval=approval, requested_by=asked, edited_by=edited, now=now)
    except ApprovalError:
        assert not enough
    else:
        assert enough
        assert {one.side for one in people} == ORDER[approval]


def test_a_contact_without_a_name_beside_a_key_is_nobody() -> None:
    nameless = Pins(duty=PINS.duty, engineers=PINS.engineers, customer=(pin_of(WEBER),))
    assert refused(agreed(WEBER), pins=nameless, approval=Approval.CUSTOMER).reason is NotApproved.NOBODY_MAY
    assert Contact.model_fields["name"].is_required()
