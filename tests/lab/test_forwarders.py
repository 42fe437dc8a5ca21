"""Is it read where real resolvers pass questions on to? BIND and Unbound on a host of the lab, over SSH as the agent logs in."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from collectors import About, Ran, Unanswered
from collectors.dns.forwarders import Forwarders, forwarders
from collectors.dns.forwarding import Forwarding
from tests.lab.lab import Lab
from tests.lab.places import AD_ZONE, DCS, DNS1
from tests.lab.tools import until

pytestmark = pytest.mark.lab

_HOST = "mgmt1"
_ADDRESSES = tuple(dc.address for dc in DCS)
_BIND = (
    'options {{ directory "/run"; pid-file none; listen-on port 5301 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n'
    'forwarders {{ {dns}; }}; }};\nkey "k" {{ algorithm hmac-sha256; secret "bm90IHRvIGJlIHNlZW4="; }};\ncontrols {{ }};\n'
    'zone "{zone}" {{ type forward; forwarders {{ {to}; }}; }};\n'
).format(dns=DNS1.address, zone=AD_ZONE, to="; ".join(_ADDRESSES))
_UNBOUND = (
    'server:\n  directory: "/run"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  port: 5302\n  interface: 127.0.0.1\n'
    f'include-toplevel: "/etc/unbound/own/*.conf"\nforward-zone:\n  name: "."\n  forward-addr: {DNS1.address}\n'
)
_OF_THE_DOMAIN = f'stub-zone:\n  name: "{AD_ZONE}."\n' + "".join(f"  stub-addr: {to}\n" for to in _ADDRESSES)
_ABOUT = About(
    id=_HOST,
    name=f"{_HOST}.x",
    addresses=("10.77.1.16",),
    platform="linux",
    environment="server",
    roles=("resolver",),
)


class _OverSsh:
    """The host's command line, logged in to as the agent does it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        done = self._lab.ssh(_HOST, shlex.join(argv), check=False, timeout=deadline)
        return Ran(
            argv=argv,
            stdout=done.stdout,
            stderr=done.stderr,
            code=done.returncode,
            began=datetime.now(UTC),
            took=0,
        )


@contextmanager
def _running(lab: Lab, program: str, *argv: str, **files: str) -> Iterator[None]:
    """A name server on the host, with these files; afterwards it and they are gone."""
    paths = {name: f"/etc/{name.replace('__', '/')}.conf" for name in files}
    for name, text in files.items():
        lab.on(_HOST, "mkdir", "-p", paths[name].rpartition("/")[0])
        lab.write(_HOST, paths[name], text)
    unit = f"tried-{program}"
    try:
        lab.on(_HOST, "systemd-run", "--quiet", "--collect", f"--unit={unit}", program, *argv)
        until(
            f"{program} runs",
            lambda: bool(lab.on(_HOST, "pgrep", "-x", program, check=False).stdout),
            seconds=10,
        )
        yield
    finally:
        lab.on(_HOST, "systemctl", "stop", unit, check=False)
        lab.on(_HOST, "rm", *paths.values())


async def _read(lab: Lab) -> Forwarders:
    reading = await forwarders((_OverSsh(lab),), _ABOUT)
    assert isinstance(reading, Forwarders)
    return reading


async def test_a_host_without_a_name_server_passes_nothing_on(lab: Lab) -> None:
    assert (await _read(lab)).programs == ()


async def test_bind_and_no_key_of_it(lab: Lab) -> None:
    with _running(lab, "named", "-f", "-n", "1", "-c", "/etc/bind/named.conf", bind__named=_BIND):
        reading = await _read(lab)
        said = lab.ssh(_HOST, "named-checkconf -p -x").stdout
        lab.on(_HOST, "chmod", "600", "/etc/bind/named.conf")
        with pytest.raises(Unanswered):
            await _read(lab)
    assert [one.to for one in reading.passes] == [
        Forwarding(zone=".", targets=(DNS1.address,)),
        Forwarding(zone=AD_ZONE, targets=_ADDRESSES),
    ]
    assert "secret" in said
    assert "bm90IHRvIGJlIHNlZW4=" not in said


async def test_unbound_with_files_of_several_folders(lab: Lab) -> None:
    files = {"unbound__unbound": _UNBOUND, "unbound__own__domain": _OF_THE_DOMAIN}
    with _running(lab, "unbound", "-d", "-c", "/etc/unbound/unbound.conf", **files):
        reading = await _read(lab)
    assert reading.programs == ("unbound",)
    assert sorted((one.to.zone, one.to.targets, one.to.is_to_its_servers) for one in reading.passes) == [
        (".", (DNS1.address,), False),
        (AD_ZONE, _ADDRESSES, True),
    ]


async def test_a_controllers_own_forwarder(lab: Lab) -> None:
    said = lab.ssh(
        DCS[0].id, "pgrep -l -x 'named|unbound|samba'; testparm -s '--parameter-name=dns forwarder'"
    ).stdout
    assert "samba" in said
    assert DNS1.address in said
