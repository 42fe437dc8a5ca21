"""Do two switches belong to one region of MSTP? The digest of which VLAN follows which instance (802.1Q-2018, 13.8)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

__all__ = ["mst_digest"]

# The same for everybody (802.1Q-2018, 13.8): it hides nothing, and tells no two maps with the same digest.
_SIGNATURE = bytes.fromhex("13AC06A62E47FD51F95D2BA243CD0346")


def mst_digest(instances: Mapping[int, int]) -> str:
    """The digest of a map VLAN -> instance, in lower case hexadecimal; VLANs that are not in it follow the common tree.

    Raises ValueError for a VLAN outside 1 to 4094, or an instance outside 0 to 4094.

    >>> mst_digest({})
    'ac36177f50283cd4b83821d8ab26de62'
    >>> mst_digest({10: 1, 20: 2})
    '9357ebb7a8d74dd5fef4f2bab50531aa'
    """
    if any(not 1 <= vlan <= 4094 or not 0 <= number <= 4094 for vlan, number in instances.items()):
        raise ValueError("a VLAN is 1 to 4094, an instance 0 to 4094")
    table = b"".join(instances.get(vlan, 0).to_bytes(2, "big") for vlan in range(4096))
    return hmac.new(_SIGNATURE, table, hashlib.md5).hexdigest()
