"""Do we read of replication what Samba's own tool says? `samba-tool drs showrepl` and `dbcheck` as peers.

The tool asks by RPC and we by LDAP, at different moments: what only grows must lie between two of its answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.job import Seen
from collectors.ad.replication import ReplicationFacts, replication
from controller.bundle.read import read_bundle
from tests.faults.ad_acts import BY_NAME
from tests.lab import ad
from tests.lab.lab import Lab
from tests.lab.places import DCS

pytestmark = pytest.mark.lab


@dataclass(frozen=True, slots=True)
class Row:
    """The state of one context from one partner. result: 0 when the last attempt was well."""

    failures: int
    result: int
    succeeded: datetime


Rows = Mapping[tuple[str, str], Row]


def _showrepl(lab: Lab, dc: str) -> str:
    """What the tool prints. It logs in by NTLM: for a ticket it might ask the controller that shall be out of reach."""
    return ad.tool(lab, dc, "drs", "showrepl", dc, "--json", "-P", "--use-kerberos=off")


def _theirs(lab: Lab, dc: str) -> Rows:
    told: dict[str, Any] = json.loads(_showrepl(lab, dc))
    return {
        (row["NC dn"], row["DSA objectGUID"]): Row(
            failures=row["consecutive failures"],
            result=int(found[1])
            if (found := re.search(r"result (-?\d+)", row["last attempt message"]))
            else 0,
            succeeded=datetime.strptime(row["last success"], "%a %b %d %H:%M:%S %Y UTC").replace(tzinfo=UTC),
        )
        for row in told["repsFrom"]
    }


def _ours(lab: Lab) -> Mapping[str, Rows]:
    """Diagnose, and take the readings from the run's evidence."""
    words = ("--customer", "musterbau", "--subject", "Replikation", "--text", "Bitte prüfen.", "--json")
    ticket = str(json.loads(lab.product("ticket", "new", *words).stdout)["id"])
    told = json.loads(
        lab.product("diagnose", "--ticket", ticket, "--question", "ad.replication", "--json").stdout
    )
    file = lab.place.state / "showrepl.zip"
    file.unlink(missing_ok=True)
    exported = lab.product("report", "bundle", told["run"], "-o", str(file))
    assert exported.returncode == 0, exported.stderr
    readings: dict[str, ReplicationFacts] = {
        result.job.host: replication.adapter.validate_python(result.outcome.reading)
        for result in read_bundle(file).results
        if isinstance(result.outcome, Seen)
    }
    return {
        host: {
            (n.context, n.partner): Row(n.failures, n.result, n.succeeded)
            for n in seen.neighbours
            if n.succeeded is not None
        }
        for host, seen in readings.items()
    }


def _steady(lab: Lab, *, tries: int = 8) -> tuple[Mapping[str, Rows], Mapping[str, Rows], Mapping[str, Rows]]:
    """The tool's answers before and after ours, of a time in which no attempt came to another result."""
    before = {dc.id: _theirs(lab, dc.id) for dc in DCS}
    for _ in range(tries):
        ours = _ours(lab)
        after = {dc.id: _theirs(lab, dc.id) for dc in DCS}
        # Two attempts may have come to other results and back while we looked.
        if _results(before) == _results(ours) == _results(after):
            return before, ours, after
        before = after
    raise AssertionError("the results of replication do not come to rest")


def _results(told: Mapping[str, Rows]) -> Mapping[str, Mapping[tuple[str, str], int]]:
    return {dc: {key: row.result for key, row in rows.items()} for dc, rows in told.items()}


def _same(lab: Lab) -> Mapping[str, Rows]:
    before, ours, after = _steady(lab)
    for dc in (dc.id for dc in DCS):
        assert ours[dc].keys() == before[dc].keys() == after[dc].keys()
        assert len(ours[dc]) == len(ad.PARTITIONS)
        for key, row in ours[dc].items():
            first, last = before[dc][key], after[dc][key]
            assert row.result == first.result == last.result
            assert min(first.failures, last.failures) <= row.failures <= max(first.failures, last.failures)
            assert first.succeeded <= row.succeeded <= last.succeeded
    return ours


def test_a_healthy_domain_replicates_as_its_own_tool_says(lab: Lab) -> None:
    lab.learn_contract()
    lab.wait_healthy()
    assert not any(row.result or row.failures for rows in _same(lab).values() for row in rows.values())


@pytest.mark.parametrize("name", ["repl-disabled", "repl-refused", "dc-clock-off"])
def test_a_broken_one_fails_as_its_own_tool_says(lab: Lab, name: str) -> None:
    lab.learn_contract()
    lab.wait_healthy()
    act = BY_NAME[name]
    try:
        act.inject(lab)
        rows = [row for found in _same(lab).values() for row in found.values()]
    finally:
        act.undo(lab)
        lab.wait_healthy()
    assert name == "dc-clock-off" or any(row.result and row.failures for row in rows)


def test_a_healthy_domain_is_consistent_for_its_own_tool_too(lab: Lab) -> None:
    """What both look at: roles, references to partitions, replica locations, connections."""
    lab.learn_contract()
    for dc in DCS:
        told = ad.tool(lab, dc.id, "dbcheck", "--cross-ncs", check=False)
        assert re.search(r"Checked \d+ objects \(0 errors\)", told), told[-400:]
    ticket = json.loads(
        lab.product(
            "ticket", "new", "--customer", "musterbau", "--subject", "AD", "--text", "AD", "--json"
        ).stdout
    )
    done = lab.product("diagnose", "--ticket", str(ticket["id"]), "--area", "ad", "--json")
    assert [one for one in json.loads(done.stdout)["findings"] if one["severity"] != "note"] == []
