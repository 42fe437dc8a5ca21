"""Does this revision hold? Contracts are signed, compared, added, approved by a second person, and ended early."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.keys import private_key
from controller.cli.paper import Paper, read_paper
from controller.cli.show import print_error, print_json, print_line

if TYPE_CHECKING:
    from agent.post import Post
    from controller.cli.office import Office
    from controller.ledger import LedgerFact, What
    from controller.store.contracts import StoredContract
    from inventory.contract import Contract
    from inventory.revision.difference import Difference

__all__ = ["add", "approve", "diff", "end", "sign"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Argument(help="The contract, a YAML file.", exists=True, dir_okay=False)]
Key = Annotated[Path, typer.Option("--key", help="Your private key, from 'secondline key new'.")]


def sign(file: File, *, key: Key, json: Json = False) -> None:
    """Sign a contract; the signature is added to FILE.sig, which goes with it."""
    from inventory.signing import sign_contract  # noqa: PLC0415 - start-up counts.

    paper = read_paper(file, json=json)
    token = sign_contract(paper.text, paper.contract, private_key(key))
    beside = _beside(file)
    before = _tokens(beside)
    beside.write_text("".join(f"{one}\n" for one in dict.fromkeys((*before, token))), encoding="ascii")
    if json:
        print_json({"file": str(file), "revision": paper.contract.revision, "signatures": str(beside)})
    else:
        print_line(f"revision {paper.contract.revision} of {paper.contract.customer} is signed: {beside}")


def diff(
    file: File, *, language: Annotated[str, typer.Option(help="de or en.")] = "en", json: Json = False
) -> None:
    """Show what a revision adds and removes, clause by clause, compared with the one that holds."""
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.

    paper = read_paper(file, json=json)
    found = _difference(open_office(), paper.contract)
    _show_difference(found, as_json=json, language=language)


def add(
    file: File,
    *,
    signatures: Annotated[Path | None, typer.Option(help="The signatures; FILE.sig when not given.")] = None,
    json: Json = False,
) -> None:
    """Add a signed revision: what narrows applies at once, what widens waits for a second person."""
    from controller.cli.office import open_office  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415
    from controller.store.contracts import ContractState, add_contract, current_contract  # noqa: PLC0415
    from inventory.signing import NotSigned, SignatureError  # noqa: PLC0415

    paper = read_paper(file, json=json)
    contract, tokens = paper.contract, _tokens(signatures or _beside(file))
    office = open_office()
    posts = _posts(office, contract)
    found = _difference(office, contract)
    _people(posts, paper, tokens, widens=False)
    state = ContractState.HOLDS
    try:
        people = _people(posts, paper, tokens, widens=found.widens)
    except SignatureError as error:
        if error.reason is not NotSigned.ONE_PERSON:
            raise
        people, state = _people(posts, paper, tokens, widens=False), ContractState.WAITING
    before = current_contract(office.store, contract.customer)
    stored = add_contract(
        office.store,
        customer=contract.customer,
        revision=contract.revision,
        text=paper.text,
        signatures=tokens,
        state=state,
        added_by=office.who,
    )
    known = before is not None and before.digest == stored.digest
    if not known:
        if state is ContractState.HOLDS:
            _remember(office, What.CONTRACT_ADDED, stored, people)
        else:
            _remember(office, What.CONTRACT_WAITING, stored, people, widenings=len(found.widenings))
        _tell(posts.values(), stored, contract)
    if json:
        print_json(_facts(stored, people) | {"state": stored.state.value})
        return
    if not known:
        _show_difference(found, as_json=False, language="en")
    what = f"revision {stored.revision} of {stored.customer}"
    if stored.state is ContractState.WAITING:
        print_line(
            f"{what} permits more than before and waits for a second person ({', '.join(people)} has signed): "
            f"secondline contract approve {stored.customer} --key KEY"
        )
    else:
        holds = "holds already, unchanged," if known else "holds"
        days = f"from {contract.valid.start} until {contract.valid.until}"
        print_line(f"{what} {holds} {days}: secondline scope {stored.customer}")


def approve(
    customer: str,
    *,
    key: Annotated[
        Path | None, typer.Option("--key", help="Your private key; you are the second person.")
    ] = None,
    signatures: Annotated[Path | None, typer.Option(help="Or a signature that was made elsewhere.")] = None,
    json: Json = False,
) -> None:
    """Let a waiting revision hold: a second person looks at what it adds, and signs."""
    from controller.cli.office import NoContractError, open_office  # noqa: PLC0415 - see above.
    from controller.ledger import What  # noqa: PLC0415
    from controller.store.contracts import approve_contract, waiting_contract  # noqa: PLC0415
    from inventory.read import read  # noqa: PLC0415
    from inventory.signing import sign_contract  # noqa: PLC0415

    if (key is None) == (signatures is None):
        raise typer.BadParameter("give --key, or --signatures when it was signed elsewhere")
    office = open_office()
    waiting = waiting_contract(office.store, customer)
    if waiting is None:
        raise NoContractError(f"no revision of {customer}'s contract waits for anybody")
    contract = read(waiting.text)
    posts = _posts(office, contract)
    if not json:
        _show_difference(_difference(office, contract), as_json=False, language="en")
    if key is not None:
        fresh: tuple[str, ...] = (sign_contract(waiting.text, contract, private_key(key)),)
    else:
        fresh = _tokens(signatures) if signatures else ()
    every = tuple(dict.fromkeys((*waiting.signatures, *fresh)))
    people = _people(posts, Paper(contract=contract, text=waiting.text), every, widens=True)
    stored = approve_contract(office.store, waiting, fresh)
    _remember(office, What.CONTRACT_APPROVED, stored, people)
    _tell(posts.values(), stored, contract)
    if json:
        print_json(_facts(stored, people) | {"state": stored.state.value})
    else:
        print_line(
            f"revision {stored.revision} of {customer} holds, signed by {', '.join(people)}: secondline scope {customer}"
        )


def end(
    customer: str,
    *,
    key: Annotated[
        Path | None, typer.Option("--key", help="A duty manager's or the customer's private key.")
    ] = None,
    ending: Annotated[Path | None, typer.Option(help="Or an ending that was signed elsewhere.")] = None,
    at: Annotated[
        str | None, typer.Option(help="From when on, like 2026-11-23T18:30; now when not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Also write the signed ending, for agents elsewhere.")
    ] = None,
    json: Json = False,
) -> None:
    """End a contract early: at the next job, and at once for whatever is running. Only a new revision undoes it."""
    from agent.memory import Memory  # noqa: PLC0415 - see above.
    from controller.cli.office import open_office  # noqa: PLC0415
    from controller.cli.scope import moment  # noqa: PLC0415
    from controller.ledger import Entry, What, append  # noqa: PLC0415
    from inventory.signing import read_ending, sign_ending  # noqa: PLC0415
    from inventory.token import TokenError  # noqa: PLC0415

    if (key is None) == (ending is None):
        raise typer.BadParameter("give --key, or --ending when it was signed elsewhere")
    office = open_office()
    stored, contract = office.contract_of(customer)
    posts = _posts(office, contract)
    if key is not None:
        when = moment(at, contract) if at else datetime.now(UTC)
        token = sign_ending(customer, stored.revision, when, private_key(key))
    else:
        token = next(iter(_tokens(ending)), "") if ending else ""
    people = ""
    for name, post in posts.items():
        try:
            said, people = read_ending(token, post.pins)
        except TokenError as error:
            raise typer.BadParameter(f"agent {name} does not take this ending: {error}") from None
        if said.customer != customer:
            raise typer.BadParameter(f"this ends the contract of {said.customer}, not of {customer}")
        Memory(post.memory).end(customer=customer, revision=said.revision, at=said.at)
        facts: dict[str, LedgerFact] = {"customer": customer, "revision": said.revision, "people": people}
        facts["at"] = said.moment.isoformat()
    append(office.store, Entry(what=What.CONTRACT_ENDED, who=office.who, facts=facts))
    if output:
        output.write_text(f"{token}\n", encoding="ascii")
    if json:
        print_json(facts)
    else:
        print_line(f"the contract of {customer} ends at {facts['at']}, up to revision {facts['revision']}")


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


def _tokens(file: Path) -> tuple[str, ...]:
    from inventory.signing import read_tokens  # noqa: PLC0415 - see above.
    from inventory.token import TokenError  # noqa: PLC0415

    try:
        return read_tokens(file.read_bytes())
    except FileNotFoundError:
        return ()
    except TokenError as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def _posts(office: Office, contract: Contract) -> Mapping[str, Post]:
    """The agents that will have to accept the contract. Raises HoldError when one is not set up."""
    from agent.refusal import HoldError  # noqa: PLC0415 - see above.

    posts: dict[str, Post] = {}
    for name, post in office.posts(contract).items():
        if isinstance(post, HoldError):
            raise post
        posts[name] = post
    return posts


def _people(
    posts: Mapping[str, Post], paper: Paper, tokens: tuple[str, ...], *, widens: bool
) -> tuple[str, ...]:
    """Who has signed, as every agent sees it. Raises SignatureError when it is not enough for one of them."""
    from inventory.signing import check_signatures  # noqa: PLC0415 - see above.
    from inventory.source import digest  # noqa: PLC0415

    people: dict[str, None] = {}
    sha256 = digest(paper.text)
    for post in posts.values():
        signed = check_signatures(sha256, paper.contract, tokens, post.pins, widens=widens)
        people.update(dict.fromkeys(signed.people))
    return tuple(people)


def _difference(office: Office, contract: Contract) -> Difference:
    from controller.store.contracts import current_contract  # noqa: PLC0415 - see above.
    from inventory.read import ContractError, read  # noqa: PLC0415
    from inventory.revision.difference import difference  # noqa: PLC0415

    before = current_contract(office.store, contract.customer)
    try:
        known = read(before.text) if before else None
    except ContractError:
        known = None
    return difference(known, contract)


def _show_difference(found: Difference, *, as_json: bool, language: str) -> None:
    from inventory.revision.difference import describe  # noqa: PLC0415 - see above.

    lines = describe(found, "de" if language == "de" else "en")
    if as_json:
        print_json({"widens": found.widens, "lines": list(lines)})
    else:
        for line in lines or ("no difference",):
            print_line(line)


def _facts(stored: StoredContract, people: Iterable[str]) -> dict[str, LedgerFact]:
    return {
        "customer": stored.customer,
        "revision": stored.revision,
        "digest": stored.digest,
        "people": ", ".join(people),
    }


def _remember(
    office: Office, what: What, stored: StoredContract, people: Iterable[str], **more: LedgerFact
) -> None:
    from controller.ledger import Entry, append  # noqa: PLC0415 - see above.

    append(office.store, Entry(what=what, who=office.who, facts=_facts(stored, people) | more))


def _tell(posts: Iterable[Post], stored: StoredContract, contract: Contract) -> None:
    """Let the agents learn what holds now, or that less does; whatever is running for this customer ends."""
    from agent.admission import learn  # noqa: PLC0415 - see above.
    from agent.memory import Memory  # noqa: PLC0415
    from agent.refusal import HoldError  # noqa: PLC0415
    from controller.store.contracts import ContractState  # noqa: PLC0415
    from inventory.signing import SignatureError  # noqa: PLC0415

    for post in posts:
        try:
            if stored.state is ContractState.HOLDS:
                learn(stored.text, contract, stored.signatures, post)
            else:
                Memory(post.memory).changed(stored.customer)
        except (HoldError, SignatureError) as error:
            print_error(f"agent {post.name} does not take it: {error}")
