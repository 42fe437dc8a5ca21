"""How does the report get into Request Tracker? REST 2 of version 5, with a token.

The account needs, in its queues: SeeQueue, ShowTicket, ShowTicketComments (so that it finds its own notes
again), CommentOnTicket, ReplyToTicket, ModifyTicket, SeeCustomField. Request Tracker answers 201 and 200
although parts failed, so what was done is read back.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from controller.desks.desk import (
    MAX_PAGES,
    MAX_TEXT,
    Attachment,
    Changes,
    Cursor,
    Delivered,
    DeskError,
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
    link_target,
    marked,
    marker_line,
    tags_from,
)
from controller.desks.plain import plain
from controller.desks.rt_wire import Answer, RtWire
from controller.desks.rt_words import (
    CLOSED,
    attachments,
    hit,
    items,
    links,
    messages,
    moment,
    number,
    people,
    record,
    values,
)
from controller.desks.ticket import settled

__all__ = ["RtDesk"]

_TRANSACTION = re.compile(r"/transaction/(\d{1,15})$")
_PAGE = 50
# A transaction takes its time before it can be seen: what is younger than this may still get company.
_SETTLE = timedelta(seconds=3)
# The clock is known to the second, and the search counts in seconds.
_SLACK = timedelta(seconds=3)
# Its own largest file, where nobody changed MaxAttachmentSize; what arrived is read back anyway.
_MAX_FILE = 10_000_000


class RtDesk:
    """A `Desk` over Request Tracker. customer_field: the ticket's field that holds the customer's id.

    category_field, tags_field: those with the category, and with tags (for several values).
    """

    def __init__(
        self,
        wire: RtWire,
        *,
        customer_field: str = "Customer",
        category_field: str = "Category",
        tags_field: str = "Tags",
        customers: Mapping[str, str] | None = None,
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._tags_field = tags_field
        self._customers = customers or {}
        self._queues: dict[str, str] = {}

    @property
    def limits(self) -> Limits:
        return Limits(text=MAX_TEXT, file=_MAX_FILE)

    async def read(self, ticket: str) -> Ticket:
        document = await self._ticket(ticket)
        own = str(document["id"])
        state = str(document.get("Status") or "")
        word = next(iter(values(document, self._customer_field) or ()), "")
        return Ticket(
            id=own,
            customer=self._customers.get(word, word),
            subject=str(document.get("Subject") or ""),
            text=await self._text(own),
            state=state,
            requester=people(document.get("Requestor")),
            created=moment(document.get("Created")),
            changed=moment(document.get("LastUpdated")),
            url=f"{self._wire.url}/Ticket/Display.html?id={own}",
            queue=await self._queue(document),
            category=next(iter(values(document, self._category_field) or ()), ""),
            priority=str(document.get("Priority") or ""),
            tags=tuple(sorted(values(document, self._tags_field) or ())),
            closed=state in CLOSED,
            merged_into=own if own != ticket else "",
            attachments=tuple([file async for file in self._attachments(own)]),
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
        before = await self._wire.look(f"ticket/{number(ticket)}")
        if _living(before, ticket).get("Status") == state:
            return
        condition = _unchanged(before.headers.get("ETag"))
        done = await self._wire.change("PUT", f"ticket/{number(ticket)}", {"Status": state}, condition)
        after = await self._ticket(ticket)
        if after.get("Status") != state:
            raise DeskRefusedError(
                f"ticket {ticket} stays {after.get('Status')!r} and does not become {state!r}: "
                + _reason(messages(done))
            )

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        line = marker_line(marker)
        search = [{"field": "Content", "operator": "LIKE", "value": line}]
        async for item in self._listed(ticket, "Content,TransactionId", search):
            # A server that does not know the search gives every attachment, so each is looked at.
            if line in str(item.get("Content", "")):
                await self._whole(ticket, f"transaction/{item.get('TransactionId')}", files)
                return True
        return False

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        found = [file async for file in self._attachments(ticket) if file.id == attachment]
        # Its interface gives any attachment that the account may see: only this ticket's are asked for.
        if not found:
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        if (found[0].size or 0) > limit:
            raise DeskRefusedError(
                f"{found[0].name} has {found[0].size} bytes, and {limit} are wanted at most"
            )
        raw = await self._wire.fetch(f"attachment/{number(attachment)}", limit=limit * 3 // 2 + 65_536)
        try:
            content = base64.b64decode(str(json.loads(raw)["Content"] or ""))
        except (ValueError, KeyError, TypeError):
            raise DeskUnavailableError(f"attachment {attachment} cannot be decoded") from None
        if len(content) > limit:
            raise DeskRefusedError(f"{found[0].name} has more than the {limit} bytes that are wanted")
        return content

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. Read in the order of numbers, which do not move while somebody works on the tickets.

        A time in a search is one of the account's own time zone there, whatever stands behind it: only "seconds
        ago" means the same everywhere.
        """
        await self.greet()
        until = self._wire.now - _SETTLE
        found: list[Hit] = []
        last = 0
        for _ in range(MAX_PAGES):
            ago = max(1, round((self._wire.now - since.moment + _SLACK).total_seconds()))
            query = {
                "query": f"LastUpdated > '{ago} seconds ago' AND id > {last}",
                "fields": "LastUpdated,Status",
                "orderby": "id",
                "order": "ASC",
                "per_page": str(_PAGE),
            }
            page = [hit(item) for item in items(await self._wire.look("tickets", query))]
            found += page
            if len(page) < _PAGE:
                return settled(found, since, until, limit)
            last = int(number(page[-1].id))
        raise DeskUnavailableError(
            f"more than {MAX_PAGES * _PAGE} tickets changed: begin with a later moment"
        )

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        before = await self._wire.look(f"ticket/{number(ticket)}")
        there = values(_living(before, ticket), self._tags_field)
        if there is None:
            raise DeskRefusedError(f"ticket {ticket} has no field {self._tags_field!r} for tags")
        wanted = tags_from(add, remove, there)
        if set(wanted) == set(there):
            return
        body = {"CustomFields": {self._tags_field: list(wanted)}}
        done = await self._wire.change(
            "PUT", f"ticket/{number(ticket)}", body, _unchanged(before.headers.get("ETag"))
        )
        after = values(await self._ticket(ticket), self._tags_field) or ()
        if set(after) != set(wanted):
            raise DeskRefusedError(
                f"the tags of ticket {ticket} stay {', '.join(after)}: " + _reason(messages(done))
            )

    async def link(self, ticket: str, target: str) -> None:
        target = target if link_target(target) else str((await self._ticket(target))["id"])
        if target in links(await self._ticket(ticket)):
            return
        done = await self._wire.change("PUT", f"ticket/{number(ticket)}", {"AddRefersTo": target})
        if target not in links(await self._ticket(ticket)):
            raise DeskRefusedError(f"ticket {ticket} does not refer to {target}: " + _reason(messages(done)))

    async def greet(self) -> Greeting:
        answer = await self._wire.look("rt")
        version = answer.document.get("Version", "") if isinstance(answer.document, dict) else ""
        return Greeting(said=f"Request Tracker {version}".strip(), ahead=self._wire.ahead)

    async def close(self) -> None:
        await self._wire.close()

    async def _ticket(self, ticket: str) -> dict[str, Any]:
        return _living(await self._wire.look(f"ticket/{number(ticket)}"), ticket)

    async def _queue(self, document: dict[str, Any]) -> str:
        queue = str((document.get("Queue") or {}).get("id") or "")
        if queue and queue not in self._queues:
            self._queues[queue] = str(
                record(await self._wire.look(f"queue/{number(queue)}")).get("Name") or ""
            )
        return self._queues.get(queue, "")

    async def _attachments(self, ticket: str) -> AsyncIterator[Attachment]:
        async for item in self._listed(ticket, "Filename,ContentType,ContentLength"):
            for file in attachments([item]):
                yield file

    async def _listed(self, ticket: str, fields: str, search: object = None) -> AsyncIterator[dict[str, Any]]:
        """The attachments of a ticket, page by page: texts and files."""
        path = f"ticket/{number(ticket)}/attachments"
        for page in range(1, MAX_PAGES + 1):
            query = {"fields": fields, "per_page": str(_PAGE), "page": str(page)}
            listed = items(await self._wire.look(path, query, search=search))
            for item in listed:
                yield item
            if len(listed) < _PAGE:
                return
        raise DeskUnavailableError(f"ticket {ticket} has too many attachments to look through them")

    async def _text(self, own: str) -> str:
        """What the requester wrote when the ticket was opened; empty when nothing."""
        query = {"fields": "Type,ObjectId", "orderby": "id", "order": "ASC", "per_page": "100"}
        history = items(await self._wire.look(f"ticket/{own}/history", query))
        created = [i for i in history if i.get("Type") == "Create"]
        # The history of a merged ticket begins with those that were merged into it.
        mine = [i for i in created if str(i.get("ObjectId", own)) == own] or created
        if not mine:
            return ""
        path = f"transaction/{number(str(mine[0]['id']))}/attachments"
        parts = items(await self._wire.look(path, {"fields": "ContentType,Filename", "per_page": "100"}))
        for kind in ("text/plain", "text/html"):
            for part in parts:
                if part.get("ContentType") == kind and not part.get("Filename"):
                    return await self._content(str(part["id"]), html=kind == "text/html")
        return ""

    async def _content(self, attachment: str, *, html: bool) -> str:
        document = record(await self._wire.look(f"attachment/{number(attachment)}"))
        try:
            text = base64.b64decode(str(document.get("Content") or "")).decode("utf-8", "replace")
        except binascii.Error:
            raise DeskUnavailableError(f"the text of attachment {attachment} cannot be decoded") from None
        return (plain(text) if html else text).strip()

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
        # It says "Permission Denied" of tickets that do not exist, and takes notes for deleted ones: this tells.
        kept = str((await self._ticket(ticket))["id"])
        answer = await self._wire.change("POST", f"ticket/{number(ticket)}/{kind}", body)
        found = _TRANSACTION.search(answer.headers.get("Location", ""))
        if found is None:
            raise DeskUnclearError(
                f"Request Tracker took the note for ticket {ticket} without saying where it is: "
                + "; ".join(messages(answer))
            )
        reference = f"transaction/{found[1]}"
        await self._whole(ticket, reference, files)
        return Delivered(ticket=kept, reference=reference, remarks=messages(answer)[1:])

    async def _whole(self, ticket: str, reference: str, files: Sequence[File]) -> None:
        """Read back what arrived. Raises PartlyDoneError when something did not."""
        missing = await self._missing(reference, files)
        if missing:
            raise PartlyDoneError(f"ticket {ticket}: {missing}", reference=reference)

    async def _missing(self, reference: str, files: Sequence[File]) -> str:
        """Read back what arrived; gives what did not, in words. Raises DeskUnclearError when nothing did."""
        try:
            query = {"fields": "Filename", "per_page": "100"}
            listed = items(await self._wire.look(f"{reference}/attachments", query))
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


def _living(answer: Answer, ticket: str) -> dict[str, Any]:
    """The document of a ticket that was not deleted: it is shown for ever, and takes notes that nobody sees."""
    document = record(answer)
    if document.get("Status") == "deleted":
        raise TicketGoneError(f"ticket {ticket} was deleted")
    return document


def _unchanged(tag: str | None) -> dict[str, str]:
    """The condition that nobody changed the ticket since it was read."""
    return {"If-Match": tag} if tag else {}


def _reason(said: Sequence[str]) -> str:
    return "; ".join(said) or "Request Tracker gives no reason"
