"""Which finding explains which? The rules of diagnosis, one a line, over the tags of all areas.

A rule holds between a cause and an effect when their tags fit and `where` does. `sure` says how much that
shows: 'certain' when the effect names the cause (its path, its unit, its server), else 'likely'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from collectors import Finding

__all__ = ["RULES", "Rule", "Sure"]

Sure = Literal["certain", "likely"]
# Says how sure it is that the first explains the second; None when it does not.
Where = Callable[[Finding, Finding], Sure | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`cause` and `effects` are tags; '*' at the end of a tag stands for any.

    far: the rule also holds between different hosts; the others are only tried on one host's findings.
    """

    cause: str
    effects: tuple[str, ...]
    where: Where
    far: bool = False

    def fits(self, cause: str, effect: str) -> bool:
        """Say whether the rule speaks of these two tags."""
        return fnmatchcase(cause, self.cause) and any(
            fnmatchcase(effect, pattern) for pattern in self.effects
        )


# A service that says this has a reason of its own: its configuration, its rights, a port that is taken.
_OWN_REASON = re.compile(
    r"\.(?:conf|cnf|cfg|ini|ya?ml|toml|json|xml|properties)\b|address already in use|permission denied|"
    r"syntax error|no such file|unknown (?:option|directive|key)",
    re.IGNORECASE,
)


def _same_host(cause: Finding, effect: Finding) -> Sure | None:
    """A guess, which no effect needs that names a reason of its own."""
    if not cause.host or cause.host != effect.host:
        return None
    return None if _OWN_REASON.search(str(effect.facts.get("reason", ""))) else "likely"


def _says(*words: str) -> Where:
    """On the same host, when the effect's own words name the cause; each word is a pattern."""
    named = re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE)

    def where(cause: Finding, effect: Finding) -> Sure | None:
        if not cause.host or cause.host != effect.host:
            return None
        told = " ".join(str(value) for name, value in effect.facts.items() if name != "unit")
        return "certain" if named.search(told) else None

    return where


def _said_in(*words: str) -> Where:
    """On the same host; certain when the effect's own words name the cause."""
    named = _says(*words)
    return lambda cause, effect: named(cause, effect) or _same_host(cause, effect)


def _one_of(fact: str, *parts: str) -> Where:
    """On the same host, when a fact of the cause contains one of the parts."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        named = any(part in str(cause.facts.get(fact, "")) for part in parts)
        return "certain" if named and cause.host == effect.host else None

    return where


def _serves_itself(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is a resolver's service, and the effect asks a resolver on the same host."""
    asked = str(effect.facts.get("server", effect.facts.get("servers", "")))
    return _RESOLVES(cause, effect) if asked.startswith(("127.", "::1")) else None


