"""Does a run find a server that is known by name only, and say in its report where it was and who said so?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.run import report_of
from controller.store.store import open_store
from inventory.grant import Door
from inventory.read import read
from tests.dnslab.hostile import hostile
from tests.dnslab.real import bind, free_port, nsd
from tests.elsewhere import NAME, answering, ceiling_of, paper_over, zone
from tests.home import run_command
from tests.law import agents_for, sign_file

pytestmark = [pytest.mark.slow, pytest.mark.lab]
AT = "127.50.0.7"


def home_over(folder: Path, resolvers: Sequence[Door], port: int) -> Path:
    """A home with the contract added, the agent's ceiling around it, and one ticket: number 1."""
    home = folder / "home"
    (home / "credentials").mkdir(mode=0o700, parents=True)
    paper = home / "contract.yaml"
    paper.write_text(yaml.safe_dump(paper_over(resolvers, port)), encoding="utf-8")
    sign_file(paper)
    agents_for(home, read(paper.read_text("utf-8")), ceiling=ceiling_of(resolvers, port))
    for words in (
        ("contract", "add", str(paper)),
        ("ticket", "new", "--customer", "fleet", "--subject", "Kein Amt"),
    ):
        done = run_command(home, *words)
        assert done.returncode == 0, done.stderr
    return home


def diagnosed(home: Path, *words: str) -> Any:  # noqa: ANN401 - the report as JSON.
    done = run_command(home, "diagnose", "--ticket", "1", "--json", *words)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def states(report: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - see above.
    return {
        f"{one['host']}/{one['collector']}": (one["state"], one.get("reason") or one.get("kind", ""))
        for one in report["results"]
    }


def ledger(home: Path, what: str) -> list[tuple[str, dict[str, Any]]]:
    query = "select host, facts from ledger where what = ? order by number"
    with open_store(home).read() as connection:
        return [
            (host, json.loads(facts) if isinstance(facts, str) else facts)
            for host, facts in connection.exec_driver_sql(query, (what,))
        ]


def test_it_is_looked_up_then_asked_and_the_report_says_where_it_was(tmp_path: Path) -> None:
    with (
        bind(tmp_path / "bind", "127.0.0.1", {"provider.test": zone(AT)}) as resolver,
        nsd(tmp_path / "nsd", AT, {"provider.test": zone(AT)}) as trunk,
    ):
        home = home_over(tmp_path, [resolver], trunk.port)
        report = diagnosed(home, "--host", "trunk")
    seen = states(report)
    assert seen["dns1/dns.outside"][0] == "seen"
    assert seen["trunk/dns.answers"][0] == "seen"
    told = report_of(open_store(home), report["run"], read((home / "contract.yaml").read_text("utf-8")))
    assert told.hosts["trunk"].addresses == (AT,)
    ((host, facts),) = ledger(home, "name-looked-up")
    assert (host, facts["name"], facts["addresses"], facts["kind"]) == ("dns1", NAME, AT, "")
    assert len(ledger(home, "grant-sealed")) == 2
    assert ledger(home, "decisions-differ") == []
    assert run_command(home, "ledger", "verify").returncode == 0


async def test_a_server_that_answers_otherwise_the_second_time_changes_nothing(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with nsd(tmp_path / "nsd", AT, {"provider.test": zone(AT)}) as trunk:
        async with hostile(answering([AT], ["127.0.0.1"]), seen=seen) as resolver:
            home = await asyncio.to_thread(home_over, tmp_path, [resolver], trunk.port)
            report = await asyncio.to_thread(diagnosed, home, "--host", "trunk")
            assert states(report)["trunk/dns.answers"][0] == "seen"
            assert len(seen) == 2
            # In the next run it leads inside, and nobody is asked there.
            report = await asyncio.to_thread(diagnosed, home, "--host", "trunk")
            assert states(report)["trunk/dns.answers"] == ("refused", "resolves-inside")
            refused = next(one for one in report["results"] if one["host"] == "trunk")
            assert NAME in refused["detail"]
            assert "127.0.0.1" in refused["detail"]
    assert ledger(home, "decisions-differ") == []


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [([], ("unanswered", "no-address")), (["127.51.0.1"], ("refused", "above-ceiling"))],
)
async def test_a_name_that_leads_nowhere_is_unanswered_and_one_that_leads_too_far_refused(
    addresses: list[str], expected: tuple[str, str], tmp_path: Path
) -> None:
    async with hostile(answering(addresses)) as resolver:
        home = await asyncio.to_thread(home_over, tmp_path, [resolver], 5300)
        report = await asyncio.to_thread(diagnosed, home)
        assert states(report)["trunk/dns.answers"] == expected
        assert states(report)["dns1/dns.outside"][0] == "seen"
    assert ledger(home, "decisions-differ") == []


def test_a_resolver_that_cannot_be_asked_leaves_the_name_unanswered(tmp_path: Path) -> None:
    nobody = Door(ip_address("127.0.0.1"), free_port("127.0.0.1"))
    home = home_over(tmp_path, [nobody], 5300)
    report = diagnosed(home, "--host", "trunk")
    assert states(report)["trunk/dns.answers"] == ("unanswered", "no-address")
    ((_, facts),) = ledger(home, "name-looked-up")
    assert facts["addresses"] == ""
    assert facts["kind"] == "refused"
