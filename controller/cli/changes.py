"""What does a revision change, as whoever signs or approves it must see it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from controller.cli.show import print_json, print_line

if TYPE_CHECKING:
    from controller.office import Office
    from inventory.contract import Contract
    from inventory.revision.difference import Difference

__all__ = ["difference_of", "show_difference"]


def difference_of(office: Office, contract: Contract) -> Difference:
    from controller.store.contracts import current_contract  # noqa: PLC0415 - see above.
    from inventory.read import ContractError, read  # noqa: PLC0415
    from inventory.revision.difference import difference  # noqa: PLC0415

    before = current_contract(office.store, contract.customer)
    try:
        known = read(before.text) if before else None
    except ContractError:
        known = None
    return difference(known, contract)


def show_difference(found: Difference, after: Contract, *, as_json: bool, language: str) -> None:
    from inventory.revision.difference import Effect, describe  # noqa: PLC0415 - see above.

    lines = describe(found, "de" if language == "de" else "en")
    if as_json:
        print_json({"widens": found.widens, "lines": list(lines)})
    else:
        for line in lines or ("no difference",):
            print_line(line)
        fresh = [step.hosts for step in found.widenings if step.what is Effect.HOST_COVERED]
        for line in _whereabouts(after, dict.fromkeys(host for hosts in fresh for host in hosts)):
            print_line(line)


# So many hosts that are new in a contract are shown with their addresses; more nobody compares by eye.
_SHOWN = 20


def _whereabouts(contract: Contract, hosts: Iterable[str]) -> Iterator[str]:
    """Where hosts that are newly covered would be reached: who approves them must see it."""
    from inventory.ceiling import ways  # noqa: PLC0415 - see above.

    targets = [contract.targets[host] for host in hosts if host in contract.targets]
    for target in targets[:_SHOWN]:
        addresses = ", ".join(map(str, target.addresses))
        yield f"  {target.id} ({target.name}): {addresses}; " + (
            ", ".join(f"{way} {port}" for way, port in ways(target).items()) or "no way in"
        )
    if len(targets) > _SHOWN:
        yield f"  and {len(targets) - _SHOWN} more: compare them in the file"
