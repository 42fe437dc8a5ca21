"""A stand-in of Jira Cloud with Service Management, from Atlassian's reference of both interfaces.

"The Jira Cloud platform REST API" (issue, transitions, issueLink, remotelink, attachment/content, search/jql,
serverInfo, myself) and "Jira Service Management REST API" (request, comment, attachTemporaryFile, attachment), on
developer.atlassian.com. Strict: what they do not name is refused.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.desk.standins.server import TOKEN, Chaos, now_ms

__all__ = ["ACCOUNT", "Jira"]

ACCOUNT = "secondline@desk.example"
_CATEGORY = {"Waiting for support": "new", "In Progress": "indeterminate", "Resolved": "done"}
_QUERY = re.compile(r"updated >= -(\d+)m ORDER BY created ASC, key ASC")
_MAX_COMMENT = 32_767
_GONE = "Issue does not exist or you do not have permission to see it."


@dataclass(slots=True)
class Stored:
    fields: dict[str, Any]
    comments: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    remote: dict[str, str] = field(default_factory=dict)


class Jira:
    """The system, and what its people do in it."""

    def __init__(self) -> None:
        self.issues: dict[str, Stored] = {}
        self.blobs: dict[str, bytes] = {}
        self._waiting: dict[str, dict[str, Any]] = {}
        self._next = 0
        self.chaos = Chaos(
            Starlette(
                routes=[
                    Route("/rest/api/2/issue/{key}", self._issue, methods=["GET", "PUT"]),
                    Route("/rest/api/2/issue/{key}/transitions", self._transitions, methods=["GET", "POST"]),
                    Route("/rest/api/2/issue/{key}/remotelink", self._remote, methods=["POST"]),
                    Route("/rest/api/2/issueLink", self._link, methods=["POST"]),
                    Route("/rest/api/2/attachment/content/{id}", self._content),
                    Route("/rest/api/3/search/jql", self._search, methods=["POST"]),
                    Route("/rest/api/2/serverInfo", self._server),
                    Route("/rest/api/2/myself", self._myself),
                    Route("/rest/servicedeskapi/request/{key}", self._request),
                    Route(
                        "/rest/servicedeskapi/request/{key}/comment", self._comment, methods=["GET", "POST"]
                    ),
                    Route("/rest/servicedeskapi/request/{key}/attachment", self._attach, methods=["POST"]),
                    Route(
                        "/rest/servicedeskapi/servicedesk/{id}/attachTemporaryFile",
                        self._put,
                        methods=["POST"],
                    ),
                ],
                exception_handlers={_WrongError: _wrong},
            )
        )

    # What people do.

    def open(self, summary: str, description: str = "", **fields: object) -> str:
        self._next += 1
        key = f"HELP-{self._next}"
        now = now_ms()
        person = {"displayName": "IT Musterbau", "emailAddress": "it@musterbau.example", "accountId": "5b10"}
        standard: dict[str, Any] = {
            "summary": summary, "description": description or None, "status": "Waiting for support",
            "reporter": person, "created": now, "updated": now, "project": {"key": "HELP", "name": "Support"},
            "priority": {"name": "Medium"}, "labels": [], "components": [], "customfield_10002": [],
        }  # fmt: skip
        self.issues[key] = Stored({**standard, **fields})
        return key

    def say(self, key: str, body: str, files: list[dict[str, Any]], *, public: bool) -> dict[str, Any]:
        issue = self.issues[key]
        names = "".join(f"\n\n[^{file['filename']}]" for file in files)
        comment = {
            "id": str(10_000 + len(issue.comments)),
            "body": body + names,
            "public": public,
            "files": files,
        }
        issue.comments.append(comment)
        issue.files += files
        self.change(key)
        return comment

    def file(self, name: str, media_type: str, content: bytes) -> dict[str, Any]:
        number = str(20_000 + len(self.blobs))
        self.blobs[number] = content
        return {"id": number, "filename": name, "mimeType": media_type, "size": len(content)}

    def change(self, key: str, **fields: object) -> None:
        self.issues[key].fields |= {**fields, "updated": now_ms()}

    # What it answers.

    async def _issue(self, request: Request) -> Response:
        key, issue = self._found(request, {"fields"})
        if request.method == "PUT":
            body = await _body(request, {"update"})
            for step in body["update"]["labels"]:
                ((verb, name),) = step.items()
                if " " in name:
                    raise _WrongError(400, "The label 'x' contains spaces which is invalid.", "labels")
                labels = set(issue.fields["labels"])
                self.change(key, labels=sorted(labels | {name} if verb == "add" else labels - {name}))
            return Response(status_code=204)
        known = {
            **issue.fields,
            "status": {
                "name": issue.fields["status"], "statusCategory": {"key": _CATEGORY[issue.fields["status"]]}
            },
            "attachment": issue.files,
            "issuelinks": [{"type": {"name": "Relates"}, "outwardIssue": {"key": one}} for one in issue.links],
        }  # fmt: skip
        wanted = request.query_params.get("fields", "").split(",")
        shown = {name: _json(known[name]) for name in wanted if name in known}
        return JSONResponse({"id": key[5:], "key": key, "fields": shown})

    async def _transitions(self, request: Request) -> Response:
        key, _ = self._found(request)
        ways = {str(11 + n): name for n, name in enumerate(_CATEGORY)}
        if request.method == "POST":
            asked = (await _body(request, {"transition"}))["transition"]["id"]
            if asked not in ways:
                raise _WrongError(400, f"Transition id '{asked}' is not valid for this issue.")
            self.change(key, status=ways[asked])
            return Response(status_code=204)
        shown = [{"id": n, "name": f"to {name}", "to": {"name": name}} for n, name in ways.items()]
        return JSONResponse({"expand": "transitions", "transitions": shown})

    async def _remote(self, request: Request) -> Response:
        key, issue = self._found(request)
        body = await _body(request, {"globalId", "object"})
        known = body["globalId"] in issue.remote
        issue.remote[body["globalId"]] = body["object"]["url"]
        self.change(key)
        return JSONResponse({"id": 1, "self": "x"}, 200 if known else 201)

    async def _link(self, request: Request) -> Response:
        body = await _body(request, {"type", "inwardIssue", "outwardIssue"})
        _allowed(request)
        one, other = body["inwardIssue"]["key"], body["outwardIssue"]["key"]
        if one not in self.issues or other not in self.issues:
            raise _WrongError(404, _GONE)
        self.issues[one].links.add(other)
        self.issues[other].links.add(one)
        return Response(status_code=201)

    async def _content(self, request: Request) -> Response:
        _allowed(request, {"redirect"})
        if "*/*" not in request.headers["Accept"]:
            raise _WrongError(406, "Not acceptable")
        if request.query_params.get("redirect") != "false":
            return Response(status_code=303, headers={"Location": "https://api.media.atlassian.example/x"})
        content = self.blobs.get(request.path_params["id"])
        if content is None:
            raise _WrongError(404, "The attachment with id does not exist")
        return Response(content, media_type="application/octet-stream")

    async def _search(self, request: Request) -> Response:
        _allowed(request)
        body = await _body(request, {"jql", "fields", "maxResults", "nextPageToken"})
        asked = _QUERY.fullmatch(body["jql"])
        if asked is None:
            raise _WrongError(400, "Error in the JQL Query")
        begin = now_ms() - timedelta(minutes=int(asked[1]))
        found = [key for key, issue in self.issues.items() if issue.fields["updated"] >= begin]
        start, most = int(body.get("nextPageToken", "0")), min(int(body["maxResults"]), 5)
        shown = []
        for key in found[start : start + most]:
            has = self.issues[key].fields
            status = {"name": has["status"], "statusCategory": {"key": _CATEGORY[has["status"]]}}
            shown.append(
                {"id": key[5:], "key": key, "fields": {"updated": _json(has["updated"]), "status": status}}
            )
        more = start + most < len(found)
        next_page = {"nextPageToken": str(start + most)} if more else {}
        return JSONResponse({"issues": shown, "isLast": not more, **next_page})

    async def _server(self, request: Request) -> Response:
        _allowed(request)
        return JSONResponse({"baseUrl": "x", "version": "1001.0.0-SNAPSHOT", "deploymentType": "Cloud"})

    async def _myself(self, request: Request) -> Response:
        _allowed(request)
        return JSONResponse({"accountId": "5b11", "displayName": "Secondline"})

    async def _request(self, request: Request) -> Response:
        key, _ = self._found(request)
        return JSONResponse({"issueId": key[5:], "issueKey": key, "serviceDeskId": "3", "requestTypeId": "1"})

    async def _comment(self, request: Request) -> Response:
        key, issue = self._found(request, {"public", "internal", "expand", "start", "limit"})
        if request.method == "POST":
            body = await _body(request, {"body", "public"})
            _short(body["body"])
            comment = self.say(key, body["body"], [], public=body["public"])
            return JSONResponse({k: comment[k] for k in ("id", "body", "public")}, 201)
        start, most = int(request.query_params["start"]), int(request.query_params["limit"])
        values = [
            {**{k: one[k] for k in ("id", "body", "public")}, "attachments": {"values": one["files"]}}
            for one in issue.comments[start : start + most]
        ]
        last = start + most >= len(issue.comments)
        return JSONResponse(
            {"size": len(values), "start": start, "limit": most, "isLastPage": last, "values": values}
        )

    async def _put(self, request: Request) -> Response:
        _allowed(request)
        if request.headers.get("X-Atlassian-Token") != "no-check":
            return Response("XSRF check failed", 403)
        if request.path_params["id"] != "3":
            raise _WrongError(404, "The service desk does not exist")
        put = []
        async with request.form() as form:
            for file in form.getlist("file"):
                assert isinstance(file, UploadFile)
                number = f"temp{len(self._waiting)}"
                kept = self.file(str(file.filename), str(file.content_type), await file.read())
                self._waiting[number] = kept
                put.append({"temporaryAttachmentId": number, "fileName": file.filename})
        return JSONResponse({"temporaryAttachments": put}, 201)

    async def _attach(self, request: Request) -> Response:
        key, _ = self._found(request)
        body = await _body(request, {"temporaryAttachmentIds", "public", "additionalComment"})
        _short(body["additionalComment"]["body"])
        if any(number not in self._waiting for number in body["temporaryAttachmentIds"]):
            raise _WrongError(400, "Temporary attachment not found")
        files = [self._waiting.pop(number) for number in body["temporaryAttachmentIds"]]
        comment = self.say(key, body["additionalComment"]["body"], files, public=body["public"])
        shown = {k: comment[k] for k in ("id", "body", "public")}
        return JSONResponse({"comment": shown, "attachments": {"values": files}}, 201)

    def _found(self, request: Request, query: set[str] | None = None) -> tuple[str, Stored]:
        _allowed(request, query)
        found = self.issues.get(request.path_params["key"])
        if found is None:
            raise _WrongError(404, _GONE)
        return request.path_params["key"], found


class _WrongError(Exception):
    def __init__(self, status: int, said: str, name: str = "") -> None:
        super().__init__(said)
        self.status, self.name = status, name


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, _WrongError)
    errors: Mapping[str, str] = {error.name: str(error)} if error.name else {}
    return JSONResponse({"errorMessages": [] if error.name else [str(error)], "errors": errors}, error.status)


def _allowed(request: Request, query: set[str] | None = None) -> None:
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {basic}":
        raise _WrongError(401, "Client must be authenticated to access this resource.")
    if unknown := set(request.query_params) - (query or set()):
        raise _WrongError(400, f"unknown parameters {sorted(unknown)}")


async def _body(request: Request, names: set[str]) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict) or set(body) - names:
        raise _WrongError(400, f"Unrecognized field {sorted(set(body) - names)}")
    return body


def _short(text: str) -> None:
    if len(text) > _MAX_COMMENT:
        raise _WrongError(
            400, f"The entered text is too long. It exceeds the allowed limit of {_MAX_COMMENT}."
        )


def _json(value: object) -> object:
    return (
        f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}+0000"
        if isinstance(value, datetime)
        else value
    )
