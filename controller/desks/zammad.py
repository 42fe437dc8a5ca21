"""How does the report get into Zammad? Its REST interface, version 1, with a token.

The account needs `ticket.agent` in its groups. Zammad has no links to addresses: such a link is an internal note.
The search looks into Elasticsearch, which follows the tickets with a delay: changes are told after `settle`.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from controller.desks.desk import (
    MAX_PAGES,
    MAX_TEXT,
    Changes,
    Cursor,
    Delivered,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    File,
    Greeting,
    Hit,
    Limits,
    PartlyDoneError,
    Ticket,
    TicketGoneError,
    all_files,
    link_marker,
    link_target,
    marked,
    marker_line,
)
from controller.desks.plain import plain
from controller.desks.ticket import settled
from controller.desks.wire import Wire, checked_secret
from controller.desks.zammad_words import (
    CLOSED,
    articles,
    attachments,
    hits,
    merged_into,
    moment,
    number,
    record,
    tag_names,
)

__all__ = ["ZammadDesk", "zammad_wire"]

_PAGE = 50
# What its web server takes in one request, in base64; its own limit is a setting of each installation.
_MAX_FILE = 20_000_000
_MERGES = 5


def zammad_wire(url: str, token: str, *, ca: Path | None = None, deadline: float = 30.0) -> Wire:
    """One Zammad."""
    headers = {"Authorization": f"Token token={checked_secret(token, url)}"}
    return Wire(url, headers, base="/api/v1", ca=ca, deadline=deadline)


class ZammadDesk:
    """A `Desk` over Zammad. customer_field: the ticket's attribute that names the customer.

    category_field: an attribute of its own; customers: what stands there -> the customer's id in the contract.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        customer_field: str = "organization",
        category_field: str = "type",
        customers: Mapping[str, str] | None = None,
        settle: float = 30.0,
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._customers = customers or {}
        self._settle = timedelta(seconds=settle)

    @property
    def limits(self) -> Limits:
        return Limits(text=MAX_TEXT, file=_MAX_FILE)

    async def read(self, ticket: str) -> Ticket:
        document = await self._living(ticket)
        own = str(document["id"])
        said = articles(await self._wire.look(f"ticket_articles/by_ticket/{own}"))
        first = next((one for one in said if _opens(one)), None)
        state = str(document.get("state") or "")
        word = str(document.get(self._customer_field) or "")
        return Ticket(
            id=own,
            customer=self._customers.get(word, word),
            subject=str(document.get("title") or ""),
            text=_text(first) if first else "",
            state=state,
            requester=str(document.get("customer") or ""),
            created=moment(document.get("created_at")),
            changed=moment(document.get("updated_at")),
            url=f"{self._wire.url}/#ticket/zoom/{own}",
            queue=str(document.get("group") or ""),
            category=str(document.get(self._category_field) or ""),
            priority=str(document.get("priority") or ""),
            tags=tag_names(await self._wire.look("tags", {"object": "Ticket", "o_id": own})),
            closed=state in CLOSED,
            merged_into=own if own != ticket else "",
            attachments=tuple(attachments(said)),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        document = await self._living(ticket)
        article = {"type": "note", "internal": True}
        return await self._say(document, article, marked(text, marker), all_files(html, files))

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        """Answer as an agent would: by e-mail to who wrote one, and where the customer looks otherwise."""
        document = await self._living(ticket)
        article: dict[str, object] = {"type": "note", "internal": False}
        to = str(document.get("customer") or "")
        if document.get("create_article_type") == "email" and "@" in to:
            article = {
                "type": "email",
                "internal": False,
                "to": to,
                "subject": str(document.get("title") or ""),
            }
        return await self._say(document, article, marked(text, marker), all_files(html, files))

    async def set_state(self, ticket: str, state: str) -> None:
        document = await self._living(ticket)
        if document.get("state") == state:
            return
        done = record(
            await self._wire.change("PUT", f"tickets/{document['id']}?expand=true", {"state": state})
        )
        if done.get("state") != state:
            raise DeskRefusedError(
                f"ticket {ticket} stays {done.get('state')!r} and does not become {state!r}"
            )

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        line = marker_line(marker)
        own = (await self._living(ticket))["id"]
        for article in articles(await self._wire.look(f"ticket_articles/by_ticket/{own}")):
            if line in str(article.get("body", "")):
                _whole(article, files)
                return True
        return False

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        own = (await self._living(ticket))["id"]
        said = articles(await self._wire.look(f"ticket_articles/by_ticket/{own}"))
        found = [file for file in attachments(said) if file.id == attachment]
        if not found:
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        if (found[0].size or 0) > limit:
            raise DeskRefusedError(
                f"{found[0].name} has {found[0].size} bytes, and {limit} are wanted at most"
            )
        return await self._wire.fetch(f"ticket_attachment/{own}/{attachment}", limit=limit)

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. Read in the order of ids, which do not move while somebody works on the tickets."""
        states = await self._state_names()
        until = self._wire.now - self._settle
        begin = since.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        found: list[Hit] = []
        last = 0
        for _ in range(MAX_PAGES):
            query = {
                "query": f"updated_at:[{begin} TO *] AND id:>{last}",
                "sort_by": "id",
                "order_by": "asc",
                "limit": str(_PAGE),
            }
            page = hits(await self._wire.look("tickets/search", query), states)
            found += page
            if len(page) < _PAGE:
                return settled(found, since, until, limit)
            last = int(page[-1].id)
        raise DeskUnavailableError(
            f"more than {MAX_PAGES * _PAGE} tickets changed: begin with a later moment"
        )

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        own = (await self._living(ticket))["id"]
        there = tag_names(await self._wire.look("tags", {"object": "Ticket", "o_id": str(own)}))
        for name in sorted(set(add) - set(there)):
            await self._wire.change("POST", "tags/add", {"item": name, "object": "Ticket", "o_id": own})
        for name in sorted(set(remove) & set(there)):
            await self._wire.change("DELETE", "tags/remove", {"item": name, "object": "Ticket", "o_id": own})

    async def link(self, ticket: str, target: str) -> None:
        if link_target(target):
            if not await self.find_marker(ticket, link_marker(target)):
                await self.note(ticket, target, marker=link_marker(target))
            return
        own, other = await self._living(ticket), await self._living(target)
        there = (await self._wire.look("links", _linked(own["id"]))).document
        if any(str(link.get("link_object_value")) == str(other["id"]) for link in there.get("links", ())):
            return
        body = {
            "link_type": "normal",
            "link_object_target": "Ticket",
            "link_object_target_value": own["id"],
            "link_object_source": "Ticket",
            "link_object_source_number": str(other.get("number")),
        }
        await self._wire.change("POST", "links/add", body)

    async def greet(self) -> Greeting:
        await self._state_names()
        return Greeting(said="Zammad", ahead=self._wire.ahead)

    async def close(self) -> None:
        await self._wire.close()

    async def _living(self, ticket: str) -> dict[str, Any]:
        """The ticket, or the one that it was merged into: a note in a merged one is seen by nobody."""
        own = number(ticket)
        for _ in range(_MERGES):
            document = record(await self._wire.look(f"tickets/{own}", {"expand": "true"}))
            if document.get("state") == "removed":
                raise TicketGoneError(f"ticket {ticket} was removed")
            if document.get("state") != "merged":
                return document
            own = merged_into(await self._wire.look("links", _linked(own)))
            if not own:
                raise DeskRefusedError(f"ticket {ticket} was merged, but Zammad does not say into which")
        raise DeskRefusedError(f"ticket {ticket} was merged again and again: see where it ends in Zammad")

    async def _state_names(self) -> dict[int, str]:
        answer = await self._wire.look("ticket_states")
        if not isinstance(answer.document, list):
            raise DeskUnavailableError("Zammad answered with something that is not a list of states")
        return {state["id"]: str(state["name"]) for state in answer.document}

    async def _say(
        self, document: dict[str, Any], article: Mapping[str, object], text: str, files: tuple[File, ...]
    ) -> Delivered:
        body = {
            "ticket_id": document["id"],
            "body": text,
            "content_type": "text/plain",
            **article,
            "attachments": [
                {
                    "filename": file.name,
                    "data": base64.b64encode(file.content).decode("ascii"),
                    "mime-type": file.media_type,
                }
                for file in files
            ],
        }
        answer = await self._wire.change("POST", "ticket_articles", body)
        if not isinstance(answer.document, dict) or "id" not in answer.document:
            raise DeskUnclearError(
                f"Zammad took the note for ticket {document['id']} without saying where it is"
            )
        _whole(answer.document, files)
        return Delivered(ticket=str(document["id"]), reference=f"article/{answer.document['id']}")


def _whole(article: Mapping[str, Any], files: Sequence[File]) -> None:
    """Raises PartlyDoneError when some files of an article did not arrive."""
    there = {file.get("filename") for file in article.get("attachments") or ()}
    lost = [file.name for file in files if file.name not in there]
    if lost:
        raise PartlyDoneError(f"Zammad dropped {', '.join(lost)}", reference=f"article/{article['id']}")


def _opens(article: Mapping[str, Any]) -> bool:
    """Whether a person wrote this for everybody: the first of these opened the ticket."""
    return not article.get("internal") and "[secondline:" not in str(article.get("body") or "")


def _text(article: Mapping[str, Any]) -> str:
    body = str(article.get("body") or "")
    return (plain(body) if article.get("content_type") == "text/html" else body).strip()


def _linked(ticket: object) -> dict[str, str]:
    return {"link_object": "Ticket", "link_object_value": str(ticket)}
