"""Who has signed it, which agents must take it, and what is told to them and to the ledger?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from controller.cli.paper import Paper
from controller.cli.show import print_error

if TYPE_CHECKING:
    from agent.post import Post
    from controller.ledger import LedgerFact, What
    from controller.office import Office
    from controller.store.contracts import StoredContract
    from inventory.contract import Contract

__all__ = ["beside", "facts_of", "people_of", "posts_of", "remember", "tell", "tokens_in"]


def beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


def tokens_in(file: Path) -> tuple[str, ...]:
    from inventory.signing import read_tokens  # noqa: PLC0415 - see above.
    from inventory.token import TokenError  # noqa: PLC0415

    try:
        return read_tokens(file.read_bytes())
    except FileNotFoundError:
        return ()
    except TokenError as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def posts_of(office: Office, contract: Contract) -> Mapping[str, Post]:
    """The agents that will have to accept the contract. Raises HoldError when one is not set up."""
    from agent.refusal import HoldError  # noqa: PLC0415 - see above.

    posts: dict[str, Post] = {}
    for name, post in office.posts(contract).items():
        if isinstance(post, HoldError):
            raise post
        posts[name] = post
    return posts


def people_of(
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


def facts_of(stored: StoredContract, people: Iterable[str]) -> dict[str, LedgerFact]:
    return {
        "customer": stored.customer,
        "revision": stored.revision,
        "digest": stored.digest,
        "people": ", ".join(people),
    }


def remember(
    office: Office, what: What, stored: StoredContract, people: Iterable[str], **more: LedgerFact
) -> None:
    from controller.ledger import Entry, append  # noqa: PLC0415 - see above.

    append(office.store, Entry(what=what, who=office.who, facts=facts_of(stored, people) | more))


def tell(posts: Iterable[Post], stored: StoredContract, contract: Contract) -> None:
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
