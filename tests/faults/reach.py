"""Why can the host not be asked? Faults between the agent and the host's SSH server."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.fault import Fault
from tests.lab import cells
from tests.lab.hosts import AUTHORISED, host_key, public_key
from tests.lab.lab import Lab
from tests.lab.places import USER

__all__ = ["FAULTS"]

_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


def _says(host: str, *words: str) -> Callable[[Lab], bool]:
    """The SSH client fails on this host and says one of these words."""

    def shows(lab: Lab) -> bool:
        done = lab.ssh(host, "true", check=False)
        return done.returncode != 0 and any(word in done.stderr for word in words)

    return shows


def _listener(lab: Lab, host: str) -> str:
    return lab.on(host, "systemctl", "show", "--property=MainPID", "--value", "ssh.service").stdout.strip()


def _signal(host: str, name: str) -> Callable[[Lab], None]:
    return lambda lab: lab.void(host, "kill", f"-{name}", _listener(lab, host))


def _instead(host: str, behaviour: str) -> Callable[[Lab], None]:
    """Something else listens where the SSH server was."""

    def inject(lab: Lab) -> None:
        lab.on(host, "systemctl", "stop", "ssh.service")
        lab.stand_in(host, behaviour, "22")
        lab.wait_listening(host, 22)

    return inject


def _server_again(host: str) -> Callable[[Lab], None]:
    def undo(lab: Lab) -> None:
        lab.end_stand_in(host)
        lab.on(host, "systemctl", "start", "ssh.service")

    return undo


def _link(host: str, state: str) -> Callable[[Lab], None]:
    def change(lab: Lab) -> None:
        lab.on("net", "ip", "link", "set", host, state)
        if state == "up":
            lab.on("agent", "ip", "neigh", "flush", "dev", "eth0")
            cells.join(lab.place, lab.box(host))

    return change


def _key(host: str, name: str) -> Callable[[Lab], None]:
    def change(lab: Lab) -> None:
        lab.write(host, _HOST_KEY, host_key(lab.place, name).read_text("ascii"))
        lab.on(host, "systemctl", "restart", "ssh.service")

    return change


def _authorised(host: str, *, right: bool) -> Callable[[Lab], None]:
    def change(lab: Lab) -> None:
        key = lab.place.credentials / f"{host}.key" if right else host_key(lab.place, "somebody-else")
        lab.write(host, AUTHORISED, f"{public_key(key)}\n")

    return change


def _fault(
    name: str, host: str, tag: str, inject: Callable[[Lab], None], undo: Callable[[Lab], None], *said: str
) -> Fault:
    return Fault(
        name=name, area="reach", host=host, tags=(tag,), inject=inject, undo=undo, shows=_says(host, *said)
    )


def _shell(host: str, shell: str) -> Callable[[Lab], None]:
    return lambda lab: lab.void(host, "usermod", "--shell", shell, USER)


FAULTS = (
    _fault(
        "hanging", "db1", "reach.hanging", _signal("db1", "STOP"), _signal("db1", "CONT"), "banner exchange"
    ),
    Fault(
        name="tarpit",
        area="reach",
        host="web2",
        tags=("reach.tarpit",),
        inject=_instead("web2", "tarpit"),
        undo=_server_again("web2"),
        shows=lambda lab: lab.greeting("web2").count("please wait") > 2,
    ),
    _fault(
        "refusing",
        "app1",
        "reach.refused",
        lambda lab: lab.void("app1", "systemctl", "stop", "ssh.service"),
        _server_again("app1"),
        "refused",
    ),
    _fault(
        "vanished",
        "file1",
        "reach.no-answer",
        _link("file1", "down"),
        _link("file1", "up"),
        "No route",
        "timed out",
    ),
    _fault(
        "changed-host-key",
        "mgmt1",
        "reach.key-changed",
        _key("mgmt1", "mgmt1.new"),
        _key("mgmt1", "mgmt1.host"),
        "verification failed",
    ),
    _fault(
        "rejected-credential",
        "web1",
        "reach.credentials-rejected",
        _authorised("web1", right=False),
        _authorised("web1", right=True),
        "Permission denied",
    ),
    _fault(
        "no-shell",
        "web2",
        "reach.no-shell",
        _shell("web2", "/usr/sbin/nologin"),
        _shell("web2", "/bin/sh"),
        "",
    ),
    _fault(
        "ssh-filtered",
        "db1",
        "reach.no-answer",
        lambda lab: lab.filter("db1", "input", "tcp dport 22 drop"),
        lambda lab: lab.unfilter("db1"),
        "timed out",
    ),
    _fault(
        "cut-off", "db1", "reach.cut-off", _instead("db1", "cut-off"), _server_again("db1"), "closed", "reset"
    ),
)
