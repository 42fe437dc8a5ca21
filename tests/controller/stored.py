"""A run of questions as it lies in a store: contract, answers, results and its part of the ledger, between those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import yaml

from agent.job import Refused
from collectors.exchange import Exchange
from controller.ledger import Entry, What, append, append_many
from controller.store.contracts import ContractState, add_contract
from controller.store.exchanges import record_exchanges
from controller.store.jobs import record_results
from controller.store.runs import Run, RunState, create_run, end_run
from controller.store.store import Store, open_store
from inventory.read import read
from inventory.schema import example
from tests.controller.reports.sample import BEGAN, STORE, sample

__all__ = ["RUN", "keep", "kept", "stored"]

RUN = sample().run
_NOTHING: Mapping[str, object] = MappingProxyType({})


def kept(home: Path, redact: Mapping[str, object] = _NOTHING) -> Iterator[Store]:
    """A store with the sample run in it, for a fixture. redact: the contract's rules."""
    store = open_store(home)
    stored(store, redact)
    yield store
    store.close()


def stored(store: Store, redact: Mapping[str, object] = _NOTHING) -> None:
    """Keep the sample run under the example's contract."""
    text = _contract(redact)
    contract = read(text)
    added = add_contract(
        store,
        customer=contract.customer,
        revision=contract.revision,
        text=text,
        signatures=(),
        state=ContractState.HOLDS,
        added_by="anna",
    )
    keep(store, added.digest, RUN)


def keep(store: Store, digest: str, name: str) -> None:
    """Keep the sample's answers as a run of this name that has ended."""
    report = sample()
    create_run(store, _run(name, digest), [one.job for one in report.results])
    record_exchanges(
        store,
        name,
        [
            (
                item.id,
                item.host,
                Exchange(
                    session=item.session,
                    question=item.question,
                    began=item.began,
                    took=item.took,
                    facts=item.facts,
                    parts={part: STORE[digest_] for part, digest_ in item.parts.items()},
                    cut=item.cut,
                    unanswered=item.unanswered,
                ),
            )
            for item in report.evidence
        ],
    )
    record_results(store, name, report.results)
    entries = _entries(name)
    append(store, Entry(what=What.ASKED, who="others", run="another", facts={"ticket": "1"}))
    append_many(store, entries[:-2])
    append(store, Entry(what=What.CANCELLED, who="others", run="another"))
    append_many(store, entries[-2:])
    with store.write() as connection:
        end_run(connection, name, RunState.DONE, ended=report.ended, summary={})


def _run(name: str, digest: str) -> Run:
    report = sample()
    return Run(
        id=name,
        ticket=report.ticket,
        desk="builtin",
        customer=report.customer,
        contract=digest,
        revision=3,
        asked_by=report.asked_by,
        state=RunState.RUNNING,
        began=report.began,
        subject=report.subject,
    )


def _entries(name: str) -> list[Entry]:
    def at(seconds: int) -> datetime:
        return BEGAN + timedelta(seconds=seconds)

    return [
        Entry(what=What.ASKED, who="m.keller", run=name, facts={"ticket": "4711", "hosts": 5}, at=at(0)),
        *(
            Entry(what=What.DECIDED_ALLOWED, who="controller", run=name, host=host, clause="3.1", at=at(1))
            for host in ("web1", "ns1", "ns2")
        ),
        Entry(
            what=What.DECIDED_REFUSED,
            who="controller",
            run=name,
            host="erp1",
            facts={"reason": Refused("unknown-host").reason, "by": "controller"},
            at=at(1),
        ),
        Entry(
            what=What.SESSION_OPENED,
            who="musterbau-hh",
            run=name,
            host="web1",
            clause="3.1",
            facts={"session": "shell", "address": "192.0.2.11", "port": 22, "user": "secondline"},
            at=at(2),
        ),
        Entry(what=What.RUN_ENDED, who="controller", run=name, facts={"state": "done", "seen": 7}, at=at(22)),
    ]


def _contract(redact: Mapping[str, object]) -> str:
    """The example's customer with the sample's hosts, and these rules of data."""
    said = yaml.safe_load(example())
    like = {name: value for name, value in said["hosts"][0].items() if name != "ssh"}
    said["hosts"] = [
        like
        | {"id": about.id, "name": about.name, "addresses": list(about.addresses), "roles": list(about.roles)}
        for about in sample().hosts.values()
    ]
    said["sites"] = [{"id": "hamburg", "name": "Hamburg, head office", "agent": "musterbau-hh"}]
    for gone in ("outside", "zones"):
        said.pop(gone, None)
    said["clauses"] = [
        {
            "id": "3.1",
            "text": "Diagnosis of Projekt Elbblick at any time",
            "hosts": list(sample().hosts),
            "diagnose": ["linux", "dns"],
        }
    ]
    said["data"] = {"redact": dict(redact), "keep_days": 90}
    return yaml.safe_dump(said, allow_unicode=True)
