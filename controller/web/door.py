"""Who stands at the door, and what do they want? Finds the person of a request and asks `access.may`.

A route says what it needs: `person: Annotated[Person, Depends(needs(Right.SEE_RUNS))]`. Where the path names a
customer (`{customer}`), or a run, ticket or plan whose customer the route looks up itself (`admit`), the right must
hold for that customer; what somebody may not see is, to them, not there (404).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request

from controller.web.access import Person, Right, may

__all__ = ["Door", "LogInError", "admit", "needs", "person_of"]


class Door(Protocol):
    """Knows people by what their browser or program brings along."""

    def person(self, request: Request) -> Person | None:
        """The person of a request; None when nobody is logged in (any more)."""
        ...


class LogInError(Exception):
    """Nobody is logged in: the page for that is shown instead, and comes back here."""


def person_of(request: Request) -> Person | None:
    """The person of this request, asked once."""
    if not hasattr(request.state, "person"):
        door: Door = request.app.state.door
        request.state.person = door.person(request)
    found: Person | None = request.state.person
    return found


def needs(right: Right) -> Callable[[Request], Person | None]:
    """What a route depends on. The right can be read from it: `needs(Right.OWN).right`."""

    def person(request: Request) -> Person | None:
        found = person_of(request)
        if right is not Right.PUBLIC and found is None:
            raise LogInError
        admit(found, right, str(request.path_params.get("customer", "")))
        return found

    person.right = right  # type: ignore[attr-defined]
    return person


def admit(person: Person | None, right: Right, customer: str) -> None:
    """Let somebody in, or act as if there were nothing. Raises HTTPException 404."""
    if not may(person, right, customer):
        raise HTTPException(404)
