"""A stand-in of Znuny 7 (and OTOBO), from what it ships: development/webservices/GenericTicketConnectorREST.yml, and
the description and error codes of Kernel/GenericInterface/Operation/Ticket/TicketGet.pm, TicketUpdate.pm,
TicketSearch.pm, TicketHistoryGet.pm and Session/SessionCreate.pm, in github.com/znuny/Znuny.

As there, what is wrong comes with 200 and an `Error`. Strict: a parameter that they do not name is refused.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.desk.standins.server import TOKEN, Chaos

__all__ = ["USER", "Znuny"]

USER = "secondline"
_TYPES = {
    "new": "new", "open": "open", "closed successful": "closed", "merged": "merged", "removed": "removed"
}  # fmt: skip
_BASE = "/znuny/nph-genericinterface.pl/Webservice/GenericTicketConnectorREST"
_GET = {"SessionID", "DynamicFields", "AllArticles", "Attachments", "GetAttachmentContents", "TicketID"}
_ARTICLE = {"CommunicationChannel", "IsVisibleForCustomer", "SenderType", "Subject", "Body", "ContentType"}
_FILE = {"Filename", "ContentType", "Content"}


@dataclass(slots=True)
class Stored:
    fields: dict[str, Any]
    articles: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, str]] = field(default_factory=list)
    dynamic: dict[str, str] = field(default_factory=dict)


class Znuny:
    """The system, and what its people do in it. sessions: those that are open."""

    def __init__(self) -> None:
        self.tickets: dict[int, Stored] = {}
        self.sessions: set[str] = set()
        self._next = 0
        self.chaos = Chaos(
            Starlette(
                routes=[
                    Route(f"{_BASE}/Session", self._session, methods=["POST"]),
                    Route(f"{_BASE}/Ticket", self._search),
                    Route(f"{_BASE}/TicketList", self._get),
                    Route(f"{_BASE}/Ticket/{{id}}", self._get, methods=["GET"]),
                    Route(f"{_BASE}/Ticket/{{id}}", self._update, methods=["PATCH"]),
                    Route(f"{_BASE}/TicketHistory/{{id}}", self._history),
                ],
                exception_handlers={_WrongError: _wrong},
            )
        )

    # What people do.

    def open(self, title: str, text: str = "", **fields: object) -> str:
        number = self._number()
        now = _now()
        standard = {
            "TicketID": number, "TicketNumber": f"2026{number}", "Title": title, "State": "new",
            "Queue": "Support", "Priority": "3 normal", "Service": None, "CustomerID": "",
            "CustomerUserID": "it@musterbau.example", "Created": now, "Changed": now,
        }  # fmt: skip
        self.tickets[number] = Stored({**standard, **fields})
        if text:
            self.say(number, text, [], SenderType="customer", IsVisibleForCustomer=1)
        return str(number)

    def say(self, ticket: int, body: str, files: list[dict[str, Any]], **fields: object) -> int:
        number = self._number()
        kept = [
            {**file, "FileID": n, "FilesizeRaw": len(base64.b64decode(file["Content"]))}
            for n, file in enumerate(files, 1)
        ]
        standard = {
            "SenderType": "agent",
            "ContentType": "text/plain; charset=utf8",
            "IsVisibleForCustomer": 0,
        }
        article = {**standard, **fields, "ArticleID": number, "Body": body, "Attachment": kept}
        self.tickets[ticket].articles.append(article)
        self.change(str(ticket))
        return number

    def change(self, ticket: str, **fields: object) -> None:
        self.tickets[int(ticket)].fields |= {**fields, "Changed": _now()}

    def merge(self, ticket: str, into: str) -> None:
        """As its merging does: the articles move, the state and the history say so."""
        old, kept = self.tickets[int(ticket)], self.tickets[int(into)]
        kept.articles += old.articles
        old.articles = []
        self.say(int(ticket), "Merged Ticket.", [], SenderType="system")
        name = f"Merged Ticket (2026{ticket}/{ticket}) to (2026{into}/{into})"
        for one in (old, kept):
            one.history.append({"HistoryType": "Merged", "Name": name})
        self.change(ticket, State="merged")
        self.change(into)

    def _number(self) -> int:
        self._next += 1
        return self._next

    # What it answers.

    async def _session(self, request: Request) -> Response:
        body = await request.json()
        if body != {"UserLogin": USER, "Password": TOKEN}:
            raise _WrongError("SessionCreate.AuthFail", "SessionCreate: Authorization failing!")
        session = secrets.token_hex(16)
        self.sessions.add(session)
        return JSONResponse({"SessionID": session})

    async def _get(self, request: Request) -> Response:
        asked = self._asked("TicketGet", dict(request.query_params), _GET)
        ids = str(request.path_params.get("id") or asked.get("TicketID", "")).split(",")
        return JSONResponse({"Ticket": [_shown(self._found("TicketGet", one), asked) for one in ids]})

    async def _history(self, request: Request) -> Response:
        self._asked("TicketHistoryGet", dict(request.query_params), {"SessionID"})
        own = request.path_params["id"]
        lines = self._found("TicketHistoryGet", own).history
        return JSONResponse({"TicketHistory": [{"TicketID": own, "History": lines}]})

    async def _search(self, request: Request) -> Response:
        names = {"SessionID", "TicketLastChangeTimeNewerMinutes", "SearchInArchive", "Limit"}
        asked = self._asked("TicketSearch", dict(request.query_params), names)
        since = _now() - timedelta(minutes=int(asked.get("TicketLastChangeTimeNewerMinutes", "9999")))
        found = [n for n, one in reversed(self.tickets.items()) if one.fields["Changed"] >= since]
        found = found[: int(asked.get("Limit", "500"))]
        return JSONResponse({"TicketID": found} if found else {})

    async def _update(self, request: Request) -> Response:
        names = {"SessionID", "Ticket", "Article", "Attachment", "DynamicField"}
        body = self._asked("TicketUpdate", await request.json(), names)
        own = request.path_params["id"]
        found = self._found("TicketUpdate", own)
        answer: dict[str, object] = {"TicketID": own, "TicketNumber": found.fields["TicketNumber"]}
        if state := body.get("Ticket", {}).get("State"):
            if state not in _TYPES:
                said = "TicketUpdate: Ticket->StateID or Ticket->State parameter is invalid!"
                raise _WrongError("TicketUpdate.InvalidParameter", said)
            self.change(own, State=state)
        for one in body.get("DynamicField", ()):
            found.dynamic[one["Name"]] = one["Value"]
            self.change(own)
        files = body.get("Attachment", [])
        if article := body.get("Article"):
            if set(article) != _ARTICLE or any(set(file) != _FILE for file in files):
                raise _WrongError(
                    "TicketUpdate.MissingParameter", "TicketUpdate: Article->Subject is missing!"
                )
            answer["ArticleID"] = self.say(int(own), files=files, **_renamed(article))
        return JSONResponse(answer)

    def _asked(self, operation: str, asked: dict[str, Any], names: set[str]) -> dict[str, Any]:
        if unknown := set(asked) - names:
            raise _WrongError(f"{operation}.InvalidParameter", f"unknown {sorted(unknown)}")
        if asked.get("SessionID") not in self.sessions:
            raise _WrongError(f"{operation}.AuthFail", f"{operation}: Authorization failing!")
        return asked

    def _found(self, operation: str, ticket: str) -> Stored:
        found = self.tickets.get(int(ticket)) if ticket.isdigit() else None
        if found is None:
            said = f"{operation}: User does not have access to the ticket!"
            raise _WrongError(f"{operation}.AccessDenied", said)
        return found


class _WrongError(Exception):
    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, _WrongError)
    return JSONResponse({"Error": {"ErrorCode": error.code, "ErrorMessage": str(error)}})


def _renamed(article: dict[str, Any]) -> dict[str, Any]:
    return {("body" if name == "Body" else name): value for name, value in article.items()}


def _shown(found: Stored, asked: dict[str, Any]) -> dict[str, Any]:
    times = {k: v.strftime("%Y-%m-%d %H:%M:%S") for k, v in found.fields.items() if isinstance(v, datetime)}
    shown = {**found.fields, **times, "StateType": _TYPES[found.fields["State"]]}
    if asked.get("DynamicFields") == "1":
        shown["DynamicField"] = [{"Name": name, "Value": value} for name, value in found.dynamic.items()]
    if asked.get("AllArticles") == "1":
        left_out = {"Content"} if asked.get("GetAttachmentContents") == "0" else set()
        shown["Article"] = [
            {
                **article,
                "Attachment": [
                    {k: v for k, v in file.items() if k not in left_out} for file in article["Attachment"]
                ],
            }
            for article in found.articles
        ]
    return shown


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
