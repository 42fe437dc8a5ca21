"""How does the report get into Znuny, or OTOBO? By the web service that it ships, with an agent's account.

The agent needs `rw` in the queues, and the web service the operations of GenericTicketConnectorREST. It has no
links there: a link is an internal note. Tags are the words of a dynamic field, where the settings name one.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from controller.desks.desk import (
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
    tags_from,
)
from controller.desks.ticket import settled
from controller.desks.znuny_wire import ZnunyWire
from controller.desks.znuny_words import (
    CLOSED,
    articles,
    attachments,
    field,
    hit,
    merged_into,
    moment,
    number,
    tickets,
)

__all__ = ["ZnunyDesk", "ZnunyWire"]

_MAX_FILE = 20_000_000
_MAX_FILES = 200_000_000
_MOST = 10_000
_LIST = 50
_MERGES = 5
# It writes times to the second, and a request takes its time before it is seen.
_SETTLE = timedelta(seconds=3)
_WITH_ARTICLES = {"AllArticles": "1", "Attachments": "1", "GetAttachmentContents": "0"}


class ZnunyDesk:
    """A `Desk` over Znuny. zone: the time zone of the system (OTRSTimeZone), in which it writes times."""

    def __init__(  # noqa: PLR0913 - what is set up.
        self,
        wire: ZnunyWire,
        *,
        customer_field: str = "CustomerID",
        category_field: str = "Service",
        tags_field: str = "",
        customers: Mapping[str, str] | None = None,
        zone: str = "UTC",
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._tags_field = tags_field
        self._customers = customers or {}
        self._zone = ZoneInfo(zone)

    @property
    def limits(self) -> Limits:
        return Limits(text=MAX_TEXT, file=_MAX_FILE, tags=bool(self._tags_field))

    async def read(self, ticket: str) -> Ticket:
        found = await self._living(ticket, _WITH_ARTICLES)
        own = str(found["TicketID"])
        word = field(found, self._customer_field)
        first = next((one for one in articles(found) if one.get("SenderType") == "customer"), {})
        return Ticket(
            id=own,
            customer=self._customers.get(word, word),
            subject=str(found.get("Title") or ""),
            text=str(first.get("Body") or "").strip(),
            state=str(found.get("State") or ""),
            requester=str(found.get("CustomerUserID") or ""),
            created=moment(found.get("Created"), self._zone).astimezone(UTC),
            changed=moment(found.get("Changed"), self._zone).astimezone(UTC),
            url=self._url(own),
            queue=str(found.get("Queue") or ""),
            category=field(found, self._category_field),
            priority=str(found.get("Priority") or ""),
            tags=self._tags(found),
            closed=found.get("StateType") in CLOSED,
            merged_into=own if own != ticket else "",
            attachments=tuple(attachments(found)),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, "Internal", marked(text, marker), all_files(html, files))

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, "Email", marked(text, marker), all_files(html, files))

    async def set_state(self, ticket: str, state: str) -> None:
        found = await self._living(ticket)
        if found.get("State") != state:
            await self._wire.change(f"Ticket/{found['TicketID']}", {"Ticket": {"State": state}})

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        line = marker_line(marker)
        for article in articles(await self._living(ticket, _WITH_ARTICLES)):
            if line in str(article.get("Body", "")):
                _whole(article, files)
                return True
        return False

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        """See `Desk`. It gives the files of a ticket together or not at all, so all of them are transferred."""
        found = await self._living(ticket, _WITH_ARTICLES)
        listed = list(attachments(found))
        file = next((file for file in listed if file.id == attachment), None)
        if file is None:
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        together = sum(one.size or 0 for one in listed)
        if (file.size or 0) > limit or together > _MAX_FILES:
            raise DeskRefusedError(f"{file.name} has {file.size} bytes, and {limit} are wanted at most")
        path, query = f"Ticket/{found['TicketID']}", {**_WITH_ARTICLES, "GetAttachmentContents": "1"}
        whole = tickets(await self._wire.look(path, query, limit=together * 3 // 2 + 16 * 1024 * 1024))[0]
        return _content(whole, attachment)

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. All ids come in one answer, so nothing moves between pages.

        A time in a search is one of the system's own time zone: "minutes ago" means the same everywhere.
        """
        await self.greet()
        until = self._wire.wire.now - _SETTLE
        ago = max(1, math.ceil((self._wire.wire.now - since.moment).total_seconds() / 60) + 1)
        query = {"TicketLastChangeTimeNewerMinutes": str(ago), "SearchInArchive": "AllTickets"}
        answer = await self._wire.look("Ticket", {**query, "Limit": str(_MOST)})
        ids = [number(str(one)) for one in answer.get("TicketID") or ()]
        if len(ids) >= _MOST:
            raise DeskUnavailableError(f"more than {_MOST} tickets changed: begin with a later moment")
        found: list[Hit] = []
        for start in range(0, len(ids), _LIST):
            wanted = {"TicketID": ",".join(ids[start : start + _LIST])}
            found += [hit(one, self._zone) for one in tickets(await self._wire.look("TicketList", wanted))]
        return settled(found, since, until, limit)

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        if not self._tags_field:
            raise DeskRefusedError("Znuny has no tags: name a dynamic field as 'tags_field' in the settings")
        found = await self._living(ticket)
        there = self._tags(found)
        if (wanted := tags_from(add, remove, there)) != there:
            body = {"DynamicField": [{"Name": self._tags_field, "Value": " ".join(wanted)}]}
            await self._wire.change(f"Ticket/{found['TicketID']}", body)

    async def link(self, ticket: str, target: str) -> None:
        shown = target if link_target(target) else self._url(str((await self._living(target))["TicketID"]))
        if not await self.find_marker(ticket, link_marker(shown)):
            await self.note(ticket, shown, marker=link_marker(shown))

    async def greet(self) -> Greeting:
        await self._wire.look("Ticket", {"Limit": "1"})
        return Greeting(said="Znuny", ahead=self._wire.wire.ahead)

    async def close(self) -> None:
        await self._wire.wire.close()

    async def _living(self, ticket: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The ticket, or the one that it was merged into: a note in a merged one is seen by nobody."""
        own = number(ticket)
        for _ in range(_MERGES):
            asked = {"DynamicFields": "1", **(query or {})}
            found = tickets(await self._wire.look(f"Ticket/{own}", asked))[0]
            if found.get("StateType") == "removed":
                raise TicketGoneError(f"ticket {ticket} was removed")
            if found.get("StateType") != "merged":
                return found
            own = merged_into(await self._wire.look(f"TicketHistory/{own}", {}))
            if not own:
                raise DeskRefusedError(f"ticket {ticket} was merged, but Znuny does not say into which")
        raise DeskRefusedError(f"ticket {ticket} was merged again and again: see where it ends in Znuny")

    async def _say(self, ticket: str, channel: str, text: str, files: tuple[File, ...]) -> Delivered:
        found = await self._living(ticket)
        own = str(found["TicketID"])
        article = {
            "CommunicationChannel": channel,
            "IsVisibleForCustomer": 0 if channel == "Internal" else 1,
            "SenderType": "agent",
            "Subject": str(found.get("Title") or "Secondline"),
            "Body": text,
            "ContentType": "text/plain; charset=utf8",
        }
        sent = [
            {
                "Filename": file.name,
                "ContentType": file.media_type,
                "Content": base64.b64encode(file.content).decode("ascii"),
            }
            for file in files
        ]
        done = await self._wire.change(
            f"Ticket/{own}", {"Article": article, **({"Attachment": sent} if sent else {})}
        )
        reference = str(done.get("ArticleID") or "")
        if not reference:
            raise DeskUnclearError(f"Znuny took the note for ticket {own} without saying where it is")
        return Delivered(ticket=own, reference=f"article/{reference}")

    def _tags(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(sorted(set(field(found, self._tags_field).split()))) if self._tags_field else ()

    def _url(self, ticket: str) -> str:
        return f"{self._wire.wire.url}/index.pl?Action=AgentTicketZoom;TicketID={ticket}"


def _whole(article: Mapping[str, Any], files: Sequence[File]) -> None:
    """Raises PartlyDoneError when some files of a note did not arrive."""
    there = {file.get("Filename") for file in article.get("Attachment") or ()}
    lost = [file.name for file in files if file.name not in there]
    if lost:
        raise PartlyDoneError(
            f"Znuny dropped {', '.join(lost)}", reference=f"article/{article.get('ArticleID')}"
        )


def _content(found: Mapping[str, Any], attachment: str) -> bytes:
    for article in articles(found):
        for file in article.get("Attachment") or ():
            if f"{article.get('ArticleID')}/{file.get('FileID')}" == attachment:
                try:
                    return base64.b64decode(str(file.get("Content") or ""))
                except binascii.Error:
                    raise DeskUnavailableError(f"attachment {attachment} cannot be decoded") from None
    raise TicketGoneError(f"attachment {attachment!r} is not there any more")
