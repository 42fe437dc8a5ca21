"""How is one question of a case written, with its answer? One model a kind of conversation."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from collectors import About, Answer, Edns, Kind, Phase, Record, Sound, Spoken, Talk
from collectors.exchange import PRESENT, Exchange, asked_how, facts_of, spelt, talk_facts, talk_parts, told

__all__ = [
    "BEGAN",
    "Ask",
    "Asked",
    "Fetch",
    "Fits",
    "Knock",
    "Packet",
    "Run",
    "Search",
    "Spoke",
    "Told",
    "records",
]

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Asked(BaseModel):
    """What every recorded question has in common; `unanswered` is a `Kind`, `phase` how far it came."""

    model_config = ConfigDict(extra="forbid")

    began: datetime = BEGAN
    took: float = 0.02
    unanswered: Kind | None = None
    phase: Phase = Phase.ASK

    def end(self) -> tuple[Kind, Phase, str] | None:
        return None if self.unanswered is None else (self.unanswered, self.phase, "as recorded")


class Run(Asked):
    argv: tuple[str, ...]
    stdout: str = ""
    stdout_base64: str = ""
    stderr: str = ""
    code: int = 0

    def exchange(self) -> Exchange:
        raw = base64.b64decode(self.stdout_base64) if self.stdout_base64 else self.stdout.encode()
        return Exchange(
            session="shell",
            question=("run", *self.argv),
            began=self.began,
            took=self.took,
            facts={"code": self.code},
            parts={"stdout": raw, "stderr": self.stderr.encode()},
            unanswered=self.end(),
        )


class Fetch(Asked):
    path: str
    text: str = ""
    base64: str = ""
    file: str = Field(default="", description="beside the case")

    def exchange(self, folder: Path) -> Exchange:
        content = (folder / self.file).read_bytes() if self.file else self.text.encode()
        return Exchange(
            session="shell",
            question=("fetch", self.path),
            began=self.began,
            took=self.took,
            parts={"content": base64.b64decode(self.base64) if self.base64 else content},
            unanswered=self.end(),
        )


class Ask(Asked):
    """One DNS question. Records are lines: 'musterbau.test. 300 A 192.0.2.1'."""

    name: str
    type: str
    server: str = Field(default="", description="the first address of the host when empty")
    transport: Literal["udp", "tcp"] = "udp"
    recurse: bool = False
    signed: bool = False
    unchecked: bool = False
    asks_edns: Edns | None = Field(
        default=None, description="what the question says of EDNS, where that is unusual"
    )
    chaos: bool = False
    rcode: str = "NOERROR"
    flags: frozenset[str] = frozenset()
    answer: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    edns: bool = True
    opt: Edns | None = None
    size: int = 0
    repeats: str = Field(
        default="", description="the question's name in the answer; as it was asked when empty"
    )

    def exchange(self, about: About) -> Exchange:
        server = self.server or about.addresses[0]
        answer = Answer(
            server=server,
            transport=self.transport,
            rcode=self.rcode,
            flags=self.flags,
            answer=records(self.answer),
            authority=records(self.authority),
            additional=records(self.additional),
            began=self.began,
            took=self.took,
            edns=self.edns,
            opt=self.opt,
            size=self.size,
            repeats=self.repeats or self.name,
        )
        how = asked_how(
            recurse=self.recurse,
            signed=self.signed,
            unchecked=self.unchecked,
            edns=self.asks_edns,
            chaos=self.chaos,
        )
        return Exchange(
            session="dns",
            question=("ask", server, self.name, self.type, self.transport, how),
            began=self.began,
            took=self.took,
            facts=facts_of(answer),
            unanswered=self.end(),
        )


class Search(Asked):
    """One question to a directory; the answer is LDIF (RFC 2849). `base` alone with no `where` is one entry."""

    base: str = ""
    where: str = PRESENT
    scope: Literal["base", "one", "subtree"] | None = None
    attributes: tuple[str, ...]
    also: Literal["", "deleted", "descriptors"] = ""
    ldif: str = ""

    def exchange(self) -> Exchange:
        scope = self.scope or ("base" if self.where == PRESENT else "subtree")
        return Exchange(
            session="directory",
            question=("search", self.base, scope, self.where, spelt(self.attributes), self.also),
            began=self.began,
            took=self.took,
            parts={"ldif": self.ldif.encode()},
            unanswered=self.end(),
        )


class Packet(Asked):
    """One packet's answer, in base64 or hexadecimal: of a directory ping, a Kerberos service, a clock, or a certificate."""

    question: tuple[str, ...]
    base64: str = ""
    hex: str = ""

    def exchange(self) -> Exchange:
        wire = bytes.fromhex(self.hex) if self.hex else base64.b64decode(self.base64)
        return Exchange(
            session="packet",
            question=self.question,
            began=self.began,
            took=self.took,
            parts={"wire": wire},
            unanswered=self.end(),
        )


