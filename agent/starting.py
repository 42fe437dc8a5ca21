"""What exactly is a worker told for these jobs? Its start, out of what the order and the contract say."""

from __future__ import annotations

import time
from collections.abc import Mapping

from agent.about import about_target
from agent.admission import Admitted
from agent.job import Job
from agent.logins import Logins
from agent.order import Order
from agent.post import Post
from agent.start import Start
from inventory.contract import Clause, Host, Outside

__all__ = ["start_for"]


def start_for(  # noqa: PLR0913 - the parts of one message.
    *,
    order: Order,
    admitted: Admitted,
    allowed: Mapping[Job, Clause],
    logins: Logins,
    shares: Mapping[str, int],
    post: Post,
) -> Start:
    """The start of a worker that asks."""
    hosts = dict.fromkeys(job.host for job in allowed)
    return Start(
        token=order.token,
        keys=post.controller,
        agent=post.name,
        seconds=max(1.0, min(order.seconds, admitted.leave.grant.expires - time.time())),
        jobs=tuple(allowed),
        abouts={host: about_target(admitted.contract, host, order.accounts) for host in hosts},
        ways=logins.ssh,
        directories=logins.ldap,
        windows=logins.winrm,
        snmp=logins.snmp,
        sip=logins.sip,
        rates={
            host: target.dns.rate
            for host in hosts
            if (target := admitted.contract.targets[host]).dns is not None
        },
        outdated=frozenset(host for host in hosts if _is_outdated(admitted.contract.targets[host])),
        group_of={job.host: clause.id for job, clause in allowed.items()},
        shares=shares,
        walls=post.walls,
    )


def _is_outdated(target: Host | Outside) -> bool:
    """Whether the contract permits outdated SSH, so that the key of a device can be learned by it, too."""
    return isinstance(target, Host) and target.ssh is not None and target.ssh.legacy
