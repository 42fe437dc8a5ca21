"""Do all DNS questions together say one thing for one trouble? Asked of real servers, over real packets."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.sessions.dns import DnsSession
from collectors import About, Finding, Resolver, Server, ZoneFacts
from collectors.catalogue import catalogue
from inventory.grant import Door
from tests.dnslab.hostile import hostile
from tests.dnslab.real import bind, free_port, nsd

NS1 = Server(id="dns1", name="ns1.a.test", addresses=("127.0.0.1",))
NS2 = Server(id="dns2", name="ns2.a.test", addresses=("127.0.0.2",))
UP = Server(id="up", name="ns.registry.test", addresses=("127.0.0.3",))
REVERSE = "0.0.127.in-addr.arpa"


_QUESTIONS = (
    *("dns.answers", "dns.zones", "dns.reverse"),
    *("dns.mail", "dns.split", "dns.cloud", "dns.made-up"),
)
_SURVEYS = (
    *("dns.copies", "dns.delegations", "dns.hosts"),
    *("dns.mail-view", "dns.split-view", "dns.cloud-view", "dns.made-up-view"),
)


def zone_text(serial: int) -> str:
    return (
        f"$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 900 604800 300\n@ NS ns1\n@ NS ns2\n"
        "ns1 A 127.0.0.1\nns2 A 127.0.0.2\n"
    )


def reverse_text(serial: int) -> str:
    return (
        f"$TTL 300\n@ SOA ns1.a.test. hostmaster.a.test. {serial} 3600 900 604800 300\n"
        "@ NS ns1.a.test.\n@ NS ns2.a.test.\n1 PTR ns1.a.test.\n2 PTR ns2.a.test.\n"
    )


PARENT = (
    "$TTL 300\n@ SOA ns.registry hostmaster 1 3600 900 604800 300\n@ NS ns.registry\nns.registry A 127.0.0.3\n"
    "a NS ns1.a\na NS ns2.a\nns1.a A 127.0.0.1\nns2.a A 127.0.0.2\n"
)


def about(server: Server) -> About:
    zones = [
        ZoneFacts(name="a.test", servers=(NS1, NS2), parents=(UP,), reverse=(REVERSE,), hosts=(NS1, NS2)),
        ZoneFacts(name=REVERSE, servers=(NS1, NS2)),
    ]
    return About(
        id=server.id,
        name=server.name,
        addresses=server.addresses,
        platform="linux",
        environment="server",
        zones=tuple(z for z in zones if server in (*z.servers, *z.parents)),
    )


async def everything(doors: Mapping[str, Door]) -> list[Finding]:
    """Ask all questions of all servers, judge and compare, as a run does."""
    known = catalogue()
    found: list[Finding] = []
    readings: dict[str, dict[str, object]] = {}
    for server in (NS1, NS2, UP):
        session: Resolver = DnsSession([doors[server.id]], lambda _: None, timeout=0.4)
        for name in _QUESTIONS:
            reading = await known.collectors[name]((session,), about(server))
            found += known.collectors[name].judge(reading)
            readings.setdefault(name, {})[server.id] = reading
    for name in _SURVEYS:
        survey = known.surveys[name]
        found += survey.compare(*(readings[one.name] for one in survey.over))
    return found


def tags(found: list[Finding]) -> list[str]:
    return sorted(finding.tag.name for finding in found)


def start(
    stack: contextlib.ExitStack, folder: Path, *, behind: int = 0, reverse: bool = True
) -> dict[str, Door]:
    first = {"a.test": zone_text(7), REVERSE: reverse_text(7)}
    second = {"a.test": zone_text(7 - behind)} | ({REVERSE: reverse_text(7)} if reverse else {})
    return {
        "dns1": stack.enter_context(bind(folder / "dns1", "127.0.0.1", first)),
        "dns2": stack.enter_context(nsd(folder / "dns2", "127.0.0.2", second)),
        "up": stack.enter_context(nsd(folder / "up", "127.0.0.3", {"test": PARENT})),
    }


@pytest.mark.lab
@pytest.mark.parametrize(
    ("behind", "reverse", "expected"),
    [(0, True, []), (1, True, ["dns.serial-behind"]), (0, False, ["dns.lame"])],
)
async def test_one_trouble_is_one_finding(
    tmp_path: Path, *, behind: int, reverse: bool, expected: list[str]
) -> None:
    with contextlib.ExitStack() as stack:
        doors = start(stack, tmp_path, behind=behind, reverse=reverse)
        assert tags(await everything(doors)) == expected


@pytest.mark.lab
@pytest.mark.parametrize("slip", [1, 2])
async def test_a_server_that_limits_its_answers_is_well(tmp_path: Path, slip: int) -> None:
    zones = {"a.test": zone_text(7), REVERSE: reverse_text(7)}
    options = f"recursion no; rate-limit {{ responses-per-second 1; slip {slip}; }};"
    with contextlib.ExitStack() as stack:
        doors = start(stack, tmp_path)
        limited = stack.enter_context(bind(tmp_path / "limited", "127.0.0.1", zones, options=options))
        for _ in range(3):
            assert tags(await everything(doors | {"dns1": limited})) == []


@pytest.mark.lab
async def test_a_closed_port_is_a_dead_server_and_nothing_else(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        doors = start(stack, tmp_path) | {"dns2": Door(ip_address("127.0.0.2"), free_port("127.0.0.2"))}
        found = await everything(doors)
    assert tags(found) == ["dns.server-dead"]
    assert found[0].facts["addresses"] == "127.0.0.2"


@pytest.mark.lab
@pytest.mark.parametrize(("raw", "expected"), [([], ["dns.server-dead"]), ([b"\x84"], ["dns.garbled"])])
async def test_a_server_that_is_silent_or_talks_rubbish_is_one_finding(
    tmp_path: Path, raw: list[bytes], expected: list[str]
) -> None:
    with contextlib.ExitStack() as stack:
        doors = start(stack, tmp_path)
        async with hostile(lambda question: [(0, question[:2] + piece) for piece in raw]) as door:
            assert tags(await everything(doors | {"dns1": door})) == expected
