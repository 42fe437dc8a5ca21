"""Which finding explains which between domain controllers: replication, roles, and controllers that are gone?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, Where, asks_it, same_host

__all__ = ["REPLICATION_RULES"]


def _likely(_cause: Finding, _effect: Finding) -> Sure | None:
    """Of a whole domain, where nothing names the other."""
    return "likely"


def _is_its(*facts: str) -> Where:
    """When the controller that the cause speaks of is the one that a fact of the effect names."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        spoken = {cause.facts.get(fact) for fact in ("controller", "holder")} - {None}
        return "certain" if spoken & {effect.facts.get(fact) for fact in facts} else None

    return where


def _cannot_be_found(cause: Finding, effect: Finding) -> Sure | None:
    """Replication looks for a partner by its alias and its host name; services are for clients."""
    names = str(cause.facts.get("names", "")).split(", ")
    is_vital = any(not name.startswith("_") for name in names)
    return _is_its("partner")(cause, effect) if is_vital else None


def _on_its_way(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is a replication that fails, and the effect what does not arrive by it (or is said of it as well)."""
    source = effect.facts.get("source", effect.facts.get("partner"))
    is_it = bool(cause.host) and cause.host == effect.host and cause.facts.get("partner") == source
    return "certain" if is_it else None


# Replication from a partner that fails, whatever the reason; what is said of it as well; and what does not arrive.
_FAILING = (
    *("ad.replication-unreachable", "ad.replication-name-missing", "ad.replication-denied"),
    *("ad.replication-clock", "ad.replication-switched-off", "ad.replication-lingering"),
    *("ad.replication-schema", "ad.replication-failing", "ad.replication-stale"),
)
_OLD = ("ad.replication-stale", "ad.replication-late", "ad.replication-nearly-lost")
_NOT_ARRIVED = ("ad.changes-behind", "ad.changes-missing")
_REPLICATION = (*_FAILING, *_OLD, "ad.replication-interrupted", "ad.replication-nobody-pulls", *_NOT_ARRIVED)
# A controller that nobody can ask, and one whose directory gives nothing.
_SILENT = (
    *("reach.[!w]*", "linux.service-*", "ad.samba-not-running", "ad.samba-task-missing"),
    *("ad.directory-*", "ad.usn-rollback", "ad.outbound-disabled"),
)

REPLICATION_RULES: tuple[Rule, ...] = (
    *(Rule(silent, (*_REPLICATION, "ad.role-holder-silent"), asks_it, far=True) for silent in _SILENT),
    *(
        Rule(own, _REPLICATION, same_host)
        for own in ("ad.inbound-disabled", "ad.usn-rollback", "ad.directory-*", "ad.samba-task-missing")
    ),
    Rule("ad.usn-rollback", ("ad.inbound-disabled", "ad.outbound-disabled"), same_host),
    *(
        Rule(
            "ad.clock-off",
            ("ad.replication-clock", "ad.replication-denied", "ad.replication-failing"),
            where,
            far=True,
        )
        for where in (asks_it, same_host)
    ),
    Rule("ad.clock-off", ("ad.replication-in-future",), same_host),
    *(
        Rule(gone, ("ad.replication-name-missing", "ad.replication-unreachable"), where, far=True)
        for gone, where in (
            ("ad.record-missing", _cannot_be_found),
            ("ad.controller-left-over", _is_its("partner")),
            ("ad.controller-account-missing", _is_its("partner")),
        )
    ),
    *(
        Rule(account, ("ad.replication-denied",), _is_its("partner"), far=True)
        for account in ("ad.controller-disabled", "ad.controller-flags", "ad.controller-account-missing")
    ),
    Rule(
        "ad.role-holder-silent",
        ("ad.controller-left-over", "ad.controller-account-missing", "ad.controller-long-away"),
        _is_its("controller"),
        far=True,
    ),
    Rule(
        "ad.controller-account-missing",
        ("ad.controller-left-over", "ad.controller-not-in-contract"),
        _is_its("controller"),
        far=True,
    ),
    Rule(
        "ad.controller-left-over",
        ("ad.record-missing", "ad.record-partly-missing", "ad.controller-long-away"),
        _is_its("controller"),
        far=True,
    ),
    *(Rule(failing, (*_OLD, *_NOT_ARRIVED), _on_its_way) for failing in _FAILING),
    *(
        Rule(failing, ("ad.role-disputed",), _likely, far=True)
        for failing in (*_FAILING, "ad.inbound-disabled", "ad.outbound-disabled")
    ),
    *(
        Rule(master, ("ad.rid-set-missing", "ad.rid-pool-used-up"), _likely, far=True)
        for master in ("ad.role-holder-*", "ad.rids-nearly-out")
    ),
)
