"""How does the report get into Request Tracker? REST 2 of version 5, with a token.

The account needs, in its queues: SeeQueue, ShowTicket, ShowTicketComments (so that it finds its own notes
again), CommentOnTicket, ReplyToTicket, ModifyTicket, SeeCustomField. Request Tracker answers 201 and 200
although parts failed, so what was done is read back.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from controller.desks.desk import (
    Delivered,
    DeskError,
    DeskRefusedError,
    DeskUnavailableError,
    DeskUnclearError,
    File,
    PartlyDoneError,
    Ticket,
    TicketGoneError,
    all_files,
    marked,
    marker_line,
)
from controller.desks.rt_wire import Answer, RtWire

__all__ = ["RtDesk"]

_TRANSACTION = re.compile(r"/transaction/(\d{1,15})$")
_PAGE = 50
_MAX_PAGES = 200


class RtDesk:
    """A `Desk` over Request Tracker. customer_field: the ticket's field that holds the customer's id."""

    def __init__(self, wire: RtWire, *, customer_field: str = "Customer") -> None:
        self._wire = wire
        self._customer_field = customer_field

    async def read(self, ticket: str) -> Ticket:
        document = await self._ticket(ticket)
        number = str(document["id"])
        return Ticket(
            id=number,
            customer=_field(document, self._customer_field),
            subject=str(document.get("Subject") or ""),
            text=await self._text(number),
            state=str(document.get("Status") or ""),
            requester=_people(document.get("Requestor")),
            created=_moment(document.get("Created")),
            url=f"{self._wire.url}/Ticket/Display.html?id={number}",
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say("comment", ticket, marked(text, marker), all_files(html, files))

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say("correspond", ticket, marked(text, marker), all_files(html, files))

    async def set_state(self, ticket: str, state: str) -> None:
        before = await self._wire.look(f"ticket/{_number(ticket)}")
        if _record(before).get("Status") == state:
            return
        tag = before.headers.get("ETag")
        condition = {"If-Match": tag} if tag else {}
        done = await self._wire.change("PUT", f"ticket/{_number(ticket)}", {"Status": state}, condition)
        after = await self._ticket(ticket)
        if after.get("Status") != state:
            raise DeskRefusedError(
                f"ticket {ticket} stays {after.get('Status')!r} and does not become {state!r}: "
                + ("; ".join(_messages(done)) or "Request Tracker gives no reason")
            )

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        line = marker_line(marker)
        search = [{"field": "Content", "operator": "LIKE", "value": line}]
        path = f"ticket/{_number(ticket)}/attachments"
        for page in range(1, _MAX_PAGES + 1):
            query = {"fields": "Content,TransactionId", "per_page": str(_PAGE), "page": str(page)}
            items = _items(await self._wire.look(path, query, search=search))
            # A server that does not know the search gives every attachment, so each is looked at.
            found = [item for item in items if line in str(item.get("Content", ""))]
            if found:
                await self._whole(ticket, f"transaction/{found[0].get('TransactionId')}", files)
                return True
            if len(items) < _PAGE:
                return False
        raise DeskUnavailableError(f"ticket {ticket} has too many attachments to look for a note in them")

    async def close(self) -> None:
        await self._wire.close()

    async def _ticket(self, ticket: str) -> dict[str, Any]:
        document = _record(await self._wire.look(f"ticket/{_number(ticket)}"))
        if document.get("Status") == "deleted":
            raise TicketGoneError(f"ticket {ticket} was deleted")
        return document

    async def _text(self, number: str) -> str:
        """What the requester wrote when the ticket was opened; empty when nothing."""
        query = {"fields": "Type,ObjectId", "orderby": "id", "order": "ASC", "per_page": "100"}
        history = _items(await self._wire.look(f"ticket/{number}/history", query))
        created = [i for i in history if i.get("Type") == "Create"]
        # The history of a merged ticket begins with those that were merged into it.
        own = [i for i in created if str(i.get("ObjectId", number)) == number] or created
        if not own:
            return ""
        path = f"transaction/{_number(str(own[0]['id']))}/attachments"
        parts = _items(await self._wire.look(path, {"fields": "ContentType,Filename", "per_page": "100"}))
        for kind in ("text/plain", "text/html"):
            for part in parts:
                if part.get("ContentType") == kind and not part.get("Filename"):
                    return await self._content(str(part["id"]), html=kind == "text/html")
        return ""

    async def _content(self, attachment: str, *, html: bool) -> str:
        document = _record(await self._wire.look(f"attachment/{_number(attachment)}"))
        try:
            text = base64.b64decode(str(document.get("Content") or "")).decode("utf-8", "replace")
        except binascii.Error:
            raise DeskUnavailableError(f"the text of attachment {attachment} cannot be decoded") from None
        return (_plain(text) if html else text).strip()

    async def _say(self, kind: str, ticket: str, text: str, files: tuple[File, ...]) -> Delivered:
        body = {
            "Content": text,
            "ContentType": "text/plain",
            "Attachments": [
                {
                    "FileName": file.name,
                    "FileType": file.media_type,
                    "FileContent": base64.b64encode(file.content).decode("ascii"),
                }
                for file in files
            ],
        }
        try:
            answer = await self._wire.change("POST", f"ticket/{_number(ticket)}/{kind}", body)
        except TicketGoneError:
            raise
        except DeskRefusedError:
            # It says "Permission Denied" of tickets that do not exist, too: this tells one from the other.
            await self._ticket(ticket)
            raise
        found = _TRANSACTION.search(answer.headers.get("Location", ""))
        if found is None:
            raise DeskUnclearError(
                f"Request Tracker took the note for ticket {ticket} without saying where it is: "
                + "; ".join(_messages(answer))
            )
        reference = f"transaction/{found[1]}"
        await self._whole(ticket, reference, files)
        return Delivered(ticket=ticket, reference=reference, remarks=_messages(answer)[1:])

    async def _whole(self, ticket: str, reference: str, files: Sequence[File]) -> None:
        """Read back what arrived. Raises PartlyDoneError when something did not."""
        missing = await self._missing(reference, files)
        if missing:
            raise PartlyDoneError(f"ticket {ticket}: {missing}", reference=reference)

    async def _missing(self, reference: str, files: Sequence[File]) -> str:
        """Read back what arrived; gives what did not, in words. Raises DeskUnclearError when nothing did."""
        try:
            query = {"fields": "Filename", "per_page": "100"}
            listed = _items(await self._wire.look(f"{reference}/attachments", query))
        except DeskError as error:
            # Also what it answers for a transaction that does not exist, so the marker has to tell.
            raise DeskUnclearError(f"the note was taken, but {reference} cannot be read: {error}") from None
        if not listed:
            return await self._unseen(reference)
        there = {item.get("Filename") for item in listed}
        lost = [file.name for file in files if file.name not in there]
        return f"Request Tracker dropped {', '.join(lost)}: see its MaxAttachmentSize" if lost else ""

    async def _unseen(self, reference: str) -> str:
        """Tell a note that this account may not see from one that is not there."""
        try:
            await self._wire.look(reference)
        except TicketGoneError:
            pass
        except DeskRefusedError:
            return "the note is there, but the account may not see it: give it the right ShowTicketComments"
        raise DeskUnclearError(f"Request Tracker said it took the note, but shows nothing in {reference}")


def _number(ticket: str) -> str:
    if not ticket.isascii() or not ticket.isdigit() or len(ticket) > 15:
        raise TicketGoneError(f"{ticket!r} is not the number of a ticket")
    return ticket


def _record(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer.document, dict) or "id" not in answer.document:
        raise DeskUnavailableError("Request Tracker answered with something that is not a record")
    return answer.document


def _items(answer: Answer) -> list[dict[str, Any]]:
    items = answer.document.get("items") if isinstance(answer.document, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DeskUnavailableError("Request Tracker answered with something that is not a list of records")
    return items


def _messages(answer: Answer) -> tuple[str, ...]:
    """The words that it sends beside a status that always looks good."""
    said = answer.document
    if isinstance(said, dict):
        said = [said.get("message", "")]
    return tuple(str(word) for word in said if word) if isinstance(said, list) else ()


def _field(document: dict[str, Any], name: str) -> str:
    fields = document.get("CustomFields")
    for field in fields if isinstance(fields, list) else ():
        if field.get("name") == name and field.get("values"):
            return str(field["values"][0]).strip()
    return ""


def _people(people: object) -> str:
    listed = people if isinstance(people, list) else []
    return ", ".join(str(person.get("id", "")) for person in listed if isinstance(person, dict))


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeskUnavailableError(f"Request Tracker answered with {text!r} for a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Words(HTMLParser):
    """Keeps the words of a page and drops the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in {"br", "p", "div", "li", "tr"}:
            self.words.append("\n")


def _plain(html: str) -> str:
    page = _Words()
    page.feed(html)
    page.close()
    return "".join(page.words)
