"""Where is the suite run? Each desk, with ways to look at it and to change it that do not go through the adapter."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Desk
from controller.desks.rt import RtDesk
from controller.desks.rt_wire import RtWire
from controller.desks.wire import Wire
from controller.desks.zammad import ZammadDesk
from controller.store import tickets
from controller.store.store import Store
from tests.desk.rt import RequestTracker
from tests.desk.standins.server import TOKEN
from tests.desk.standins.zammad import Zammad

__all__ = ["Place", "builtin_place", "rt_place", "zammad_place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A desk and what its people do there. told: what a process of its own needs to find it.

    dressed: opens a ticket of musterbau in the queue Support, category network, tags koeln and vpn, with a
    priority; merge, delete: None where the desk has no such thing. settle: after how long a change is told.
    """

    name: str
    desk: Desk
    told: Mapping[str, str]
    open: Callable[[str, str, str], str]
    dressed: Callable[[str], str]
    texts: Callable[[str], tuple[str, ...]]
    files: Callable[[str], Mapping[str, str]]
    attach: Callable[[str, str, str, bytes], None]
    touch: Callable[[str], None]
    linked: Callable[[str], set[str]]
    merge: Callable[[str, str], None] | None
    delete: Callable[[str], None] | None
    states: tuple[str, str, str] = ("new", "open", "resolved")
    settle: timedelta = timedelta(seconds=4)


def builtin_place(store: Store) -> Place:
    def opened(subject: str, text: str, customer: str) -> str:
        return str(
            tickets.add_ticket(
                store, customer=customer, subject=subject, text=text, requester="it@musterbau.example"
            )
        )

    def dressed(subject: str) -> str:
        return str(
            tickets.add_ticket(
                store,
                customer="musterbau",
                subject=subject,
                text="",
                requester="it@musterbau.example",
                queue="Support",
                category="network",
                priority="40",
                tags=("vpn", "koeln"),
            )
        )

    def attach(ticket: str, name: str, media_type: str, content: bytes) -> None:
        file = (name, media_type, content)
        note = tickets.NewNote(
            ticket=int(ticket), kind="reply", text="", marker=secrets.token_hex(8), author="it", files=(file,)
        )
        tickets.add_note(store, note)

    def linked(ticket: str) -> set[str]:
        found = tickets.get_ticket(store, int(ticket))
        return set(found.links) if found else set()

    return Place(
        name="builtin",
        desk=BuiltinDesk(store),
        told={},
        open=opened,
        dressed=dressed,
        texts=lambda ticket: tuple(note.text for note in tickets.notes(store, int(ticket))),
        files=lambda ticket: {
            file.name: file.media_type for note in tickets.notes(store, int(ticket)) for file in note.files
        },
        attach=attach,
        touch=lambda ticket: _touch(store, ticket),
        linked=linked,
        merge=lambda ticket, into: _merge(store, ticket, into),
        delete=None,
    )


def _touch(store: Store, ticket: str) -> None:
    tickets.change_ticket(store, int(ticket), lambda there: {"subject": there.subject + "."})


def _merge(store: Store, ticket: str, into: str) -> None:
    assert tickets.merge_tickets(store, int(ticket), int(into))


def rt_place(running: RequestTracker) -> Place:
    def touch(ticket: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"Subject": secrets.token_hex(4)})

    def merge(ticket: str, into: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"MergeInto": into})

    def delete(ticket: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"Status": "deleted"})

    return Place(
        name="rt",
        desk=RtDesk(RtWire(running.url, running.writer)),
        told={"url": running.url, "token": running.writer},
        open=lambda subject, text, customer: running.ticket(subject, text, customer=customer),
        dressed=running.dressed,
        texts=running.notes,
        files=running.files,
        attach=running.attach,
        touch=touch,
        linked=running.linked,
        merge=merge,
        delete=delete,
        settle=timedelta(seconds=6),
    )


def zammad_place(running: Zammad, url: str) -> Place:
    wire = Wire(url, {"Authorization": f"Token token={TOKEN}"}, base="/api/v1", deadline=10.0)

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
        desk=ZammadDesk(wire, customers={"Musterbau GmbH": "musterbau"}, settle=2.0),
        told={"url": url, "token": TOKEN},
        open=lambda subject, text, customer: running.open(
            subject, text, organization="Musterbau GmbH" if customer == "musterbau" else customer
        ),
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
    )
