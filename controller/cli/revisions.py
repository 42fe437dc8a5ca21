"""Does this revision hold? Contracts are signed, compared, added, and approved by a second person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.changes import difference_of, show_difference
from controller.cli.keys import private_key
from controller.cli.paper import Paper, read_paper
from controller.cli.show import print_error, print_json, print_line
from controller.cli.signed import beside, facts_of, people_of, posts_of, remember, tell, tokens_in

__all__ = ["add", "approve", "diff", "sign"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Argument(help="The contract, a YAML file.", exists=True, dir_okay=False)]
Key = Annotated[Path, typer.Option("--key", help="Your private key, from 'secondline key new'.")]


def sign(file: File, *, key: Key, json: Json = False) -> None:
    """Sign a contract; the signature is added to FILE.sig, which goes with it."""
    from inventory.signing import sign_contract  # noqa: PLC0415 - start-up counts.

    paper = read_paper(file, json=json)
    token = sign_contract(paper.text, paper.contract, private_key(key))
    signatures = beside(file)
    before = tokens_in(signatures)
    signatures.write_text("".join(f"{one}\n" for one in dict.fromkeys((*before, token))), encoding="ascii")
    if json:
        print_json({"file": str(file), "revision": paper.contract.revision, "signatures": str(signatures)})
    else:
        print_line(f"revision {paper.contract.revision} of {paper.contract.customer} is signed: {signatures}")


def diff(
    file: File, *, language: Annotated[str, typer.Option(help="de or en.")] = "en", json: Json = False
) -> None:
    """Show what a revision adds and removes, clause by clause, compared with the one that holds."""
    from controller.office import open_office  # noqa: PLC0415 - see above.

    paper = read_paper(file, json=json)
    found = difference_of(open_office(print_error), paper.contract)
    show_difference(found, paper.contract, as_json=json, language=language)


def add(
    file: File,
    *,
    signatures: Annotated[Path | None, typer.Option(help="The signatures; FILE.sig when not given.")] = None,
    json: Json = False,
) -> None:
    """Add a signed revision: what narrows applies at once, what widens waits for a second person."""
    from controller.ledger import What  # noqa: PLC0415
    from controller.office import open_office  # noqa: PLC0415 - see above.
    from controller.store.contracts import ContractState, add_contract, current_contract  # noqa: PLC0415
    from inventory.signing import NotSigned, SignatureError  # noqa: PLC0415

    paper = read_paper(file, json=json)
    contract, tokens = paper.contract, tokens_in(signatures or beside(file))
    office = open_office(print_error)
    posts = posts_of(office, contract)
    found = difference_of(office, contract)
    people_of(posts, paper, tokens, widens=False)
    state = ContractState.HOLDS
    try:
        people = people_of(posts, paper, tokens, widens=found.widens)
    except SignatureError as error:
        if error.reason is not NotSigned.ONE_PERSON:
            raise
        people, state = people_of(posts, paper, tokens, widens=False), ContractState.WAITING
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
            remember(office, What.CONTRACT_ADDED, stored, people)
        else:
            remember(office, What.CONTRACT_WAITING, stored, people, widenings=len(found.widenings))
        tell(posts.values(), stored, contract)
    if json:
        print_json(facts_of(stored, people) | {"state": stored.state.value})
        return
    if not known:
        show_difference(found, contract, as_json=False, language="en")
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
    from controller.ledger import What  # noqa: PLC0415
    from controller.office import NoContractError, open_office  # noqa: PLC0415 - see above.
    from controller.store.contracts import approve_contract, waiting_contract  # noqa: PLC0415
    from inventory.read import read  # noqa: PLC0415
    from inventory.signing import sign_contract  # noqa: PLC0415

    if (key is None) == (signatures is None):
        raise typer.BadParameter("give --key, or --signatures when it was signed elsewhere")
    office = open_office(print_error)
    waiting = waiting_contract(office.store, customer)
    if waiting is None:
        raise NoContractError(f"no revision of {customer}'s contract waits for anybody")
    contract = read(waiting.text)
    posts = posts_of(office, contract)
    if not json:
        show_difference(difference_of(office, contract), contract, as_json=False, language="en")
    if key is not None:
        fresh: tuple[str, ...] = (sign_contract(waiting.text, contract, private_key(key)),)
    else:
        fresh = tokens_in(signatures) if signatures else ()
    every = tuple(dict.fromkeys((*waiting.signatures, *fresh)))
    people = people_of(posts, Paper(contract=contract, text=waiting.text), every, widens=True)
    stored = approve_contract(office.store, waiting, fresh)
    remember(office, What.CONTRACT_APPROVED, stored, people)
    tell(posts.values(), stored, contract)
    if json:
        print_json(facts_of(stored, people) | {"state": stored.state.value})
    else:
        print_line(
            f"revision {stored.revision} of {customer} holds, signed by {', '.join(people)}: secondline scope {customer}"
        )
