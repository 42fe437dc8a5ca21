"""What does a proposal look like to who decides about it? A table, then everything that is not in it and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.cli.show import print_line, print_table
from inventory.contract import Contract, Host
from inventory.sources.proposal import Added, Changed, Proposal, Removed
from inventory.sources.revise import Revision

__all__ = ["print_proposal", "proposal_json", "write_new"]

_HEADS = (
    "",
    "id",
    "name",
    "addresses",
    "site",
    "environment",
    "roles",
    "platform",
    "reach",
    "clauses",
    "source",
)
_NAMED = 50


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet: what somebody has edited is never written over. Raises OSError."""
    with file.open("x", encoding="utf-8", newline="") as stream:
        stream.write(text)


def print_proposal(proposal: Proposal, revision: Revision | None, output: Path | None) -> None:
    """Host by host, and what cannot be taken."""
    if not proposal.empty:
        print_table(_HEADS, _rows(proposal))
    for entry in proposal.untaken:
        print_line(f"not taken: {entry}")
    for note in proposal.notes:
        print_line(f"note: {note}")
    _print_ids("not covered until a clause names them", proposal.uncovered)
    _print_ids("in the contract and not in the source", proposal.missing)
    print_line(
        f"{len(proposal.added)} to add, {len(proposal.changed)} to change, {len(proposal.removed)} to remove, "
        f"{len(proposal.same)} as they are, {len(proposal.untaken)} not taken"
    )
    if revision is not None:
        print_line(
            f"revision {proposal.after.revision} is proposed in {output} ({_how(revision)}); nothing has changed: "
            f"edit it, then secondline contract check {output}"
        )
    elif output is not None:
        print_line(f"there is nothing to propose: {output} is not written")


def _how(revision: Revision) -> str:
    if revision.anew:
        return "written anew: the old comments and their order are lost"
    if revision.comments_lost:
        return "comments and order are kept, but for comments inside the lists that are new"
    return "comments and order are kept"


def _print_ids(what: str, ids: tuple[str, ...]) -> None:
    if ids:
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        print_line(f"{what}: {', '.join(ids[:_NAMED])}{more}")


def _rows(proposal: Proposal) -> Iterator[tuple[str, ...]]:
    after = proposal.after
    for added in proposal.added:
        host = _cells(added.host, after)
        yield ("add", *host[:-2], _wished_reach(added), host[-1], added.place)
    for changed in proposal.changed:
        old, new = _cells(changed.before, after), _cells(changed.host, after)
        pairs = zip(old, new, strict=True)
        yield (
            "change",
            *(one if one == other else f"{one} → {other}" for one, other in pairs),
            changed.place,
        )
    for removed in proposal.removed:
        yield ("remove", *_cells(removed.host, after), "")


def _cells(host: Host, contract: Contract) -> tuple[str, ...]:
    cover = contract.covers.get(host.id)
    return (
        host.id,
        host.name,
        " ".join(map(str, host.addresses)),
        host.site,
        host.environment.value,
        " ".join(host.roles),
        host.platform,
        _reach(host),
        " ".join(cover.names) if cover else "-",
    )


def _reach(host: Host) -> str:
    ssh = f"ssh {host.ssh.user} port {host.ssh.port}" if host.ssh else ""
    dns = f"dns port {host.dns.port}" if host.dns else ""
    return ", ".join(filter(None, (ssh, dns))) or "-"


def _wished_reach(added: Added) -> str:
    """What the source says of it; it is not reached before its key is pinned."""
    said = (f" {added.user}" if added.user else "") + (
        f" port {added.port}" if added.port is not None else ""
    )
    return f"(ssh{said})" if said else "-"


def proposal_json(proposal: Proposal, revision: Revision | None, output: Path | None) -> dict[str, Any]:
    """The same for programs; hosts as in `contract show --json`."""
    return {
        "customer": proposal.after.customer,
        "revision": proposal.after.revision,
        "add": [_as_json(one, proposal) for one in proposal.added],
        "change": [_as_json(one, proposal) for one in proposal.changed],
        "remove": [_as_json(one, proposal) for one in proposal.removed],
        "same": list(proposal.same),
        "missing": list(proposal.missing),
        "uncovered": list(proposal.uncovered),
        "not_taken": [
            {"place": one.place, "problem": one.problem, "instead": one.instead} for one in proposal.untaken
        ],
        "notes": list(proposal.notes),
        "file": None if revision is None else str(output),
        "written_anew": None if revision is None else revision.anew,
        "comments_lost": None if revision is None else revision.anew or revision.comments_lost,
    }


def _as_json(one: Added | Changed | Removed, proposal: Proposal) -> dict[str, Any]:
    cover = proposal.after.covers.get(one.host.id)
    said: dict[str, Any] = {
        "host": one.host.model_dump(mode="json", by_alias=True),
        "clauses": list(cover.names) if cover else [],
    }
    match one:
        case Added():
            return said | {"place": one.place, "port": one.port, "user": one.user or None}
        case Changed():
            return said | {"place": one.place, "before": one.before.model_dump(mode="json", by_alias=True)}
        case Removed():
            return said
