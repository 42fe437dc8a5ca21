"""Which finding explains which? The rules of diagnosis, one a line, over the tags of all areas.

A rule holds between a cause and an effect when their tags fit and `where` does. `sure` says how much that
shows: 'certain' when the effect names the cause (its path, its unit, its server), else 'likely'.
"""

from __future__ import annotations

from collectors import Finding
from controller.explains_ad import AD_RULES
from controller.explains_dnssec import DNSSEC_RULES
from controller.explains_names import NAME_RULES
from controller.explains_net import NET_RULES
from controller.explains_probes import PROBE_RULES
from controller.explains_qos import QOS_RULES
from controller.explains_replication import REPLICATION_RULES
from controller.explains_sip import SIP_RULES
from controller.explains_voice import VOICE_RULES
from controller.explains_voip import VOIP_RULES
from controller.explains_vpn import VPN_RULES
from controller.links import (
    Rule,
    Sure,
    asks_for_its_zone,
    asks_it,
    finds_not_its_zone,
    lacks_its_zone,
    lacks_no_more,
    looks_for_it,
    names_its_zone,
    of_its_hosts,
    one_of,
    only_there,
    parent_of_it,
    required,
    said_in,
    same,
    same_host,
    same_server,
    says,
)

__all__ = ["RULES", "Rule", "Sure"]

_NAME_SERVERS = ("named", "bind", "unbound", "nsd", "knot", "pdns", "coredns", "dnsmasq", "resolved")
_RESOLVES = one_of("unit", *_NAME_SERVERS)


