"""How does the report get into Jira Service Management? Its own interface for notes, that of Jira for the rest.

The account must be an agent of the service project, as only agents write internal notes. Proven with the documented
requests and answers of Jira Cloud; Data Center gives files away at other addresses.
"""

from __future__ import annotations

import base64
import math
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
    PartlyDoneError,
    Ticket,
    TicketGoneError,
    all_files,
    link_target,
    marked,
    marker_line,
)
from controller.desks.jira_words import attachments, closed, fields, hits, key, linked, listed, moment, word
from controller.desks.ticket import settled
from controller.desks.wire import Wire, checked_secret

__all__ = ["JiraDesk", "jira_wire"]

_PAGE = 50
# The longest comment that Jira takes; an attachment's own line in it needs some of that.
_MAX_TEXT = 30_000
_MAX_FILE = 20_000_000
_LINK = "Relates"
# A form needs this beside it, or Jira takes it for somebody else's page.
_FORM = {"X-Atlassian-Token": "no-check", "X-ExperimentalApi": "opt-in"}


def jira_wire(url: str, account: str, token: str, *, ca: Path | None = None, deadline: float = 30.0) -> Wire:
    """One Jira. account: the e-mail that belongs to a Cloud token; empty for the tokens of Data Center."""
    secret = checked_secret(token, url)
    basic = base64.b64encode(f"{account}:{secret}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {basic}" if account else f"Bearer {secret}"}
    return Wire(url, headers, base="/rest", ca=ca, deadline=deadline)


