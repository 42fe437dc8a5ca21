"""What may this reader see? Takes out of a report what the contract's data rules keep in the house.

Secrets go for everybody. For the customer's copy (also every ticket note) go accounts, addresses, names and
further words, as the contract says; the same thing gets the same pseudonym everywhere (host-1, address-3,
account-2), so the topology stays readable. Only whole words are replaced, in any case.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Iterator
from copy import copy
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from controller.reports.learn import (
    MAIL,
    accounts_in,
    domains_of,
    named_accounts,
    names_of,
    texts_of,
    variants_of,
)
from controller.reports.model import Blobs, Report
from controller.reports.withhold import MARK, remove_secrets
from controller.store.errors import BlobError
from inventory.contract import Contract, Redaction

__all__ = ["Audience", "Redactor", "leaks", "part_text", "redactor", "rules_for"]

_LEARNT = 65_536
# No text that is shown comes near this; a longer one is an attempt to keep us busy.
_LIMIT = 100_000
_PIECE = re.compile(r"[^\W_]+")
_PSEUDONYM = re.compile(r"\b(?:host|address|account|domain|name|word)-\d+\b")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)")
_IP6 = re.compile(
    r"(?<![0-9A-Fa-f:.\w])(?=[0-9A-Fa-f]{0,4}:)"
    r"(?:[0-9A-Fa-f:]{1,40}:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f:]{2,45})(?![\w:]|\.\d)"
)
_MAC = re.compile(
    r"(?i)(?<![\w:.-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})(?![\w:-])"
)
_ARPA = re.compile(r"(?i)(?<![\w.-])((?:[0-9a-f]{1,3}\.){1,32})(in-addr|ip6)\.arpa\b")


class Audience(StrEnum):
    """Who reads: ENGINEER sees all but secrets; CUSTOMER and TICKET see what the contract lets through.

    VENDOR, the third level, sees no name, address or account of anybody, whatever the contract lets through.
    """

    ENGINEER = "engineer"
    CUSTOMER = "customer"
    TICKET = "ticket"
    VENDOR = "vendor"


class Redactor:
    """Takes words out of texts, and counts what it took, by kind."""

    def __init__(self, rules: Redaction, domains: frozenset[str] = frozenset()) -> None:
        self.removed: Counter[str] = Counter()
        self.rules = rules
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._words: dict[str, tuple[str, str]] = {}
        self._by_piece: dict[str, list[tuple[int, str, int]]] = {}
        self._domains = domains if rules.names else frozenset()
        self._known: dict[str, tuple[str, Counter[str]]] = {}
        below = "|".join(re.escape(d) for d in sorted(self._domains, key=len, reverse=True))
        self._below = re.compile(rf"(?i)(?<![\w-])((?:[\w-]{{1,63}}\.){{0,10}})({below})(?![\w-])")

    def again(self) -> Redactor:
        """The same for another form of the report: what was learned counts, and what is removed is counted anew."""
        other = copy(self)
        other.removed = Counter()
        return other

    def learn(self, word: str, kind: str, of: str) -> None:
        """Remember that a word stands for something, e.g. both names of one host for the same `of`."""
        lowered = _lower(word.strip())
        first = _PIECE.search(lowered)
        if first is None or lowered in self._words:
            return
        self._words[lowered] = (kind, self.pseudonym(kind, of) if kind != "secret" else MARK)
        # The longest comes first, so that a whole name wins over a part of it.
        insort(self._by_piece.setdefault(first[0], []), (-len(lowered), lowered, first.start()))

    def pseudonym(self, kind: str, of: str) -> str:
        """Give the name under which something appears: the same at each call."""
        key = (kind, _lower(of))
        if key not in self._pseudonyms:
            number = 1 + sum(1 for known, _ in self._pseudonyms if known == kind)
            self._pseudonyms[key] = f"{kind}-{number}"
        return self._pseudonyms[key]

    @property
    def words(self) -> frozenset[str]:
        """Everything that was learned, in small letters."""
        return frozenset(self._words)

    def text(self, text: str) -> str:
        """Give a text without what this reader may not see, and without what lies beyond 100,000 characters."""
        text = text[:_LIMIT]
        known = self._known.get(text)
        if known is None:
            before, self.removed = self.removed, Counter()
            known = self._known[text] = self._clean(text), self.removed
            self.removed = before
        self.removed.update(known[1])
        return known[0]

    def whole(self, text: str) -> str:
        """As `text`, however long it is: for evidence that leaves as it is, which is no longer than a part that is kept."""
        return self._clean(text)

    def _clean(self, text: str) -> str:
        text = remove_secrets(text, lambda _: self.removed.update(["secret"]))
        if self.rules.accounts and "@" in text:
            text = MAIL.sub(self._mail, text)
        if self._domains:
            text = self._below.sub(self._domain, text)
        text = self._without_words(text)
        return self._without_addresses(text) if self.rules.addresses else text

    def _mail(self, found: re.Match[str]) -> str:
        domain = found[2].lower()
        self.removed["account"] += 1
        account = self.pseudonym("account", found[1])
        # With a host's name behind it, it is a login: the host stays readable.
        return f"{account}@{found[2]}" if domain in self._words else account

    def _domain(self, found: re.Match[str]) -> str:
        if _lower(found[0]) in self._words:
            return found[0]
        kind = "name" if found[1] else "domain"
        self.removed[kind] += 1
        return self.pseudonym(kind, found[0])

    def _without_words(self, text: str) -> str:
        lowered = _lower(text)
        done = 0
        parts: list[str] = []
        for start, end, word in self._found(lowered):
            kind, pseudonym = self._words[word]
            self.removed[kind] += 1
            parts += text[done:start], pseudonym
            done = end
        return "".join([*parts, text[done:]]) if parts else text

    def _found(self, lowered: str) -> Iterator[tuple[int, int, str]]:
        if not self._by_piece:
            return
        done = 0
        for piece in _PIECE.finditer(lowered):
            for _, word, offset in self._by_piece.get(piece[0], ()):
                start = piece.start() - offset
                end = start + len(word)
                if start >= done and lowered.startswith(word, start) and _ends(lowered, end):
                    yield start, end, word
                    done = end
                    break

    def _without_addresses(self, text: str) -> str:
        if ":" in text or "." in text or "-" in text:
            text = _MAC.sub(self._hardware, text)
        if ":" in text:
            text = _IP6.sub(self._address, text)
        if "." in text:
            text = _IP4.sub(self._address, _ARPA.sub(self._reverse, text))
        return text

    def _hardware(self, found: re.Match[str]) -> str:
        self.removed["address"] += 1
        return self.pseudonym("address", re.sub(r"\W", "", found[0]))

    def _address(self, found: re.Match[str]) -> str:
        written = found[0]
        address = _parsed(written)
        rest = ""
        while address is None and written.endswith(":"):
            written, rest = written[:-1], rest + ":"
            address = _parsed(written)
        if address is None or _is_nobodys(address):
            return found[0]
        self.removed["address"] += 1
        return self.pseudonym("address", str(address)) + rest

    def _reverse(self, found: re.Match[str]) -> str:
        labels = found[1].rstrip(".").split(".")[::-1]
        if found[2].lower() == "ip6":
            nibbles = "".join(labels).ljust(32, "0")
            written = ":".join(nibbles[i : i + 4] for i in range(0, 32, 4))
        else:
            written = ".".join([*labels, "0", "0", "0"][:4])
        address = _parsed(written)
        if address is None:
            return found[0]
        self.removed["address"] += 1
        return f"{self.pseudonym('address', str(address))}.{found[2]}.arpa"


def redactor(report: Report, rules: Redaction, audience: Audience, blobs: Blobs | None = None) -> Redactor:
    """Learn what a report names, and give the redactor for one reader. All forms that one reader gets can share it (`again`).

    blobs: when given, accounts and secrets are also learned from the raw evidence (64 KiB of each part).
    """
    if audience is Audience.ENGINEER:
        rules = Redaction(accounts=False)
    made = Redactor(rules, domains_of(report.hosts))
    _learn_known(made, report)
    known = {word.lower() for about in report.hosts.values() for word in names_of(about)}
    for text in _texts(report, blobs):
        remove_secrets(text, lambda secret: _learn_secret(made, secret))
        for word, account in accounts_in(text) if rules.accounts else ():
            if word.lower() not in known:
                made.learn(word, "account", account)
    return made


def rules_for(contract: Contract, audience: Audience, asked_by: str = "") -> Redaction:
    """What is taken out for a reader: the contract's rules; for a vendor also whose systems they are, where, and who asked."""
    rules = contract.data.redact
    if audience is not Audience.VENDOR:
        return rules
    places = (word for site in contract.sites for word in (site.id, site.name, site.agent))
    people = (word for contact in contract.contacts for word in (contact.name, contact.id))
    named = (
        contract.name,
        *_names_in(contract.name),
        contract.customer,
        contract.contract,
        *places,
        *people,
        asked_by,
    )
    also = tuple(dict.fromkeys((*rules.also, *filter(None, named))))
    return Redaction.model_construct(accounts=True, addresses=True, names=True, also=also)


