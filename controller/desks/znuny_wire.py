"""How is Znuny spoken to, or OTOBO? By the web service that it ships, GenericTicketConnectorREST.

Every request needs a session, which is asked for with the password once, in a body: reading is by addresses alone
there, and what stands in an address stands in logs. What goes wrong comes with 200, as an `Error` in the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.desks.desk import (
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    TicketGoneError,
)
from controller.desks.wire import Wire

__all__ = ["ZnunyWire"]

_GENERIC = "/nph-genericinterface.pl/Webservice"


class ZnunyWire:
    """One Znuny. url: with the path that its agents use, like https://desk.example/znuny."""

    def __init__(  # noqa: PLR0913 - what is set up.
        self,
        url: str,
        user: str,
        password: str,
        *,
        service: str = "GenericTicketConnectorREST",
        ca: Path | None = None,
        deadline: float = 30.0,
    ) -> None:
        if not password:
            raise DeskRefusedError(f"the password of {user} for {url} is empty")
        self.wire = Wire(url, {}, base=f"{_GENERIC}/{service}", ca=ca, deadline=deadline)
        self._login = {"UserLogin": user, "Password": password}
        self._session = ""

    async def look(self, path: str, query: Mapping[str, str], *, limit: int = 0) -> dict[str, Any]:
        """Ask for something. limit: bytes of an answer with files, where it is longer than others."""
        for last in (False, True):
            asked = {**query, "SessionID": await self._open()}
            if limit:
                document = _parsed(await self.wire.fetch(path, limit=limit, query=asked))
            else:
                document = (await self.wire.look(path, asked)).document
            if last or not self._expired(document):
                break
        return _good(document, DeskUnavailableError)

    async def change(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Change something. Raises DeskUnclearError when it is not known whether it happened."""
        for last in (False, True):
            told = {**body, "SessionID": await self._open()}
            document = (await self.wire.change("PATCH", path, told)).document
            if last or not self._expired(document):
                break
        return _good(document, DeskUnclearError)

    async def _open(self) -> str:
        if not self._session:
            try:
                answer = await self.wire.change("POST", "Session", self._login)
            except DeskUnclearError as error:
                # A session that nobody knows of changes nothing, and ends by itself.
                raise DeskUnavailableError(str(error)) from None
            self._session = str(_good(answer.document, DeskUnavailableError).get("SessionID") or "")
            if not self._session:
                raise DeskUnavailableError(f"{self.wire.url} gives no session")
        return self._session

    def _expired(self, document: object) -> bool:
        """Whether the session is over: then the request was not even looked at, and is sent with a new one."""
        if _code(document).endswith(".AuthFail"):
            self._session = ""
            return True
        return False


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        raise DeskUnavailableError("Znuny answered with something that is not JSON") from None


def _code(document: object) -> str:
    error = document.get("Error") if isinstance(document, dict) else None
    return str(error.get("ErrorCode", "")) if isinstance(error, dict) else ""


def _good(document: object, lost: type[DeskError]) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise lost("Znuny answered with something that is not a document")
    if not (code := _code(document)):
        return document
    said = f"Znuny says {code}: {str(document['Error'].get('ErrorMessage', ''))[:300]}"
    if code.endswith((".AccessDenied", ".NotTicketData")):
        raise TicketGoneError(said)
    raise DeskRefusedError(said)
