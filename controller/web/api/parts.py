"""What do the routes have in common? The office, who asks, and bounds of what is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import StringConstraints
from starlette.requests import Request

from controller.office import Office
from controller.web.underway import UnderWay

__all__ = ["Name", "Ours", "Ways"]


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _under_way(request: Request) -> UnderWay:
    under_way: UnderWay = request.app.state.underway
    return under_way


Ours = Annotated[Office, Depends(_office)]
Ways = Annotated[UnderWay, Depends(_under_way)]
# A name of ours or of the contract; nothing that a terminal or a file system would take for something else.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\w.:*@-]+$")]
