"""Does OpenVPN hold its tunnels, and do people come in? Its management interface, its status file, its log.

At the management interface one client is served at a time, so it gets one command, is read to END, and is left at once.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC

from collectors import About, Shell, Unanswered, collector
from collectors.plain import plain
from collectors.vpn.journal import entries
from collectors.vpn.openvpn_judge import judge
from collectors.vpn.openvpn_log import Said, log_of
from collectors.vpn.openvpn_model import Openvpn, Service
from collectors.vpn.openvpn_text import (
    OPTIONS,
    Instance,
    Status,
    instances_of,
    options_of,
    state_of,
    status_of,
)
from collectors.vpn.rights import allowed, unparsable

__all__ = ["openvpn"]

_PS = ("ps", "-ww", "-eo", "pid=,user=,args=")
# The options that are asked for take no key and no password.
_PATTERN = rf"^[[:space:]]*({'|'.join(OPTIONS)})([[:space:]]|$)"
_FOLDERS = ("/etc/openvpn/server", "/etc/openvpn/client", "/etc/openvpn")
_SAFE = re.compile(r"[\w./@:+-]+")


@collector(
    "vpn.openvpn",
    asks=(
        "Does OpenVPN hold its tunnels, do people come in?",
        "Hält OpenVPN seine Tunnel, kommen Leute herein?",
    ),
    judge=judge,
    platform="linux",
    role="vpn-gateway",
    deadline=90.0,
)
async def openvpn(host: Shell, about: About) -> Openvpn:
    """Find the instances, and ask each."""
    ran = await host.run(*_PS)
    # BusyBox has a ps of its own.
    processes = ran if ran.code == 0 else await host.run("ps", "-o", "pid,user,args")
    if processes.code or not processes.stdout.strip():
        raise unparsable("the host does not show its processes", processes.stderr)
    running = instances_of(processes.stdout)
    tunnels = tuple(tunnel for tunnel in about.tunnels if tunnel.kind == "openvpn")
    seen = Openvpn(host=about.id, asked=ran.began.astimezone(UTC), tunnels=tunnels)
    if not running and not tunnels:
        return seen
    clock = await host.run("date", "+%s")
    told = [await _configured(host, one) for one in running] if tunnels else list(running)
    named = {tunnel.here.connection for tunnel in tunnels}
    services = [
        await _service(
            host, one, is_planned="" in named or bool(named & {one.name, (one.one("dev") or ("",))[0]})
        )
        for one in told
    ]
    log = await entries(host, "_COMM=openvpn") if tunnels else None
    return replace(
        seen,
        now=int(clock.stdout) if clock.stdout.strip().isdecimal() else 0,
        services=tuple(services),
        log=None if log is None else _by_service(log_of(log), running, named),
    )


async def _configured(host: Shell, one: Instance) -> Instance:
    """The instance with the options of its configuration file; of the command line where it may not be read."""
    if not one.config or not _SAFE.fullmatch(one.config):
        return one
    for path in _places(one):
        ran = await allowed(host, "/usr/bin/grep", "-hsE", _PATTERN, path)
        if ran is not None and ran.code == 0:
            return replace(one, options={**options_of(ran.stdout), **one.options})
    return one


def _places(one: Instance) -> tuple[str, ...]:
    """Where its configuration file can lie: Debian's units name it without the folder in which they start the service."""
    if one.config.startswith("/"):
        return (one.config,)
    # The server's unit names a status file in a folder of its own, the client's none.
    server, client, old = _FOLDERS
    first = (server, client) if "openvpn-server" in one.status_file else (client, server)
    return tuple(f"{folder}/{one.config}" for folder in (*first, old))


async def _service(host: Shell, one: Instance, *, is_planned: bool) -> Service:
    """What an instance says. Of one that the contract does not know only its name is taken, and it is asked nothing."""
    device = (one.one("dev") or ("",))[0]
    state, status, why = None, None, None
    if one.management and is_planned:
        try:
            state = state_of(await _managed(host, one.management, "state"))
            status = status_of(await _managed(host, one.management, "status 3"))
        except Unanswered as reason:
            why = reason
    if status is None and is_planned and _SAFE.fullmatch(one.status_file):
        try:
            status = await _from_file(host, one.status_file)
        except Unanswered as reason:
            why = why or reason
    if is_planned and state is None and status is None:
        raise why or unparsable(
            f"OpenVPN '{one.name}' shows nothing of itself: set 'status' or 'management' in its configuration"
        )
    most = (one.one("max-clients") or ("0",))[0]
    return Service(
        name=one.name,
        device=plain(device, 15),
        is_server=one.is_server,
        pool=one.pool,
        most=int(most) if re.fullmatch(r"[0-9]{1,6}", most) else 0,
        remote=tuple(plain(words[0], 80) for words in one.options.get("remote", ())),
        state=state,
        status=status,
    )


async def _managed(host: Shell, where: str, command: str) -> str:
    """Give one command to a management interface, read to END, and leave: it serves nobody else meanwhile."""
    ran = await allowed(
        host, "/usr/bin/socat", "-t2", "-T2", f"EXEC:echo {command}!!STDOUT", where, deadline=6.0
    )
    if ran is None:
        raise unparsable("the host has no socat to ask OpenVPN's management interface with")
    if ran.code and not ran.stdout:
        raise unparsable("OpenVPN's management interface does not answer", ran.stderr)
    return ran.stdout


async def _from_file(host: Shell, path: str) -> Status:
    ran = await allowed(host, "/usr/bin/cat", "--", path)
    if ran is None or ran.code:
        raise unparsable("OpenVPN's status file cannot be read", ran.stderr if ran else "")
    return status_of(ran.stdout)


def _by_service(
    lines: tuple[Said, ...], running: tuple[Instance, ...], named: set[str]
) -> tuple[tuple[str, tuple[Said, ...]], ...]:
    """Whose lines are whose: by their process, by their unit, or because there is one service alone."""
    pids = {one.name: one.pid for one in running}
    names = tuple(
        dict.fromkeys((*pids, *sorted(named - {""} - {(one.one("dev") or ("",))[0] for one in running})))
    )
    return tuple(
        (
            name,
            tuple(
                said
                for said in lines
                if len(names) == 1 or (said.pid and said.pid == pids.get(name)) or said.unit in _units(name)
            ),
        )
        for name in names
    )


def _units(name: str) -> set[str]:
    return {f"{unit}@{name}.service" for unit in ("openvpn-server", "openvpn-client", "openvpn")}
