"""Has somebody else agreed to exactly this change? Approvals of a plan, signed with people's own keys.

An approval is a token (`inventory.token`) of the type `approval+jws`: the digest of one plan, its hosts, a moment, an
expiry in hours and a random id that is spent once. It is sealed with the key of the person who gives it, which no
controller holds, so that a fallen controller cannot agree in anybody's stead. Who it is that agrees:

- A *colleague* is who holds a key that the agent pins for engineers or duty managers.
- The *customer* is who holds a key that the agent pins for the customer, and whose pin bears the id, the name or the
  e-mail address of a contact with `approves: change` in the contract that holds.
- Names are compared without regard to case and spaces. All spellings of one contact, and all names of one key, are one
  person. Who asked for a plan must be such a person, too: otherwise nobody can tell that somebody else has agreed.
- Who asked for the plan, and who edited it, never counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inventory.clause import Approval
from inventory.contract import Contract
from inventory.people import People
from inventory.signing import Pins
from inventory.token import Pin, TokenError, open_token, seal_token

__all__ = [
    "LONGEST_HOURS",
    "ApprovalError",
    "Approved",
    "Approvers",
    "NotApproved",
    "Side",
    "Statement",
    "Subject",
    "approvers",
    "check_approvals",
    "judge_approval",
    "read_approval",
    "sign_approval",
    "strictest",
]

APPROVAL, REJECTION = "approval+jws", "rejection+jws"
LONGEST_HOURS = 168
_VERSION = 1
_LEEWAY = 30


class NotApproved(StrEnum):
    """Why a plan counts as not approved: public and stable."""

    MISSING = "approval-missing"
    NOBODY_MAY = "approval-nobody-may"
    REQUESTER_UNKNOWN = "approval-requester-unknown"
    UNSIGNED = "approval-unsigned"
    UNREADABLE = "approval-unreadable"
    OTHER_PLAN = "approval-of-another-plan"
    OTHER_HOSTS = "approval-for-other-hosts"
    NOT_YET = "approval-not-yet-valid"
    EXPIRED = "approval-expired"
    TOO_LONG = "approval-too-long"
    BY_REQUESTER = "approval-by-requester"
    BY_EDITOR = "approval-by-editor"
    NOT_ENTITLED = "approval-not-entitled"
    ONE_PERSON = "approval-one-person"


class ApprovalError(Exception):
    """The plan may not be carried out: `reason` is the code, the message says what is missing."""

    def __init__(self, reason: NotApproved, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Side(StrEnum):
    """For whom somebody agrees."""

    COLLEAGUE = "colleague"
    CUSTOMER = "customer"


class Statement(BaseModel):
    """What is signed. at, expires: seconds since the epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: int
    id: str = Field(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    plan: str = Field(pattern=r"^[0-9a-f]{64}$")
    playbook: str
    customer: str
    hosts: tuple[str, ...] = Field(min_length=1)
    ticket: str
    at: int = Field(ge=0)
    expires: int = Field(ge=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Who has agreed, for which side, from when until when; `id` is to be spent once."""

    id: str
    person: str
    side: Side
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is agreed to: one plan on these hosts, who asked for it, and who edited it."""

    digest: str
    playbook: str
    customer: str
    hosts: tuple[str, ...]
    requested_by: str
    edited_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Whose yes counts, by name; nobody's, where both are empty."""

    colleagues: tuple[str, ...]
    customers: tuple[str, ...]


def strictest(demanded: Iterable[Approval]) -> Approval:
    """What is demanded where several clauses demand something; both, where none says anything.

    >>> strictest([Approval.COLLEAGUE, Approval.NONE, Approval.CUSTOMER])
    <Approval.BOTH: 'both'>
    """
    told = set(demanded) or {Approval.BOTH}
    if Approval.BOTH in told or {Approval.COLLEAGUE, Approval.CUSTOMER} <= told:
        return Approval.BOTH
    return next((one for one in (Approval.COLLEAGUE, Approval.CUSTOMER) if one in told), Approval.NONE)


def sign_approval(  # noqa: PLR0913 - what a person agrees to.
    key: Mapping[str, Any],
    *,
    digest: str,
    playbook: str,
    customer: str,
    hosts: Sequence[str],
    ticket: str,
    at: datetime,
    hours: float,
    rejects: bool = False,
) -> str:
    """Agree to a plan with a person's private JWK, for so many hours; or say no to it.

    Raises KeyFormatError, and ValueError for hours that are none, or too many.
    """
    if not 0 < hours <= LONGEST_HOURS:
        raise ValueError(
            f"an approval holds for more than 0 and at most {LONGEST_HOURS} hours, not {hours:g}"
        )
    said = Statement(
        version=_VERSION,
        id=secrets.token_urlsafe(18),
        plan=digest,
        playbook=playbook,
        customer=customer,
        hosts=tuple(hosts),
        ticket=ticket,
        at=int(at.timestamp()),
        expires=int((at + timedelta(hours=hours)).timestamp()),
    )
    return seal_token(said.model_dump_json().encode(), key, REJECTION if rejects else APPROVAL)


def read_approval(token: str, pins: Pins, *, rejects: bool = False) -> tuple[Statement, Pin]:
    """What somebody pinned has signed, and whose key it is. Raises ApprovalError."""
    everybody = (*pins.duty, *pins.engineers, *pins.customer)
    try:
        payload, pin = open_token(token, everybody, REJECTION if rejects else APPROVAL)
    except TokenError as error:
        raise ApprovalError(
            NotApproved.UNSIGNED, f"nobody whose key is pinned at the agent has signed it: {error}"
        ) from None
    try:
        said = Statement.model_validate_json(payload)
    except ValidationError:
        raise ApprovalError(
            NotApproved.UNREADABLE, f"{pin.name} has signed something, but no approval of a plan"
        ) from None
    if said.version != _VERSION:
        raise ApprovalError(
            NotApproved.UNREADABLE,
            f"the approval is of version {said.version}; this one knows {_VERSION} only",
        )
    return said, pin


def approvers(pins: Pins, contract: Contract, *, requested_by: str, edited_by: Collection[str]) -> Approvers:
    """Whose yes would count for a plan that these people asked for and edited."""
    people = People(pins, contract)
    barred = (requested_by, *edited_by)

    def may(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(n for n in names if n and not any(people.is_same(n, one) for one in barred))
        )

    return Approvers(
        colleagues=may(pin.name for pin in (*pins.duty, *pins.engineers)),
        customers=may(pin.name for pin in pins.customer if people.approves(pin.name)),
    )


def check_approvals(  # noqa: PLR0913 - what an approval is held against.
    tokens: Sequence[str],
    pins: Pins,
    *,
    digest: str,
    playbook: str,
    customer: str,
    hosts: Collection[str],
    approval: Approval,
    requested_by: str,
    edited_by: Collection[str],
    contract: Contract,
    now: datetime,
) -> tuple[Approved, ...]:
    """Say who has agreed, or raise ApprovalError when that is not what `approval` demands.

    approval: the strictest of the clauses of all hosts. now: with its time zone. A token that does not count takes
    nothing from the others; the reason that is raised is the first one's that did not count.
    """
    if approval is Approval.NONE:
        return ()
    people = People(pins, contract)
    if not people.knows(requested_by):
        raise ApprovalError(
            NotApproved.REQUESTER_UNKNOWN,
            f"{requested_by!r}, who asked for this, is nobody whose key is pinned at the agent and no contact of the "
            "contract: nobody can tell whether somebody else has agreed",
        )
    may = approvers(pins, contract, requested_by=requested_by, edited_by=edited_by)
    colleague = approval in {Approval.COLLEAGUE, Approval.BOTH}
    client = approval in {Approval.CUSTOMER, Approval.BOTH}
    if colleague and not may.colleagues:
        raise ApprovalError(
            NotApproved.NOBODY_MAY,
            "a colleague must agree, and no key of an engineer or duty manager is pinned at the agent but of those who "
            "asked for this or edited it",
        )
    if client and not may.customers:
        raise ApprovalError(
            NotApproved.NOBODY_MAY,
            "the customer must agree, and no key is pinned at the agent of a contact with 'approves: [change]'",
        )
    subject = Subject(
        digest=digest,
        playbook=playbook,
        customer=customer,
        hosts=tuple(hosts),
        requested_by=requested_by,
        edited_by=tuple(edited_by),
    )
    counts: dict[tuple[str, Side], Approved] = {}
    wrong: list[ApprovalError] = []
    for token in dict.fromkeys(tokens):
        try:
            for one in judge_approval(token, subject, people, now):
                counts.setdefault((one.id, one.side), one)
        except ApprovalError as error:
            wrong.append(error)
    return _enough(tuple(counts.values()), wrong, people, may, colleague=colleague, client=client)


def judge_approval(token: str, subject: Subject, people: People, now: datetime) -> tuple[Approved, ...]:
    """For which side somebody has agreed to exactly this, perhaps for both. Raises ApprovalError for neither."""
    said, pin = read_approval(token, people.pins)
    _holds(said, subject, now)
    return tuple(
        Approved(
            id=said.id,
            person=pin.name,
            side=side,
            at=datetime.fromtimestamp(said.at, UTC),
            expires=datetime.fromtimestamp(said.expires, UTC),
        )
        for side in _sides(pin, subject, people)
    )


def _holds(said: Statement, subject: Subject, now: datetime) -> None:
    """Whether it is for exactly this, and now."""
    wanted = subject.digest, subject.playbook, subject.customer
    if (said.plan, said.playbook, said.customer) != wanted:
        raise ApprovalError(
            NotApproved.OTHER_PLAN,
            f"it is for plan {said.plan[:12]} ({said.playbook}, {said.customer}), and this is {subject.digest[:12]} "
            f"({subject.playbook}, {subject.customer}): have this one approved",
        )
    if len(said.hosts) != len(subject.hosts) or set(said.hosts) != set(subject.hosts):
        raise ApprovalError(
            NotApproved.OTHER_HOSTS,
            f"it is for {', '.join(said.hosts)}, and this is for {', '.join(subject.hosts)}",
        )
    moment = now.timestamp()
    if said.expires - said.at > LONGEST_HOURS * 3600:
        raise ApprovalError(
            NotApproved.TOO_LONG, f"it would hold for more than {LONGEST_HOURS} hours: have it approved anew"
        )
    if not moment >= said.at - _LEEWAY:
        raise ApprovalError(
            NotApproved.NOT_YET, "it was given later than now: compare the clocks of approver and agent"
        )
    if not moment < said.expires:
        expired = datetime.fromtimestamp(said.expires, now.tzinfo)
        raise ApprovalError(
            NotApproved.EXPIRED, f"it expired at {expired:%Y-%m-%d %H:%M}: have the plan approved anew"
        )


def _sides(pin: Pin, subject: Subject, people: People) -> tuple[Side, ...]:
    """For whom the holder of this key may agree. Raises ApprovalError for nobody."""
    pins = people.pins
    if people.is_same(pin.name, subject.requested_by):
        raise ApprovalError(
            NotApproved.BY_REQUESTER, f"{pin.name} asked for this plan: somebody else must agree to it"
        )
    if any(people.is_same(pin.name, one) for one in subject.edited_by):
        raise ApprovalError(
            NotApproved.BY_EDITOR, f"{pin.name} edited this plan: somebody else must agree to it"
        )
    is_ours = pin.name and any(pin.public == one.public for one in (*pins.duty, *pins.engineers))
    is_theirs = people.approves(pin.name) and any(pin.public == one.public for one in pins.customer)
    if not is_ours and not is_theirs:
        raise ApprovalError(
            NotApproved.NOT_ENTITLED,
            f"{pin.name or 'a key without a name'} may not agree to changes: in the contract that is for contacts with "
            "'approves: [change]'",
        )
    return (*((Side.COLLEAGUE,) if is_ours else ()), *((Side.CUSTOMER,) if is_theirs else ()))


def _enough(  # noqa: PLR0913 - what is there, and what is demanded.
    counts: Sequence[Approved],
    wrong: Sequence[ApprovalError],
    people: People,
    may: Approvers,
    *,
    colleague: bool,
    client: bool,
) -> tuple[Approved, ...]:
    ours = tuple(one for one in counts if one.side is Side.COLLEAGUE)
    theirs = tuple(one for one in counts if one.side is Side.CUSTOMER)
    lacks = [
        f"{side} ({' or '.join(names)})"
        for side, names, is_lacking in (
            ("a colleague", may.colleagues, colleague and not ours),
            ("the customer", may.customers, client and not theirs),
        )
        if is_lacking
    ]
    if lacks and wrong:
        raise ApprovalError(wrong[0].reason, f"{wrong[0]}; still missing: {' and '.join(lacks)}")
    if lacks:
        raise ApprovalError(
            NotApproved.MISSING, f"{' and '.join(lacks)} must agree first, with 'secondline approve'"
        )
    if colleague and client:
        pairs = ((a, b) for a in ours for b in theirs if not people.is_same(a.person, b.person))
        pair = next(pairs, None)
        if pair is None:
            raise ApprovalError(
                NotApproved.ONE_PERSON,
                f"{ours[0].person} has agreed for both sides: it takes two different people",
            )
        return pair
    return ours[:1] if colleague else theirs[:1]
