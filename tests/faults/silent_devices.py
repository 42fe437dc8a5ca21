"""Why does a device not answer? Faults between the agent and switches' SNMP agents, and routers' command lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.faults.fault import Fault
from tests.lab import cells, routers, switches
from tests.lab.devices import folder
from tests.lab.hosts import host_key, public_key
from tests.lab.lab import Lab
from tests.lab.tools import until

__all__ = ["FAULTS"]

Act = Callable[[Lab], None]

_SYS_NAME = "1.3.6.1.2.1.1.5.0"
# Secrets of nobody, for a device that was set up with others.
_OTHER_COMMUNITY = "rocommunity not-the-one-we-know"
_OTHER_PHRASES = "createUser secondline SHA-256 not-the-one-we-know AES not-the-one-we-know"
_OTHER_USER = "createUser somebody SHA-256 not-the-one-we-know AES not-the-one-we-know"


def _answers(lab: Lab, switch: str) -> bool:
    return bool(switches.ask(lab.place, switch, _SYS_NAME))


def _is_silent(switch: str) -> Callable[[Lab], bool]:
    return lambda lab: not _answers(lab, switch)


def _answering(lab: Lab, switch: str) -> None:
    until(f"{switch} answers", partial(_answers, lab, switch), seconds=20, every=0.2)
    switches.wait_known(lab.place)


def _set_up(switch: str, readers: Sequence[str]) -> Act:
    """Its agent begins anew, and knows these."""

    def change(lab: Lab) -> None:
        switches.restart_agent(lab.place, switch, readers)

    return change


def _again(switch: str) -> Act:
    def undo(lab: Lab) -> None:
        switches.restart_agent(lab.place, switch)
        _answering(lab, switch)

    return undo


def _pass(lab: Lab, switch: str) -> None:
    lab.unfilter(switch)
    _answering(lab, switch)


def _cables(switch: str) -> tuple[str, ...]:
    return tuple(name for ends in switches.CABLES for device, name in ends if device == switch)


def _power(lab: Lab, switch: str, state: str) -> None:
    """A switch is off as others see it: its ports have no link, the one to us as well."""
    lab.on("net", "ip", "link", "set", switch, state)
    for name in _cables(switch):
        lab.on(switch, "ip", "link", "set", name, state)


def _off(lab: Lab) -> None:
    _power(lab, "sw4", "down")
    until("its neighbours see no link", lambda: _states_to(lab) == {0})
    switches.settle(lab.place)


def _states_to(lab: Lab) -> set[int]:
    """Of the ports that lead to sw4."""
    return {switches.port(lab.place, *end).state for end in (("sw1", "ge2"), ("sw3", "ge2"))}


def _on(lab: Lab) -> None:
    _power(lab, "sw4", "up")
    lab.on("agent", "ip", "neigh", "flush", "dev", "eth0")
    cells.join(lab.place, lab.box("sw4"))
    switches.wait(lab.place)


def _greets(lab: Lab, router: str) -> bool:
    return lab.greeting(router).startswith("SSH-2.0-")


def _log_in_again(lab: Lab) -> None:
    routers.start_login(lab.place, "r1")
    until("r1 greets", partial(_greets, lab, "r1"))


def _keys(lab: Lab, key: Path) -> None:
    (folder(lab.place, "r2") / "run/authorized_keys").write_text(f"{public_key(key)}\n", "ascii")


def _keys_of_nobody(lab: Lab) -> None:
    _keys(lab, host_key(lab.place, "somebody-else"))


def _our_key(lab: Lab) -> None:
    _keys(lab, lab.place.credentials / "r2.key")


def _knows_us(lab: Lab) -> bool:
    key = public_key(lab.place.credentials / "r2.key")
    return key in (folder(lab.place, "r2") / "run/authorized_keys").read_text("ascii")


def _fault(name: str, host: str, tag: str, acts: tuple[Act, Act], shows: Callable[[Lab], bool]) -> Fault:
    return Fault(
        name=name,
        area="silent-devices",
        of_network=True,
        host=host,
        tags=(tag,),
        inject=acts[0],
        undo=acts[1],
        shows=shows,
    )


def _silent(name: str, switch: str, tag: str, inject: Act, undo: Act) -> Fault:
    return _fault(name, switch, tag, (inject, undo), _is_silent(switch))


FAULTS: tuple[Fault, ...] = (
    _silent(
        "community-differs",
        "sw2",
        "reach.snmp-silent",
        _set_up("sw2", (_OTHER_COMMUNITY,)),
        _again("sw2"),
    ),
    _silent(
        "pass-phrase-differs",
        "sw3",
        "reach.snmp-login-rejected",
        _set_up("sw3", (_OTHER_PHRASES, "rouser secondline priv")),
        _again("sw3"),
    ),
    _silent(
        "user-unknown",
        "sw4",
        "reach.snmp-login-rejected",
        _set_up("sw4", (_OTHER_USER, "rouser somebody priv")),
        _again("sw4"),
    ),
    _silent(
        "snmp-filtered",
        "sw1",
        "reach.snmp-silent",
        lambda lab: lab.filter("sw1", "input", "udp dport 161 drop"),
        partial(_pass, switch="sw1"),
    ),
    _silent(
        "snmp-off",
        "sw4",
        "reach.snmp-refused",
        lambda lab: cells.end(lab.place, "sw4", "snmpd"),
        _again("sw4"),
    ),
    _silent("switch-dead", "sw4", "reach.snmp-silent", _off, _on),
    _fault(
        "router-refuses",
        "r1",
        "reach.refused",
        (lambda lab: cells.end(lab.place, "r1", "sshd"), _log_in_again),
        lambda lab: not _greets(lab, "r1"),
    ),
    _fault(
        "router-rejects-key",
        "r2",
        "reach.device-login-rejected",
        (_keys_of_nobody, _our_key),
        lambda lab: not _knows_us(lab),
    ),
)
