"""What exactly was asked and answered? One record of evidence a question, raw bytes beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from collectors.entry import Entry
from collectors.ldif import LdifError, read_ldif
from collectors.powershell import Datum
from collectors.session import Answer, Edns, Fit, Ran, Reply, Secured, Shown
from collectors.silence import Kind, Phase, Unanswered
from collectors.telephony import Call, Sound, Spoken, Talk
from collectors.varbind import Oid, Varbind, VarbindError, read_lines

__all__ = [
    "PRESENT",
    "Exchange",
    "answer_of",
    "asked_how",
    "call_of",
    "entries_of",
    "facts_of",
    "fit_of",
    "objects_of",
    "one_of",
    "ran_of",
    "readable",
    "reply_of",
    "secured_of",
    "shown_of",
    "spelt",
    "talk_facts",
    "talk_of",
    "talk_parts",
    "told",
    "varbinds_of",
    "wanted",
]

# Finds every entry that it looks at.
PRESENT = "(objectClass=*)"

_ANSWER = TypeAdapter(Answer)
_SOUND = TypeAdapter(Sound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question with its answer, or with the way it stayed unanswered.

    session: 'shell', 'dns', 'greeting', 'directory', 'powershell', 'snmp', 'cli', 'sip', 'capture', 'ping', 'kdc', 'time', 'certificate', 'knock', 'ike', 'openvpn' or 'path'. question: for a shell
    ('run', *argv) or ('fetch', path), for dns ('ask', server, name, type, transport, how as `asked_how` spells it), for a greeting
    ('host-key',), for a directory ('search', base, scope, filter, attributes, also), for the others ('ping', domain),
    ('ask-ticket', realm, account), ('time',), ('certificate',), ('knock', port), ('ike', 'first' or 'nat'), ('openvpn',), ('fits', address, size); for Windows ('script', name, data as `told` spells it), for SNMP
    ('get', context, *OIDs) or ('walk', context, OID), for a network device ('show', command) or ('secured',), for telephony
    ('options',), ('register',), ('certificate',) or ('call', number), for a capture ('capture',). began: UTC. took: seconds.
    facts: the small typed part of the answer; parts: its raw bytes by name ('stdout', 'stderr', 'content',
    'wire', 'key', 'message-N' of telephony, 'ldif', 'json', 'snmprec', 'text', 'pcap', and 'aside' for log lines that came between); cut: True when the answer was longer than what was kept.
    """

    session: str
    question: tuple[str, ...]
    began: datetime
    took: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict)
    cut: bool = False
    unanswered: tuple[Kind, Phase, str] | None = None

    def settle(self) -> None:
        """Raise the `Unanswered` that was recorded, if one was."""
        if self.unanswered is not None:
            kind, phase, detail = self.unanswered
            raise Unanswered(kind, detail, phase=phase)


def readable(raw: bytes) -> str:
    r"""Show bytes as text; what is not UTF-8 appears as a backslash escape, so nothing is lost.

    >>> readable(b"caf\xe9")
    'caf\\xe9'
    """
    return raw.decode("utf-8", "backslashreplace")


def ran_of(exchange: Exchange) -> Ran:
    """The answer of a shell, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    return Ran(
        argv=exchange.question[1:],
        stdout=readable(exchange.parts.get("stdout", b"")),
        stderr=readable(exchange.parts.get("stderr", b"")),
        code=int(exchange.facts["code"]),
        began=exchange.began,
        took=exchange.took,
        raw=exchange.parts.get("stdout", b""),
    )


def answer_of(exchange: Exchange) -> Answer:
    """The answer of a DNS server, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    return _ANSWER.validate_python(exchange.facts["answer"])


def asked_how(
    *,
    recurse: bool,
    signed: bool = False,
    unchecked: bool = False,
    edns: Edns | None = None,
    chaos: bool = False,
) -> str:
    """How a DNS question is asked, as its record names it.

    >>> asked_how(recurse=False), asked_how(recurse=True, signed=True, unchecked=True)
    ('norec', 'rd+do+cd')
    >>> asked_how(recurse=False, edns=Edns(version=1, options=(65001,), flags=64)), asked_how(recurse=False, chaos=True)
    ('norec+edns1:64:1232:65001', 'norec+ch')
    """
    opt = "" if edns is None else f"+edns{edns.version}:{edns.flags}:{edns.size}"
    opt += "".join(f":{code}" for code in edns.options) if edns else ""
    how = ("rd" if recurse else "norec") + ("+do" if signed else "") + ("+cd" if unchecked else "")
    return how + opt + ("+ch" if chaos else "")


