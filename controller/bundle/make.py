"""Can somebody else look at it, without us and without the hosts? A run in one signed file, as one reader may have it.

For engineers: report, every answer without its secrets, what `secondline judge` needs, the run's part of the ledger. For the
customer: the same by the contract's rules of data. For a vendor: no names of anybody, what was tried, and what the hosts
said that have findings. The same run gives the same bytes but for the signature, which says when.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from agent.codec import finding_json, result_head
from agent.job import Broken, NoAnswer, Refused, Seen
from collectors import About
from controller.bundle.archive import FORMAT, MANIFEST, SIGNATURE, BundleError, pack
from controller.bundle.hidden import Parts, hidden, hide_parts
from controller.bundle.sealed import Statement, sign
from controller.bundle.tried import tried
from controller.ledger import Entry, Link, What, append, excerpt
from controller.reports.html import render_html, render_paper
from controller.reports.json import render_json
from controller.reports.model import Report
from controller.reports.paper import render_pdf
from controller.reports.redact import Audience, Redactor, redactor, rules_for
from controller.run import report_of
from controller.store.contracts import contract_at
from controller.store.errors import UnknownRunError
from controller.store.runs import Run, get_run
from controller.store.store import Store
from inventory.contract import Contract
from inventory.read import read

__all__ = ["make_bundle"]


_ABOUTS = TypeAdapter(dict[str, About])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What one reader gets: the report with nothing in it that stays, and how to say the rest."""

    store: Store
    run: Run
    report: Report
    contract: Contract
    audience: Audience
    language: str
    parts: Parts
    hide: Redactor


def make_bundle(  # noqa: PLR0913 - what, for whom, where, by whose hand.
    store: Store,
    run_id: str,
    audience: Audience,
    target: Path,
    *,
    key: Mapping[str, Any],
    who: str,
    now: datetime,
    language: str = "",
    hosts: Collection[str] = (),
) -> Path:
    """Write the bundle of a run. key: the controller's. who: asks for it. hosts: whose answers a vendor gets; those with findings when empty.

    Raises BundleError, PaperError, StoreError, OSError.
    """
    leaving = _leaving(store, run_id, audience, language, hosts)
    members = _members(leaving)
    listed = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members
    ]
    manifest = _json(_manifest(leaving) | {"members": listed})
    sha256 = hashlib.sha256(manifest).hexdigest()
    statement = Statement(
        manifest=sha256,
        run=leaving.run.id,
        audience=audience.value,
        at=int(now.timestamp()),
        ledger=_remember(leaving, who, sha256),
    )
    with _fresh(target) as file:
        pack(file, ((MANIFEST, manifest), *members, (SIGNATURE, sign(statement, key))))
    return target


def _remember(leaving: _Leaving, who: str, manifest: str) -> str:
    """The ledger is told before anything leaves; gives the hash of its entry, which is then signed with the bundle."""
    facts = {
        "run": leaving.run.id,
        "customer": leaving.run.customer,
        "audience": leaving.audience.value,
        "manifest": manifest,
    }
    return append(leaving.store, Entry(what=What.BUNDLE_MADE, who=who, facts=facts)).hash


def _leaving(
    store: Store, run_id: str, audience: Audience, language: str, hosts: Collection[str]
) -> _Leaving:
    run = get_run(store, run_id)
    if not run.state.over:
        raise BundleError(f"run {run.id} is still under way: wait for its end")
    stored = contract_at(store, run.contract)
    if stored is None:
        raise UnknownRunError(f"the contract of run {run.id} is no longer in the store")
    contract = read(stored.text)
    report = report_of(store, run.id, contract)
    if not all(isinstance(one.outcome, Seen | NoAnswer | Refused | Broken) for one in report.results):
        raise BundleError(f"run {run.id} made or carried out a plan: bundle the run of questions before it")
    hide = redactor(report, rules_for(contract, audience, report.asked_by), audience, store.blobs.get)
    if hosts and audience is not Audience.VENDOR:
        raise BundleError("only what a vendor gets can be narrowed to some hosts")
    if strangers := sorted(set(hosts) - {one.job.host for one in report.results}):
        raise BundleError(f"the run asked nothing of {strangers[0]}")
    if audience is Audience.VENDOR:
        concerned = frozenset(hosts) or frozenset(finding.host for finding in report.findings)
        kept = tuple(item for item in report.evidence if item.host in concerned)
        # The terms of the contract, and who at the house did what, are not the vendor's business.
        report = replace(report, evidence=kept, clauses={}, touched=())
    parts = hide_parts(report.evidence, store.blobs.get, hide, audience)
    return _Leaving(
        store=store,
        run=run,
        report=replace(report, evidence=parts.shown(report.evidence)),
        contract=contract,
        audience=audience,
        language=language or contract.language,
        parts=parts,
        hide=hide,
    )


