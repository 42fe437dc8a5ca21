"""The stand-ins as places of the suite, each with its desk as settings make it."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from collections.abc import Mapping
from datetime import timedelta

from controller.desks.named import desk_named
from controller.store.store import Store
from tests.desk.places import Place
from tests.desk.standins.jira import ACCOUNT, Jira
from tests.desk.standins.server import TOKEN
from tests.desk.standins.servicenow import USER as SERVICENOW_USER
from tests.desk.standins.servicenow import ServiceNow
from tests.desk.standins.topdesk import OPERATOR, Topdesk
from tests.desk.standins.zammad import Zammad
from tests.desk.standins.znuny import USER, Znuny

__all__ = ["jira_place", "servicenow_place", "topdesk_place", "zammad_place", "znuny_place"]

_CUSTOMERS = {"Musterbau GmbH": "musterbau"}
_STANDARD: Mapping[str, object] = {"credential": "file:token", "deadline": 10, "customers": _CUSTOMERS}


def _org(customer: str) -> str:
    return "Musterbau GmbH" if customer == "musterbau" else customer


def zammad_place(running: Zammad, url: str, store: Store) -> Place:
    settings = {"kind": "zammad", "url": url, **_STANDARD, "settle": 2}

    def attach(ticket: str, name: str, media_type: str, content: bytes) -> None:
        data = base64.b64encode(content).decode()
        running.say(int(ticket), "see the file", [{"filename": name, "mime-type": media_type, "data": data}])

    def dressed(subject: str) -> str:
        number = running.open(subject, organization="Musterbau GmbH", type="network", priority="3 high")
        running.tickets[int(number)].tags |= {"vpn", "koeln"}
        return number

    def texts(ticket: str) -> tuple[str, ...]:
        return tuple(article["body"] for article in running.tickets[int(ticket)].articles)

    def linked(ticket: str) -> set[str]:
        found = {str(number) for kind, number in running.tickets[int(ticket)].links if kind == "normal"}
        return found | {
            word for text in texts(ticket) for word in text.split() if word.startswith("https://")
        }

    return Place(
        name="zammad",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: TOKEN),
        settings=settings,
        secret=TOKEN,
        open=lambda subject, text, customer: running.open(subject, text, organization=_org(customer)),
        dressed=dressed,
        texts=texts,
        files=lambda ticket: {
            file["filename"]: file["preferences"]["Mime-Type"]
            for article in running.tickets[int(ticket)].articles
            for file in article["attachments"]
        },
        attach=attach,
        touch=lambda ticket: running.change(ticket, title=secrets.token_hex(4)),
        linked=linked,
        merge=running.merge,
        delete=lambda ticket: running.change(ticket, state="removed"),
        states=("new", "open", "closed"),
        settle=timedelta(seconds=4),
        chaos=running.chaos,
    )


def jira_place(running: Jira, url: str, store: Store) -> Place:
    settings = {"kind": "jira", "url": url, **_STANDARD, "account": ACCOUNT, "settle": 2}
    settings |= {"customer_field": "customfield_10002"}

    def attach(ticket: str, name: str, media_type: str, content: bytes) -> None:
        running.say(ticket, "see the file", [running.file(name, media_type, content)], public=True)

    def opened(subject: str, text: str, customer: str) -> str:
        organizations = [{"id": "1", "name": _org(customer)}] if customer else []
        return running.open(subject, text, customfield_10002=organizations)

    def dressed(subject: str) -> str:
        organizations = [{"id": "1", "name": "Musterbau GmbH"}]
        return running.open(
            subject,
            customfield_10002=organizations,
            components=[{"name": "network"}],
            labels=["vpn", "koeln"],
        )

    def texts(ticket: str) -> tuple[str, ...]:
        return tuple(comment["body"].partition("\n\n[^")[0] for comment in running.issues[ticket].comments)

    def delete(ticket: str) -> None:
        del running.issues[ticket]

    return Place(
        name="jira",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: TOKEN),
        settings=settings,
        secret=TOKEN,
        open=opened,
        dressed=dressed,
        texts=texts,
        files=lambda ticket: {file["filename"]: file["mimeType"] for file in running.issues[ticket].files},
        attach=attach,
        touch=lambda ticket: running.change(ticket, summary=secrets.token_hex(4)),
        linked=lambda ticket: running.issues[ticket].links | set(running.issues[ticket].remote.values()),
        merge=None,
        delete=delete,
        states=("Waiting for support", "In Progress", "Resolved"),
        settle=timedelta(seconds=4),
        chaos=running.chaos,
    )


def znuny_place(running: Znuny, url: str, store: Store) -> Place:
    settings = {"kind": "znuny", "url": f"{url}/znuny", **_STANDARD, "user": USER, "tags_field": "Tags"}

    def attach(ticket: str, name: str, media_type: str, content: bytes) -> None:
        data = base64.b64encode(content).decode()
        file = {"Filename": name, "ContentType": media_type, "Content": data}
        running.say(int(ticket), "see the file", [file], SenderType="customer")

    def dressed(subject: str) -> str:
        number = running.open(subject, CustomerID="Musterbau GmbH", Service="network")
        running.tickets[int(number)].dynamic["Tags"] = "vpn koeln"
        return number

    def texts(ticket: str) -> tuple[str, ...]:
        return tuple(article["Body"] for article in running.tickets[int(ticket)].articles)

    def linked(ticket: str) -> set[str]:
        links = [word for text in texts(ticket) for word in text.split() if "://" in word]
        return {link.partition("AgentTicketZoom;TicketID=")[2] or link for link in links}

    def delete(ticket: str) -> None:
        running.change(ticket, State="removed")

    return Place(
        name="znuny",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: TOKEN),
        settings=settings,
        secret=TOKEN,
        open=lambda subject, text, customer: running.open(subject, text, CustomerID=_org(customer)),
        dressed=dressed,
        texts=texts,
        files=lambda ticket: {
            file["Filename"]: file["ContentType"]
            for article in running.tickets[int(ticket)].articles
            for file in article["Attachment"]
        },
        attach=attach,
        touch=lambda ticket: running.change(ticket, Title=secrets.token_hex(4)),
        linked=linked,
        merge=running.merge,
        delete=delete,
        states=("new", "open", "closed successful"),
        settle=timedelta(seconds=5),
        chaos=running.chaos,
    )


def servicenow_place(running: ServiceNow, url: str, store: Store) -> Place:
    settings = {"kind": "servicenow", "url": url, **_STANDARD, "user": SERVICENOW_USER, "settle": 2}

    def attach(ticket: str, name: str, media_type: str, content: bytes) -> None:
        running.attach(ticket, name, media_type, content)

    def dressed(subject: str) -> str:
        number = running.open(subject, company="Musterbau GmbH", category="network", priority="2")
        for name in ("vpn", "koeln"):
            running.label(number, name)
        return number

    def linked(ticket: str) -> set[str]:
        words = [word for text in running.said(ticket) for word in text.split()]
        return {word for word in words if word.startswith(("https://", "INC"))}

    def delete(ticket: str) -> None:
        del running.incidents[ticket]

    return Place(
        name="servicenow",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: TOKEN),
        settings=settings,
        secret=TOKEN,
        open=lambda subject, text, customer: running.open(subject, text, company=_org(customer)),
        dressed=dressed,
        texts=running.said,
        files=lambda ticket: {f["file_name"]: f["content_type"] for f in running.incidents[ticket].files},
        attach=attach,
        touch=lambda ticket: running.change(ticket, short_description=secrets.token_hex(4)),
        linked=linked,
        merge=None,
        delete=delete,
        states=("New", "In Progress", "Resolved"),
        settle=timedelta(seconds=5),
        chaos=running.chaos,
    )


def topdesk_place(running: Topdesk, url: str, store: Store) -> Place:
    settings = {"kind": "topdesk", "url": url, **_STANDARD, "user": OPERATOR, "settle": 2}
    settings |= {"tags_field": "optionalFields1.text1"}

    def attach(ticket: str, name: str, _media_type: str, content: bytes) -> None:
        running.attach(ticket, name, content)

    def dressed(subject: str) -> str:
        tags = {"text1": "vpn koeln"}
        return running.open(subject, callerBranch="Musterbau GmbH", category="network", optionalFields1=tags)

    def linked(ticket: str) -> set[str]:
        lines = [line for text in running.said(ticket) for line in text.splitlines()]
        return {line for line in lines if line.startswith(("https://", "I "))}

    def delete(ticket: str) -> None:
        running.change(ticket, status="secondLineArchived")

    return Place(
        name="topdesk",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: TOKEN),
        settings=settings,
        secret=TOKEN,
        open=lambda subject, text, customer: running.open(subject, text, callerBranch=_org(customer)),
        dressed=dressed,
        texts=running.said,
        files=lambda ticket: {f["fileName"]: _kind(f["fileName"]) for f in running.incidents[ticket].files},
        attach=attach,
        touch=lambda ticket: running.change(ticket, briefDescription=secrets.token_hex(4)),
        linked=linked,
        merge=None,
        delete=delete,
        states=("Registered", "In progress", "Closed"),
        settle=timedelta(seconds=5),
        chaos=running.chaos,
    )


def _kind(name: str) -> str:
    """The kind that a file's name says, where the desk keeps none."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
