"""How is a case written? A TOML file of questions with their answers, and the tags that must be found.

`tests/collectors/README.md` shows the format. Unknown keys are errors, so that a typing mistake cannot make a
case prove nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from collectors import About, Finding, Kind, Smi, Unanswered
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.exchange import Exchange
from collectors.replay import Replay
from collectors.varbind import Oid, Varbind, oid_of, read_lines
from tests.collectors.question import BEGAN, Ask, Asked, Fetch, Fits, Knock, Packet, Run, Search, Spoke, Told
from tests.traffic import Traffic

HERE = Path(__file__).parent
_SECURED: Any = {"session": "cli", "question": ("secured",), "began": BEGAN, "took": 0.0}
DEFAULT_ABOUT: dict[str, Any] = {
    "id": "web1",
    "name": "web1.musterbau.test",
    "addresses": ["192.0.2.10"],
    "platform": "linux",
    "environment": "server",
}
_ABOUT = TypeAdapter(About)


class Agent(BaseModel):
    """Everything that an SNMP agent says in one context, as snmprec lines in any order; every get and walk is answered by it.

    What is asked below a name in `silent` has no answer. A context that no case names stays silent as a whole.
    later: lines in place of those of the same names, for every question that is asked again.
    """

    model_config = ConfigDict(extra="forbid")

    context: str = ""
    snmprec: str = ""
    file: str = Field(default="", description="beside the case")
    silent: tuple[str, ...] = ()
    later: str = ""

    def says(self, folder: Path, *, again: bool = False) -> tuple[Varbind, ...]:
        text = (folder / self.file).read_text() if self.file else self.snmprec
        lines = (*read_lines(text), *(read_lines(self.later) if again else ()))
        return tuple(sorted({line.oid: line for line in lines}.values(), key=lambda varbind: varbind.oid))


class Show(Asked):
    """One command on a network device, with the text that it shows."""

    command: str
    text: str = ""
    file: str = Field(default="", description="beside the case")

    def exchange(self, folder: Path) -> Exchange:
        text = (folder / self.file).read_bytes() if self.file else self.text.encode()
        return Exchange(
            session="cli",
            question=("show", self.command),
            began=self.began,
            took=self.took,
            parts={"text": text},
            unanswered=self.end(),
        )


class Recorded(Replay):
    """A host of a case: single answers, and whole SNMP agents by context."""

    def __init__(
        self,
        exchanges: list[Exchange],
        *,
        addresses: tuple[str, ...],
        agents: tuple[Agent, ...],
        folder: Path,
    ) -> None:
        super().__init__(exchanges, addresses=addresses)
        self._agents = {a.context: (a.says(folder), a.says(folder, again=True), a.silent) for a in agents}
        self._asked: set[tuple[object, ...]] = set()

    async def get(self, *oids: Oid, context: str = "") -> tuple[Varbind, ...]:
        said = {varbind.oid: varbind for varbind in self._said(context, *oids)}
        return tuple(said.get(oid) or Varbind(oid, Smi.NO_SUCH_INSTANCE, None) for oid in oids)

    async def walk(self, root: Oid, *, context: str = "", most: int = 20_000) -> tuple[Varbind, ...]:
        depth = len(root)
        found = tuple(
            one for one in self._said(context, root) if one.oid[:depth] == root and len(one.oid) > depth
        )
        if len(found) > most:
            raise Unanswered(Kind.CUT_OFF, f"more than {most} objects")
        return found

    def _said(self, context: str, *oids: Oid) -> tuple[Varbind, ...]:
        first, again, silent = self._agents.get(context, ((), (), ("1",)))
        said = again if (context, *oids) in self._asked else first
        self._asked.add((context, *oids))
        if any(oid[: len(name)] == name for name in map(oid_of, silent) for oid in oids):
            raise Unanswered(Kind.TIMED_OUT, "as recorded")
        return said


def _greeted(key: str) -> Exchange:
    parts = {"key": key.encode("ascii")}
    return Exchange(session="greeting", question=("host-key",), began=BEGAN, took=0.02, parts=parts)


def _captured(content: bytes) -> Exchange:
    return Exchange(session="capture", question=("capture",), began=BEGAN, took=0.02, parts={"pcap": content})


class Conversation(BaseModel):
    """Everything that was asked of one host."""

    model_config = ConfigDict(extra="forbid")

    about: dict[str, Any] = {}
    read: dict[str, str] = {}
    run: tuple[Run, ...] = ()
    fetch: tuple[Fetch, ...] = ()
    ask: tuple[Ask, ...] = ()
    search: tuple[Search, ...] = ()
    packet: tuple[Packet, ...] = ()
    script: tuple[Told, ...] = ()
    knock: tuple[Knock, ...] = ()
    fits: tuple[Fits, ...] = ()
    sip: tuple[Spoke, ...] = ()
    snmp: tuple[Agent, ...] = ()
    show: tuple[Show, ...] = ()
    secured: dict[str, str] = Field(default={}, description="kex, host_key, cipher and mac of a device's SSH")
    host_key: str = ""
    capture: Traffic | None = Field(default=None, description="what the capture holds that is read")
    of: tuple[str, ...] = Field(
        default=(),
        description="of a survey over several questions, those that this host was asked; all when empty",
    )

    def contract(self) -> About:
        return _ABOUT.validate_python(DEFAULT_ABOUT | self.about)

    def replay(self, folder: Path) -> Replay:
        about = self.contract()
        reads = [Run(argv=("cat", "--", path), stdout=text) for path, text in self.read.items()]
        exchanges = [
            *(run.exchange() for run in (*reads, *self.run)),
            *(fetch.exchange(folder) for fetch in self.fetch),
            *(ask.exchange(about) for ask in self.ask),
            *(search.exchange() for search in self.search),
            *(packet.exchange() for packet in self.packet),
            *(script.exchange() for script in self.script),
            *(knock.exchange() for knock in self.knock),
            *(packet.exchange() for packet in self.fits),
            *(one.exchange() for one in self.sip),
            *(show.exchange(folder) for show in self.show),
            *([_greeted(self.host_key)] if self.host_key else []),
            *([_captured(self.capture.content())] if self.capture else []),
            *([Exchange(**_SECURED, facts=self.secured)] if self.secured else []),
        ]
        return Recorded(exchanges, addresses=about.addresses, agents=self.snmp, folder=folder)


class Case(Conversation):
    """A conversation with what must come of it: exactly these tags, or an answer that stays out.

    facts: by tag, facts that one of its findings must have. hosts: for a survey, a conversation a host.
    """

    why: str = ""
    finds: tuple[str, ...] | None = None
    unanswered: Kind | None = None
    facts_of: dict[str, dict[str, str | int | float]] = Field(default={}, alias="facts")
    hosts: dict[str, Conversation] = {}


@dataclass(frozen=True, slots=True)
class Filed:
    """A case with the question that its folder names."""

    path: Path
    question: str
    case: Case


@cache
def cases() -> tuple[Filed, ...]:
    """Every case: tests/collectors/<area>/<question>/<case>.toml."""
    return tuple(_filed(path) for path in sorted(HERE.glob("*/*/*.toml")))


def _filed(path: Path) -> Filed:
    question = f"{path.parent.parent.name}.{path.parent.name}"
    return Filed(path, question, Case.model_validate(tomllib.loads(path.read_text())))


async def findings(filed: Filed) -> tuple[Finding, ...]:
    """Ask the collector, or compare by the survey, on recorded answers. Raises Unanswered."""
    known = catalogue()
    if filed.question in known.surveys:
        survey = known.surveys[filed.question]
        talks = filed.case.hosts.items()
        seen = [
            {
                name: await _reading(one, talk, filed)
                for name, talk in talks
                if not talk.of or one.name in talk.of
            }
            for one in survey.over
        ]
        return tuple(survey.compare(*seen))
    collector = known.collectors[filed.question]
    return tuple(collector.judge(await _reading(collector, filed.case, filed)))


async def _reading(collector: Collector[Any], talk: Conversation, filed: Filed) -> object:
    """Take the reading, through JSON and back as it travels between agent and controller."""
    reading = await collector((talk.replay(filed.path.parent),) * len(collector.sessions), talk.contract())
    again = collector.adapter.validate_json(collector.adapter.dump_json(reading))
    assert again == reading, "the reading does not survive its way through JSON"
    return reading
