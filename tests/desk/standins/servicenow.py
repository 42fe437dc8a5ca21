"""A stand-in of ServiceNow, from its REST documentation (Zurich): Table API, Attachment API, encoded query operators.

Strict: a table, a field, a parameter or an operator that those pages (and the tables as they are delivered) do not name is
refused. Journal fields are written and not read back; resolving demands a close code and notes, by the data policy as delivered;
times are UTC in `value`, and of the account's zone in `display_value`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.desk.standins.server import TOKEN, Chaos

__all__ = ["USER", "ServiceNow"]

USER = "secondline"
_STATES = {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"}
_PRIORITIES = {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"}
_INCIDENT = {
    "sys_id", "number", "short_description", "description", "state", "priority", "category", "company", "caller_id",
    "caller_id.email", "assignment_group", "sys_created_on", "sys_updated_on", "close_code", "close_notes",
    "comments", "work_notes",
}  # fmt: skip
_WRITABLE = {
    "short_description",
    "description",
    "state",
    "close_code",
    "close_notes",
    "comments",
    "work_notes",
}
_FIELDS = {
    "incident": _INCIDENT,
    "sys_journal_field": {"sys_id", "element_id", "element", "value", "sys_created_on"},
    "sys_choice": {"name", "element", "inactive", "language", "label", "value"},
    "label": {"sys_id", "name", "owner", "viewable_by", "global"},
    "label_entry": {"sys_id", "label", "label.name", "table", "table_key", "title"},
}
_PARAMETERS = {"sysparm_query", "sysparm_fields", "sysparm_limit", "sysparm_offset", "sysparm_display_value"}
_TERM = re.compile(r"([a-z_.]+)(RELATIVEGE|IN|=)(.*)", re.DOTALL)
_AGO = re.compile(r"@minute@ago@(\d{1,6})")
# Whose zone display values are in: a desk that took them for UTC would be hours off.
_ZONE = timedelta(hours=-8)


@dataclass(slots=True)
class Stored:
    """An incident. closed over by its people: fields as the database has them; words: what references show."""

    fields: dict[str, str]
    files: list[dict[str, str]] = field(default_factory=list)


class ServiceNow:
    """The system, and what its people do in it."""

    def __init__(self) -> None:
        self.incidents: dict[str, Stored] = {}
        self.journal: list[dict[str, str]] = []
        self.labels: dict[str, dict[str, str]] = {}
        self.entries: dict[str, dict[str, str]] = {}
        self.blobs: dict[str, bytes] = {}
        self._next = 10_000
        self.chaos = Chaos(
            Starlette(
                routes=[
                    Route("/api/now/table/{table}", self._table, methods=["GET", "POST"]),
                    Route("/api/now/table/{table}/{id}", self._one, methods=["PATCH", "DELETE"]),
                    Route("/api/now/attachment", self._attachments),
                    Route("/api/now/attachment/file", self._attach, methods=["POST"]),
                    Route("/api/now/attachment/{id}/file", self._file),
                ],
                exception_handlers={_WrongError: _wrong},
            )
        )

    # What people do.

    def open(self, subject: str, text: str = "", **fields: str) -> str:
        self._next += 1
        number = f"INC{self._next:07}"
        standard = {
            "state": "1",
            "priority": "3",
            "category": "",
            "company": "",
            "assignment_group": "Support",
        }
        now = _now()
        self.incidents[number] = Stored(
            {
                "sys_id": uuid.uuid4().hex, "number": number, "short_description": subject, "description": text,
                "caller_id": "Iris Tester", "caller_id.email": "it@musterbau.example", "sys_created_on": now,
                "sys_updated_on": now, "close_code": "", "close_notes": "", **standard, **fields,
            }
        )  # fmt: skip
        return number

    def change(self, number: str, **fields: str) -> None:
        self.incidents[number].fields.update(fields)
        self.incidents[number].fields["sys_updated_on"] = _now()

    def say(self, number: str, element: str, text: str) -> None:
        stored = self.incidents[number]
        self.journal.append(
            {
                "sys_id": uuid.uuid4().hex, "element_id": stored.fields["sys_id"], "element": element, "value": text,
                "sys_created_on": _now(),
            }
        )  # fmt: skip
        self.change(number)

    def attach(self, number: str, name: str, media_type: str, content: bytes) -> dict[str, str]:
        stored = self.incidents[number]
        made = {
            "sys_id": uuid.uuid4().hex, "file_name": name, "content_type": media_type, "size_bytes": str(len(content)),
            "hash": hashlib.sha256(content).hexdigest(), "table_name": "incident", "sys_created_on": _now(),
            "table_sys_id": stored.fields["sys_id"], "state": "available",
        }  # fmt: skip
        stored.files.append(made)
        self.blobs[made["sys_id"]] = content
        self.change(number)
        return made

    def label(self, number: str, name: str) -> None:
        made = {
            "sys_id": uuid.uuid4().hex,
            "name": name,
            "owner": "",
            "viewable_by": "everyone",
            "global": "true",
        }
        self.labels[made["sys_id"]] = made
        self._entry(made["sys_id"], self.incidents[number].fields["sys_id"], number)

    def tags(self, number: str) -> set[str]:
        own = self.incidents[number].fields["sys_id"]
        return {self.labels[one["label"]]["name"] for one in self.entries.values() if one["table_key"] == own}

    def said(self, number: str) -> tuple[str, ...]:
        own = self.incidents[number].fields["sys_id"]
        return tuple(one["value"] for one in self.journal if one["element_id"] == own)

    def _entry(self, label: str, key: str, title: str) -> dict[str, str]:
        made = {
            "sys_id": uuid.uuid4().hex,
            "label": label,
            "table": "incident",
            "table_key": key,
            "title": title,
        }
        self.entries[made["sys_id"]] = made
        return made

    # What it answers.

    async def _table(self, request: Request) -> Response:
        name = request.path_params["table"]
        if name not in _FIELDS:
            raise _WrongError(400, "Invalid table", name)
        if request.method == "POST":
            return await self._insert(request, name)
        _allowed(request, _PARAMETERS)
        wanted = [one for one in request.query_params.get("sysparm_fields", "").split(",") if one]
        if unknown := set(wanted) - _FIELDS[name]:
            raise _WrongError(400, "the stand-in knows no such field", str(sorted(unknown)))
        found = _queried(self._rows(name), request.query_params.get("sysparm_query", ""), _FIELDS[name])
        begin = int(request.query_params.get("sysparm_offset", "0"))
        some = found[begin : begin + int(request.query_params.get("sysparm_limit", "10000"))]
        how = request.query_params.get("sysparm_display_value", "false")
        return JSONResponse(
            {"result": [_shown(one, wanted or sorted(one), how) for one in some]},
            headers={"X-Total-Count": str(len(found))},
        )

    def _rows(self, name: str) -> list[dict[str, str]]:
        match name:
            case "incident":
                return [one.fields for one in self.incidents.values()]
            case "sys_journal_field":
                return self.journal
            case "label":
                return list(self.labels.values())
            case "label_entry":
                return [
                    one | {"label.name": self.labels[one["label"]]["name"]} for one in self.entries.values()
                ]
            case _:
                common = {"name": "incident", "element": "state", "inactive": "false"}
                english = [{**common, "language": "en", "label": w, "value": v} for v, w in _STATES.items()]
                return [*english, {**common, "language": "de", "label": "Neu", "value": "1"}]

    async def _insert(self, request: Request, name: str) -> Response:
        body = await _body(request, _FIELDS[name] - {"sys_id", "label.name"})
        match name:
            case "label":
                made = {"sys_id": uuid.uuid4().hex, "owner": "", **body}
                self.labels[made["sys_id"]] = made
            case "label_entry":
                if body.get("label") not in self.labels:
                    raise _WrongError(400, "Operation Failed", "Invalid reference")
                made = self._entry(body["label"], body["table_key"], body.get("title", ""))
            case _:
                raise _WrongError(403, "Operation Failed", "Operation against file was aborted by ACL")
        return JSONResponse({"result": made}, 201)

    async def _one(self, request: Request) -> Response:
        name, own = request.path_params["table"], request.path_params["id"]
        if request.method == "DELETE":
            _allowed(request, set())
            if name != "label_entry" or self.entries.pop(own, None) is None:
                raise _missing()
            return Response(status_code=204)
        body = await _body(request, _WRITABLE)
        number = next((n for n, one in self.incidents.items() if one.fields["sys_id"] == own), "")
        if name != "incident" or not number:
            raise _missing()
        fields = self.incidents[number].fields
        if body.get("state", fields["state"]) not in _STATES:
            raise _WrongError(400, "Operation Failed", "Invalid choice")
        after = fields | body
        if after["state"] in {"6", "7"} and not (after["close_code"] and after["close_notes"]):
            why = (
                "Data Policy Exception: The following fields are mandatory: Resolution code, Resolution notes"
            )
            raise _WrongError(403, "Operation Failed", why)
        for element in ("work_notes", "comments"):
            if text := body.pop(element, ""):
                self.say(number, element, text)
        self.change(number, **body)
        return JSONResponse({"result": _shown(fields, sorted(fields), "false")})

    async def _attachments(self, request: Request) -> Response:
        _allowed(request, {"sysparm_query", "sysparm_limit", "sysparm_offset"})
        every = [file for one in self.incidents.values() for file in one.files]
        fields = {"table_name", "table_sys_id", "sys_created_on"}
        found = _queried(every, request.query_params.get("sysparm_query", ""), fields)
        begin = int(request.query_params.get("sysparm_offset", "0"))
        return JSONResponse(
            {"result": found[begin : begin + int(request.query_params.get("sysparm_limit", "1000"))]}
        )

    async def _attach(self, request: Request) -> Response:
        _allowed(request, {"table_name", "table_sys_id", "file_name", "encryption_context"})
        query, content = request.query_params, await request.body()
        kind = request.headers.get("Content-Type", "")
        if not kind or not content or " " in query.get("file_name", " "):
            raise _WrongError(
                400, "Missing or invalid parameter", "file_name, Content-Type and a body are mandatory"
            )
        own = query.get("table_sys_id", "")
        number = next((n for n, one in self.incidents.items() if one.fields["sys_id"] == own), "")
        if query.get("table_name") != "incident" or not number:
            raise _missing()
        return JSONResponse({"result": self.attach(number, query["file_name"], kind, content)}, 201)

    async def _file(self, request: Request) -> Response:
        _allowed(request, set())
        own = request.path_params["id"]
        kind = next(
            (f["content_type"] for one in self.incidents.values() for f in one.files if f["sys_id"] == own),
            "",
        )
        if not kind:
            raise _missing()
        return Response(self.blobs[own], media_type=kind)


class _WrongError(Exception):
    def __init__(self, status: int, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.status, self.detail = status, detail


def _missing() -> _WrongError:
    return _WrongError(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, _WrongError)
    said = {"error": {"message": str(error), "detail": error.detail or None}, "status": "failure"}
    return JSONResponse(said, error.status)


def _allowed(request: Request, query: set[str]) -> None:
    basic = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {basic}":
        raise _WrongError(401, "User Not Authenticated", "Required to provide Auth information")
    if unknown := set(request.query_params) - query:
        raise _WrongError(400, "the documents know no such parameter", str(sorted(unknown)))


async def _body(request: Request, names: set[str]) -> dict[str, str]:
    _allowed(request, set())
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise _WrongError(415, "Unsupported media type", "not JSON")
    body = await request.json()
    # The real one passes over what it does not know: here it would hide a mistake.
    if (
        not isinstance(body, dict)
        or set(body) - names
        or not all(isinstance(one, str) for one in body.values())
    ):
        raise _WrongError(400, "the stand-in knows no such field", str(sorted(set(body) - names)))
    return body


def _queried(rows: list[dict[str, str]], query: str, known: set[str]) -> list[dict[str, str]]:
    """An encoded query: terms joined by ^, alternatives to the one before by ^OR, and orders."""
    orders = re.findall(r"\^?ORDERBY([a-z_]+)", query)
    terms = [one for one in re.sub(r"\^?ORDERBY[a-z_]+", "", query).split("^") if one]
    groups: list[list[Callable[[dict[str, str]], bool]]] = []
    for term in terms:
        if term.startswith("OR") and groups:
            groups[-1].append(_term(term[2:], known))
        else:
            groups.append([_term(term, known)])
    found = [row for row in rows if all(any(one(row) for one in group) for group in groups)]
    return sorted(found, key=lambda row: [row.get(name, "") for name in orders])


def _term(text: str, known: set[str]) -> Callable[[dict[str, str]], bool]:
    parts = _TERM.fullmatch(text)
    # The real one drops a term that it does not understand, and answers with everything.
    if parts is None or parts[1] not in known:
        raise _WrongError(400, "the stand-in knows no such term", text)
    name, operator, wanted = parts.groups()
    match operator:
        case "=":
            return lambda row: row.get(name, "") == ("" if wanted == "NULL" else wanted)
        case "IN":
            return lambda row: row.get(name, "") in wanted.split(",")
        case _:
            ago = _AGO.fullmatch(wanted)
            assert ago
            # To the minute, as its relative operators are.
            begin = (datetime.now(UTC) - timedelta(minutes=int(ago[1]))).replace(second=0)
            return lambda row: row[name] >= f"{begin:%Y-%m-%d %H:%M:%S}"


def _shown(row: dict[str, str], names: list[str], how: str) -> dict[str, Any]:
    match how:
        case "all":
            return {
                name: {
                    "display_value": _display(name, row.get(name, "")),
                    "value": _value(name, row.get(name, "")),
                }
                for name in names
            }
        case "false":
            return {name: _value(name, row.get(name, "")) for name in names}
        case _:
            raise _WrongError(400, "the stand-in shows values, or both", how)


def _value(name: str, text: str) -> str:
    """References are ids: of a made-up record each."""
    if name in {"company", "caller_id", "assignment_group"} and text:
        return uuid.uuid5(uuid.NAMESPACE_OID, text).hex
    return "" if name in {"comments", "work_notes"} else text


def _display(name: str, text: str) -> str:
    match name:
        case "state":
            return _STATES.get(text, text)
        case "priority":
            return _PRIORITIES.get(text, text)
        case "sys_created_on" | "sys_updated_on":
            return f"{datetime.strptime(text, '%Y-%m-%d %H:%M:%S').replace(tzinfo=UTC) + _ZONE:%Y-%m-%d %H:%M:%S}"
        case _:
            return text


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
