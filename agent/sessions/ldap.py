"""How is a directory asked? ldap3 over TLS with a verified certificate, and every unsafe default closed.

Nothing is sent before the certificate is known to be the host's. Referrals are never followed, searches are paged
and end in time, attributes are named, and every question is recorded with its answer as LDIF.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPCommunicationError, LDAPResponseTimeoutError

from agent.deed import Deed
from agent.sessions.ldap_login import ASK, MOST, NO_ANSWER, first_login
from agent.sessions.opening import Record, opening
from agent.start import LdapWay
from collectors.exchange import PRESENT, Exchange, entries_of, one_of, spelt
from collectors.ldif import ldif
from collectors.session import Also, Entry, Kind, Phase, Scope, Unanswered
from inventory.grant import GrantRefusedError, Leave, NotGranted

__all__ = ["DirectorySession", "open_directory"]

# Paged results (RFC 2696), and how many entries a page has.
_PAGED, _PAGE = "1.2.840.113556.1.4.319", 500
Unmet = tuple[Kind, Phase, str]

_SCOPES: dict[Scope, Any] = {"base": ldap3.BASE, "one": ldap3.LEVEL, "subtree": ldap3.SUBTREE}
# Result codes of RFC 4511, section 4.1.9, and what they come to; every other one is a refusal.
_NO_SUCH_OBJECT = 32
_REFERRAL = 10
_UNFINISHED = {3: "its time limit", 4: "its size limit", 11: "an administrative limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One search, as it is asked and recorded. most: more entries are no answer."""

    base: str
    attributes: tuple[str, ...]
    where: str = PRESENT
    scope: Scope = "base"
    also: Also = ""
    most: int = 1

    @property
    def spelt(self) -> tuple[str, ...]:
        return ("search", self.base, self.scope, self.where, spelt(self.attributes), self.also)


class DirectorySession:
    """A `Directory` over one connection. Its questions block the thread that asks, within their time.

    patience: seconds for one question, all its pages together.
    """

    def __init__(self, connection: ldap3.Connection, record: Record, *, patience: float = ASK) -> None:
        self._connection = connection
        self._record = record
        self._patience = patience
        self._turn = threading.Lock()

    def ask_root(self, attributes: Sequence[str]) -> Entry:
        """See `collectors.session.Directory.root`."""
        found = entries_of(self._ask(_Question(base="", attributes=tuple(attributes))))
        if not found:
            raise Unanswered(Kind.UNPARSABLE, "the server says nothing about itself")
        return found[0]

    def ask_entry(self, name: str, attributes: Sequence[str]) -> Entry | None:
        """See `collectors.session.Directory.entry`."""
        return one_of(self._ask(_Question(base=name, attributes=tuple(attributes))))

    def ask_search(  # noqa: PLR0913, PLR0917 - the parts of one question.
        self, base: str, where: str, attributes: Sequence[str], scope: Scope, most: int, also: Also
    ) -> tuple[Entry, ...]:
        """See `collectors.session.Directory.search`."""
        asked = _Question(
            base=base, where=where, attributes=tuple(attributes), scope=scope, most=most, also=also
        )
        return entries_of(self._ask(asked))

    def change(self, name: str, values: Sequence[tuple[str, Sequence[str]]]) -> Deed:
        """Give an entry these values for these attributes, all of them or none (RFC 4511, section 4.6); no values: none."""
        began, start = datetime.now(UTC), time.monotonic()
        with self._turn:
            deed = self._modify(name, values, start + self._patience)
        said = ldif([Entry(name, {key: tuple(one.encode() for one in some) for key, some in values})])
        self._record(
            Exchange(
                session="directory",
                question=("modify", name, spelt(tuple(key for key, _ in values))),
                began=began,
                took=time.monotonic() - start,
                parts={"ldif": said.encode()},
                unanswered=(Kind.CUT_OFF, Phase.ASK, deed.detail) if deed.how in {"lost", "unsent"} else None,
            )
        )
        return deed

    def _modify(self, name: str, values: Sequence[tuple[str, Sequence[str]]], end: float) -> Deed:
        line = self._connection.socket
        if line is None or self._connection.closed:
            return Deed("unsent", "the connection has ended before it was sent")
        line.left, line.end = MOST, end
        try:
            known: Any = self._connection
            known.modify(name, {key: [(ldap3.MODIFY_REPLACE, list(some))] for key, some in values})
        except (*NO_ANSWER, OSError) as error:
            return Deed("lost", _why(error, self._patience)[2])
        result = self._connection.result
        if int(result["result"]) == 0:
            return Deed("done")
        return Deed("failed", f"the directory says {result['description']}: {result['message']}"[:300])

    def close(self) -> None:
        """End the connection at once, also under a thread that waits for it."""
        line = self._connection.socket
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                line.close()

    def _ask(self, asked: _Question) -> Exchange:
        began, start = datetime.now(UTC), time.monotonic()
        entries: list[Entry] = []
        unmet: Unmet | None = None
        with self._turn:
            try:
                self._fill(entries, asked, start + self._patience)
            except Unanswered as reason:
                unmet = (reason.kind, reason.phase, reason.detail)
            except (*NO_ANSWER, OSError) as error:
                unmet = _why(error, self._patience)
        text = ldif(entries).encode()
        exchange = Exchange(
            session="directory",
            question=asked.spelt,
            began=began,
            took=time.monotonic() - start,
            parts={"ldif": text} if text else {},
            cut=unmet is not None and unmet[0] is Kind.CUT_OFF,
            unanswered=unmet,
        )
        self._record(exchange)
        return exchange

    def _fill(self, entries: list[Entry], asked: _Question, end: float) -> None:
        """Ask page by page, and fill in what comes. Raises Unanswered, and whatever ldap3 raises."""
        cookie: bytes | None = None
        while cookie != b"":
            found, cookie = self._page(asked, cookie, end)
            entries.extend(found)
            if len(entries) > asked.most:
                raise Unanswered(Kind.CUT_OFF, f"more than {asked.most} entries")
        for number, entry in enumerate(entries):
            entries[number] = self._whole(entry, end)

    def _page(self, asked: _Question, cookie: bytes | None, end: float) -> tuple[list[Entry], bytes]:
        """One page, and the cookie of the next; b'' after the last."""
        line, left = self._connection.socket, end - time.monotonic()
        if left <= 0:
            raise Unanswered(Kind.TIMED_OUT, f"no whole answer within {self._patience:g} s")
        if line is None or self._connection.closed:
            raise Unanswered(Kind.CUT_OFF, "the connection has ended")
        line.left, line.end = MOST, end
        is_paged = asked.scope != "base"
        self._connection.search(
            asked.base,
            asked.where,
            search_scope=_SCOPES[asked.scope],
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=list(asked.attributes) or ["1.1"],
            time_limit=int(ASK),
            controls=_CONTROLS[asked.also] or None,
            paged_size=_PAGE if is_paged else None,
            paged_cookie=cookie,
        )
        response, result = self._connection.response or (), self._connection.result
        entries = [_entry(found) for found in response if found.get("type") == "searchResEntry"]
        _settle(result, asked.base)
        said = (result.get("controls") or {}).get(_PAGED, {}).get("value") or {}
        return entries, bytes(said.get("cookie") or b"") if is_paged else b""

    def _whole(self, entry: Entry, end: float) -> Entry:
        """Fetch the rest of attributes that came in part ('member;range=0-1499', MS-ADTS 3.1.1.3.1.3.3)."""
        parts = {name: found for name in entry.attributes if (found := _RANGE.fullmatch(name))}
        if not parts:
            return entry
        values = {name: list(found) for name, found in entry.attributes.items() if name not in parts}
        for name, found in parts.items():
            plain, last = found[1], found[2]
            values.setdefault(plain, []).extend(entry.attributes[name])
            while last != "*":
                more, last = self._rest(entry.dn, plain, int(last) + 1, end)
                values[plain].extend(more)
        return Entry(entry.dn, {name: tuple(found) for name, found in values.items()})

    def _rest(self, name: str, attribute: str, start: int, end: float) -> tuple[tuple[bytes, ...], str]:
        asked = _Question(base=name, attributes=(f"{attribute};range={start}-*",))
        for found in self._page(asked, None, end)[0]:
            for key, values in found.attributes.items():
                more = _RANGE.fullmatch(key)
                if more and more[1] == attribute and values:
                    return values, more[2]
        raise Unanswered(Kind.UNPARSABLE, f"the server does not give the rest of {attribute}")


