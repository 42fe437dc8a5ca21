"""How does the report get into TOPdesk? Its incident API, as an operator with an application password.

Proven with the documented requests and answers, on no installation. An action is a note; whether the caller sees it is said with
each. A file belongs to the incident and not to an action: it is put there first, once. There are no tags: a text among the
optional fields may hold them. There are no links of the kind that is wanted here: such a link is an action.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from controller.desks.desk import (
    MAX_PAGES,
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
    Ticket,
    TicketGoneError,
    all_files,
    link_marker,
    link_target,
    marked,
    marker_line,
    tags_from,
)
from controller.desks.plain import plain
from controller.desks.ticket import settled
from controller.desks.topdesk_words import (
    attachments,
    closed,
    hits,
    incident,
    listed,
    memo,
    moment,
    name,
    path_of,
)
from controller.desks.wire import Wire, checked_secret

__all__ = ["TopdeskDesk", "topdesk_wire"]

_PAGE = 100
_MAX_TEXT = 30_000
_MAX_FILE = 20_000_000
_FIELDS = "id,number,modificationDate,processingStatus,completed,closed"


def topdesk_wire(url: str, user: str, secret: str, *, ca: Path | None = None, deadline: float = 30.0) -> Wire:
    """One TOPdesk. user: the operator's log-in; secret: an application password of theirs."""
    pair = f"{user}:{checked_secret(secret, url)}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
    return Wire(url, headers, base="/tas/api", ca=ca, deadline=deadline)


