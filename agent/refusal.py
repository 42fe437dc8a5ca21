"""Why does an agent refuse what the contract allows? The codes of its own law, beside `inventory.decide`'s."""

from __future__ import annotations

from enum import StrEnum

from inventory.decide import Reason

__all__ = ["Hold", "HoldError"]


class Hold(StrEnum):
    """Why the agent does not work: public and stable. `inventory` has those of contracts, grants and signatures."""

    NO_AGENT = "no-agent"
    NO_MEMORY = "no-memory"
    CLOCK_SET_BACK = "clock-set-back"
    SPENT = "grant-spent"
    OTHER_TEXT = "contract-other-text"
    UNREADABLE = "contract-unreadable"
    OLDER = "contract-older"
    DIFFERS = "contract-differs"
    ENDED = "contract-ended"
    CHANGED = "contract-changed"
    SWITCH = "kill-switch"
    NOT_AS_CONTRACT = "grant-differs-from-contract"
    NOT_PINNED = "host-not-pinned"
    NO_KDC = "no-kdc"
    NOT_LOOKED_UP = "not-looked-up"
    LOOKED_UP_BEFORE = "looked-up-before"
    WALL = "wall"
    NO_KERNEL_WALL = "no-kernel-wall"
    NO_CHANGE_ACCOUNT = "no-change-account"
    NO_PLAYBOOK = "playbook-unknown"
    PARAMETERS = "playbook-parameters"
    OTHER_PLAN = "plan-other"
    STATE_DIFFERS = "plan-outdated"
    NOT_WHOLE = "plan-not-whole"
    STOPPED_BEFORE = "change-stopped-before"
    APPROVAL_SPENT = "approval-spent"
    UNDER_WAY = "change-under-way"
    LEFT_OPEN = "change-left-open"
    NO_JOURNAL = "no-journal"
    NOTHING_TO_UNDO = "nothing-to-undo"
    NO_WAY_BACK = "no-way-back"
    CANCELLED = "cancelled"
    NO_TIME = "too-little-time"


class HoldError(Exception):
    """The agent does not do it: `reason` is the code, the message says what to do."""

    def __init__(self, reason: Hold | Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
