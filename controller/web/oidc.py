"""How does somebody get in by a provider of log-ins? There and back, by OpenID Connect; out again, here and there.

What must be known when a browser comes back is in a cookie of its own, sealed: no other browser can finish what one began.
Nothing redirects a form elsewhere, as our own policy (form-action) forbids that: a link leads to the provider.
"""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.ledger import Entry, What, append
from controller.store.people import Account, PersonError, account_of, end_logins, invited, move_login
from controller.web.access import Person, Right
from controller.web.door import needs
from controller.web.inside import inside
from controller.web.local import LocalDoor, local_door
from controller.web.pages import language_of
from controller.web.proofs import PasswordError, Seals
from controller.web.provider import Begun, Identity, Provider, ProviderError
from controller.web.reach import pages_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_LOG = logging.getLogger("secondline.web")
_Nobody = Annotated[Person | None, Depends(needs(Right.PUBLIC))]
_Word = Annotated[str, Query(max_length=4000)]
# Seconds for which somebody may be away at the provider.
_AWAY = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What is kept meanwhile. at: seconds since 1970; prove: to prove anew who they are; invitation: of which link, if any."""

    state: str
    nonce: str
    verifier: str
    next: str
    at: float
    prove: bool = False
    invitation: str = ""


@router.get("/login/oidc")
def go(
    request: Request,
    _: _Nobody,
    next: _Word = "/",  # noqa: A002 - as the address has it.
    prove: bool = False,  # noqa: FBT001, FBT002 - see above.
    invitation: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Lead a browser to the provider."""
    door, provider = local_door(request), _provider(request)
    if invitation and not invited(door.office.store, invitation, datetime.now(UTC)):
        raise HTTPException(404)
    try:
        begun = provider.begin(prove=prove, language=language_of(request))
    except ProviderError as error:
        return _refused(request, error)
    way = _Way(
        state=begun.state,
        nonce=begun.nonce,
        verifier=begun.verifier,
        next=inside(next),
        at=datetime.now(UTC).timestamp(),
        prove=prove,
        invitation=invitation,
    )
    response = RedirectResponse(begun.url, 303)
    response.set_cookie(
        _cookie(door),
        Seals(door.office.store.home).seal(json.dumps(asdict(way))),
        max_age=_AWAY,
        httponly=True,
        secure=door.secure,
        samesite="lax",
        path="/",
    )
    return response


@router.get("/login/oidc/back")
def come_back(
    request: Request,
    _: _Nobody,
    code: _Word = "",
    state: _Word = "",
    iss: Annotated[str | None, Query(max_length=4000)] = None,
    error: _Word = "",
) -> Response:
    """Take a browser in that comes from the provider."""
    door, provider = local_door(request), _provider(request)
    way = _way(door, request)
    # What another browser began, or nobody, is not even looked at.
    response: Response
    if way is None or not hmac.compare_digest(way.state.encode(), state.encode()):
        response = pages_of(request).show(request, "oidc.html", status=400, wrong="foreign", subject="")
    else:
        try:
            provider.check_sender(iss)
            response = _failed(request, error) if error or not code else _taken_in(request, code, way)
        except ProviderError as reason:
            response = _refused(request, reason)
    response.delete_cookie(_cookie(door), httponly=True, secure=door.secure, samesite="lax", path="/")
    return response


@router.get("/logout/oidc")
def go_out(request: Request, _: _Nobody) -> Response:
    """Lead a browser to where it is logged out of the provider as well."""
    try:
        there = _provider(request).leave_url(language_of(request))
    except ProviderError as error:
        return _refused(request, error)
    if not there:
        raise HTTPException(404)
    return RedirectResponse(there, 303)