class TopdeskDesk:
    """A `Desk` over TOPdesk's incidents. customers: what the ticket shows -> the id in the contract.

    tags_field: a text of the optional fields, such as optionalFields1.text1; empty: there are no tags.
    """

    def __init__(  # noqa: PLR0913 - what the settings say.
        self,
        wire: Wire,
        *,
        customer_field: str = "callerBranch",
        category_field: str = "category",
        tags_field: str = "",
        customers: Mapping[str, str] | None = None,
        settle: float = 30.0,
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._tags_field = tags_field
        self._customers = customers or {}
        self._settle = timedelta(seconds=settle)

    @property
    def limits(self) -> Limits:
        return Limits(text=_MAX_TEXT, file=_MAX_FILE, tags=bool(self._tags_field))

    async def read(self, ticket: str) -> Ticket:
        found = await self._incident(ticket)
        own = str(found["id"])
        word = name(found, self._customer_field)
        caller = found.get("caller") or {}
        return Ticket(
            id=str(found.get("number") or own),
            customer=self._customers.get(word, word),
            subject=str(found.get("briefDescription") or ""),
            text=plain(str(found.get("request") or "")).strip(),
            state=name(found, "processingStatus"),
            requester=str(caller.get("email") or caller.get("dynamicName") or ""),
            created=moment(found.get("creationDate")),
            changed=moment(found.get("modificationDate")),
            url=f"{self._wire.url}/tas/secure/incident?action=show&unid={own.replace('-', '')}",
            queue=name(found, "operatorGroup"),
            category=name(found, self._category_field),
            priority=name(found, "priority"),
            tags=self._tags(found),
            closed=closed(found),
            attachments=tuple(attachments(await self._files(own))),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, marked(text, marker, _MAX_TEXT), all_files(html, files), hidden=True)

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, marked(text, marker, _MAX_TEXT), all_files(html, files), hidden=False)

    async def set_state(self, ticket: str, state: str) -> None:
        found = await self._incident(ticket)
        if name(found, "processingStatus") == state:
            return
        done = await self._change(found, {"processingStatus": {"name": state}})
        if name(done, "processingStatus") != state:
            raise DeskRefusedError(
                f"ticket {ticket} does not become {state!r}: a rule there keeps it as it is"
            )

    async def find_marker(
        self,
        ticket: str,
        marker: str,
        files: Sequence[File] = (),  # noqa: ARG002 - see below.
    ) -> bool:
        """See `Desk`. The files were put there before the action: where it stands, they do."""
        line, found = marker_line(marker), await self._incident(ticket)
        for page in range(MAX_PAGES):
            query = {"start": str(page * _PAGE), "page_size": str(_PAGE)}
            said = listed(await self._wire.look(f"incidents/id/{found['id']}/actions", query))
            if any(line in plain(str(one.get("memoText") or "")) for one in said):
                return True
            if len(said) < _PAGE:
                return False
        raise DeskUnavailableError(f"{ticket} has too many actions to look for a note in them")

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        own = str((await self._incident(ticket))["id"])
        there = {file.id: file for file in attachments(await self._files(own))}
        file = there.get(attachment)
        if file is None or not attachment:
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        if (file.size or 0) > limit:
            raise DeskRefusedError(f"{file.name} has {file.size} bytes, and {limit} are wanted at most")
        return await self._wire.fetch(f"incidents/id/{own}/attachments/{attachment}/download", limit=limit)

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. Read in the order of creation, which does not move while somebody works on the incidents."""
        await self.greet()
        until = self._wire.now - self._settle
        begin = since.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found: list[Hit] = []
        for page in range(MAX_PAGES):
            query = {
                "query": f"modificationDate=ge={begin}",
                "sort": "creationDate:asc",
                "fields": _FIELDS,
                "pageStart": str(page * _PAGE),
                "pageSize": str(_PAGE),
            }
            some = listed(await self._wire.look("incidents", query))
            found += hits(some)
            if len(some) < _PAGE:
                return settled(found, since, until, limit)
        raise DeskUnavailableError(
            f"more than {MAX_PAGES * _PAGE} incidents changed: begin with a later moment"
        )

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        if not self._tags_field:
            raise DeskRefusedError(
                "TOPdesk has no tags: 'tags_field' in the settings names a text that may hold them"
            )
        found = await self._incident(ticket)
        there = self._tags(found)
        wanted = tags_from(add, remove, there)
        if wanted == there:
            return
        group, _, field = self._tags_field.partition(".")
        await self._change(found, {group: {field: " ".join(wanted)}})

    async def link(self, ticket: str, target: str) -> None:
        if not link_target(target):
            await self._incident(target)
        if not await self.find_marker(ticket, link_marker(target)):
            await self.note(ticket, target, marker=link_marker(target))

    async def greet(self) -> Greeting:
        answer = await self._wire.look("version")
        said = answer.document.get("version") if isinstance(answer.document, dict) else ""
        return Greeting(said=f"TOPdesk {said or ''}".strip(), ahead=self._wire.ahead)

    async def close(self) -> None:
        await self._wire.close()

    async def _incident(self, ticket: str) -> dict[str, Any]:
        found = incident(await self._wire.look(path_of(ticket)))
        # An archived incident takes actions that nobody reads.
        if str(found.get("status") or "").endswith("Archived"):
            raise TicketGoneError(f"ticket {ticket} was archived")
        return found

    async def _change(self, found: Mapping[str, Any], body: Mapping[str, object]) -> dict[str, Any]:
        return incident(await self._wire.change("PATCH", f"incidents/id/{found['id']}", body))

    def _tags(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(sorted(set(name(found, self._tags_field).split()))) if self._tags_field else ()

    async def _files(self, own: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(MAX_PAGES):
            query = {"start": str(page * _PAGE), "page_size": str(_PAGE)}
            some = listed(await self._wire.look(f"incidents/id/{own}/attachments", query))
            found += some
            if len(some) < _PAGE:
                return found
        raise DeskUnavailableError(f"the incident {own} has too many attachments to be looked through")

    async def _say(self, ticket: str, text: str, files: tuple[File, ...], *, hidden: bool) -> Delivered:
        found = await self._incident(ticket)
        await self._attach(str(found["id"]), files, hidden=hidden)
        done = await self._change(found, {"action": memo(text), "actionInvisibleForCaller": hidden})
        # What comes back is the incident: it does not name the action.
        return Delivered(ticket=str(done.get("number")), reference=f"action/{done.get('modificationDate')}")

    async def _attach(self, own: str, files: tuple[File, ...], *, hidden: bool) -> None:
        """Put files at the incident, each once: what a try before has left there is not put there again."""
        there = {(one.get("fileName"), one.get("size")) for one in (await self._files(own) if files else [])}
        for file in files:
            if (file.name, len(file.content)) in there:
                continue
            path = f"incidents/id/{own}/attachments?invisibleForCaller={str(hidden).lower()}"
            try:
                await self._wire.change("POST", path, files=(file,))
            except DeskUnclearError as error:
                # Before the action nothing counts: the next try looks whether the file is there.
                raise DeskUnavailableError(str(error)) from None
