"""A verified leave for tests: sealed and verified as the product does it."""

import time

from inventory.grant import Grant, Leave, Target, seal, verify
from inventory.token import new_key, pin_of

__all__ = ["leave_for", "leave_over"]

_KEY = new_key()


def leave_for(host: str, *addresses: str, deeds: tuple[str, ...] = ("linux.disk",), **ports: int) -> Leave:
    """A leave for one host: its addresses, and the port of each way in."""
    return leave_over({host: Target(addresses=addresses, ports=ports)}, deeds=deeds)


def leave_over(targets: dict[str, Target], *, deeds: tuple[str, ...] = ("linux.disk",)) -> Leave:
    """A leave for several hosts."""
    now = int(time.time())
    grant = Grant(
        id="0123456789abcdef",
        run="run",
        ticket="1",
        customer="musterbau",
        agent="here-1",
        contract="0" * 64,
        revision=1,
        deeds=deeds,
        targets=targets,
        not_before=now,
        expires=now + 300,
    )
    return verify(seal(grant, _KEY), (pin_of(_KEY),), agent="here-1")
