"""A stand-in of Zammad 6, from its documentation repository: api/intro.rst, api/ticket/index.rst, articles.rst,
tags.rst, links.rst, states.rst (docs.zammad.org), and the answers of its own controllers to what is wrong.

Strict: a path, a method or a field that those pages do not name is refused. The search follows the tickets late, as
Elasticsearch does.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.desk.standins.server import TOKEN, Chaos, now_ms

__all__ = ["Zammad"]

_STATES = {
    1: "new",
    2: "open",
    3: "pending reminder",
    4: "closed",
    5: "merged",
    6: "removed",
    7: "pending close",
}
_ARTICLE = {
    "ticket_id", "to", "cc", "subject", "body", "content_type", "type", "internal", "time_unit", "attachments",
    "origin_by_id",
}  # fmt: skip
_QUERY = re.compile(r"updated_at:\[(\S+) TO \*\] AND id:>(\d+)")
_LATE = timedelta(seconds=1)


@dataclass(slots=True)
class Stored:
    """A ticket. shown: what the search index knows: pairs of a moment and the ticket's fields then."""

    fields: dict[str, Any]
    articles: list[dict[str, Any]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    links: list[tuple[str, int]] = field(default_factory=list)


class Zammad:
    """The system, and what its people do in it."""

    def __init__(self) -> None:
        self.tickets: dict[int, Stored] = {}
        self.blobs: dict[int, bytes] = {}
        self._index: list[tuple[datetime, dict[str, Any]]] = []
        self._next = 100
        self.chaos = Chaos(
            Starlette(
                routes=[
                    Route("/api/v1/tickets/search", self._search),
                    Route("/api/v1/tickets/{id:int}", self._ticket, methods=["GET", "PUT"]),
                    Route("/api/v1/ticket_states", self._listed_states),
                    Route("/api/v1/ticket_articles/by_ticket/{id:int}", self._by_ticket),
                    Route("/api/v1/ticket_articles", self._article, methods=["POST"]),
                    Route("/api/v1/ticket_attachment/{id:int}/{article:int}/{file:int}", self._file),
                    Route("/api/v1/tags", self._tags),
                    Route("/api/v1/tags/add", self._tag, methods=["POST"]),
                    Route("/api/v1/tags/remove", self._tag, methods=["DELETE"]),
                    Route("/api/v1/links", self._links),
                    Route("/api/v1/links/add", self._link, methods=["POST"]),
                ],
                exception_handlers={_WrongError: _wrong, 404: _no_route, 405: _no_route},
            )
        )

    # What people do.

    def open(self, title: str, text: str = "", **fields: object) -> str:
        number = self._number()
        now = now_ms()
        standard = {
            "state": "new",
            "priority": "2 normal",
            "group": "Support",
            "organization": "",
            "type": "",
        }
        self.tickets[number] = Stored(
            {
                "id": number, "number": f"22{number}", "title": title, "customer": "it@musterbau.example",
                "create_article_type": "email", "created_at": now, **standard, **fields,
            }
        )  # fmt: skip
        if text:
            self.say(number, text, content_type="text/plain", type="email")
        self._touch(number)
        return str(number)

    def say(
        self, ticket: int, body: str, files: list[dict[str, Any]] | None = None, **fields: object
    ) -> dict[str, Any]:
        kept: list[dict[str, Any]] = []
        article: dict[str, Any] = {
            "id": self._number(), "ticket_id": ticket, "body": body, "content_type": "text/html", "type": "note",
            "internal": False, "attachments": kept, **fields,
        }  # fmt: skip
        for file in files or ():
            number = self._number()
            self.blobs[number] = base64.b64decode(file["data"])
            kind = {"Mime-Type": file["mime-type"]}
            kept.append({"id": number, "filename": file["filename"], "preferences": kind})
        self.tickets[ticket].articles.append(article)
        self._touch(ticket)
        return article

    def change(self, ticket: str, **fields: object) -> None:
        self.tickets[int(ticket)].fields.update(fields)
        self._touch(int(ticket))

    def merge(self, ticket: str, into: str) -> None:
        """As its merging does: the articles move, the state says so, and a link points there."""
        old, kept = self.tickets[int(ticket)], self.tickets[int(into)]
        kept.articles += old.articles
        for article in old.articles:
            article["ticket_id"] = int(into)
        old.articles = []
        old.links = [("child", int(into))]
        self.change(ticket, state="merged")
        self._touch(int(into))

    def _touch(self, ticket: int) -> None:
        fields = self.tickets[ticket].fields
        fields["updated_at"] = now_ms()
        self._index.append((now_ms() + _LATE, dict(fields)))

    def _number(self) -> int:
        self._next += 1
        return self._next

    # What it answers.

    async def _ticket(self, request: Request) -> Response:
        found = self._found(request, "Ticket")
        if request.method == "PUT":
            body = await _body(request, {"title", "group", "state", "priority", "owner", "customer"})
            if "state" in body and body["state"] not in _STATES.values():
                raise _WrongError(422, f"No lookup value found for 'state': \"{body['state']}\"")
            self.change(str(found.fields["id"]), **body)
        expand = request.query_params.get("expand") == "true"
        return JSONResponse(_shown(found.fields, expand=expand))

    async def _search(self, request: Request) -> Response:
        _allowed(request, {"query", "limit", "sort_by", "order_by", "page", "per_page"})
        asked = _QUERY.fullmatch(request.query_params.get("query", ""))
        if asked is None or request.query_params.get("sort_by") != "id":
            raise _WrongError(422, "the stand-in knows this query not")
        begin, last = datetime.fromisoformat(asked[1]), int(asked[2])
        known: dict[int, dict[str, Any]] = {}
        for at, fields in self._index:
            if at <= now_ms():
                known[fields["id"]] = fields
        found = sorted(n for n, f in known.items() if f["updated_at"] >= begin and n > last)
        found = found[: int(request.query_params.get("limit", "10"))]
        assets = {"Ticket": {str(n): _shown(known[n], expand=False) for n in found}} if found else {}
        return JSONResponse({"tickets": found, "tickets_count": len(found), "assets": assets})

    async def _listed_states(self, request: Request) -> Response:
        _allowed(request, set())
        return JSONResponse([{"id": n, "name": name, "active": True} for n, name in _STATES.items()])

    async def _by_ticket(self, request: Request) -> Response:
        return JSONResponse(self._found(request, "Ticket").articles)

    async def _article(self, request: Request) -> Response:
        body = await _body(request, _ARTICLE)
        if body.get("ticket_id") not in self.tickets:
            raise _WrongError(404, f"Couldn't find Ticket with 'id'={body.get('ticket_id')}")
        if not body.get("body"):
            raise _WrongError(422, "Need at least an 'article body' field.")
        number, files = body.pop("ticket_id"), body.pop("attachments", [])
        for file in files:
            if set(file) != {"filename", "data", "mime-type"}:
                raise _WrongError(422, "Attachment needs 'filename', 'data' and 'mime-type' param!")
        return JSONResponse(self.say(number, body.pop("body"), files, **body), 201)

    async def _file(self, request: Request) -> Response:
        found = self._found(request, "Ticket")
        for article in found.articles:
            for file in article["attachments"]:
                if (article["id"], file["id"]) == (
                    request.path_params["article"],
                    request.path_params["file"],
                ):
                    return Response(self.blobs[file["id"]], media_type=file["preferences"]["Mime-Type"])
        raise _WrongError(404, "Couldn't find Store")

    async def _tags(self, request: Request) -> Response:
        _allowed(request, {"object", "o_id"})
        found = self.tickets.get(int(request.query_params["o_id"]))
        return JSONResponse({"tags": sorted(found.tags) if found else []})

    async def _tag(self, request: Request) -> Response:
        body = await _body(request, {"item", "object", "o_id"})
        tags = self.tickets[int(body["o_id"])].tags
        (tags.add if request.method == "POST" else tags.discard)(body["item"])
        self._touch(int(body["o_id"]))
        return JSONResponse(content=True, status_code=201)

    async def _links(self, request: Request) -> Response:
        _allowed(request, {"link_object", "link_object_value"})
        found = self.tickets[int(request.query_params["link_object_value"])]
        links = [{"link_type": k, "link_object": "Ticket", "link_object_value": n} for k, n in found.links]
        return JSONResponse({"links": links, "assets": {}})

    async def _link(self, request: Request) -> Response:
        names = {"link_type", "link_object_target", "link_object_target_value", "link_object_source"}
        body = await _body(request, names | {"link_object_source_number"})
        by_number = {found.fields["number"]: found for found in self.tickets.values()}
        other, own = by_number[body["link_object_source_number"]], int(body["link_object_target_value"])
        if ("normal", own) in other.links:
            raise _WrongError(422, "This object already exists.")
        other.links.append(("normal", own))
        self.tickets[own].links.append(("normal", other.fields["id"]))
        return JSONResponse({}, 201)

    def _found(self, request: Request, what: str) -> Stored:
        _allowed(request, {"expand"})
        found = self.tickets.get(request.path_params["id"])
        if found is None:
            raise _WrongError(404, f"Couldn't find {what} with 'id'={request.path_params['id']}")
        return found


class _WrongError(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


async def _wrong(_: Request, error: Exception) -> Response:
    assert isinstance(error, _WrongError)
    return JSONResponse({"error": str(error), "error_human": str(error)}, error.status)


async def _no_route(request: Request, _: Exception) -> Response:
    said = f"No route matches [{request.method}] {request.url.path}"
    return JSONResponse({"error": said, "error_human": said}, 404)


def _allowed(request: Request, query: set[str]) -> None:
    if request.headers.get("Authorization") != f"Token token={TOKEN}":
        raise _WrongError(401, "Authentication required")
    if unknown := set(request.query_params) - query:
        raise _WrongError(422, f"the documents know no {sorted(unknown)}")


async def _body(request: Request, names: set[str]) -> dict[str, Any]:
    _allowed(request, {"expand"})
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise _WrongError(422, "not JSON")
    body = await request.json()
    if not isinstance(body, dict) or set(body) - names:
        raise _WrongError(422, f"unknown attribute '{sorted(set(body) - names)}' for Ticket.")
    return body


def _shown(fields: dict[str, Any], *, expand: bool) -> dict[str, Any]:
    """With the names of what it belongs to only when expanded, and with their ids otherwise."""
    shown = {k: f"{v:%Y-%m-%dT%H:%M:%S}.{v.microsecond // 1000:03}Z" if isinstance(v, datetime) else v
             for k, v in fields.items()}  # fmt: skip
    shown["state_id"] = next(n for n, name in _STATES.items() if name == fields["state"])
    if not expand:
        for name in ("state", "priority", "group", "organization", "customer", "create_article_type"):
            del shown[name]
    return shown
