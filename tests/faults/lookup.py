"""What keeps a Linux server from names, from its way, or from the time? What it depends on elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.faults.fault import Fault
from tests.faults.linux import Act, do, linux_fault, resolver, ssh_says
from tests.lab.hosts import resolv_conf
from tests.lab.lab import Lab
from tests.lab.places import DNS1, GATEWAY, NOBODY, REGISTRY, SERVERS, ZONE
from tests.lab.tools import until

__all__ = ["FAULTS"]

_TIME_CLIENTS = ("web1", "db1", "file1")
_RANGE = f"{SERVERS[0].address}-{SERVERS[-1].address}"
_NSSWITCH, _KEPT = "/etc/nsswitch.conf", "/run/fault-nsswitch"


def _finds_none(host: str) -> Callable[[Lab], bool]:
    return ssh_says(
        host, "timeout 2 getent hosts ns2.musterbau.test || echo none", lambda text: text == "none"
    )


def _filter(box: str, hook: str, rule: str) -> Act:
    return lambda lab: lab.filter(box, hook, rule)


def _unfilter(box: str) -> Act:
    return lambda lab: lab.unfilter(box)


def _asks(host: str, text: str) -> Act:
    return lambda lab: lab.write(host, "/etc/resolv.conf", text)


def _files_only(lab: Lab) -> None:
    lab.on("web1", "cp", _NSSWITCH, _KEPT)
    lab.on("web1", "sed", "-i", "s/^hosts:.*/hosts: files/", _NSSWITCH)


def _stop_time_server(lab: Lab) -> None:
    lab.on("mgmt1", "systemctl", "stop", "chrony.service")
    for host in _TIME_CLIENTS:
        lab.on(host, "systemctl", "restart", "chrony.service")
        until(f"{host} has no time", partial(_has_no_time, lab, host))


def _start_time_server(lab: Lab) -> None:
    for host in ("mgmt1", *_TIME_CLIENTS):
        lab.on(host, "systemctl", "restart", "chrony.service")


def _has_no_time(lab: Lab, host: str) -> bool:
    return "Not synchronised" in lab.on(host, "chronyc", "-n", "tracking", check=False).stdout


FAULTS: tuple[Fault, ...] = (
    linux_fault(
        "dead-gateway",
        "db1",
        "linux.gateway-wrong",
        do("db1", "ip", "route", "replace", "default", "via", NOBODY),
        do("db1", "ip", "route", "replace", "default", "via", GATEWAY),
        ssh_says("db1", "ip route show default", lambda text: NOBODY in text),
    ),
    linux_fault(
        "blackhole",
        "web1",
        "linux.route-missing",
        do("web1", "ip", "route", "add", "blackhole", f"{DNS1.address}/32"),
        do("web1", "ip", "route", "del", "blackhole", f"{DNS1.address}/32"),
        _finds_none("web1"),
    ),
    linux_fault(
        "resolver-filtered",
        "app1",
        "linux.resolver-dead",
        _filter("app1", "output", "udp dport 53 drop"),
        _unfilter("app1"),
        _finds_none("app1"),
    ),
    Fault(
        name="resolver-filters-all",
        area="linux",
        host="",
        tags=("linux.resolver-dead-to-all",),
        inject=_filter(DNS1.id, "input", f"ip saddr {_RANGE} udp dport 53 drop"),
        undo=_unfilter(DNS1.id),
        shows=_finds_none("db1"),
    ),
    linux_fault(
        "no-resolver",
        "web2",
        "linux.resolver-none",
        _asks("web2", f"search {ZONE}\n"),
        resolver("web2", DNS1.address),
        _finds_none("web2"),
    ),
    linux_fault(
        "stub-not-started",
        "web2",
        "linux.resolver-stub-dead",
        _asks("web2", "nameserver 127.0.0.53\noptions edns0 trust-ad\n"),
        resolver("web2", DNS1.address),
        _finds_none("web2"),
    ),
    linux_fault(
        "no-resolver-there",
        "web1",
        "linux.resolver-wrong",
        _asks("web1", resolv_conf(REGISTRY.address)),
        resolver("web1", DNS1.address),
        _finds_none("web1"),
    ),
    linux_fault(
        "names-not-asked",
        "web1",
        "linux.name-lookup-off",
        _files_only,
        do("web1", "cp", _KEPT, _NSSWITCH),
        _finds_none("web1"),
    ),
    linux_fault(
        "time-server-dead",
        "mgmt1",
        "linux.time-unsynchronised",
        _stop_time_server,
        _start_time_server,
        lambda lab: _has_no_time(lab, "file1"),
    ),
)