class JiraDesk:
    """A `Desk` over Jira Service Management. customers: what the ticket names -> the id in the contract."""

    def __init__(
        self,
        wire: Wire,
        *,
        customer_field: str,
        category_field: str = "components",
        customers: Mapping[str, str] | None = None,
        settle: float = 60.0,
    ) -> None:
        self._wire = wire
        self._customer_field = customer_field
        self._category_field = category_field
        self._customers = customers or {}
        self._settle = timedelta(seconds=settle)

    @property
    def limits(self) -> Limits:
        return Limits(text=_MAX_TEXT, file=_MAX_FILE)

    async def read(self, ticket: str) -> Ticket:
        names = ["summary", "description", "status", "reporter", "created", "updated", "project", "priority"]
        names += ["labels", "attachment", self._customer_field, self._category_field]
        own, found = await self._issue(ticket, *names)
        customer = word(found.get(self._customer_field))
        reporter = found.get("reporter") or {}
        return Ticket(
            id=own,
            customer=self._customers.get(customer, customer),
            subject=str(found.get("summary") or ""),
            text=str(found.get("description") or "").strip(),
            state=word(found.get("status")),
            requester=str(reporter.get("emailAddress") or reporter.get("displayName") or ""),
            created=moment(found.get("created")),
            changed=moment(found.get("updated")),
            url=f"{self._wire.url}/browse/{own}",
            queue=word(found.get("project")),
            category=word(found.get(self._category_field)),
            priority=word(found.get("priority")),
            tags=tuple(sorted(map(str, found.get("labels") or ()))),
            closed=closed(found),
            # An issue that was moved to another project has another key.
            merged_into=own if own != ticket else "",
            attachments=tuple(attachments(found)),
        )

    async def note(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, marked(text, marker, _MAX_TEXT), all_files(html, files), public=False)

    async def reply(
        self, ticket: str, text: str, *, html: str | None = None, files: Sequence[File] = (), marker: str
    ) -> Delivered:
        return await self._say(ticket, marked(text, marker, _MAX_TEXT), all_files(html, files), public=True)

    async def set_state(self, ticket: str, state: str) -> None:
        own, found = await self._issue(ticket, "status")
        if word(found.get("status")) == state:
            return
        ways = listed(await self._wire.look(f"api/2/issue/{own}/transitions"), "transitions")
        way = next((way for way in ways if word(way.get("to")) == state), None)
        if way is None:
            there = ", ".join(sorted(word(way.get("to")) for way in ways)) or "none"
            raise DeskRefusedError(f"no transition leads {own} to {state!r}: there are {there}")
        await self._wire.change("POST", f"api/2/issue/{own}/transitions", {"transition": {"id": way["id"]}})

    async def find_marker(self, ticket: str, marker: str, files: Sequence[File] = ()) -> bool:
        line, own = marker_line(marker), key(ticket)
        for page in range(MAX_PAGES):
            query = {"public": "true", "internal": "true", "expand": "attachment"}
            query |= {"start": str(page * _PAGE), "limit": str(_PAGE)}
            answer = await self._wire.look(f"servicedeskapi/request/{own}/comment", query)
            for comment in listed(answer, "values"):
                if line in str(comment.get("body", "")):
                    _whole(comment, comment.get("attachments"), files)
                    return True
            if answer.document.get("isLastPage", True):
                return False
        raise DeskUnavailableError(f"{own} has too many comments to look for a note in them")

    async def fetch(self, ticket: str, attachment: str, *, limit: int) -> bytes:
        _, found = await self._issue(ticket, "attachment")
        file = next((file for file in attachments(found) if file.id == attachment), None)
        # Its interface gives any attachment that the account may see: only this ticket's are asked for.
        if file is None:
            raise TicketGoneError(f"ticket {ticket} has no attachment {attachment!r}")
        if (file.size or 0) > limit:
            raise DeskRefusedError(f"{file.name} has {file.size} bytes, and {limit} are wanted at most")
        path = f"api/2/attachment/content/{attachment}"
        return await self._wire.fetch(path, limit=limit, query={"redirect": "false"})

    async def changed_since(self, since: Cursor, *, limit: int = 100) -> Changes:
        """See `Desk`. Read in the order of creation, which does not move while somebody works on the issues.

        A time in a query is one of the account's own time zone: only "minutes ago" means the same everywhere.
        """
        await self._wire.look("api/2/serverInfo")
        until = self._wire.now - self._settle
        ago = max(1, math.ceil((self._wire.now - since.moment).total_seconds() / 60) + 1)
        body: dict[str, object] = {
            "jql": f"updated >= -{ago}m ORDER BY created ASC, key ASC",
            "fields": ["updated", "status"],
            "maxResults": _PAGE,
        }
        found: list[Hit] = []
        for _ in range(MAX_PAGES):
            answer = await self._wire.look("api/3/search/jql", search=body)
            found += hits(answer)
            token = answer.document.get("nextPageToken")
            if not token:
                return settled(found, since, until, limit)
            body["nextPageToken"] = token
        raise DeskUnavailableError(f"more than {MAX_PAGES * _PAGE} issues changed: begin with a later moment")

    async def tag(self, ticket: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        own, found = await self._issue(ticket, "labels")
        there = set(found.get("labels") or ())
        steps = [{"add": name} for name in sorted(set(add) - there)]
        steps += [{"remove": name} for name in sorted(set(remove) & there)]
        if steps:
            await self._wire.change("PUT", f"api/2/issue/{own}", {"update": {"labels": steps}})

    async def link(self, ticket: str, target: str) -> None:
        if link_target(target):
            # The same global id is the same link, however often it is sent.
            body = {"globalId": target, "object": {"url": target, "title": target}}
            await self._wire.change("POST", f"api/2/issue/{key(ticket)}/remotelink", body)
            return
        own, found = await self._issue(ticket, "issuelinks")
        other, _ = await self._issue(target, "status")
        if other not in linked(found):
            ends = {"inwardIssue": {"key": own}, "outwardIssue": {"key": other}}
            await self._wire.change("POST", "api/2/issueLink", {"type": {"name": _LINK}, **ends})

    async def greet(self) -> Greeting:
        await self._wire.look("api/2/myself")
        answer = await self._wire.look("api/2/serverInfo")
        version = answer.document.get("version", "") if isinstance(answer.document, dict) else ""
        return Greeting(said=f"Jira {version}".strip(), ahead=self._wire.ahead)

    async def close(self) -> None:
        await self._wire.close()

    async def _issue(self, ticket: str, *names: str) -> tuple[str, dict[str, Any]]:
        """The key that the issue has now, and these fields of it."""
        query = {"fields": ",".join(dict.fromkeys(names))}
        document = (await self._wire.look(f"api/2/issue/{key(ticket)}", query)).document
        found = fields(document)
        return str(document["key"]), found

    async def _say(self, ticket: str, text: str, files: tuple[File, ...], *, public: bool) -> Delivered:
        own = key(ticket)
        if files:
            uploaded = await self._upload(own, files)
            body = {"temporaryAttachmentIds": uploaded, "public": public, "additionalComment": {"body": text}}
            done = (
                await self._wire.change("POST", f"servicedeskapi/request/{own}/attachment", body)
            ).document
            comment, there = (
                (done.get("comment"), done.get("attachments")) if isinstance(done, dict) else (None, None)
            )
        else:
            body = {"body": text, "public": public}
            comment = (
                await self._wire.change("POST", f"servicedeskapi/request/{own}/comment", body)
            ).document
            there = None
        if not isinstance(comment, dict) or "id" not in comment:
            raise DeskUnclearError(f"Jira took the note for {own} without saying where it is")
        _whole(comment, there, files)
        return Delivered(ticket=own, reference=f"comment/{comment['id']}")

    async def _upload(self, own: str, files: tuple[File, ...]) -> list[str]:
        """Put files beside the service desk: nobody sees them before a note names them."""
        answer = await self._wire.look(f"servicedeskapi/request/{own}")
        desk = answer.document.get("serviceDeskId") if isinstance(answer.document, dict) else None
        if not str(desk or "").isdigit():
            raise DeskRefusedError(
                f"{own} is no request of a service project: Jira names no service desk for it"
            )
        path = f"servicedeskapi/servicedesk/{desk}/attachTemporaryFile"
        try:
            answer = await self._wire.change("POST", path, headers=_FORM, files=files)
        except DeskUnclearError as error:
            # What was put there is seen by nobody, and goes by itself.
            raise DeskUnavailableError(str(error)) from None
        return [str(file.get("temporaryAttachmentId")) for file in listed(answer, "temporaryAttachments")]


def _whole(comment: Mapping[str, Any], there: object, files: Sequence[File]) -> None:
    """Raises PartlyDoneError when some files of a note did not arrive."""
    values = there.get("values") if isinstance(there, dict) else None
    names = {file.get("filename") for file in values or ()}
    lost = [file.name for file in files if file.name not in names]
    if lost:
        raise PartlyDoneError(f"Jira dropped {', '.join(lost)}", reference=f"comment/{comment.get('id')}")
