"""Where is the suite run? Each desk, with ways to look at it and to change it that do not go through the adapter."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Desk
from controller.desks.named import desk_named
from controller.store import tickets
from controller.store.store import Store
from tests.desk.rt import RequestTracker
from tests.desk.standins.server import Chaos

__all__ = ["Place", "builtin_place", "rt_place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A desk and what its people do there. settings, secret: what a process of its own needs to find it.

    dressed: opens a ticket of musterbau in the queue Support, category network, tags koeln and vpn, with a
    priority; merge, delete: None where the desk has no such thing. chaos: lets a stand-in fail. settle: after how long a change is told.
    """

    name: str
    desk: Desk
    settings: Mapping[str, object]
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
    secret: str = field(default="", repr=False)
    chaos: Chaos | None = None


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
        settings={"kind": "builtin"},
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


def rt_place(running: RequestTracker, store: Store) -> Place:
    settings = {"kind": "rt", "url": running.url, "credential": "file:token"}

    def touch(ticket: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"Subject": secrets.token_hex(4)})

    def merge(ticket: str, into: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"MergeInto": into})

    def delete(ticket: str) -> None:
        running.call("PUT", f"ticket/{ticket}", {"Status": "deleted"})

    return Place(
        name="rt",
        desk=desk_named("d", {"d": settings}, store=store, secret=lambda _: running.writer),
        settings=settings,
        secret=running.writer,
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