def _names_in(name: str) -> tuple[str, ...]:
    """The words of a firm's name that can stand alone for it; 'GmbH' and 'Bau' say nobody's name."""
    return tuple(word for word in re.findall(r"\w+", name) if len(word) > 4)


def _learn_known(made: Redactor, report: Report) -> None:
    """What contract and ticket themselves name, in their order, so that pseudonyms are the same in every form."""
    if made.rules.accounts:
        for account in named_accounts(report):
            made.learn(account, "account", account.partition("@")[0])
    for word in made.rules.also:
        for written in variants_of(word):
            made.learn(written, "word", word)
    if made.rules.names:
        _learn_names(made, report)
    if made.rules.addresses:
        for about in report.hosts.values():
            for address in about.addresses:
                made.pseudonym("address", str(_parsed(address) or address))


def _learn_secret(made: Redactor, secret: str) -> None:
    """What was a password in one place is one in every other; a plain word could be anything."""
    if 8 <= len(secret) <= 200 and re.search(r"\d", secret) and re.search(r"[^\W\d]", secret):
        made.learn(secret, "secret", secret)


def _learn_names(made: Redactor, report: Report) -> None:
    """The hosts, and what the run named without asking it: servers of a zone, hosts outside the contract."""
    for about in report.hosts.values():
        for word in names_of(about):
            made.learn(word, "host", about.id)
    for about in report.hosts.values():
        for server in (
            *about.resolvers,
            *(s for z in about.zones for s in (*z.servers, *z.parents, *z.hosts)),
        ):
            made.learn(server.id, "host", server.id)
            made.learn(server.name.rstrip("."), "host", server.id)
        for tunnel in about.tunnels:
            if tunnel.there is not None:
                made.learn(tunnel.there.name, "host", tunnel.there.name)
    for host in (*(r.job.host for r in report.results), *(t.host for t in report.touched)):
        made.learn(host, "host", host)


