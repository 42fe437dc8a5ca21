"""How does the report get into ServiceNow? Its Table API and Attachment API, as an account with the role `itil`.

Proven with the documented requests and answers, on no instance. Work notes are what the customer does not see, comments
what they do. A file belongs to the incident and not to a note: it is put there first, once. There are no links of the kind that
is wanted here: such a link is a work note. A time in a query would be one of the account's time zone, so changes are asked for
by "minutes ago".
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
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
)
from controller.desks.servicenow_words import (
    CLOSED,
    attachments,
    hits,
    key,
    moment,
    record,
    records,
    shown,
    value,
)
from controller.desks.ticket import settled
from controller.desks.wire import Wire, checked_secret

__all__ = ["ServiceNowDesk", "servicenow_wire"]

_PAGE = 50
_MAX_TEXT = 30_000
# A setting of each instance (com.glide.attachment.max_size) that may be much more.
_MAX_FILE = 20_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{32}")
_TABLE = "table/incident"


def servicenow_wire(
    url: str, user: str, secret: str, *, ca: Path | None = None, deadline: float = 30.0
) -> Wire:
    """One instance. user: whose password the secret is; empty for a token of OAuth."""
    good = checked_secret(secret, url)
    basic = base64.b64encode(f"{user}:{good}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {basic}" if user else f"Bearer {good}"}
    return Wire(url, headers, base="/api/now", ca=ca, deadline=deadline)


class ServiceNowDesk:
    """A `Desk` over ServiceNow's incidents. customers: what the ticket shows -> the id in the contract.

    close_code: what stands as resolution where a state is set that demands one.
    """

    def __init__(  # noqa: PLR0913 - what the settings say.
        self,
        wire: Wire,
        *,
        customer_field: str = "company",
        category_field: str = "category",
        close_code: str = "Solution provided",
        customers: Mapping[str, str] | None = None,
        settle: float = 30.0,
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._close_code = close_code
        self._customers = customers or {}
        self._settle = timedelta(seconds=settle)

    @property
    def limits(self) -> Limits:
        return Limits(text=_MAX_TEXT, file=_MAX_FILE)

    async def read(self, ticket: str) -> Ticket:
        names = ["short_description", "description", "state", "sys_created_on", "sys_updated_on", "priority"]
        names += [
            "assignment_group",
            "caller_id",
            "caller_id.email",
            self._customer_field,
            self._category_field,
        ]
        found = await self._incident(ticket, *names)
        word = shown(found, self._customer_field)
        sys_id = value(found, "sys_id")
        return Ticket(
            id=value(found, "number"),
            customer=self._customers.get(word, word),
            subject=value(found, "short_description"),
            text=value(found, "description").strip(),
            state=shown(found, "state"),
            requester=value(found, "caller_id.email") or shown(found, "caller_id"),
            created=moment(value(found, "sys_created_on")),
            changed=moment(value(found, "sys_updated_on")),
            url=f"{self._wire.url}/nav_to.do?uri=incident.do?sys_id={sys_id}",
            queue=shown(found, "assignment_group"),
            category=shown(found, self._category_field),
            priority=shown(found, "priority"),
            tags=tuple(sorted(await self._tags(sys_id))),
            closed=value(found, "state") in CLOSED,
            attachments=tuple(attachments(await self._files(sys_id))),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, "work_notes", marked(text, marker, _MAX_TEXT), all_files(html, files))

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, "comments", marked(text, marker, _MAX_TEXT), all_files(html, files))

    async def set_state(self, ticket: str, state: str) -> None:
        found = await self._incident(ticket, "state")
        if shown(found, "state") == state:
            return
        choice = await self._all(
            "table/sys_choice",
            f"name=incident^element=state^inactive=false^language=en^ORlanguage=^label={_plain(state)}",
            "value",
            "label",
        )
        number = next((value(one, "value") for one in choice if value(one, "label") == state), "")
        if not number:
            raise DeskRefusedError(f"an incident has no state {state!r}")
        body = {"state": number}
        if number in CLOSED:
            # A data policy demands them of whoever resolves or closes.
            body |= {"close_code": self._close_code, "close_notes": "Secondline"}
        path = f"{_TABLE}/{value(found, 'sys_id')}"
        done = record((await self._wire.change("PATCH", path, body)).document)
        if value(done, "state") != number:
            raise DeskRefusedError(
                f"ticket {ticket} does not become {state!r}: a rule there keeps it as it is"
            )

    async def find_marker(
        self,
        ticket: str,
        marker: str,
        files: Sequence[File] = (),  # noqa: ARG002 - see below.
    ) -> bool:
        """See `Desk`. The files were put there before the note: where it stands, they do."""
        line, found = marker_line(marker), await self._incident(ticket)
        wanted = f"element_id={value(found, 'sys_id')}^elementINwork_notes,comments^ORDERBYsys_created_on"
        said = await self._all("table/sys_journal_field", wanted, "value")
        return any(line in value(one, "value") for one in said)

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        found = await self._incident(ticket)
        there = {file.id: file for file in attachments(await self._files(value(found, "sys_id")))}
        file = there.get(attachment)
        # Its interface gives any attachment that the account may see: only this ticket's are asked for.
        if file is None or not _ID.fullmatch(attachment):
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        if (file.size or 0) > limit:
            raise DeskRefusedError(f"{file.name} has {file.size} bytes, and {limit} are wanted at most")
        return await self._wire.fetch(f"attachment/{attachment}/file", limit=limit)

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. Read in the order of creation, which does not move while somebody works on the incidents."""
        await self.greet()
        until = self._wire.now - self._settle
        ago = max(1, math.ceil((self._wire.now - since.moment).total_seconds() / 60) + 1)
        query = f"sys_updated_onRELATIVEGE@minute@ago@{ago}^ORDERBYsys_created_on^ORDERBYnumber"
        found: list[Hit] = [*hits(await self._all(_TABLE, query, "number", "state", "sys_updated_on"))]
        return settled(found, since, until, limit)

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        found = await self._incident(ticket)
        sys_id = value(found, "sys_id")
        there = await self._tags(sys_id)
        for name in sorted(set(add) - there.keys()):
            body = {
                "label": await self._label(name),
                "table": "incident",
                "table_key": sys_id,
                "title": ticket,
            }
            await self._wire.change("POST", "table/label_entry", body)
        for name in sorted(set(remove) & there.keys()):
            await self._wire.change("DELETE", f"table/label_entry/{there[name]}")

    async def link(self, ticket: str, target: str) -> None:
        if not link_target(target):
            await self._incident(target)
        if not await self.find_marker(ticket, link_marker(target)):
            await self.note(ticket, target, marker=link_marker(target))

    async def greet(self) -> Greeting:
        await self._wire.look(_TABLE, {"sysparm_limit": "1", "sysparm_fields": "sys_id"})
        return Greeting(said="ServiceNow", ahead=self._wire.ahead)

    async def close(self) -> None:
        await self._wire.close()

    async def _incident(self, ticket: str, *names: str) -> dict[str, Any]:
        """These fields of an incident, with its number and its id. Raises TicketGoneError."""
        query = {
            "sysparm_query": f"number={key(ticket)}",
            "sysparm_fields": ",".join(dict.fromkeys(("sys_id", "number", *names))),
            "sysparm_display_value": "all",
            "sysparm_limit": "2",
        }
        found = records(await self._wire.look(_TABLE, query))
        if len(found) != 1:
            raise TicketGoneError(f"there is no ticket {ticket}, or this account may not see it")
        return found[0]

    async def _all(self, path: str, query: str, *names: str) -> list[dict[str, Any]]:
        """All records of a query, page by page. Raises DeskUnavailableError past what is read at once."""
        found: list[dict[str, Any]] = []
        for page in range(MAX_PAGES):
            asked = {
                "sysparm_query": query,
                "sysparm_fields": ",".join(names),
                "sysparm_display_value": "all",
                "sysparm_limit": str(_PAGE),
                "sysparm_offset": str(page * _PAGE),
            }
            some = records(await self._wire.look(path, asked))
            found += some
            if len(some) < _PAGE:
                return found
        raise DeskUnavailableError(f"{path} has more than {MAX_PAGES * _PAGE} records that fit")

    async def _tags(self, sys_id: str) -> dict[str, str]:
        """The names of its labels, and the entry of each."""
        query = f"table=incident^table_key={sys_id}^ORDERBYsys_id"
        found = await self._all("table/label_entry", query, "sys_id", "label.name")
        return {value(one, "label.name"): value(one, "sys_id") for one in found}

    async def _label(self, name: str) -> str:
        """The id of a label of this name that everybody sees; made when there is none."""
        found = await self._all(
            "table/label", f"name={_plain(name)}^owner=NULL^ORDERBYsys_id", "sys_id", "name"
        )
        known = [value(one, "sys_id") for one in found if value(one, "name") == name]
        if known:
            return known[0]
        body = {"name": name, "viewable_by": "everyone", "global": "true"}
        return value(record((await self._wire.change("POST", "table/label", body)).document), "sys_id")

    async def _files(self, sys_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(MAX_PAGES):
            asked = {
                "sysparm_query": f"table_name=incident^table_sys_id={sys_id}^ORDERBYsys_created_on",
                "sysparm_limit": str(_PAGE),
                "sysparm_offset": str(page * _PAGE),
            }
            some = records(await self._wire.look("attachment", asked))
            found += some
            if len(some) < _PAGE:
                return found
        raise DeskUnavailableError(f"the incident {sys_id} has too many attachments to be looked through")

    async def _say(self, ticket: str, field: str, text: str, files: tuple[File, ...]) -> Delivered:
        found = await self._incident(ticket)
        sys_id = value(found, "sys_id")
        await self._attach(sys_id, files)
        done = record((await self._wire.change("PATCH", f"{_TABLE}/{sys_id}", {field: text})).document)
        # Journal fields are written and never read back here: the record says only that it was changed.
        return Delivered(ticket=value(found, "number"), reference=f"{field}/{value(done, 'sys_updated_on')}")

    async def _attach(self, sys_id: str, files: tuple[File, ...]) -> None:
        """Put files at the incident, each once: what a try before has left there is not put there again."""
        there = await self._files(sys_id) if files else []
        for file in files:
            if any(_is_same(one, file) for one in there):
                continue
            query = {"table_name": "incident", "table_sys_id": sys_id, "file_name": file.name}
            try:
                await self._wire.put("attachment/file", file, query)
            except DeskUnclearError as error:
                # Before the note nothing counts: the next try looks whether the file is there.
                raise DeskUnavailableError(str(error)) from None


def _is_same(there: Mapping[str, Any], file: File) -> bool:
    if (value(there, "file_name"), value(there, "size_bytes")) != (file.name, str(len(file.content))):
        return False
    # Older instances keep another kind of hash.
    kept = value(there, "hash")
    return not _SHA256.fullmatch(kept) or kept == hashlib.sha256(file.content).hexdigest()


def _plain(text: str) -> str:
    """A word as a part of an encoded query. Raises DeskRefusedError for what would be more than one."""
    if "^" in text or not text.isprintable() or not text.strip():
        raise DeskRefusedError(f"{text!r} cannot be asked for at ServiceNow")
    return text
