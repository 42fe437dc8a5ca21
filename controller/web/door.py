"""Who stands at the door, and what do they want? Finds the person of a request and asks `access.may`.

A route says what it needs: `person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]`. Where the path names a
customer, a run or a plan (`whose.py`), or a ticket whose customer the route looks up itself (`admit`), the right must
hold for that customer; what somebody may not see is, to them, not there (404).

Whatever changes something must come from our own page (`Door.token`); what cannot be taken back lightly needs a second
factor that was given a few minutes ago (`access.FRESH`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from controller.store.fence import bind
from controller.web.access import FRESH, Person, Right, may
from controller.web.whose import whose

__all__ = [
    "Door",
    "ForeignError",
    "LogInError",
    "ProveError",
    "admit",
    "needs",
    "person_of",
    "still",
    "token_of",
]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Door(Protocol):
    """Knows people by what their browser or program brings along."""

    def person(self, request: Request) -> Person | None:
        """The person of a request; None when nobody is logged in (any more)."""
        ...

    def token(self, request: Request) -> str:
        """What a request that changes something must bring along, too; empty where no browser sends it by itself."""
        ...

    def is_fresh(self, request: Request) -> bool:
        """Whether a second factor was given a few minutes ago."""
        ...


class LogInError(Exception):
    """Nobody is logged in: the page for that is shown instead, and comes back here."""


class ProveError(Exception):
    """A fresh second factor is needed: the page for that is shown instead."""


class ForeignError(Exception):
    """It did not come from one of our pages, or from one of a log-in that is over: nothing was done."""


def person_of(request: Request) -> Person | None:
    """The person of this request, asked once."""
    if not hasattr(request.state, "person"):
        door: Door = request.app.state.door
        request.state.person = door.person(request)
    found: Person | None = request.state.person
    return found


def still(request: Request, person: Person, right: Right, customer: str) -> bool:
    """Whether whoever hears an answer that goes on for long is still logged in, and may still hear it: asked anew."""
    door: Door = request.app.state.door
    present = door.person(request)
    return present is not None and present.id == person.id and may(present, right, customer)


def token_of(request: Request) -> str:
    """What the forms of a page bring along (`csrf`), or its script as the header `x-csrf-token`."""
    door: Door = request.app.state.door
    return door.token(request)


def needs(right: Right) -> Callable[[Request], Awaitable[Person | None]]:
    """What a route depends on. The right can be read from it: `needs(Right.OWN).right`."""

    async def person(request: Request) -> Person | None:
        found = person_of(request)
        if right is not Right.PUBLIC and found is None:
            raise LogInError
        if found is not None:
            bind(found.roles)
        for customer in whose(request) or ("",):
            admit(found, right, customer)
        if request.method not in _SAFE:
            await _see_that_it_is_ours(request)
            door: Door = request.app.state.door
            if right in FRESH and not door.is_fresh(request):
                raise ProveError
        return found

    person.right = right  # type: ignore[attr-defined]
    return person


def admit(person: Person | None, right: Right, customer: str) -> None:
    """Let somebody in, or act as if there were nothing. Raises HTTPException 404."""
    if not may(person, right, customer):
        raise HTTPException(404)


async def _see_that_it_is_ours(request: Request) -> None:
    """Raises ForeignError for what another site has had a browser send."""
    origin = request.headers.get("origin", "")
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"} or (
        origin and urlsplit(origin).netloc != request.headers.get("host", "")
    ):
        raise ForeignError
    wanted = token_of(request)
    if not wanted:
        return
    brought = request.headers.get("x-csrf-token", "")
    if not brought and "form" in request.headers.get("content-type", ""):
        brought = str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(wanted.encode(), brought.encode()):
        raise ForeignError