def _why(error: Exception, patience: float) -> Unmet:
    """Why a question has no answer; ldap3 wraps what happened on the line into errors of its own."""
    said = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, TimeoutError | LDAPResponseTimeoutError) or "timed out" in said:
        return Kind.TIMED_OUT, Phase.ASK, f"no answer within {patience:g} s"
    if isinstance(error, OSError | LDAPCommunicationError):
        return Kind.CUT_OFF, Phase.ASK, f"the connection ends before the answer: {said}"
    return Kind.UNPARSABLE, Phase.ASK, f"the answer is none: {said}"


_RANGE = re.compile(r"([a-z0-9-]+);range=[0-9]+-([0-9]+|\*)")


def _entry(found: Any) -> Entry:  # noqa: ANN401 - what ldap3 gives.
    return Entry(
        str(found["dn"]),
        {
            str(name).lower(): tuple(bytes(value) for value in values)
            for name, values in found["raw_attributes"].items()
            if values
        },
    )


# By their names: LDAP_SERVER_SHOW_DELETED (MS-ADTS 3.1.1.3.4.1.14) and LDAP_SERVER_SD_FLAGS (3.1.1.3.4.1.11), which asks
# in BER for owner, group and DACL: the SACL is for administrators alone.
_CONTROLS: dict[Also, list[tuple[str, bool, bytes | None]]] = {
    "": [],
    "deleted": [("1.2.840.113556.1.4.417", True, None)],
    "descriptors": [("1.2.840.113556.1.4.801", True, bytes.fromhex("3003020107"))],
}


def _settle(result: Any, base: str) -> None:  # noqa: ANN401 - what ldap3 gives.
    """Raise what a result code comes to."""
    code = int(result["result"])
    said = f"{result['description']}: {result['message']}"[:300]
    if code == 0:
        return
    if code == _NO_SUCH_OBJECT:
        raise Unanswered(Kind.NOT_THERE, f"{base!r} is not there, or this account may not see it")
    if code in _UNFINISHED:
        raise Unanswered(Kind.CUT_OFF, f"the server stops at {_UNFINISHED[code]}")
    if code == _REFERRAL:
        raise Unanswered(Kind.REFUSED, f"the server sends us elsewhere for {base!r}, and nobody goes there")
    raise Unanswered(Kind.REFUSED, said)


def open_directory(leave: Leave, host: str, way: LdapWay, record: Record) -> DirectorySession:
    """Connect, verify, log in. Blocks. Raises Unanswered; GrantRefusedError when the grant names no door."""
    doors = leave.doors(host, "ldap")
    if not doors:
        raise GrantRefusedError(NotGranted.NOT_NAMED, f"the grant opens no LDAP door to {host!r}")
    with opening(record, "directory"):
        return DirectorySession(first_login(doors, way), record)
