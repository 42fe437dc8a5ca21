"""Does a question survive a domain controller that answers anything at all?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import About, Directory, DomainFacts, Scope, Server, Unanswered
from collectors.ad import neighbours
from collectors.catalogue import catalogue
from collectors.collector import Collector
from collectors.entry import Entry
from collectors.session import Also

pytestmark = pytest.mark.slow

QUESTIONS = sorted(
    (c for c in catalogue().collectors.values() if c.sessions == (Directory,)), key=lambda c: c.name
)
ABOUT = About(
    id="dc1",
    name="dc1.ad.musterbau.test",
    addresses=("192.0.2.61",),
    platform="linux",
    environment="server",
    account="secondline",
    domain=DomainFacts(
        name="ad.musterbau.test",
        controllers=(Server(id="dc1", name="dc1.ad.musterbau.test", addresses=("192.0.2.61",)),),
    ),
)
_SETTINGS = (
    b"CN=NTDS Settings,CN=DC1,CN=Servers,CN=Koeln,CN=Sites,CN=Configuration,DC=ad,DC=musterbau,DC=test"
)
# What makes a question come further than its first line.
_SOUND: Mapping[str, tuple[bytes, ...]] = {
    "currenttime": (b"20261126120000.0Z",),
    "dsservicename": (_SETTINGS,),
    "defaultnamingcontext": (b"DC=ad,DC=musterbau,DC=test",),
    "configurationnamingcontext": (b"CN=Configuration,DC=ad,DC=musterbau,DC=test",),
    "rootdomainnamingcontext": (b"DC=ad,DC=musterbau,DC=test",),
    "namingcontexts": (b"DC=ad,DC=musterbau,DC=test",),
}
VALUES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            *(b"0", b"-1", b"9" * 400, b"nan", b"TRUE", b"20261126120000.0Z", b"99999999999999.0Z"),
            *(b"9223372036854775807", b"server", b"nTDSDSA", b"\xff\xfe", b"", _SETTINGS, b"CN=,=,,\\"),
            *(b"\x01" + b"\0" * 207, b"\x02" + b"\0" * 15, b"\x1b[31m", b"CN=x\\0ADEL:1,DC=a"),
        ]
    ),
)
ATTRIBUTE = st.lists(VALUES, max_size=3).map(tuple)


@dataclass(frozen=True, slots=True)
class Babbler:
    """A directory in which every entry has the same few values for whatever is asked."""

    values: tuple[tuple[bytes, ...], ...]
    sound: bool
    dn: str

    def _entry(self, attributes: tuple[str, ...]) -> Entry:
        told = {
            name.lower(): self.values[at % len(self.values)] if self.values else ()
            for at, name in enumerate(attributes)
        }
        return Entry(self.dn, told | {n: v for n, v in _SOUND.items() if self.sound and n in told})

    async def root(self, *attributes: str) -> Entry:
        return self._entry(attributes)

    async def search(
        self,
        base: str,
        where: str,
        *attributes: str,
        scope: Scope = "subtree",
        most: int = 10_000,
        also: Also = "",
    ) -> tuple[Entry, ...]:
        assert (base, where, scope, also) != ("", "", "base", "")
        assert most > 1
        return (self._entry(attributes), self._entry(attributes))

    async def entry(self, name: str, *attributes: str) -> Entry | None:
        assert name
        return self._entry(attributes)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(ATTRIBUTE, max_size=4).map(tuple),
    sound=st.booleans(),
    dn=st.sampled_from(["", "CN=DC1", _SETTINGS.decode(), "CN=a\\,b,CN=\x1b[0m", "CN=x\\0ACNF:1,DC=ad"]),
)
def test_a_question_ends_in_findings_or_unanswered(
    question: Collector[Any], values: tuple[tuple[bytes, ...], ...], sound: bool, dn: str
) -> None:
    try:
        reading = asyncio.run(question((Babbler(values, sound, dn),), ABOUT))
    except Unanswered:
        return
    assert question.adapter.validate_json(question.adapter.dump_json(reading)) == reading
    found = list(question.judge(reading))
    for survey in catalogue().surveys.values():
        if all(one is question for one in survey.over):
            found += survey.compare({"dc1": reading, "dc2": reading})
    for finding in found:
        assert finding.text("de").isprintable()
        assert finding.text("en").isprintable()


@settings(max_examples=300, deadline=None)
@given(
    value=st.binary(max_size=400), head=st.sampled_from([b"", b"\x01\0\0\0", b"\x02\0\0\0\0\0\0\0\x01\0\0\0"])
)
def test_no_bytes_break_a_reader(value: bytes, head: bytes) -> None:
    for read in (
        lambda raw: neighbours.from_binary("DC=a", raw),
        neighbours.read_vector,
        neighbours.read_metadata,
        lambda raw: neighbours.from_text(raw.decode("latin-1")),
    ):
        try:
            assert read(head + value) is not None
        except Unanswered:
            continue