def _members(leaving: _Leaving) -> list[tuple[str, bytes]]:
    """Everything but the manifest and the signature, in order."""
    audience, hide = leaving.audience, leaving.hide
    members = {
        **_reports(leaving),
        "evidence.json": _json(_evidence(leaving)),
        **{f"evidence/{sha256}": content for sha256, content in leaving.parts.content.items()},
    }
    if audience is Audience.ENGINEER:
        members["run.json"] = _json(hidden(_judged(leaving), hide.again()))
    if audience is Audience.VENDOR:
        members["tried.json"] = _json(tried(leaving.store, leaving.run, leaving.report, hide.again()))
    else:
        members["contract.json"] = _json(hidden(_contract(leaving), hide.again()))
        members["ledger.json"] = _json(_ledger(excerpt(leaving.store, leaving.run.id), hide.again()))
    return sorted(members.items())


def _reports(leaving: _Leaving) -> dict[str, bytes]:
    report, audience, language = leaving.report, leaving.audience, leaving.language
    blobs = leaving.parts.content.__getitem__

    def copy(render: Callable[..., str], *said: object) -> str:
        hide = leaving.hide.again()
        # The evidence comes without them already; the reader is told of them all the same.
        hide.removed.update(leaving.parts.removed)
        return render(report, *said, audience=audience, hide=hide)

    return {
        "report.html": copy(render_html, blobs, language).encode(),
        "report.json": copy(render_json).encode(),
        "report.pdf": render_pdf(copy(render_paper, blobs, language)),
    }


def _manifest(leaving: _Leaving) -> dict[str, Any]:
    report, say = leaving.report, leaving.hide.again().text
    until = report.began + timedelta(days=leaving.contract.data.keep_days)
    return {
        "format": FORMAT,
        "audience": leaving.audience.value,
        "run": report.run,
        "ticket": say(report.ticket),
        "customer": say(report.customer),
        "contract": {
            "number": say(report.contract),
            "revision": report.revision,
            "sha256": leaving.run.contract,
        },
        "began": report.began.isoformat(),
        "ended": report.ended.isoformat(),
        "keep_until": until.isoformat(),
    }


def _evidence(leaving: _Leaving) -> dict[str, Any]:
    """Every exchange with its question and the members that hold its answer."""
    hide = leaving.hide.again()
    return {
        "exchanges": [
            {
                "id": hide.whole(item.id),
                "host": hide.whole(item.host),
                "session": item.session,
                "question": [hide.whole(word) for word in item.question],
                "began": item.began.isoformat(),
                "took": item.took,
                "facts": hidden(dict(item.facts), hide),
                "cut": item.cut,
                "unanswered": [hide.whole(str(word)) for word in item.unanswered]
                if item.unanswered
                else None,
                "parts": {
                    name: {"sha256": part.sha256, "size": part.size, "redacted": part.redacted}
                    for name, part in leaving.parts.of[item.id].items()
                },
            }
            for item in leaving.report.evidence
        ]
    }


def _judged(leaving: _Leaving) -> dict[str, Any]:
    """What is needed, beside the evidence, to judge it again."""
    report = leaving.report
    return {
        "run": report.run,
        "ticket": report.ticket,
        "customer": report.customer,
        "hosts": _ABOUTS.dump_python(dict(report.hosts), mode="json"),
        "sites": {host.id: host.site for host in leaving.contract.hosts},
        "results": [result_head(result) for result in report.results],
        "findings": [finding_json(finding) for finding in report.findings],
    }


def _contract(leaving: _Leaving) -> dict[str, Any]:
    """The clauses that the run stands on, or was refused by, in their wording."""
    report = leaving.report
    used = {one.clause for one in report.results} | {one.clause for one in report.touched}
    for one in report.results:
        if isinstance(one.outcome, Refused):
            used.update(one.outcome.clauses)
    return {
        "number": report.contract,
        "revision": report.revision,
        "name": report.customer_name,
        "clauses": {clause: text for clause, text in report.clauses.items() if clause in used},
    }


def _ledger(links: tuple[Link, ...], hide: Redactor) -> dict[str, Any]:
    """The run's entries. Where something in them stays here, so do all their hashes: they would tell what it is."""
    plain = [{**link.content, "at": link.content["at"].isoformat()} for link in links]
    told = [hidden(content, hide) for content in plain]
    if told != plain or not links:
        return {"before": None, "after": None, "entries": told}
    first, last = links[0], links[-1]
    return {
        "before": {"number": first.number - 1, "hash": first.previous},
        "after": {"number": last.number, "hash": last.hash},
        "entries": [
            {**content, "previous": link.previous, "hash": link.hash}
            for content, link in zip(plain, links, strict=True)
        ],
    }


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


@contextmanager
def _fresh(target: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole or not at all, for this account only: it is all that the hosts said."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with fresh.open("xb") as file:
            fresh.chmod(0o600)
            yield file
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
