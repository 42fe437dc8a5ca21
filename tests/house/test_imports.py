"""Do imports point one way, and does each library stay where it belongs?"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.house.source import FOLDERS, TOP, Source, product, sources

# Their defaults are unsafe (any host key, no TLS check, no limit of time): one wrapper each, in one folder.
PROTOCOLS = re.compile(
    r"aiohttp|asyncssh|dns|fabric|ftplib|impacket|invoke|ldap|ldap3|ncclient|netmiko|paramiko|pexpect|puresnmp"
    r"|pysnmp|requests|scapy|scrapli|smtplib|telnetlib|urllib3|winrm|pypsrp|smbprotocol"
)
SOCKETS = frozenset({"socket", "_socket", "socketserver"})
MAY_USE_SOCKETS = {
    *(f"agent/{name}.py" for name in ("wall_rules", "cradle", "nursling", "porter", "wire", "worker")),
    *(f"agent/kernel/{name}.py" for name in ("confine", "table", "verdict")),
}
# It reads and verifies records and opens nothing: exactly these modules, in exactly this file.
RECORDS_ALONE = {
    "collectors/dns/signatures.py": {"dns.dnssec", "dns.exception", "dns.name", "dns.rdatatype", "dns.rrset"},
}
NOT_FOR_AGENTS = ("sqlalchemy", "alembic", "jinja2", "httpx", "typer", "rich", "pydantic_settings", "babel")


def _wrong(files: tuple[Source, ...], wrong: Callable[[Source, str], bool]) -> list[str]:
    return [
        f"{f.name}:{line} imports {module}" for f in files for line, module in f.imports if wrong(f, module)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_point_one_way(folder: str) -> None:
    above = {*FOLDERS[FOLDERS.index(folder) + 1 :], "tests"}
    assert not _wrong(sources(folder), lambda _, module: module.partition(".")[0] in above)


def test_no_import_is_relative() -> None:
    assert not _wrong((*product(), *sources("tests")), lambda _, module: module.endswith(".?"))


@pytest.mark.parametrize("folder", ["collectors", "playbooks"])
def test_areas_do_not_import_each_other(folder: str) -> None:
    areas = {path.parent.name for path in (TOP / folder).glob("*/__init__.py")}

    def foreign(file: Source, module: str) -> bool:
        mine, parts = file.name.split("/")[1], module.split(".")
        return mine in areas and parts[0] == folder and len(parts) > 1 and parts[1] in areas - {mine}

    assert not _wrong(sources(folder), foreign)


def test_raw_protocol_libraries_stay_with_the_sessions() -> None:
    outside = tuple(f for f in product() if not f.name.startswith("agent/sessions/"))
    assert not _wrong(
        outside,
        lambda f, module: (
            bool(PROTOCOLS.fullmatch(module.partition(".")[0]))
            and module not in RECORDS_ALONE.get(f.name, set())
        ),
    )
    # How an agent that dials out speaks to its own controller: exactly there, and to nobody else.
    web = ("http.client", "urllib.request")
    assert not _wrong(outside, lambda f, module: f.name != "agent/link/web.py" and module.startswith(web))


def test_a_broker_is_spoken_to_in_two_places_only() -> None:
    ends = {"agent/link/broker.py", "controller/courier/broker.py"}
    assert not _wrong(product(), lambda f, module: module.partition(".")[0] == "nats" and f.name not in ends)


def test_sockets_stay_with_the_sessions_and_the_workers_own_channels() -> None:
    outside = tuple(f for f in product() if not f.name.startswith("agent/sessions/"))
    found = _wrong(outside, lambda f, module: module in SOCKETS and f.name not in MAY_USE_SOCKETS)
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "agent.agent",
        "agent.worker",
        "agent.nursling",
        "agent.link.run",
        "agent.link.main",
        "agent.link.enrol",
    ],
)
def test_an_agent_needs_no_library_of_the_controller(module: str) -> None:
    loaded = _loaded_by(module)
    assert not loaded & {*NOT_FOR_AGENTS, "controller"}
    assert "agent" in loaded


@pytest.mark.parametrize("module", ["inventory.read", "collectors.catalogue"])
def test_contracts_and_questions_need_no_library_that_speaks_to_hosts(module: str) -> None:
    assert not {
        name for name in _loaded_by(module) if name in {"paramiko", "fabric", "invoke", "dns", "ldap3"}
    }


def _loaded_by(module: str) -> set[str]:
    """The packages that are there after an import, in a process of its own."""
    code = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, module], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_five_names_are_ours_alone(folder: str) -> None:
    assert set(importlib.metadata.packages_distributions().get(folder, ())) == {"secondline"}
