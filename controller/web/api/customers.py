"""What may be touched for a customer, and what was? The scope of their contract, and the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from controller.choice import ChoiceError, must_be_known, named
from controller.hindrance import hindered
from controller.ledger import about, entries_of, verify
from controller.office import NoContractError
from controller.store.contracts import current_contract
from controller.web.access import Person, Right, may
from controller.web.api.parts import Name, Ours
from controller.web.door import needs
from inventory.decide import Change, Deed, Diagnose
from inventory.outlook.scope import scope_json, scope_rows

__all__ = ["router"]

router = APIRouter(tags=["customers"])
_MOST = 2_000


class Remembered(BaseModel):
    """One entry of the ledger. facts: for those alone who may see the evidence."""

    number: int
    at: datetime
    run: str
    who: str
    what: str
    host: str
    clause: str
    about: str
    facts: dict[str, Any] | None


class Holds(BaseModel):
    """Whether the ledger holds. problem: what is wrong with the entry of this number."""

    holds: bool
    entries: int
    head: str
    problem: str | None
    number: int


@router.get("/customers/{customer}/scope")
def scope(  # noqa: PLR0913, PLR0917 - by what the answer is narrowed.
    office: Ours,
    customer: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_SCOPE))],  # noqa: ARG001 - the right is the point.
    host: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006 - FastAPI copies it.
    area: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 - see above.
    playbook: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 - see above.
    at: datetime | None = None,
    language: Literal["de", "en"] = "en",
) -> list[dict[str, Any]]:
    """Who may be asked what, by which clause and how long; for the rest, why not and what would have to change."""
    from collectors.catalogue import catalogue  # noqa: PLC0415 - reads every collector.

    if at is not None and at.tzinfo is None:
        raise ChoiceError("'at' names no zone: write it like 2026-11-27T18:30:00Z")
    must_be_known("area", area, catalogue().areas)
    if current_contract(office.store, customer) is None:
        raise NoContractError(f"there is no contract for {customer!r}, so nothing may be touched")
    _, law = office.law_of(customer)
    areas = area or ([] if playbook else list(catalogue().areas))
    deeds: list[Deed] = [*map(Diagnose, areas), *map(Change, playbook)]
    wanted = [one for word in host for one in named(law.contract, word)] or list(law.contract.targets)
    if len(wanted) * len(deeds) > _MOST:
        raise ChoiceError(
            f"that would be {len(wanted) * len(deeds)} rows: name hosts and areas, {_MOST} at most"
        )
    moment = at or datetime.now(UTC)
    rows = scope_rows(
        law.contracts, tuple(wanted), tuple(deeds), moment, ceiling_of=law.ceiling_of, language=language
    )
    return scope_json([hindered(row, law) for row in rows], language)


@router.get("/customers/{customer}/ledger")
def ledger(
    office: Ours,
    customer: Name,
    person: Annotated[Person, Depends(needs(Right.SEE_LEDGER))],
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Remembered]:
    """What was asked, decided, opened and done for this customer, in order."""
    whole = may(person, Right.SEE_EVIDENCE, customer)
    return [
        Remembered(
            number=row.number,
            at=row.at,
            run=row.run,
            who=row.who,
            what=row.what,
            host=row.host,
            clause=row.clause,
            about=about(row.what, row.facts),
            facts=dict(row.facts) if whole else None,
        )
        for row in entries_of(office.store, customer, after=after, limit=limit)
    ]


@router.get("/ledger")
def holds(
    office: Ours,
    person: Annotated[Person, Depends(needs(Right.OPERATE))],  # noqa: ARG001 - see above.
) -> Holds:
    """Go through the whole ledger and say whether it holds."""
    verdict = verify(office.store)
    return Holds(
        holds=verdict.holds,
        entries=verdict.entries,
        head=verdict.head.hash,
        problem=verdict.problem and verdict.problem.value,
        number=verdict.number,
    )