def serves_itself(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is a resolver's service, and the effect asks a resolver on the same host."""
    asked = str(effect.facts.get("server", effect.facts.get("servers", "")))
    return _RESOLVES(cause, effect) if asked.startswith(("127.", "::1")) else None


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

RULES: tuple[Rule, ...] = (
    Rule("linux.kernel-hardware-error", ("linux.kernel-io-error", "linux.kernel-hung-task"), same_host),
    Rule(
        "linux.kernel-io-error",
        ("linux.kernel-filesystem-error", "linux.filesystem-read-only", "linux.kernel-hung-task"),
        same_host,
    ),
    Rule("linux.kernel-io-error", ("linux.load-high", *_SERVICES), said_in("input/output error", "eio")),
    Rule("linux.kernel-filesystem-error", ("linux.filesystem-read-only",), same_host),
    Rule("linux.kernel-filesystem-error", _SERVICES, said_in("structure needs cleaning", "euclean")),
    Rule("linux.filesystem-read-only", _SERVICES, said_in("read-only file ?system", "erofs")),
    Rule("linux.disk-full", ("linux.disk-filling", "linux.inodes-full"), same("mount")),
    Rule("linux.disk-full", ("linux.kernel-filesystem-error",), says("no space left", "errno=-28")),
    Rule("linux.disk-full", _SERVICES, said_in("no space left", "enospc", "disk full", "disk is full")),
    Rule("linux.inodes-full", _SERVICES, said_in("no space left", "enospc")),
    Rule("linux.network-share-silent", ("linux.kernel-hung-task", "linux.load-high", *_SERVICES), same_host),
    Rule("linux.kernel-hung-task", ("linux.load-high",), same_host),
    Rule("linux.memory-low", ("linux.oom-kill", "linux.load-high"), same_host),
    Rule("linux.memory-low", _SERVICES, says("cannot allocate memory", "out of memory", "enomem")),
    Rule("linux.oom-kill", _SERVICES, said_in("oom", "out of memory", "killed", "signal 9")),
    Rule("linux.file-handles-low", _SERVICES, said_in("too many open files", "emfile", "enfile")),
    Rule(
        "linux.processes-low",
        _SERVICES,
        said_in("resource temporarily unavailable", "fork", "native thread", "can't start new thread"),
    ),
    Rule(
        "linux.certificate-expired",
        _SERVICES,
        said_in(r"certificate\S* (?:has |is )?expired", "expired certificate", "certificate_expired"),
    ),
    Rule("linux.conntrack-full", ("linux.conntrack-filling", "linux.resolver-slow", *_FAR_AWAY), same_host),
    Rule("linux.route-missing", ("linux.gateway-wrong", *_FAR_AWAY), same_host),
    Rule("linux.gateway-wrong", _FAR_AWAY, same_host),
    Rule("linux.interface-down", ("linux.route-missing", *_FAR_AWAY), same_host),
    Rule("linux.interface-errors", ("linux.resolver-slow", "linux.network-share-silent"), same_host),
    Rule("linux.link-flapping", ("linux.interface-down", "linux.interface-errors"), same_host),
    Rule("linux.half-duplex", ("linux.interface-errors",), same_host),
    Rule("linux.resolver-wrong", ("linux.resolver-dead", *_ILL_ANSWERS), same_server),
    Rule("linux.resolver-wrong", ("linux.resolver-no-recursion", "linux.resolver-slow"), same_server),
    Rule("linux.resolver-dead-to-all", ("linux.resolver-dead",), same("server"), far=True),
    *(
        Rule(without, ("linux.time-unsynchronised", *_SERVICES), said_in(*_NO_NAME))
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
    Rule("linux.service-*", ("linux.service-blocked",), required),
    Rule("linux.service-*", ("linux.time-unsynchronised",), one_of("unit", "chron", "timesync", "ntp")),
    Rule("linux.service-*", _NO_NAMES, serves_itself),
    Rule("linux.service-*", ("dns.server-dead", "dns.no-udp", "dns.no-tcp"), _RESOLVES),
    Rule("linux.service-flapping", ("linux.load-high",), same_host),
    Rule("linux.time-unsynchronised", ("linux.clock-off", "linux.clock-drifting"), same_host),
    Rule("linux.clock-off", ("linux.certificate-not-yet-valid", "linux.resolver-failing"), same_host),
    Rule("linux.clock-off", _SERVICES, says("clock skew", "not yet valid", "in the future")),
    Rule("linux.load-high", ("reach.answers-slowly",), same_host),
    Rule("linux.memory-low", ("reach.answers-slowly",), same_host),
    Rule(
        "dns.server-dead",
        (*_DEAD_TO_HOSTS, "linux.name-lookup-fails", "dns.recursion-dead"),
        asks_it,
        far=True,
    ),
    Rule("dns.server-dead", ("dns.recursion-dead", "dns.recursion-partial"), looks_for_it, far=True),
    Rule("dns.server-dead", ("dns.*",), same_host),
    # A resolver that forwards fails with the one that it forwards to.
    Rule("dns.server-dead", ("dns.recursion-dead", "dns.recursion-partial"), lacks_its_zone, far=True),
    Rule("dns.lame", ("dns.recursion-*",), lacks_its_zone, far=True),
    Rule("dns.recursion-dead", ("dns.recursion-partial",), lacks_no_more, far=True),
    Rule("dns.recursion-wrong", ("dns.recursion-partial", "dns.recursion-dead"), same_host),
    Rule("dns.lame", ("dns.delegation-unknown",), parent_of_it),
    Rule("dns.address-dead", _DEAD_TO_HOSTS, asks_it, far=True),
    Rule("dns.garbled", (*_DEAD_TO_HOSTS, "linux.resolver-failing"), asks_it, far=True),
    Rule("dns.garbled", ("dns.recursion-*", "dns.lame"), same_host),
    Rule("dns.recursion-dead", (*_DEAD_TO_HOSTS, "linux.resolver-failing"), asks_it, far=True),
    Rule(
        "dns.recursion-refused", ("linux.resolver-refuses", "linux.resolver-no-recursion"), asks_it, far=True
    ),
    Rule("dns.slow", ("linux.resolver-slow",), asks_it, far=True),
    Rule("dns.lame", _ILL_ANSWERS, asks_for_its_zone, far=True),
    Rule("dns.lame", ("dns.recursion-*",), finds_not_its_zone),
    Rule("dns.recursion-wrong", ("linux.resolver-lacks-name",), asks_it, far=True),
    Rule("dns.forward-*", _ILL_ANSWERS, same("name"), far=True),
    Rule(
        "dns.forward-*", ("dns.recursion-other-address", "dns.recursion-no-address"), same("name"), far=True
    ),
    Rule("dns.no-udp", (*_DEAD_TO_HOSTS, "dns.recursion-dead"), asks_it, far=True),
    Rule("dns.no-udp", ("dns.recursion-dead", "dns.slow"), same_host),
    Rule(
        "dns.lame", ("dns.serial-behind", "dns.ns-mismatch", "dns.delegation-mismatch"), only_there, far=True
    ),
    Rule("dns.copy-differs", ("dns.reverse-*", "dns.forward-*"), only_there, far=True),
    Rule("dns.serial-behind", ("dns.reverse-*", "dns.forward-*", "dns.ns-mismatch"), only_there, far=True),
    Rule(
        "dns.no-tcp",
        ("dns.serial-behind",),
        lambda cause, effect: "likely" if cause.host != effect.host else None,
        far=True,
    ),
    Rule("dns.delegation-mismatch", ("dns.glue-*",), same("zone"), far=True),
    # Who finds names from the root down does not get past a delegation that is not there.
    *(
        Rule(broken, ("dns.recursion-*", "dns.validation-fails"), names_its_zone, far=True)
        for broken in (
            "dns.delegation-missing",
            "dns.delegation-unknown",
            "dns.delegation-mismatch",
            "dns.glue-*",
        )
    ),
    Rule("linux.time-source-silent", ("linux.time-unsynchronised",), of_its_hosts, far=True),
    Rule("linux.time-unsynchronised", ("linux.time-source-silent",), asks_it, far=True),
    Rule("linux.clocks-agree", ("linux.clock-off", "linux.clock-drifting"), of_its_hosts, far=True),
    Rule("reach.*", ("reach.answer*",), same_host),
    Rule("reach.site-unreachable", ("reach.*",), of_its_hosts, far=True),
    *DNSSEC_RULES,
    *NAME_RULES,
    *AD_RULES,
    *REPLICATION_RULES,
    *NET_RULES,
    *VPN_RULES,
    *PROBE_RULES,
    *QOS_RULES,
    *SIP_RULES,
    *VOIP_RULES,
    *VOICE_RULES,
)
