"""How does somebody get in and out? Log-in, second factor, a password by a link, one's own log-ins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pyotp
import segno
from fastapi import APIRouter, Depends, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.ledger import Entry, What, append
from controller.settings import OidcSettings
from controller.store.people import (
    Account,
    change_account,
    end_logins,
    get_account,
    invited,
    keep_recovery_codes,
    logins,
)
from controller.web.access import Person, Right
from controller.web.door import needs
from controller.web.inside import inside
from controller.web.local import LocalDoor, WaitError, local_door
from controller.web.proofs import PasswordError, Seals, hash_password, new_recovery_codes, step_of
from controller.web.reach import pages_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_Nobody = Annotated[Person | None, Depends(needs(Right.PUBLIC))]
_Somebody = Annotated[Person, Depends(needs(Right.OWN))]
_Text = Annotated[str, Form(max_length=300)]


@router.get("/login")
def login_page(
    request: Request,
    _: _Nobody,
    next: str = "/",  # noqa: A002 - as the address has it.
    left: bool = False,  # noqa: FBT001, FBT002 - see above.
) -> Response:
    return _login(request, inside(next), left=left)


@router.post("/login")
def log_in(
    request: Request,
    _: _Nobody,
    name: _Text,
    password: _Text,
    next: _Text = "/",  # noqa: A002 - see above.
) -> Response:
    door, there = _passwords(request), inside(next)
    try:
        entered = door.enter(request, name.strip(), password)
    except WaitError as error:
        headers = {"Retry-After": f"{error.seconds:.0f}"}
        return _login(request, there, status=429, headers=headers, wrong="wait", name=name)
    if entered is None:
        return _login(request, there, status=401, wrong="password", name=name)
    account, held = entered
    then = f"/login/second?next={there}" if account.totp else there
    response = RedirectResponse(then, 303)
    door.give(response, held)
    return response


def _login(  # noqa: PLR0913 - what the page says.
    request: Request,
    there: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    wrong: str = "",
    name: str = "",
    left: bool = False,
) -> Response:
    oidc = _oidc(request)
    return pages_of(request).show(
        request,
        "login.html",
        status=status,
        headers=headers,
        next=there,
        wrong=wrong,
        name=name,
        left=left,
        provider=oidc.shown if oidc else "",
        only=bool(oidc and oidc.only),
    )


@router.get("/login/second")
def second_page(request: Request, _: _Nobody, next: str = "/") -> Response:  # noqa: A002 - see above.
    found = local_door(request).login(request)
    if found is None:
        return RedirectResponse(f"/login?next={inside(next)}", 303)
    account = get_account(local_door(request).office.store, found.person)
    if account is not None and not account.totp and not _provider_of(request, account):
        return RedirectResponse("/account/second", 303)
    return _second(request, inside(next), account, "")


@router.post("/login/second")
def second(request: Request, _: _Nobody, code: _Text, next: _Text = "/") -> Response:  # noqa: A002 - see above.
    wrong, status = "code", 401
    try:
        if local_door(request).prove(request, code):
            return RedirectResponse(inside(next), 303)
    except WaitError:
        wrong, status = "wait", 429
    found = local_door(request).login(request)
    account = get_account(local_door(request).office.store, found.person) if found else None
    return _second(request, inside(next), account, wrong, status)


def _second(request: Request, there: str, account: Account | None, wrong: str, status: int = 200) -> Response:
    """The page for a fresh proof: a code, the provider, or whichever of both the person has."""
    return pages_of(request).show(
        request,
        "second.html",
        status=status,
        next=there,
        wrong=wrong,
        has_code=account is None or bool(account.totp),
        provider=_provider_of(request, account),
    )


@router.post("/logout")
def log_out(request: Request, _: _Somebody) -> Response:
    door = local_door(request)
    door.leave(request)
    response = RedirectResponse("/login?left=true", 303)
    door.give(response, "")
    return response


@router.get("/invitation/{secret}")
def invitation_page(request: Request, _: _Nobody, secret: str) -> Response:
    person = invited(local_door(request).office.store, secret, datetime.now(UTC))
    if not person:
        raise HTTPException(404)
    return _invitation(request, person, secret)


def _invitation(request: Request, person: str, secret: str, wrong: str = "") -> Response:
    oidc = _oidc(request)
    return pages_of(request).show(
        request,
        "invitation.html",
        status=422 if wrong else 200,
        invited=person,
        secret=secret,
        wrong=wrong,
        provider=oidc.shown if oidc else "",
        only=bool(oidc and oidc.only),
    )


@router.post("/invitation/{secret}")
def accept(request: Request, _: _Nobody, secret: str, password: _Text, again: _Text) -> Response:
    store, now = _passwords(request).office.store, datetime.now(UTC)
    person = invited(store, secret, now)
    account = get_account(store, person) if person else None
    if account is None:
        raise HTTPException(404)
    try:
        if password != again:
            raise PasswordError("the two passwords differ")  # noqa: TRY301 - told like the other mistakes.
        hashed = hash_password(password, about=(account.id, account.name, account.email.partition("@")[0]))
    except PasswordError as error:
        return _invitation(request, person, secret, str(error))
    if not invited(store, secret, now, password=hashed):
        raise HTTPException(404)
    _tell(request, person, "password")
    return RedirectResponse("/login", 303)


@router.get("/account")
def account_page(request: Request, person: _Somebody) -> Response:
    door = local_door(request)
    here, account = door.login(request), get_account(door.office.store, person.id)
    return pages_of(request).show(
        request,
        "account.html",
        logins=logins(door.office.store, person.id),
        here=here.id if here else "",
        has_second=bool(account and account.totp),
    )


@router.post("/account/logins/{login}/end")
def end_login(request: Request, person: _Somebody, login: str) -> Response:
    end_logins(local_door(request).office.store, person.id, login)
    return RedirectResponse("/account", 303)


@router.get("/account/second")
def second_factor_page(request: Request, person: _Somebody) -> Response:
    """A new secret each time; nothing holds before a code of it is given."""
    return _factor(request, person, pyotp.random_base32(), wrong=False)


@router.post("/account/second")
def second_factor(
    request: Request, person: _Somebody, sealed: Annotated[str, Form(max_length=1000)], code: _Text
) -> Response:
    door = local_door(request)
    account, seals = get_account(door.office.store, person.id), Seals(door.office.store.home)
    # Whoever has another way to prove who they are proves it first: what is found open gets no factor of its finder's.
    if account is None or ((account.totp or account.issuer) and not door.is_fresh(request)):
        return RedirectResponse("/login/second?next=/account/second", 303)
    secret = seals.open(sealed)
    if not step_of(secret, code, datetime.now(UTC)):
        return _factor(request, person, secret, wrong=True)
    codes = new_recovery_codes()
    change_account(door.office.store, person.id, totp=seals.seal(secret))
    keep_recovery_codes(door.office.store, person.id, codes)
    _tell(request, person.id, "second factor")
    held = door.admit(request, account, whole=True, how="second factor", proved=True)
    response = pages_of(request).show(request, "recovery.html", codes=codes)
    door.give(response, held)
    return response


def _factor(request: Request, person: Person, secret: str, *, wrong: bool) -> Response:
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.id, issuer_name="Secondline")
    return pages_of(request).show(
        request,
        "factor.html",
        status=422 if wrong else 200,
        picture=segno.make(uri, micro=False).svg_data_uri(scale=5, border=3),
        secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        sealed=Seals(local_door(request).office.store.home).seal(secret),
        wrong=wrong,
    )


def _tell(request: Request, person: str, what: str) -> None:
    facts = {"person": person, "what": what}
    append(local_door(request).office.store, Entry(what=What.PERSON_CHANGED, who=person, facts=facts))


def _passwords(request: Request) -> LocalDoor:
    """The door, where it is opened by passwords at all."""
    oidc = _oidc(request)
    if oidc is not None and oidc.only:
        raise HTTPException(404)
    return local_door(request)


def _provider_of(request: Request, account: Account | None) -> str:
    """Who vouches for a person, as people call it; empty where nobody does."""
    oidc = _oidc(request)
    return oidc.shown if oidc and account and account.issuer == oidc.issuer else ""


def _oidc(request: Request) -> OidcSettings | None:
    return local_door(request).office.settings.oidc