@router.post("/logout/oidc/told")
def told(request: Request, _: _Nobody, logout_token: Annotated[str, Form(max_length=20_000)]) -> Response:
    """End somebody's log-ins, as the provider says (Back-Channel Logout 1.0): 400 for what it did not say."""
    door, provider = local_door(request), _provider(request)
    try:
        subject = provider.ended(logout_token)
    except ProviderError as error:
        _LOG.warning("a log-out of the provider does not count: %s", error)
        return Response(status_code=400, headers={"Cache-Control": "no-store"})
    account = account_of(door.office.store, provider.settings.issuer, subject)
    if account is not None and end_logins(door.office.store, account.id):
        door.tell(What.LOGGED_OUT, account.id, "by the provider")
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


def _taken_in(request: Request, code: str, way: _Way) -> Response:
    """Finish what this browser began. Raises ProviderError."""
    door, provider = local_door(request), _provider(request)
    begun = Begun(url="", state=way.state, nonce=way.nonce, verifier=way.verifier)
    since = datetime.fromtimestamp(way.at, UTC) if way.prove else None
    identity = provider.redeem(code, begun, proved_since=since)
    if way.invitation:
        return _bound(request, way, identity)
    account = account_of(door.office.store, identity.issuer, identity.subject)
    if account is None or account.disabled:
        door.tell(What.LOGIN_FAILED, account.id if account else "", "provider")
        shown = "" if account else identity.subject
        return pages_of(request).show(request, "oidc.html", status=403, wrong="unknown", subject=shown)
    if not way.prove:
        return _let_in(request, account, way.next)
    found = door.login(request)
    if found is None or found.person != account.id:
        # Whoever proved it is not who is logged in here.
        door.tell(What.LOGIN_FAILED, account.id, "provider")
        return pages_of(request).show(request, "oidc.html", status=403, wrong="other", subject="")
    move_login(door.office.store, found.id, proved=datetime.now(UTC))
    return RedirectResponse(way.next, 303)


def _let_in(request: Request, account: Account, there: str) -> Response:
    door = local_door(request)
    held = door.admit(request, account, whole=True, how="provider")
    response = RedirectResponse(there, 303)
    door.give(response, held)
    return response


def _bound(request: Request, way: _Way, identity: Identity) -> Response:
    """From now on this identity is the person whom a link invited."""
    store = local_door(request).office.store
    try:
        who = invited(store, way.invitation, datetime.now(UTC), identity=(identity.issuer, identity.subject))
    except PersonError:
        return pages_of(request).show(request, "oidc.html", status=409, wrong="taken", subject="")
    account = account_of(store, identity.issuer, identity.subject)
    if not who or account is None or account.disabled:
        raise HTTPException(404)
    facts = {"person": who, "what": "provider"}
    append(store, Entry(what=What.PERSON_CHANGED, who=who, facts=facts))
    return _let_in(request, account, "/")


def _failed(request: Request, error: str) -> Response:
    """The provider sent somebody back without a code: most often because they did not want to."""
    wrong = "denied" if error == "access_denied" else "provider"
    local_door(request).tell(What.LOGIN_FAILED, "", "provider")
    return pages_of(request).show(request, "oidc.html", status=401, wrong=wrong, subject="")


def _refused(request: Request, error: ProviderError) -> Response:
    """What went wrong is for the operator's log; the page says that it was the provider."""
    _LOG.warning("log-in by the provider: %s", error)
    local_door(request).tell(What.LOGIN_FAILED, "", "provider")
    return pages_of(request).show(request, "oidc.html", status=502, wrong="provider", subject="")


def _way(door: LocalDoor, request: Request) -> _Way | None:
    held = request.cookies.get(_cookie(door), "")
    try:
        way = _Way(**json.loads(Seals(door.office.store.home).open(held)))
    except (PasswordError, ValueError, TypeError):
        return None
    return way if 0 <= datetime.now(UTC).timestamp() - way.at < _AWAY else None


def _cookie(door: LocalDoor) -> str:
    return f"{door.cookie}-oidc"


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise HTTPException(404)
    return found
