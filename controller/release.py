"""What does a customer get to read? A report's redacted forms, released as the very bytes that an engineer has seen."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from controller.ledger import Entry, What, append
from controller.office import Office
from controller.reports.html import render_html
from controller.reports.json import render_json
from controller.reports.model import Report
from controller.reports.redact import Audience, redactor
from controller.run import report_of
from controller.store.errors import BlobError
from controller.store.releases import Release, add_release, get_release, withdraw_release
from controller.store.runs import Run
from inventory.contract import Redaction

__all__ = ["Copy", "ReleaseError", "copy_of", "release", "withdraw"]


class ReleaseError(Exception):
    """It cannot be released; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A report as its customer would read it. digest: SHA-256 over both forms, by which an engineer says which they saw."""

    page: bytes
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(
            hashlib.sha256(self.page).digest() + hashlib.sha256(self.data).digest()
        ).hexdigest()


def copy_of(office: Office, run: Run, language: str) -> Copy:
    """The customer's copy, by the rules of the contract that held for the run; the same each time.

    Raises ReleaseError for a run that is not over; what the contract or the evidence raises comes through.
    """
    if not run.state.over or run.kind != "diagnose":
        raise ReleaseError("only the report of a diagnosis that is over can be released")
    contract = office.contract_with(run.contract)
    report = report_of(office.store, run.id, contract)
    return _copy(office, report, language, contract.data.redact)


def release(office: Office, run: Run, language: str, digest: str, said: str) -> Release:
    """Release the copy with this digest. Raises ReleaseError when it is not the one that was seen."""
    copy = copy_of(office, run, language)
    if copy.digest != digest:
        raise ReleaseError("the report is not the one that you saw any more: look at it again")
    blobs = office.store.blobs
    try:
        page, data = blobs.put(copy.page), blobs.put(copy.data)
    except BlobError as error:
        raise ReleaseError(f"the report is too large to be released: {error}") from None
    fresh = Release(
        id=secrets.token_hex(16),
        run=run.id,
        customer=run.customer,
        language=language,
        page=page,
        data=data,
        said=said,
        released_by=office.who,
        released_at=datetime.now(UTC),
    )
    # The ledger is told first: rather twice there than never. It is no entry of the run: what is released says what the
    # ledger says of the run, and would be another text from then on.
    facts = {"release": fresh.id, "customer": run.customer, "of": run.id, "page": page, "data": data}
    append(office.store, Entry(what=What.REPORT_RELEASED, who=office.who, facts=facts))
    add_release(office.store, fresh)
    return fresh


def withdraw(office: Office, release_id: str, why: str) -> None:
    """Let a customer read it no more; they see that it was there, and why it is not. Raises ReleaseError."""
    held = get_release(office.store, release_id)
    if held is None or held.withdrawn_at is not None:
        raise ReleaseError("it is not released (any more)")
    facts = {"release": held.id, "customer": held.customer, "of": held.run}
    append(office.store, Entry(what=What.REPORT_WITHDRAWN, who=office.who, facts=facts))
    withdraw_release(office.store, held.id, by=office.who, at=datetime.now(UTC), why=why)


def _copy(office: Office, report: Report, language: str, rules: Redaction) -> Copy:
    blobs = cache(office.store.blobs.get)
    hide = redactor(report, rules, Audience.CUSTOMER, blobs)
    page = render_html(report, blobs, language, audience=Audience.CUSTOMER, rules=rules, hide=hide.again())
    data = render_json(report, audience=Audience.CUSTOMER, rules=rules, blobs=blobs, hide=hide.again())
    return Copy(page=page.encode(), data=data.encode())
