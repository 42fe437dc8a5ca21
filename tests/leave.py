"""A verified leave for tests: sealed and verified as the product does it."""

import time

from inventory.grant import Grant, Leave, Target, seal, verify
from inventory.token import new_key, pin_of

__all__ = ["leave_for"]

_KEY = new_key()


def leave_for(host: str, *addresses: str, deeds: tuple[str, ...] = ("linux.disk",), **ports: int) -> Leave:
    """A leave for one host: its addresses, and the port of each way in."""
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
        targets={host: Target(addresses=addresses, ports=ports)},
        not_before=now,
        expires=now + 300,
    )
    return verify(seal(grant, _KEY), (pin_of(_KEY),), agent="here-1")