def spelt(attributes: Iterable[str]) -> str:
    """The attributes of a question as its record names them."""
    return " ".join(attributes)


def entries_of(exchange: Exchange) -> tuple[Entry, ...]:
    """The answer of a directory, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    try:
        return read_ldif(exchange.parts.get("ldif", b"").decode("utf-8", "backslashreplace"))
    except LdifError as error:
        raise Unanswered(Kind.UNPARSABLE, f"the record of the answer cannot be read: {error}") from None


def one_of(exchange: Exchange) -> Entry | None:
    """The one entry of an answer; None when the directory says that it is not there. Raises Unanswered."""
    try:
        found = entries_of(exchange)
    except Unanswered as reason:
        if reason.kind is Kind.NOT_THERE:
            return None
        raise
    return found[0] if found else None


def reply_of(exchange: Exchange) -> Reply:
    """The answer to one packet, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    return Reply(content=exchange.parts.get("wire", b""), began=exchange.began, took=exchange.took)


def fit_of(exchange: Exchange) -> Fit:
    """What became of a packet that must not be cut up, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    return Fit(
        size=int(exchange.question[2]),
        outcome=exchange.facts["outcome"],
        mtu=int(exchange.facts.get("mtu", 0)),
    )


def told(data: Mapping[str, Datum]) -> str:
    r"""What a script is told, as its record spells it and as the host reads it.

    >>> told({"names": ("NTDS", "Büro"), "days": 3})
    '{"days": 3, "names": ["NTDS", "B\\u00fcro"]}'
    """
    return json.dumps(data, sort_keys=True)


def objects_of(exchange: Exchange) -> tuple[Mapping[str, object], ...]:
    """What a script left, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    try:
        said = json.loads(exchange.parts.get("json", b""))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise Unanswered(Kind.UNPARSABLE, "the answer is no list of objects")
    return tuple(said)


def facts_of(answer: Answer) -> dict[str, Any]:
    """The typed part of a DNS answer, ready for JSON; `answer_of` reads it back."""
    return {"answer": _ANSWER.dump_python(answer, mode="json")}


def wanted(oid: Oid) -> str:
    """An object's name as a record names it."""
    return ".".join(map(str, oid))


def varbinds_of(exchange: Exchange) -> tuple[Varbind, ...]:
    """The answer of an SNMP agent, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    try:
        return read_lines(exchange.parts.get("snmprec", b"").decode("utf-8", "backslashreplace"))
    except VarbindError as error:
        raise Unanswered(Kind.UNPARSABLE, f"the record of the answer cannot be read: {error}") from None


def shown_of(exchange: Exchange) -> Shown:
    """The answer of a network device, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    text = readable(exchange.parts.get("text", b""))
    return Shown(command=exchange.question[1], text=text, began=exchange.began, took=exchange.took)


def secured_of(exchange: Exchange) -> Secured:
    """By which algorithms a device was spoken to, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    return Secured(**{name: str(exchange.facts[name]) for name in ("kex", "host_key", "cipher", "mac")})


def talk_facts(talk: Talk, sound: Sound | None = None) -> dict[str, Any]:
    """The typed part of a conversation over SIP, ready for JSON."""
    facts: dict[str, Any] = {
        "transport": talk.transport,
        "server": talk.server,
        "strays": talk.strays,
        "messages": [[one.at, one.ours] for one in talk.messages],
    }
    return facts if sound is None else facts | {"sound": _SOUND.dump_python(sound, mode="json")}


def talk_parts(talk: Talk) -> dict[str, bytes]:
    """Its messages, by names that keep their order."""
    return {f"message-{number:03}": one.wire for number, one in enumerate(talk.messages)}


def talk_of(exchange: Exchange) -> Talk:
    """A conversation over SIP, as the collector sees it. Raises Unanswered."""
    exchange.settle()
    facts = exchange.facts
    return Talk(
        transport=facts["transport"],
        server=str(facts["server"]),
        began=exchange.began,
        messages=tuple(
            Spoken(at=float(at), ours=bool(ours), wire=exchange.parts.get(f"message-{number:03}", b""))
            for number, (at, ours) in enumerate(facts["messages"])
        ),
        strays=int(facts["strays"]),
    )


def call_of(exchange: Exchange) -> Call:
    """A test call, as the collector sees it. Raises Unanswered."""
    talk, sound = talk_of(exchange), exchange.facts.get("sound")
    heard = None if sound is None else _SOUND.validate_python(sound)
    return Call(number=exchange.question[1], talk=talk, sound=heard)
