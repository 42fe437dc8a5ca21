"""Why did a tunnel not come up, as an IPsec service tells it in its log? One attempt after the other, with what ended it.

The words of charon are those of strongSwan's sources (libcharon/sa), tried against 5.9.8. Notifies: RFC 7296, section 3.10.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from collectors.plain import plain
from collectors.vpn.journal import Entry

__all__ = ["OF_CHILD", "Attempt", "Event", "Failure", "Log", "charon_log"]

What = Literal[
    "proposal",
    "child-proposal",
    "key",
    "identity",
    "authentication",
    "certificate",
    "traffic",
    "silent",
    "pool",
    "login",
]
# Those that concern only what a tunnel carries, once its ends know each other.
OF_CHILD = frozenset({"child-proposal", "traffic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """what: of which sort. said: in the service's words. by_peer: the far end refused. ours, theirs: proposals, '' where unsaid."""

    what: What
    said: str
    by_peer: bool = False
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One association from its first packet on. at: of its last word, seconds since 1970.

    connection: its name, '' where the service never found out; peer: the other end's address. is_up: it came up and was
    not lost. failures: what went wrong, and was not mended by what came after.
    """

    at: float
    connection: str = ""
    peer: str = ""
    is_up: bool = False
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """When a connection was set up anew ('up'), or a part of it ran out without being renewed ('expired')."""

    at: float
    connection: str
    what: Literal["up", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """attempts: in the order of their last words."""

    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()


_WORDS: tuple[tuple[str, What, bool], ...] = (
    (r"received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built.*", "child-proposal", True),
    (r"received NO_PROPOSAL_CHOSEN (?:notify error|error notify).*", "proposal", True),
    (r"received proposals (?:un|in)acceptable.*", "proposal", False),
    (r"no acceptable (?:proposal found|.* found)", "child-proposal", False),
    (r"no proposal chosen.*", "proposal", False),
    (r"tried \d+ shared keys? for .* but MAC mismatched", "key", False),
    (r"no shared key found for .*", "key", False),
    (r"invalid HASH_V1 payload length, decryption failed\?.*", "key", False),
    (r"(?:calculated|received) HASH does not match.*", "key", False),
    (r"no matching peer config found.*", "identity", False),
    (r"no IKE config found for .*", "identity", False),
    (r"constraint check failed: identity .*", "identity", False),
    (r"(?:IDir|peer ID) '.*' does not match.*", "identity", False),
    (r"received AUTHENTICATION_FAILED (?:notify error|error notify).*", "authentication", True),
    (
        r"received (?:TS_UNACCEPTABLE notify, no CHILD_SA built|INVALID_ID_INFORMATION error notify).*",
        "traffic",
        True,
    ),
    (r"traffic selectors .* (?:un|in)acceptable", "traffic", False),
    (r"no matching CHILD_SA config found.*", "traffic", False),
    (r"giving up after \d+ retransmits", "silent", False),
    # The first may just have been lost; by default it takes 165 s until charon gives up.
    (r"retransmit [2-9] of request with message ID \d+", "silent", False),
    (r"no issuer certificate found for .*", "certificate", False),
    (r"subject certificate invalid .*", "certificate", False),
    (r"certificate (?:was|is) (?:revoked|expired).*", "certificate", False),
    (r"certificate status is not (?:good|available).*", "certificate", False),
    (r"no trusted .*public key found for .*", "certificate", False),
    (r"received (?:INTERNAL_ADDRESS_FAILURE|FAILED_CP_REQUIRED) notify.*", "pool", True),
    (r"no virtual IP found for .*", "pool", False),
    (
        r"EAP method .* failed for peer .*|EAP authentication failed.*|received EAP_FAILURE.*",
        "login",
        False,
    ),
)
_FAILS = tuple((re.compile(pattern), what, by_peer) for pattern, what, by_peer in _WORDS)
_STARTS = (
    re.compile(
        r"initiating (?:Main Mode |Aggressive Mode )?IKE_SA (?P<name>\S+)\[\d+\] to (?P<peer>[0-9a-fA-F.:]+)"
    ),
    re.compile(r"(?P<peer>[0-9a-fA-F.:]+) is initiating an? .*IKE_SA"),
)
_UP = re.compile(r"IKE_SA (?P<name>\S+)\[\d+\] established between .*")
_CHILD_UP = re.compile(r"(?:inbound |outbound )?CHILD_SA (?P<name>\S+)\{\d+\} established .*")
_LOST = re.compile(r"(?:received DELETE for|deleting) IKE_SA (?P<name>\S+)\[\d+\].*")
_EXPIRED = re.compile(r"closing expired CHILD_SA (?P<name>\S+)\{\d+\}.*")
_PROPOSALS = re.compile(r"(?P<whose>received|configured) proposals: (?P<list>.*)")
_LOOKING = re.compile(
    r"looking for (?:pre-shared key |\S+ )?(?:signature )?peer configs matching (?P<ends>.*)"
)
# How charon writes to syslog: thread, group, and perhaps which association.
_SYSLOG = re.compile(r"\d{1,3}\[(?P<group>[A-Z]{3})\] (?:<(?:(?P<name>[^|>]+)\|)?(?P<sa>\d+)> )?(?P<text>.*)")


@dataclass(slots=True)
class _Open:
    """An attempt while it is read."""

    seen: Attempt
    ours: str = ""
    theirs: str = ""
    looking: str = ""
    failures: list[Failure] = field(default_factory=list)


def charon_log(entries: Iterable[Entry]) -> Log:
    """Read what charon wrote, whatever lies between."""
    found: dict[tuple[str, str], _Open] = {}
    events: list[Event] = []
    count = 0
    for entry in entries:
        text, sa, name = entry.text, entry.sa, entry.name
        if match := _SYSLOG.fullmatch(text):
            text, sa, name = match["text"], match["sa"] or sa, match["name"] or name
        start = next((match for pattern in _STARTS if (match := pattern.fullmatch(text))), None)
        if start and not sa:
            count += 1
        key = (entry.pid, sa or f"#{count}")
        one = found.setdefault(key, _Open(Attempt(at=entry.at)))
        groups = start.groupdict() if start else {}
        one.seen = replace(
            one.seen,
            at=entry.at,
            connection=name or groups.get("name") or one.seen.connection,
            peer=groups.get("peer") or one.seen.peer,
        )
        _take(one, text)
        events += _events(one.seen.connection, entry.at, text)
    attempts = (replace(one.seen, failures=tuple(one.failures)) for one in found.values())
    told = [one for one in attempts if one.peer or one.connection]
    return Log(attempts=tuple(sorted(told, key=lambda one: one.at)), events=tuple(events))


def _take(one: _Open, text: str) -> None:
    """Add what one line says of an attempt."""
    if match := _PROPOSALS.fullmatch(text):
        if match["whose"] == "received":
            one.theirs = plain(match["list"], 160)
        else:
            one.ours = plain(match["list"], 160)
    elif match := _LOOKING.fullmatch(text):
        one.looking = match["ends"]
    elif match := _UP.fullmatch(text):
        one.seen = replace(one.seen, is_up=True, connection=one.seen.connection or match["name"])
        one.failures.clear()
    elif _CHILD_UP.fullmatch(text):
        one.failures[:] = [failure for failure in one.failures if failure.what not in OF_CHILD]
    elif _LOST.fullmatch(text):
        one.seen = replace(one.seen, is_up=False)
    elif failure := _failure(one, text):
        is_general = text.startswith("no trusted") and any(old.what == failure.what for old in one.failures)
        if is_general:
            # Why it is not trusted was said before.
            return
        if text.startswith("giving up"):
            one.seen = replace(one.seen, is_up=False)
        # Who answers at last is not silent.
        kept = (old for old in one.failures if old.what not in {failure.what, "silent"})
        one.failures[:] = [*kept, failure]


def _failure(one: _Open, text: str) -> Failure | None:
    for pattern, what, by_peer in _FAILS:
        if pattern.fullmatch(text):
            said = f"{text}: {one.looking}" if what == "identity" and one.looking else text
            is_refused = what in {"proposal", "child-proposal"} and not by_peer
            return Failure(
                what=what,
                said=plain(said, 160),
                by_peer=by_peer,
                ours=one.ours if is_refused else "",
                theirs=one.theirs if is_refused else "",
            )
    return None


def _events(connection: str, at: float, text: str) -> tuple[Event, ...]:
    if match := _UP.fullmatch(text):
        return (Event(at=at, connection=connection or match["name"], what="up"),)
    if connection and _EXPIRED.fullmatch(text):
        return (Event(at=at, connection=connection, what="expired"),)
    return ()
