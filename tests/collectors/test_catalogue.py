"""Does the house of questions keep its rules?"""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import collectors
from collectors.catalogue import catalogue
from collectors.finding import Tag
from collectors.reach import SITE_UNREACHABLE
from tests.collectors.ad.test_silence import DIRECTORY_SILENCES
from tests.collectors.case import cases
from tests.collectors.test_reach import SILENCES
from tests.collectors.test_reach_network import DEVICE_SILENCES
from tests.collectors.test_reach_sip import SIP_SILENCES
from tests.collectors.test_reach_snmp import SNMP_SILENCES
from tests.collectors.test_reach_windows import WINDOWS_SILENCES
from tests.house.test_imports import RECORDS_ALONE

FOLDER = Path(collectors.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))
AREAS = sorted(p.name for p in FOLDER.iterdir() if (p / "__init__.py").exists())
# Statements about a host that could not be asked, and about several: no question's case shows them.
SHOWN_ELSEWHERE = {
    tag
    for tag, *_ in (
        *SILENCES,
        *DIRECTORY_SILENCES,
        *WINDOWS_SILENCES,
        *SNMP_SILENCES,
        *SIP_SILENCES,
        *DEVICE_SILENCES,
    )
} | {SITE_UNREACHABLE.name}
IO_LIBRARIES = re.compile(
    r"aio\w+|asyncio|asyncssh|dns|fabric|ftplib|http|httpx|invoke|ldap3?|multiprocessing|ncclient|netmiko|os"
    r"|paramiko|pathlib|pysnmp|requests|scrapli|selectors?|shutil|smtplib|socket|socketserver|ssl|subprocess"
    r"|tempfile|threading|urllib3|winrm"
)
TAGS = sorted(catalogue().tags.values(), key=lambda tag: tag.name)


def imports(source: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Import(names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module)):
                found.add(module)
            case _:
                pass
    return found


def names(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name}


@pytest.mark.parametrize("tag", TAGS, ids=lambda tag: tag.name)
def test_every_tag_has_a_case_that_makes_it_appear(tag: Tag) -> None:
    shown = any(tag.name in (filed.case.finds or ()) for filed in cases())
    assert shown or tag.name in SHOWN_ELSEWHERE


@pytest.mark.parametrize("tag", TAGS, ids=lambda tag: tag.name)
def test_german_and_english_name_the_same_facts(tag: Tag) -> None:
    assert tag.en != tag.de
    assert names(tag.en) == names(tag.de)
    assert names(tag.do_en) == names(tag.do_de)
    assert names(tag.do_en) <= names(tag.en), "advice may only use facts that every finding must have"
    assert bool(tag.do_en) == bool(tag.do_de)


def test_names_are_area_and_name() -> None:
    known = catalogue()
    for name in (*known.collectors, *known.surveys, *known.tags):
        assert re.fullmatch(r"[a-z][a-z0-9]*\.[a-z0-9][a-z0-9-]*", name), name
        assert name.partition(".")[0] in (*AREAS, "reach"), name


def test_every_question_is_worded_in_both_languages_and_has_a_case() -> None:
    asked = {filed.question for filed in cases()}
    known = catalogue()
    for name in (*known.collectors, *known.surveys):
        assert name in asked, name
    for collector in known.collectors.values():
        assert all(words.endswith("?") for words in collector.asks), collector.name
    assert asked <= {*known.collectors, *known.surveys}, "a folder of cases names no question"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(FOLDER)))
def test_no_question_imports_an_io_library_or_a_layer_above(source: Path) -> None:
    imported = imports(source)
    tops = {name.partition(".")[0] for name in imported}
    allowed = RECORDS_ALONE.get(source.relative_to(FOLDER.parent).as_posix(), set())
    assert not [m for m in imported - allowed if IO_LIBRARIES.fullmatch(m.partition(".")[0])]
    assert "urllib.request" not in imported
    assert not tops & {"agent", "controller", "playbooks"}


@pytest.mark.parametrize("area", AREAS)
def test_areas_do_not_import_each_other(area: str) -> None:
    others = {f"collectors.{other}" for other in AREAS if other != area}
    for source in (FOLDER / area).rglob("*.py"):
        assert not {".".join(name.split(".")[:2]) for name in imports(source)} & others, source
