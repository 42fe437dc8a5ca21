"""What does this contract say, and if it says nothing, which lines are wrong?

`read` gives a `Contract` or raises with every mistake, its line and what to write instead. `examine` never
raises and adds hints. A text that is not wholly right gives no contract at all, never a part of one.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial

from pydantic import ValidationError

from inventory.alike import parse_alike
from inventory.check import contradictions, hints
from inventory.complaint import complaints
from inventory.contract import Contract
from inventory.source import decode, digest
from inventory.tree import Flaw, Path, Tree, parse

__all__ = ["ContractError", "Examined", "Mistake", "digest", "examine", "read"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """line: counted from 1; where: a path such as 'hosts[web1].ssh.port', '' for the whole file."""

    line: int
    where: str
    problem: str
    instead: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.line}: {place}{self.problem} — {self.instead}"


class ContractError(Exception):
    """The text is not a contract; `mistakes` names every reason, in the order of the lines."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(f"line {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Examined:
    """A contract, or the mistakes that keep it from being one; hints are no mistakes."""

    contract: Contract | None
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[Mistake, ...] = ()


# A run reads one contract several times: the desk, and the agent for every grant.
@lru_cache(maxsize=2)
def read(text: str | bytes) -> Contract:
    r"""Read one contract, wholly. Raises ContractError.

    >>> read("customer: musterbau\n")
    Traceback (most recent call last):
    ...
    inventory.read.ContractError: line 1: contract: the key 'contract' is missing — add 'contract: …' here
    line 1: name: the key 'name' is missing — add 'name: …' here
    line 1: revision: the key 'revision' is missing — add 'revision: …' here
    line 1: valid: the key 'valid' is missing — add 'valid: …' here
    line 1: sites: the key 'sites' is missing — add 'sites: …' here
    line 1: hosts: the key 'hosts' is missing — add 'hosts: …' here
    line 1: clauses: the key 'clauses' is missing — add 'clauses: …' here
    """
    examined = _examine(text, _Known(), hinted=False)
    if examined.contract is None:
        raise ContractError(examined.mistakes)
    return examined.contract


def examine(
    text: str | bytes,
    *,
    areas: Collection[str] | None = None,
    playbooks: Collection[str] | None = None,
    platforms: Collection[str] | None = None,
) -> Examined:
    """Read one contract and say everything about it.

    areas, playbooks: the names that exist; where given, a clause that names another is a mistake.
    platforms: those that can be asked; where given, a host of another gets a hint.
    """
    return _examine(text, _Known(areas, playbooks, platforms), hinted=True)


@dataclass(frozen=True, slots=True)
class _Known:
    """The names that exist, where the caller knows them."""

    areas: Collection[str] | None = None
    playbooks: Collection[str] | None = None
    platforms: Collection[str] | None = None


def _examine(text: str | bytes, known: _Known, *, hinted: bool) -> Examined:
    with _collecting_nothing():
        return _judge(text, known, hinted=hinted)


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Nothing that is read is garbage, and looking for some takes as long as the reading."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _judge(text: str | bytes, known: _Known, *, hinted: bool) -> Examined:
    tree = _tree(text, parse_alike)
    contract: Contract | None = None
    flaws = list(tree.flaws)
    if not isinstance(tree.data, dict):
        flaws = flaws or [_nothing(tree.data)]
        return Examined(None, _mistakes(flaws, tree))
    # The model comes last: it stays, and takes the room that the text and the checks have left.
    apart = list(contradictions(tree.data, areas=known.areas, playbooks=known.playbooks))
    perhaps = list(hints(tree.data, platforms=known.platforms)) if hinted else []
    try:
        contract = Contract.model_validate(tree.data)
    except ValidationError as error:
        flaws += complaints(error)
    flaws += apart
    if not (flaws or perhaps):
        return Examined(contract)
    lined = tree if tree.lines else _tree(text, partial(parse, lines=True))
    return Examined(None if flaws else contract, _mistakes(flaws, lined), _mistakes(perhaps, lined))


def _tree(text: str | bytes, reader: Callable[[str], Tree]) -> Tree:
    """What the text says, or why it is none; nobody keeps the text as it was decoded."""
    source = decode(text)
    return reader(source) if isinstance(source, str) else Tree(flaws=list(source))


def _nothing(data: object) -> Flaw:
    if data is None:
        return Flaw(
            (), "the file holds no contract: it is empty or only comments", "write one as in the example", 1
        )
    return Flaw((), "the file does not begin with 'key: value'", "write 'contract: …' in the first line", 1)


def _mistakes(flaws: Iterable[Flaw], tree: Tree) -> tuple[Mistake, ...]:
    """Flaws with their lines, in their order; of several at one place only the first is said."""
    found: dict[tuple[Path, int], Mistake] = {}
    for flaw in flaws:
        line = flaw.line or tree.line(flaw.path)
        key = (flaw.path, 0) if flaw.path else ((), len(found) + 1)
        found.setdefault(key, Mistake(line, _where(flaw.path, tree.data), flaw.problem, flaw.instead))
    return tuple(sorted(found.values(), key=lambda mistake: mistake.line))


def _where(path: Path, data: object) -> str:
    """A path as people write it, with ids instead of positions where there are any."""
    said = ""
    for step in path:
        data = _at(data, step)
        if isinstance(step, str):
            said += f".{step}" if said else step
        else:
            name = (data.get("id") or data.get("name")) if isinstance(data, dict) else None
            said += f"[{name if isinstance(name, str) else f'#{step + 1}'}]"
    return said


def _at(data: object, step: str | int) -> object:
    match data, step:
        case dict(), str():
            return data.get(step)
        case list(), int() if step < len(data):
            return data[step]
        case _:
            return None
