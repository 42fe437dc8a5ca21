"""May this person do this, for this customer? The one place where that is decided.

Every route declares one `Right`; a person has one `Role` for a customer, or one for all. The contract is not decided
here: what it refuses is refused for everybody (`inventory.decide`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["EVERY_CUSTOMER", "FRESH", "GIVEN", "RIGHTS", "Person", "Right", "Role", "may"]

# In place of a customer's id: all of them, those of tomorrow too.
EVERY_CUSTOMER = "*"


class Right(StrEnum):
    """What a route needs. `PUBLIC` needs nobody; `OWN` anybody who is logged in, for what is their own."""

    PUBLIC = "public"
    OWN = "own"
    SEE_TICKETS = "see-tickets"
    SEE_SCOPE = "see-scope"
    SEE_RUNS = "see-runs"
    SEE_EVIDENCE = "see-evidence"
    SEE_LEDGER = "see-ledger"
    SEE_RELEASED = "see-released"
    SEE_ACCESSES = "see-accesses"
    SEE_PLANS = "see-plans"
    DIAGNOSE = "diagnose"
    PLAN = "plan"
    APPROVE = "approve"
    APPLY = "apply"
    RELEASE = "release"
    OBJECT = "object"
    MANAGE_PEOPLE = "manage-people"
    OPERATE = "operate"


class Role(StrEnum):
    """Who somebody is for a customer."""

    ENGINEER = "engineer"
    DUTY_MANAGER = "duty-manager"
    CUSTOMER = "customer"
    CUSTOMER_APPROVER = "customer-approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


# A customer sees the contract, what was released, and who touched what; never what is said among engineers.
_CUSTOMER = frozenset({Right.SEE_RELEASED, Right.SEE_ACCESSES, Right.SEE_PLANS, Right.OBJECT})
_ENGINEER = frozenset(
    {
        *(Right.SEE_TICKETS, Right.SEE_SCOPE, Right.SEE_RUNS, Right.SEE_EVIDENCE, Right.SEE_LEDGER),
        *(Right.DIAGNOSE, Right.PLAN, Right.APPROVE, Right.APPLY, Right.RELEASE),
        *(Right.SEE_RELEASED, Right.SEE_ACCESSES, Right.SEE_PLANS),
    }
)
RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ENGINEER: _ENGINEER,
        Role.DUTY_MANAGER: _ENGINEER,
        Role.CUSTOMER: _CUSTOMER,
        Role.CUSTOMER_APPROVER: _CUSTOMER | {Right.APPROVE},
        Role.AUDITOR: frozenset({Right.SEE_SCOPE, Right.SEE_LEDGER, Right.SEE_ACCESSES}),
        # Who manages people and the machine does not see customers' data by that.
        Role.ADMINISTRATOR: frozenset({Right.MANAGE_PEOPLE, Right.OPERATE}),
    }
)


# What needs a fresh second factor.
FRESH = frozenset({Right.APPROVE, Right.APPLY, Right.RELEASE, Right.MANAGE_PEOPLE})
# What a program may be given: it has no second factor, and nothing is its own.
GIVEN = tuple(right for right in Right if right not in FRESH | {Right.PUBLIC, Right.OWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is logged in. name: as it stands beside their key and in the contract; roles: customer's id -> role.

    rights: for a program that works in somebody's place, those that it was given; None for the person themselves.
    """

    id: str
    name: str
    roles: Mapping[str, Role]
    language: str = ""
    rights: frozenset[Right] | None = None

    def role(self, customer: str) -> Role | None:
        """Their role for a customer; a role for this customer goes before one for all."""
        return self.roles.get(customer, self.roles.get(EVERY_CUSTOMER))


def may(person: Person | None, right: Right, customer: str = "") -> bool:
    """Decide. customer: whose data it is about; empty: of no customer, or whichever the person may see.

    >>> eva = Person(id="eva", name="Eva Eng", roles={"musterbau": Role.ENGINEER})
    >>> may(eva, Right.DIAGNOSE, "musterbau"), may(eva, Right.DIAGNOSE, "other"), may(None, Right.PUBLIC)
    (True, False, True)
    """
    if right is Right.PUBLIC:
        return True
    if person is None:
        return False
    if person.rights is not None and right not in person.rights:
        return False
    if right is Right.OWN:
        return True
    if customer:
        role = person.role(customer)
        return role is not None and right in RIGHTS[role]
    return any(right in RIGHTS[role] for role in person.roles.values())
