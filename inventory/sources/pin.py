"""How does a contract's next revision pin a host's key? One place of the text changes, and the revision's number."""

from __future__ import annotations

from inventory.contract import Contract
from inventory.sources.proposal import Changed, Proposal
from inventory.sources.revise import Revision, revise

__all__ = ["pin_host_key"]


def pin_host_key(text: str, contract: Contract, host: str, key: str) -> Revision:
    """The next revision, which pins this key ('type base64') and no other. `contract` is what the text says.

    Raises KeyError for a host that the contract lacks, or that it names no SSH way to.
    """
    before = next((one for one in contract.hosts if one.id == host), None)
    if before is None or before.ssh is None:
        raise KeyError(host)
    ssh = before.ssh.model_copy(update={"host_keys": (key,)})
    pinned = before.model_copy(update={"ssh": ssh})
    hosts = tuple(pinned if one is before else one for one in contract.hosts)
    proposal = Proposal(
        after=contract.model_copy(update={"revision": contract.revision + 1, "hosts": hosts}),
        added=(),
        changed=(Changed(place="the host itself", before=before, host=pinned),),
        removed=(),
        same=(),
        missing=(),
        uncovered=(),
        untaken=(),
        notes=(),
    )
    return revise(text, contract, proposal)
