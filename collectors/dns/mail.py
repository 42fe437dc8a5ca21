"""What does this DNS server say of the mail of its zones? Asked once, judged by the survey of mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collectors import About, Answer, Finding, Resolver, ZoneFacts, collector
from collectors.dns.names import dotted, holds_names, lies_in, plain
from collectors.dns.probe import Line, Silent, living, pointed_to
from collectors.dns.spf import Spf, Term, is_spf, read_spf
from collectors.dns.spf_walk import leads_to
from collectors.dns.texts import joined

__all__ = ["Mails", "Text", "Thing", "ZoneMail", "mail"]

# So many names an SPF record may lead to before it is too long whatever comes.
_MOST_NAMES = 24
# Terms that lead to another record.
_RECORDS = frozenset({"include", "redirect"})
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The TXT records at a name, as text. None: this server does not say it with authority."""

    name: str
    texts: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Whether there is what an SPF term looks for at a name. kind: 'a', 'mx' or 'exists'; None: not known."""

    name: str
    kind: str
    is_there: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMail:
    """What one zone says of mail at one server. takes: the contract says that it takes or sends mail.

    exchanges: preference and name of each MX record, None where the server does not say. has_address: the zone's own
    name, looked for where it has no MX record. texts: of the zone, of its policies, and of what SPF leads to in this
    server's zones. has_spf_type: there is a record of the type SPF. selectors: those of the contract. lost: mail servers
    named in another of this server's zones, where there is no address for them.
    """

    zone: str
    takes: bool
    exchanges: tuple[tuple[int, str], ...] | None
    has_address: bool | None
    texts: tuple[Text, ...]
    things: tuple[Thing, ...] = ()
    has_spf_type: bool = False
    selectors: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def at(self, name: str) -> tuple[str, ...] | None:
        """The texts at a name; None where they are not known."""
        return next((text.texts for text in self.texts if text.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """All the forward zones that one server serves."""

    server: str
    zones: tuple[ZoneMail, ...]


def judge(_: Mails) -> Iterator[Finding]:
    """One server's view is judged together with the others'."""
    yield from ()


@collector(
    "dns.mail",
    asks=(
        "Can mail reach the zones, and is it believed?",
        "Kommt E-Mail für die Zonen an, und glaubt man ihr?",
    ),
    judge=judge,
    deadline=120.0,
)
async def mail(host: Resolver, about: About) -> Mails:
    """Ask for MX, SPF, DMARC, the contract's DKIM keys, MTA-STS and TLS reports of each zone served."""
    held = [zone for zone in about.serves if holds_names(zone.name)]
    line = await living(host, held[0].name) if held else Line(host)
    if isinstance(line, Silent):
        return Mails(server=about.name, zones=())
    own = tuple(zone.name for zone in held)
    found = await host.together(*(_zone(line, zone, own) for zone in held))
    return Mails(server=about.name, zones=tuple(one for one in found if one is not None))


async def _zone(line: Line, facts: ZoneFacts, own: tuple[str, ...]) -> ZoneMail | None:
    zone = facts.name
    policies = (f"_dmarc.{zone}", f"_mta-sts.{zone}", f"_smtp._tls.{zone}")
    keys = tuple(f"{selector}._domainkey.{zone}" for selector in facts.selectors)
    names = (zone, *policies, *keys)
    # At once: a slow server makes us wait for the slowest answer, and not for each.
    start, exchanging, typed, *said = await line.host.together(
        *(line.ask_whole(zone, rtype) for rtype in ("SOA", "MX", "SPF")),
        *(line.ask_whole(name, "TXT") for name in names),
    )
    if isinstance(start, Silent) or start.rcode != "NOERROR" or "AA" not in start.flags:
        return None
    here, *told = (_text(name, answer) for name, answer in zip(names, said, strict=True))
    exchanges = _exchanges(zone, exchanging)
    texts, things = await _led_to(line, zone, here, own)
    return ZoneMail(
        zone=zone,
        takes=facts.mail,
        exchanges=exchanges,
        has_address=None if exchanges else await _is_there(line, zone, "a"),
        texts=(here, *told, *texts),
        things=things,
        has_spf_type=not isinstance(typed, Silent) and any(r.type == "SPF" for r in typed.answer),
        selectors=facts.selectors,
        lost=await _lost(line, zone, exchanges, own),
    )


