"""A door for tests: whoever the test says stands before it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from controller.web.access import Person

__all__ = ["Fixed"]


@dataclass
class Fixed:
    """A `Door` before which always the same person stands, or nobody."""

    who: Person | None
    fresh: bool = True

    def person(self, request: Request) -> Person | None:  # noqa: ARG002
        return self.who

    def token(self, request: Request) -> str:  # noqa: ARG002
        return ""

    def is_fresh(self, request: Request) -> bool:  # noqa: ARG002
        return self.fresh
