"""A stand-in of TOPdesk, from its API explorer (developers.topdesk.com): incident management 3.x, general 1.x.

Strict: a path, a method, a parameter or a field that those pages do not name is refused. Memo fields take a few tags and keep
HTML; a list with more behind it is answered with 206, an empty one with 204; times carry an offset without a colon.
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.desk.standins.server import TOKEN, Chaos, now_ms

__all__ = ["OPERATOR", "Topdesk"]

OPERATOR = "SECONDLINE"
_STATUSES = ("Registered", "In progress", "Closed")
_CHANGES = {"action", "actionInvisibleForCaller", "processingStatus", "optionalFields1", "briefDescription"}
_QUERY = re.compile(r"modificationDate=ge=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
# What counts as markup in a memo; anything else that looks like it is dropped, as its sanitizer does.
_TAGS = re.compile(r"</?(b|i|u|strong|em|br|a|img)\b[^>]*>|<[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class Stored:
    fields: dict[str, Any]
    actions: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


class Topdesk:
    """The system, and what its people do in it."""

    def __init__(self) -> None:
        self.incidents: dict[str, Stored] = {}
        self.blobs: dict[str, bytes] = {}
        self._next = 0
        one = "/tas/api/incidents/{how}/{key}"
        self.chaos = Chaos(
            Starlette(
                routes=[
                    Route("/tas/api/version", self._version),
                    Route("/tas/api/incidents", self._list),
                    Route(one, self._incident, methods=["GET", "PATCH"]),
                    Route(f"{one}/actions", self._actions),
                    Route(f"{one}/attachments", self._attachments, methods=["GET", "POST"]),
                    Route(f"{one}/attachments/{{file}}/download", self._download),
                ],
                exception_handlers={_WrongError: _wrong},
            )
        )

    # What people do.

    def open(self, subject: str, text: str = "", **fields: object) -> str:
        self._next += 1
        number, now = f"I 2611 {self._next:04}", now_ms()
        standard = {
            "status": "secondLine", "processingStatus": "Registered", "operatorGroup": "Support", "category": "",
            "callerBranch": "", "priority": "P3", "completed": False, "closed": False,
            "optionalFields1": {"text1": ""},
            "caller": {"dynamicName": "Tester, Iris", "email": "it@musterbau.example"},
        }  # fmt: skip
        self.incidents[number] = Stored(
            {
                "id": str(uuid.uuid4()), "number": number, "briefDescription": subject, "request": _kept(text),
                "creationDate": now, "modificationDate": now, **standard, **fields,
            }
        )  # fmt: skip
        return number

    def change(self, number: str, **fields: object) -> None:
        self.incidents[number].fields.update(fields)
        self.incidents[number].fields["modificationDate"] = now_ms()

    def say(self, number: str, text: str, *, hidden: bool) -> None:
        made = {
            "id": str(uuid.uuid4()),
            "memoText": _kept(text),
            "invisibleForCaller": hidden,
            "entryDate": now_ms(),
        }
        # The newest first, as its progress trail is.
        self.incidents[number].actions.insert(0, made)
        self.change(number)

    def attach(self, number: str, name: str, content: bytes, *, hidden: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": str(uuid.uuid4()), "fileName": name, "size": len(content), "invisibleForCaller": hidden,
            "entryDate": now_ms(),
        }  # fmt: skip
        self.incidents[number].files.append(made)
        self.blobs[made["id"]] = content
        self.change(number)
        return made

    def said(self, number: str) -> tuple[str, ...]:
        return tuple(_plain(one["memoText"]) for one in reversed(self.incidents[number].actions))

    # What it answers.

    async def _version(self, request: Request) -> Response:
        _allowed(request, set())
        return JSONResponse({"version": "3.27.0"})

    async def _list(self, request: Request) -> Response:
        _allowed(request, {"query", "sort", "fields", "pageStart", "pageSize"})
        asked = _QUERY.fullmatch(request.query_params.get("query", ""))
        if asked is None or request.query_params.get("sort") != "creationDate:asc":
            raise _WrongError(400, "the stand-in knows this query not")
        begin = datetime.fromisoformat(asked[1])
        found = [one.fields for one in self.incidents.values() if one.fields["modificationDate"] >= begin]
        found.sort(key=lambda one: one["creationDate"])
        names = request.query_params.get("fields", "").split(",")
        return _page(request, [_shown({k: one[k] for k in names}) for one in found], "pageStart", "pageSize")

    async def _incident(self, request: Request) -> Response:
        number, found = self._found(request)
        if request.method == "PATCH":
            body = await _body(request)
            if set(body) - _CHANGES:
                raise _WrongError(400, f"the stand-in knows no such field: {sorted(set(body) - _CHANGES)}")
            self._changed(number, body)
        return JSONResponse(_shown(found.fields))

    def _changed(self, number: str, body: dict[str, Any]) -> None:
        if status := body.pop("processingStatus", None):
            if status.get("name") not in _STATUSES:
                raise _WrongError(400, "The value for the field 'processingStatus' cannot be found")
            self.change(number, processingStatus=status["name"], closed=status["name"] == "Closed")
        hidden = body.pop("actionInvisibleForCaller", False)
        if action := body.pop("action", ""):
            self.say(number, action, hidden=hidden)
        if texts := body.pop("optionalFields1", None):
            self.change(number, optionalFields1=self.incidents[number].fields["optionalFields1"] | texts)
        if body:
            self.change(number, **body)

    async def _actions(self, request: Request) -> Response:
        _allowed(request, {"start", "page_size"})
        _, found = self._found(request)
        return _page(request, [_shown(one) for one in found.actions], "start", "page_size")

    async def _attachments(self, request: Request) -> Response:
        number, found = self._found(request)
        if request.method == "GET":
            _allowed(request, {"start", "page_size"})
            return _page(request, [_shown(one) for one in found.files], "start", "page_size")
        _allowed(request, {"invisibleForCaller", "description"})
        async with request.form() as form:
            file = form.get("file")
            if set(form) != {"file"} or file is None or isinstance(file, str):
                raise _WrongError(400, "one part named 'file' is wanted")
            content, name = await file.read(), str(file.filename)
        hidden = request.query_params.get("invisibleForCaller") == "true"
        return JSONResponse(_shown(self.attach(number, name, content, hidden=hidden)))

    async def _download(self, request: Request) -> Response:
        _allowed(request, set())
        _, found = self._found(request)
        own = request.path_params["file"]
        if own not in {one["id"] for one in found.files}:
            raise _WrongError(404, "not found")
        return Response(self.blobs[own], media_type="application/octet-stream")

    def _found(self, request: Request) -> tuple[str, Stored]:
        if request.method == "GET" and request.url.path.count("/") == 5:
            _allowed(request, set())
        how, key = request.path_params["how"], request.path_params["key"]
        for number, one in self.incidents.items():
            if (how, key) in {("id", one.fields["id"]), ("number", number)}:
                return number, one
        raise _WrongError(404, "The incident could not be found")


class _WrongError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, _WrongError)
    return JSONResponse([{"message": str(error)}], error.status)


def _allowed(request: Request, query: set[str]) -> None:
    pair = base64.b64encode(f"{OPERATOR}:{TOKEN}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {pair}":
        raise _WrongError(401, "Not authorized")
    if unknown := set(request.query_params) - query:
        raise _WrongError(400, f"the documents know no {sorted(unknown)}")


async def _body(request: Request) -> dict[str, Any]:
    _allowed(request, set())
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise _WrongError(415, "not JSON")
    body: dict[str, Any] = await request.json()
    return body


def _page(request: Request, found: list[dict[str, Any]], start: str, size: str) -> Response:
    begin, most = int(request.query_params.get(start, "0")), int(request.query_params.get(size, "10"))
    some = found[begin : begin + most]
    if not some:
        return Response(status_code=204)
    return JSONResponse(some, 206 if begin + most < len(found) else 200)


def _shown(fields: dict[str, Any]) -> dict[str, Any]:
    """References with their names, times as it writes them."""
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, datetime):
            shown[name] = f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}+0000"
        elif name in {"processingStatus", "operatorGroup", "category", "callerBranch", "priority"}:
            shown[name] = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, value)), "name": value} if value else None
        else:
            shown[name] = value
    return shown


def _kept(text: str) -> str:
    """A memo as it is kept: known tags stay, others go, line breaks become tags."""
    return _TAGS.sub(lambda tag: tag[0] if tag[1] else "", text).replace("\n", "<br/>")


def _plain(memo: str) -> str:
    text = re.sub(r"<br/?>", "\n", memo)
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(name, sign)
    return text
