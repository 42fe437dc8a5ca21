"""What may I touch for this customer now, and why not? The contract as the console shows it, host by host and area by area.

It is the same decision that `secondline scope` shows and that the agent takes again. Only the hosts of one page are
decided, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent.post import Post
from collectors.catalogue import catalogue
from controller.hindrance import hindered
from controller.office import NoContractError, Office
from controller.store.contracts import StoredContract, current_contracts, waiting_contract
from controller.store.inbox import Wanted, inbox
from controller.web.access import Person, Right, may
from controller.web.door import needs
from controller.web.pages import language_of
from controller.web.reach import office_of, pages_of, sight_of
from controller.work import Law
from inventory.contract import Contract
from inventory.decide import Diagnose
from inventory.outlook.scope import ScopeRow, reasons, scope_rows
from inventory.read import ContractError
from inventory.revision.describe import describe
from inventory.revision.difference import difference

__all__ = ["router", "validity"]

router = APIRouter()
_PAGE, _ENDS_SOON = 25, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Whether a contract is in force on a day. days: left, or until it begins."""

    state: Literal["holds", "ends-soon", "ended", "not-yet"]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One host and what may be asked of it, area by area, in the order of the page's columns."""

    id: str
    name: str
    address: str
    site: str
    roles: str
    cells: tuple[ScopeRow, ...]


@router.get("/customers")
def customers(request: Request, person: Annotated[Person, Depends(needs(Right.SEE_SCOPE))]) -> Response:
    """Every customer of whom somebody may know, with the state of the contract."""
    office, today = office_of(request), datetime.now(UTC).date()
    listed = []
    for stored in current_contracts(office.store):
        if not may(person, Right.SEE_SCOPE, stored.customer):
            continue
        contract = _readable(office, stored.customer)
        listed.append(
            (
                stored,
                contract,
                validity(contract, today) if contract else None,
                waiting_contract(office.store, stored.customer),
            )
        )
    return pages_of(request).show(request, "customers.html", listed=listed)


@router.get("/customers/{customer}")
def customer(  # noqa: PLR0913, PLR0917 - by what the page is narrowed.
    request: Request,
    customer: str,
    person: Annotated[Person, Depends(needs(Right.SEE_SCOPE))],
    q: Annotated[str, Query(max_length=200)] = "",
    area: Annotated[str, Query(max_length=40)] = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The page; the table alone where only that is wanted."""
    office, language = office_of(request), _language(request)
    try:
        stored, law = office.law_of(customer)
    except NoContractError:
        raise HTTPException(404) from None
    except ContractError as error:
        said = str(error)
        return pages_of(request).show(request, "unreadable.html", customer=customer, problem=said)
    contract = law.contract
    named = [one for one in catalogue().areas if any(one in clause.diagnose for clause in contract.clauses)]
    areas = [area] if area in catalogue().areas else named
    hosts, following = _some_hosts(contract, q, after)
    rows = _rows(law, hosts, areas, language)
    facts: dict[str, Any] = {
        "stored": stored,
        "contract": contract,
        "areas": areas,
        "named": named,
        "unnamed": [one for one in catalogue().areas if one not in named],
        "rows": rows,
        "why": list(reasons((cell for row in rows for cell in row.cells), language)),
        "asked": {"q": q, "area": area},
        "following": following,
        "first": not after,
    }
    if request.headers.get("hx-request") == "true":
        return pages_of(request).show(request, "_scope.html", headers={"Vary": "HX-Request"}, **facts)
    return pages_of(request).show(
        request,
        "customer.html",
        headers={"Vary": "HX-Request"},
        **facts,
        **_state(office, stored, law, language),
        runs=inbox(office.store, sight_of(person), Wanted(customer=customer), limit=8).runs
        if may(person, Right.SEE_RUNS, customer)
        else (),
    )


def _language(request: Request) -> Literal["de", "en"]:
    return "de" if language_of(request) == "de" else "en"


def _readable(office: Office, customer: str) -> Contract | None:
    try:
        return office.contract_of(customer)[1]
    except (ContractError, NoContractError):
        return None


def _state(office: Office, stored: StoredContract, law: Law, language: Literal["de", "en"]) -> dict[str, Any]:
    """What the head of the page says of the contract, its sites and their agents."""
    contract = law.contract
    posts = office.posts(contract)
    count = {site.id: 0 for site in contract.sites}
    for host in contract.hosts:
        count[host.site] = count.get(host.site, 0) + 1
    agents = [
        (site, count[site.id], isinstance(posts[site.agent], Post), law.held.get(site.agent))
        for site in contract.sites
    ]
    waits = waiting_contract(office.store, contract.customer) if law.waiting else None
    changes = describe(difference(contract, law.waiting), language) if law.waiting else ()
    return {
        "validity": validity(contract, datetime.now(contract.zone_info).date()),
        "agents": agents,
        "waits": waits,
        "changes": changes,
        "signed": len(stored.signatures),
    }


def validity(contract: Contract, today: date) -> Validity:
    """Whether it is in force; somebody should be told before it ends."""
    if today < contract.valid.start:
        return Validity(state="not-yet", days=(contract.valid.start - today).days)
    left = (contract.valid.until - today).days
    if left < 0:
        return Validity(state="ended", days=-left)
    return Validity(state="ends-soon" if left <= _ENDS_SOON else "holds", days=left)


def _some_hosts(contract: Contract, text: str, after: str) -> tuple[list[str], str]:
    """The ids of one page, in the contract's order, and after which one the next page begins."""
    found: list[str] = []
    begun = not after or after not in contract.targets
    for host in _fitting(contract, text):
        if begun:
            found.append(host)
            if len(found) > _PAGE:
                return found[:_PAGE], found[_PAGE - 1]
        begun = begun or host == after
    return found, ""


def _fitting(contract: Contract, text: str) -> Iterator[str]:
    wanted = text.strip().lower()
    for target in contract.targets.values():
        if not wanted or wanted in target.id.lower() or wanted in target.name or _has(target, wanted):
            yield target.id


def _has(target: Any, wanted: str) -> bool:  # noqa: ANN401 - a host, or a server elsewhere.
    words: Iterable[str] = (
        *map(str, target.addresses),
        getattr(target, "site", ""),
        getattr(target, "platform", ""),
        *getattr(target, "roles", ()),
    )
    return any(wanted in word.lower() for word in words)


def _rows(
    law: Law, hosts: Sequence[str], areas: Sequence[str], language: Literal["de", "en"]
) -> tuple[HostRow, ...]:
    deeds = [Diagnose(area) for area in areas]
    decided = scope_rows(
        law.contracts, hosts, deeds, datetime.now(UTC), ceiling_of=law.ceiling_of, language=language
    )
    cells = [hindered(row, law) for row in decided]
    rows, wide = [], len(deeds)
    for number, host in enumerate(hosts):
        target = law.contract.targets[host]
        rows.append(
            HostRow(
                id=host,
                name=target.name,
                address=", ".join(map(str, target.addresses)),
                site=str(getattr(target, "site", "")),
                roles=", ".join(getattr(target, "roles", ())),
                cells=tuple(cells[number * wide : (number + 1) * wide]),
            )
        )
    return tuple(rows)