class Spoke(Asked):
    """One conversation over SIP. talk: messages, each after a line '> 0.0' (ours) or '< 0.02' with its seconds.

    Lines end in CR and LF as they are read; a Content-Length is not needed. sound: of a call that was answered.
    """

    question: tuple[str, ...]
    transport: Literal["udp", "tcp", "tls"] = "udp"
    server: str = "192.0.2.10:5060"
    strays: int = 0
    talk: str = ""
    sound: Sound | None = None

    def exchange(self) -> Exchange:
        talk = Talk(
            transport=self.transport,
            server=self.server,
            began=self.began,
            messages=tuple(_messages(self.talk)),
            strays=self.strays,
        )
        return Exchange(
            session="sip",
            question=self.question,
            began=self.began,
            took=self.took,
            facts=talk_facts(talk, self.sound),
            parts=talk_parts(talk),
            unanswered=self.end(),
        )


def _messages(talk: str) -> Iterator[Spoken]:
    parts = re.split(r"(?m)^([<>]) (\d+(?:\.\d+)?)\n", talk)[1:]
    for ours, at, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        head, _, body = text.partition("\n\n")
        wire = f"{head.rstrip()}\n\n{body.rstrip()}" + ("\n" if body.strip() else "")
        yield Spoken(at=float(at), ours=ours == ">", wire=wire.replace("\n", "\r\n").encode())


class Told(Asked):
    """One script on Windows, by the name of its file; the objects that it leaves are JSON."""

    name: str
    data: dict[str, str | int | bool | tuple[str, ...]] = {}
    objects: str = "[]"

    def exchange(self) -> Exchange:
        return Exchange(
            session="powershell",
            question=("script", self.name, told(self.data)),
            began=self.began,
            took=self.took,
            parts={"json": self.objects.encode()},
            unanswered=self.end(),
        )


class Fits(Asked):
    """One packet on the way to a host that nobody may cut up. mtu: what a router said fits, where it was too big."""

    address: str
    size: int
    outcome: Literal["arrived", "too-big", "silent"]
    mtu: int = 0

    def exchange(self) -> Exchange:
        return Exchange(
            session="path",
            question=("fits", self.address, f"{self.size}"),
            began=self.began,
            took=self.took,
            facts={"outcome": self.outcome, "mtu": self.mtu},
            unanswered=self.end(),
        )


class Knock(Asked):
    """One port that is connected to, and answers where nothing else is said."""

    port: int

    def exchange(self) -> Exchange:
        return Exchange(
            session="knock",
            question=("knock", f"{self.port}"),
            began=self.began,
            took=self.took,
            unanswered=self.end(),
        )


def records(lines: tuple[str, ...]) -> tuple[Record, ...]:
    """Turn 'name ttl [IN] type data' lines into records.

    >>> records(("a.test. 300 IN A 192.0.2.1",))
    (Record(name='a.test.', type='A', ttl=300, data='192.0.2.1'),)
    """
    found = []
    for line in lines:
        name, ttl, kind, data = line.split(maxsplit=3)
        if kind == "IN":
            kind, data = data.split(maxsplit=1)
        found.append(Record(name=name, type=kind, ttl=int(ttl), data=data))
    return tuple(found)
