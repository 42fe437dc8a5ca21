"""With which key do I agree to changes? It is made in the browser, stays there, and is pinned at the agents by its public half."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from agent.post import Post
from controller.store.contracts import current_contracts
from controller.web.access import Person, Right, may
from controller.web.door import needs
from controller.web.reach import office_of, pages_of
from inventory.people import plain_name
from inventory.read import ContractError
from inventory.token import Pin

__all__ = ["router"]

router = APIRouter()


@router.get("/key")
def key(request: Request, person: Annotated[Person, Depends(needs(Right.APPROVE))]) -> Response:
    """The page on which a key is made and shown, and where it is pinned already."""
    office = office_of(request)
    pinned: dict[str, list[str]] = {}
    for stored in current_contracts(office.store):
        if not may(person, Right.APPROVE, stored.customer):
            continue
        try:
            posts = office.posts(office.contract_of(stored.customer)[1])
        except ContractError:
            continue
        for agent, post in posts.items():
            pins = post.pins if isinstance(post, Post) else None
            for pin in (*pins.duty, *pins.engineers, *pins.customer) if pins else ():
                _note(pinned, pin, agent, person)
    return pages_of(request).show(request, "key.html", pinned=pinned)


def _note(pinned: dict[str, list[str]], pin: Pin, agent: str, person: Person) -> None:
    """Remember where a key of this person's name is pinned."""
    if plain_name(pin.name) == plain_name(person.name) and agent not in pinned.setdefault(pin.public, []):
        pinned[pin.public].append(agent)
