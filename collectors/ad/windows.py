"""How are the objects of a script read? What is not as the script writes it is no answer. Shared by all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from collectors import Kind, Unanswered

__all__ = ["read_as"]

R = TypeVar("R")


def read_as(shape: TypeAdapter[R], found: tuple[Mapping[str, Any], ...]) -> R:
    """What a script left, in its shape. Raises Unanswered.

    >>> read_as(TypeAdapter(tuple[dict[str, int], ...]), ({"state": 4},))
    ({'state': 4},)
    """
    try:
        return shape.validate_python(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Unanswered(
            Kind.UNPARSABLE, f"the script's object is another one: {where}: {first['msg']}"[:300]
        ) from None
