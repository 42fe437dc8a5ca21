"""What can go wrong in the customer's Active Directory? Every act that the lab knows, and proves to undo."""

from __future__ import annotations

from tests.faults import ad_accounts, ad_names, ad_objects, ad_servers
from tests.faults.ad_act import Act

__all__ = ["ACTS", "BY_NAME", "Act"]

ACTS: tuple[Act, ...] = (*ad_objects.ACTS, *ad_names.ACTS, *ad_servers.ACTS, *ad_accounts.ACTS)
BY_NAME = {act.name: act for act in ACTS}