def _exchanges(zone: str, answer: Answer | Silent) -> tuple[tuple[int, str], ...] | None:
    if isinstance(answer, Silent) or answer.rcode != "NOERROR" or "AA" not in answer.flags:
        return None
    found = (r.data.split() for r in answer.answer if r.type == "MX" and r.name == dotted(zone))
    return tuple(sorted((int(preference), plain(name)) for preference, name in found))


async def _lost(
    line: Line, zone: str, exchanges: tuple[tuple[int, str], ...] | None, own: tuple[str, ...]
) -> tuple[str, ...]:
    """Of the mail servers those in another zone of this server that have no address; `dns.zones` knows those in this one."""
    near = [
        name
        for _, name in exchanges or ()
        if not lies_in(name, zone) and any(lies_in(name, other) for other in own)
    ]
    found = await line.host.together(*map(line.addresses_of, near))
    return tuple(name for name, addresses in zip(near, found, strict=True) if addresses == ())


def _text(name: str, answer: Answer | Silent) -> Text:
    """The texts at a name; where its alias leads to what is not this server's, they are not known."""
    data = None if isinstance(answer, Silent) else pointed_to(answer, name, "TXT")
    return Text(name=name, texts=None if data is None else tuple(map(joined, data)))


async def _led_to(
    line: Line, zone: str, here: Text, own: tuple[str, ...]
) -> tuple[tuple[Text, ...], tuple[Thing, ...]]:
    """What the zone's SPF record leads to within this server's zones; nobody else is asked."""
    texts: dict[str, Text] = {zone: here}
    things: dict[tuple[str, str], Thing] = {}
    waiting = [(zone, spf) for spf in _records(here)]
    while waiting:
        # All that one round of records leads to is asked at once.
        wanted = dict.fromkeys(
            (target, term.kind)
            for name, spf in waiting
            for term in spf.asking
            if _is_ours(term, target := leads_to(term, name), own)
        )
        others = [name for name, kind in wanted if kind in _RECORDS and name not in texts]
        others = list(dict.fromkeys(others))[: _MOST_NAMES - len(texts)]
        looked = [key for key in wanted if key[1] not in _RECORDS and key not in things]
        looked = looked[: _MOST_NAMES - len(things)]
        told = await line.host.together(*(line.ask_whole(name, "TXT") for name in others))
        there = await line.host.together(*(_is_there(line, name, kind) for name, kind in looked))
        texts |= {name: _text(name, answer) for name, answer in zip(others, told, strict=True)}
        things |= {
            (name, kind): Thing(name=name, kind=kind, is_there=is_there)
            for (name, kind), is_there in zip(looked, there, strict=True)
        }
        waiting = [(name, spf) for name in others for spf in _records(texts[name])]
    return tuple(text for name, text in texts.items() if name != zone), tuple(things.values())


def _is_ours(term: Term, target: str, own: tuple[str, ...]) -> bool:
    """Say whether a term leads to a name of this server's zones; 'ptr' leads to the sender's.

    The grammar allows what is no name, and nobody can be asked for it.
    """
    is_name = len(target) < 254 and _NAME.fullmatch(target) is not None
    return is_name and term.kind != "ptr" and any(lies_in(target, zone) for zone in own)


def _records(text: Text) -> list[Spf]:
    read = [read_spf(one) for one in text.texts or () if is_spf(one)]
    return [spf for spf in read if isinstance(spf, Spf)]


async def _is_there(line: Line, name: str, kind: str) -> bool | None:
    """Say whether a name has addresses, or mail exchanges; None where this server does not know."""
    rtypes = {"mx": ("MX",), "exists": ("A",)}.get(kind, ("A", "AAAA"))
    answers = await line.host.together(*(line.ask_whole(name, rtype) for rtype in rtypes))
    found = [
        None if isinstance(answer, Silent) else pointed_to(answer, name, rtype)
        for answer, rtype in zip(answers, rtypes, strict=True)
    ]
    return True if any(found) else None if None in found else False