def _required(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a service that requires the cause's."""
    is_it = cause.host == effect.host and cause.facts.get("unit") == effect.facts.get("by")
    return "certain" if is_it else None


def _same(fact: str) -> Where:
    """When both speak of the same thing (a zone, a server)."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        value = cause.facts.get(fact)
        return "certain" if value is not None and value == effect.facts.get(fact) else None

    return where


def _same_server(cause: Finding, effect: Finding) -> Sure | None:
    """Both are on one host and speak of one server that it asks."""
    return _same("server")(cause, effect) if cause.host == effect.host else None


def _asks_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect's `server` is one of the cause's addresses (or its id)."""
    named = next(
        (cause.facts[fact] for fact in ("addresses", "address", "server") if fact in cause.facts), ""
    )
    known = {cause.host, *str(named).replace(",", " ").split()}
    asked = set(str(effect.facts.get("server", effect.facts.get("servers", ""))).replace(",", " ").split())
    return "certain" if asked and asked & known else None


def _lies_in_its_zone(cause: Finding, names: str) -> bool:
    zone = f".{cause.facts.get('zone', '')}"
    return any(f".{name}".endswith(zone) for name in names.split(", "))


def _asks_for_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect asked the cause's server for a name of the cause's zone."""
    return _asks_it(cause, effect) if _lies_in_its_zone(cause, str(effect.facts.get("name", ""))) else None


def _finds_not_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is on the same host, and does not find names of the cause's zone."""
    is_it = cause.host == effect.host and _lies_in_its_zone(cause, str(effect.facts.get("names", "")))
    return "certain" if is_it else None


def _looks_for_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver that did not find the cause's name."""
    return (
        "certain"
        if str(cause.facts.get("server")) in str(effect.facts.get("names", "")).split(", ")
        else None
    )


def _of_its_hosts(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is on one of the hosts that the cause counts."""
    return "certain" if effect.host in str(cause.facts.get("hosts", "")).split() else None


def _only_there(cause: Finding, effect: Finding) -> Sure | None:
    """The effect was seen on the cause's server only, for the same zone where both name one."""
    zones = {cause.facts.get("zone"), effect.facts.get("zone")} - {None}
    servers = (
        str(effect.facts.get("servers", effect.facts.get("server", effect.host))).replace(",", " ").split()
    )
    mine = {cause.host, str(cause.facts.get("server", ""))}
    return "certain" if len(zones) <= 1 and servers and set(servers) <= mine else None


def _is_its(*facts: str) -> Where:
    """When the controller that the cause speaks of is the one that a fact of the effect names."""

    def where(cause: Finding, effect: Finding) -> Sure | None:
        spoken = {cause.facts.get(fact) for fact in ("controller", "holder")} - {None}
        return "certain" if spoken & {effect.facts.get(fact) for fact in facts} else None

    return where


def _on_its_way(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is a replication that fails, and the effect what does not arrive by it (or is said of it as well)."""
    source = effect.facts.get("source", effect.facts.get("partner"))
    is_it = bool(cause.host) and cause.host == effect.host and cause.facts.get("partner") == source
    return "certain" if is_it else None


_NAME_SERVERS = ("named", "bind", "unbound", "nsd", "knot", "pdns", "coredns", "dnsmasq", "resolved")
_RESOLVES = _one_of("unit", *_NAME_SERVERS)
_SERVICES = (
    *("linux.service-failed", "linux.service-flapping", "linux.service-stopped"),
    "linux.job-failed",
)
_NO_NAMES = ("linux.resolver-dead", "linux.resolver-stub-dead", "linux.name-lookup-fails")
# What hosts see of a resolver that is not well.
_DEAD_TO_HOSTS = ("linux.resolver-dead", "linux.resolver-dead-to-all")
_ILL_ANSWERS = ("linux.resolver-failing", "linux.resolver-refuses", "linux.resolver-lacks-name")
_NO_NAME = (
    *("name or service not known", "name resolution", "(?:could|can) ?not resolve", "can't resolve"),
    *(
        "getaddrinfo",
        "eai_again",
        "enotfound",
        "no such host",
        "host not found",
        "unknown ?host",
        "nodename nor",
    ),
)
# What a host loses with its way into the network.
_FAR_AWAY = (*_NO_NAMES, "linux.time-unsynchronised", "linux.network-share-silent")

# Replication from a partner that fails, whatever the reason; what is said of it as well; and what then does not arrive.
_FAILING = (
    *("ad.replication-unreachable", "ad.replication-name-missing", "ad.replication-denied"),
    *("ad.replication-clock", "ad.replication-switched-off", "ad.replication-lingering"),
    *("ad.replication-schema", "ad.replication-failing", "ad.replication-stale"),
)
_REPLICATION = (
    *_FAILING,
    *("ad.replication-interrupted", "ad.replication-late", "ad.replication-nearly-lost"),
    "ad.replication-nobody-pulls",
)
_NOT_ARRIVED = ("ad.changes-behind", "ad.changes-missing")

RULES: tuple[Rule, ...] = (
    Rule("linux.kernel-hardware-error", ("linux.kernel-io-error", "linux.kernel-hung-task"), _same_host),
    Rule(
        "linux.kernel-io-error",
        ("linux.kernel-filesystem-error", "linux.filesystem-read-only", "linux.kernel-hung-task"),
        _same_host,
    ),
    Rule("linux.kernel-io-error", ("linux.load-high", *_SERVICES), _said_in("input/output error", "eio")),
    Rule("linux.kernel-filesystem-error", ("linux.filesystem-read-only",), _same_host),
    Rule("linux.kernel-filesystem-error", _SERVICES, _said_in("structure needs cleaning", "euclean")),
    Rule("linux.filesystem-read-only", _SERVICES, _said_in("read-only file ?system", "erofs")),
    Rule("linux.disk-full", ("linux.disk-filling", "linux.inodes-full"), _same("mount")),
    Rule("linux.disk-full", ("linux.kernel-filesystem-error",), _says("no space left", "errno=-28")),
    Rule("linux.disk-full", _SERVICES, _said_in("no space left", "enospc", "disk full", "disk is full")),
    Rule("linux.inodes-full", _SERVICES, _said_in("no space left", "enospc")),
    Rule("linux.network-share-silent", ("linux.kernel-hung-task", "linux.load-high", *_SERVICES), _same_host),
    Rule("linux.kernel-hung-task", ("linux.load-high",), _same_host),
    Rule("linux.memory-low", ("linux.oom-kill", "linux.load-high"), _same_host),
    Rule("linux.memory-low", _SERVICES, _says("cannot allocate memory", "out of memory", "enomem")),
    Rule("linux.oom-kill", _SERVICES, _said_in("oom", "out of memory", "killed", "signal 9")),
    Rule("linux.file-handles-low", _SERVICES, _said_in("too many open files", "emfile", "enfile")),
    Rule(
        "linux.processes-low",
        _SERVICES,
        _said_in("resource temporarily unavailable", "fork", "native thread", "can't start new thread"),
    ),
    Rule(
        "linux.certificate-expired",
        _SERVICES,
        _said_in(r"certificate\S* (?:has |is )?expired", "expired certificate", "certificate_expired"),
    ),
    Rule("linux.conntrack-full", ("linux.conntrack-filling", "linux.resolver-slow", *_FAR_AWAY), _same_host),
    Rule("linux.route-missing", ("linux.gateway-wrong", *_FAR_AWAY), _same_host),
    Rule("linux.gateway-wrong", _FAR_AWAY, _same_host),
    Rule("linux.interface-down", ("linux.route-missing", *_FAR_AWAY), _same_host),
    Rule("linux.interface-errors", ("linux.resolver-slow", "linux.network-share-silent"), _same_host),
    Rule("linux.link-flapping", ("linux.interface-down", "linux.interface-errors"), _same_host),
    Rule("linux.half-duplex", ("linux.interface-errors",), _same_host),
    Rule("linux.resolver-wrong", ("linux.resolver-dead", *_ILL_ANSWERS), _same_server),
    Rule("linux.resolver-wrong", ("linux.resolver-no-recursion", "linux.resolver-slow"), _same_server),
    Rule("linux.resolver-dead-to-all", ("linux.resolver-dead",), _same("server"), far=True),
    *(
        Rule(without, ("linux.time-unsynchronised", *_SERVICES), _said_in(*_NO_NAME))
        for without in (
            *(
                "linux.resolver-dead",
                "linux.resolver-stub-dead",
                "linux.resolver-none",
                "linux.resolver-unreadable",
            ),
            *("linux.resolver-no-recursion", "linux.name-lookup-off", "linux.name-lookup-fails"),
        )
    ),
    Rule("linux.service-*", ("linux.service-blocked",), _required),
    Rule("linux.service-*", ("linux.time-unsynchronised",), _one_of("unit", "chron", "timesync", "ntp")),
    Rule("linux.service-*", _NO_NAMES, _serves_itself),
    Rule("linux.service-*", ("dns.server-dead", "dns.no-udp", "dns.no-tcp"), _RESOLVES),
    Rule("linux.service-flapping", ("linux.load-high",), _same_host),
    Rule("linux.time-unsynchronised", ("linux.clock-off", "linux.clock-drifting"), _same_host),
    Rule("linux.clock-off", ("linux.certificate-not-yet-valid", "linux.resolver-failing"), _same_host),
    Rule("linux.clock-off", _SERVICES, _says("clock skew", "not yet valid", "in the future")),
    Rule("linux.load-high", ("reach.answers-slowly",), _same_host),
    Rule("linux.memory-low", ("reach.answers-slowly",), _same_host),
    Rule(
        "dns.server-dead",
        (*_DEAD_TO_HOSTS, "linux.name-lookup-fails", "dns.recursion-dead"),
        _asks_it,
        far=True,
    ),
    Rule("dns.server-dead", ("dns.recursion-dead", "dns.recursion-partial"), _looks_for_it, far=True),
    Rule("dns.server-dead", ("dns.*",), _same_host),
    Rule("dns.address-dead", _DEAD_TO_HOSTS, _asks_it, far=True),
    Rule("dns.garbled", (*_DEAD_TO_HOSTS, "linux.resolver-failing"), _asks_it, far=True),
    Rule("dns.garbled", ("dns.recursion-*", "dns.lame"), _same_host),
    Rule("dns.recursion-dead", (*_DEAD_TO_HOSTS, "linux.resolver-failing"), _asks_it, far=True),
    Rule(
        "dns.recursion-refused", ("linux.resolver-refuses", "linux.resolver-no-recursion"), _asks_it, far=True
    ),
    Rule("dns.slow", ("linux.resolver-slow",), _asks_it, far=True),
    Rule("dns.lame", _ILL_ANSWERS, _asks_for_its_zone, far=True),
    Rule("dns.lame", ("dns.recursion-*",), _finds_not_its_zone),
    Rule("dns.recursion-wrong", ("linux.resolver-lacks-name",), _asks_it, far=True),
    Rule("dns.forward-*", _ILL_ANSWERS, _same("name"), far=True),
    Rule(
        "dns.forward-*", ("dns.recursion-other-address", "dns.recursion-no-address"), _same("name"), far=True
    ),
    Rule("dns.no-udp", (*_DEAD_TO_HOSTS, "dns.recursion-dead"), _asks_it, far=True),
    Rule("dns.no-udp", ("dns.recursion-dead", "dns.slow"), _same_host),
    Rule(
        "dns.lame", ("dns.serial-behind", "dns.ns-mismatch", "dns.delegation-mismatch"), _only_there, far=True
    ),
    Rule("dns.copy-differs", ("dns.reverse-*", "dns.forward-*"), _only_there, far=True),
    Rule("dns.serial-behind", ("dns.reverse-*", "dns.forward-*", "dns.ns-mismatch"), _only_there, far=True),
    Rule(
        "dns.no-tcp",
        ("dns.serial-behind",),
        lambda cause, effect: "likely" if cause.host != effect.host else None,
        far=True,
    ),
    Rule("dns.delegation-mismatch", ("dns.glue-*",), _same("zone"), far=True),
    Rule("linux.time-source-silent", ("linux.time-unsynchronised",), _of_its_hosts, far=True),
    Rule("linux.time-unsynchronised", ("linux.time-source-silent",), _asks_it, far=True),
    Rule("linux.clocks-agree", ("linux.clock-off", "linux.clock-drifting"), _of_its_hosts, far=True),
    *(
        Rule(silent, (*_REPLICATION, *_NOT_ARRIVED, "ad.role-holder-silent"), _asks_it, far=True)
        for silent in (
            "ad.directory-*",
            "ad.usn-rollback",
            "ad.outbound-disabled",
            "reach.*",
            "linux.service-*",
        )
    ),
    *(
        Rule(own, (*_REPLICATION, *_NOT_ARRIVED), _same_host)
        for own in ("ad.inbound-disabled", "ad.usn-rollback", "ad.directory-*")
    ),
    # What else is heard of a controller whose directory service does not run.
    Rule(
        "ad.samba-not-running",
        ("ad.directory-*", "ad.kdc-silent", "ad.ping-silent", "ad.role-not-advertised", "dns.server-dead"),
        _same_host,
    ),
    Rule("ad.directory-*", ("ad.kdc-silent", "ad.ping-silent"), _same_host),
    Rule("ad.usn-rollback", ("ad.inbound-disabled", "ad.outbound-disabled"), _same_host),
    *(
        Rule(
            "ad.clock-off",
            ("ad.replication-clock", "ad.replication-denied", "ad.replication-failing"),
            where,
            far=True,
        )
        for where in (_asks_it, _same_host)
    ),
    Rule("ad.clock-off", ("ad.replication-in-future",), _same_host),
    *(
        Rule(
            gone, ("ad.replication-name-missing", "ad.replication-unreachable"), _is_its("partner"), far=True
        )
        for gone in ("ad.record-missing", "ad.controller-left-over", "ad.controller-account-missing")
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
    *(
        Rule(
            failing,
            ("ad.replication-stale", "ad.replication-late", "ad.replication-nearly-lost", *_NOT_ARRIVED),
            _on_its_way,
        )
        for failing in _FAILING
    ),
    *(
        Rule(
            failing,
            ("ad.role-disputed",),
            lambda _cause, _effect: "likely",
            far=True,
        )
        for failing in (*_FAILING, "ad.inbound-disabled", "ad.outbound-disabled")
    ),
    *(
        Rule(
            master, ("ad.rid-set-missing", "ad.rid-pool-used-up"), lambda _cause, _effect: "likely", far=True
        )
        for master in ("ad.role-holder-*", "ad.rids-nearly-out")
    ),
    Rule("reach.*", ("reach.answer*",), _same_host),
    Rule("reach.site-unreachable", ("reach.*",), _of_its_hosts, far=True),
)
