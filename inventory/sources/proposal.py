"""What would change in the contract, host by host, and what would not and why? The outcome of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.contract import Contract, Environment, Host
from inventory.fields import WrongError
from inventory.sources.seen import Untaken

__all__ = ["Added", "Changed", "Defaults", "Proposal", "Removed", "site_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where a source does not say it; roles: which word of the source is which role."""

    site: str = ""
    environment: Environment = Environment.SERVER
    platform: str = "linux"
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A host that the contract does not have. port, user: where the source names them; no more than a remark."""

    place: str
    host: Host
    port: int | None = None
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A host of the contract that the source describes otherwise."""

    place: str
    before: Host
    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A host of the contract that the source does not have."""

    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The next revision of a contract, as a source would have it.

    after: the contract as it would be. missing: hosts that the source does not have and that stay, by id.
    uncovered: hosts of the source that no clause would cover, by id.
    """

    after: Contract
    added: tuple[Added, ...]
    changed: tuple[Changed, ...]
    removed: tuple[Removed, ...]
    same: tuple[str, ...]
    missing: tuple[str, ...]
    uncovered: tuple[str, ...]
    untaken: tuple[Untaken, ...]
    notes: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether the contract says already what the source says."""
        return not (self.added or self.changed or self.removed)


def site_of(contract: Contract, word: str) -> str:
    """The id of the site that a source means by its id or its name. Raises WrongError."""
    wanted = word.casefold()
    found = [site.id for site in contract.sites if wanted in {site.id, site.name.casefold()}]
    if len(found) != 1:
        many = "there is no site" if not found else "there is more than one site"
        raise WrongError(
            f"{many} {word[:60]!r} in the contract",
            f"write one of: {', '.join(site.id for site in contract.sites[:20])}; or add the site first",
        )
    return found[0]