def _texts(report: Report, blobs: Blobs | None) -> Iterator[str]:
    yield from texts_of(report)
    seen = set[str]()
    for item in report.evidence:
        for name, digest in item.parts.items():
            if blobs is not None and name != "wire" and digest not in seen:
                seen.add(digest)
                yield part_text(blobs, digest, _LEARNT)[0]


def part_text(blobs: Blobs, digest: str, length: int) -> tuple[str, int]:
    """Up to `length` bytes of a stored part as text, and its whole size in bytes (-1: not kept any more)."""
    try:
        raw = blobs(digest)
    except (BlobError, KeyError):
        return "", -1
    return raw[:length].decode("utf-8", "backslashreplace"), len(raw)


def leaks(output: str, made: Redactor) -> tuple[str, ...]:
    """The learned words and the addresses that are still in a text: empty when the redaction holds.

    Give it what came out of `Redactor.text`, or a finished report whose own phrases are none of the words.
    """
    bare = _PSEUDONYM.sub(" ", output)
    found = {word for _, _, word in made._found(_lower(bare))}  # noqa: SLF001 - the self-test of this class.
    if made.rules.addresses:
        for match in (*_IP4.finditer(bare), *_IP6.finditer(bare)):
            address = _parsed(match[0])
            if address is not None and not _is_nobodys(address):
                found.add(match[0])
    remove_secrets(bare, found.add)
    return tuple(sorted(found))


def _parsed(written: str) -> IPv4Address | IPv6Address | None:
    """An address in its one form, whatever its spelling; an IPv4-mapped one is the IPv4 address."""
    if "." in written and ":" not in written:
        written = ".".join(str(int(part)) if part.isdecimal() else part for part in written.split("."))
    try:
        address = ip_address(written)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_nobodys(address: IPv4Address | IPv6Address) -> bool:
    """Loopback, 'any', multicast and netmasks are the same everywhere and tell nothing."""
    mask = isinstance(address, IPv4Address) and int(address) >= 0xF0000000
    return address.is_loopback or address.is_unspecified or address.is_multicast or mask


def _ends(text: str, end: int) -> bool:
    return end >= len(text) or not text[end].isalnum() or not text[end - 1].isalnum()


def _lower(text: str) -> str:
    """Small letters, with every character still at its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)
