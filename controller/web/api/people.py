"""Who is let in, by whom? People, their roles, their log-ins and tokens; for whoever manages people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.office import Office
from controller.people import add, allow, end_all, give_roles, invite_contact, known_person, link
from controller.store.people import Account, PersonError, get_account, get_accounts, logins
from controller.store.tokens import revoke_token, tokens
from controller.web.access import Person, Right, Role, may
from controller.web.api.parts import Name, Ours
from controller.web.door import needs

__all__ = ["router"]

router = APIRouter(tags=["people"])
_Keeper = Annotated[Person, Depends(needs(Right.MANAGE_PEOPLE))]
_Roles = Annotated[dict[Name, Role], Field(max_length=500)]


class PersonFound(BaseModel):
    """A person. roles: customer's id, or '*' for all -> role."""

    id: str
    name: str
    email: str
    roles: dict[str, str]
    disabled: bool
    second_factor: bool


class PersonWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    name: str = Field(min_length=1, max_length=200)
    email: str = Field(default="", max_length=200)
    language: Literal["", "de", "en"] = ""
    roles: _Roles = {}


class RolesWanted(BaseModel):
    """Exactly these, and no others."""

    model_config = ConfigDict(extra="forbid")

    roles: _Roles


class AllowedWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    allowed: bool


class Link(BaseModel):
    """Where a person sets a password: behind this server's address, once, for a day."""

    person: str
    path: str


class LoginFound(BaseModel):
    began: datetime
    seen: datetime
    address: str
    program: str


class TokenFound(BaseModel):
    """A token, without its secret."""

    id: str
    name: str
    rights: list[str]
    customers: list[str]
    made: datetime
    expires: datetime
    used: datetime | None
    revoked: datetime | None


@router.get("/people")
def list_people(office: Ours, keeper: _Keeper) -> list[PersonFound]:
    """Everybody whom you manage."""
    return [_told(one) for one in get_accounts(office.store) if _reaches(keeper, one.roles)]


@router.post("/people", status_code=201)
def add_person(office: Ours, keeper: _Keeper, wanted: PersonWanted) -> Link:
    """Add a person, and get the link by which they set their password."""
    roles = _within(keeper, wanted.roles)
    fresh = Account(
        id=wanted.id,
        name=wanted.name,
        email=wanted.email,
        language=wanted.language,
        added=datetime.now(UTC),
        roles=roles,
    )
    return Link(person=wanted.id, path=add(office.store, fresh, by=keeper.id))


@router.post("/customers/{customer}/contacts/{contact}/invitation", status_code=201)
def invite_customers_contact(office: Ours, keeper: _Keeper, customer: Name, contact: Name) -> Link:
    """Let one of the customer's people of the contract in, as what the contract lets them approve."""
    _, contract = office.contract_of(customer)
    who, path = invite_contact(office.store, contract, contact, by=keeper.id)
    return Link(person=who, path=path)


@router.get("/people/{person}")
def show_person(office: Ours, keeper: _Keeper, person: Name) -> PersonFound:
    """One person."""
    return _told(_reached(office, keeper, person))


@router.put("/people/{person}/roles")
def change_roles(office: Ours, keeper: _Keeper, person: Name, wanted: RolesWanted) -> PersonFound:
    """Give a person exactly these roles; their log-ins end. Never your own."""
    _reached(office, keeper, person)
    give_roles(office.store, person, _within(keeper, wanted.roles), by=keeper.id)
    return _told(known_person(office.store, person))


@router.put("/people/{person}/allowed")
def change_allowed(office: Ours, keeper: _Keeper, person: Name, wanted: AllowedWanted) -> PersonFound:
    """Let a person log in, or not any more; their log-ins end."""
    _reached(office, keeper, person)
    allow(office.store, person, wanted.allowed, by=keeper.id)
    return _told(known_person(office.store, person))


@router.post("/people/{person}/invitation", status_code=201)
def invite_person(office: Ours, keeper: _Keeper, person: Name) -> Link:
    """A new link by which a person sets a password; what they have holds until then."""
    _reached(office, keeper, person)
    return Link(person=person, path=link(office.store, person, by=keeper.id))


@router.get("/people/{person}/logins")
def list_logins(office: Ours, keeper: _Keeper, person: Name) -> list[LoginFound]:
    """Where a person is logged in."""
    _reached(office, keeper, person)
    return [
        LoginFound(began=one.began, seen=one.seen, address=one.address, program=one.program)
        for one in logins(office.store, person)
    ]


@router.delete("/people/{person}/logins", status_code=204)
def end_logins_of(office: Ours, keeper: _Keeper, person: Name) -> Response:
    """End all log-ins of a person."""
    _reached(office, keeper, person)
    end_all(office.store, person, by=keeper.id)
    return Response(status_code=204)


@router.get("/people/{person}/tokens")
def list_tokens(office: Ours, keeper: _Keeper, person: Name) -> list[TokenFound]:
    """By what programs work in this person's place."""
    _reached(office, keeper, person)
    return [
        TokenFound(
            id=one.id,
            name=one.name,
            rights=list(one.rights),
            customers=list(one.customers),
            made=one.made,
            expires=one.expires,
            used=one.used,
            revoked=one.revoked,
        )
        for one in tokens(office.store, person)
    ]


@router.delete("/people/{person}/tokens/{token}", status_code=204)
def end_token(office: Ours, keeper: _Keeper, person: Name, token: Name) -> Response:
    """Let a token count no more."""
    _reached(office, keeper, person)
    if not revoke_token(office.store, token, datetime.now(UTC), person_id=person):
        raise HTTPException(404)
    return Response(status_code=204)


def _reaches(keeper: Person, roles: Iterable[str]) -> bool:
    """Whether whoever manages people for some customers may touch somebody with these roles."""
    return all(may(keeper, Right.MANAGE_PEOPLE, customer) for customer in roles)


def _within(keeper: Person, roles: dict[str, Role]) -> dict[str, str]:
    if not _reaches(keeper, roles):
        raise PersonError("these roles are for customers whose people you do not manage: leave those out")
    return {customer: role.value for customer, role in roles.items()}


def _reached(office: Office, keeper: Person, person: str) -> Account:
    account = get_account(office.store, person)
    if account is None or not _reaches(keeper, account.roles):
        raise HTTPException(404)
    return account


def _told(one: Account) -> PersonFound:
    return PersonFound(
        id=one.id,
        name=one.name,
        email=one.email,
        roles=dict(one.roles),
        disabled=one.disabled,
        second_factor=bool(one.totp),
    )
