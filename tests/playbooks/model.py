"""What would an operation do to a host? A modelled one: settings by name, each with its value, and nothing else.

An operation sets names to values: a command by what it is about and what it says of it. That is enough to see that an
undo names the very things that were changed, and gives them values that were seen. Whoever adds a command to a
playbook adds what it sets here; the lab shows that the real one does so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from playbooks.operation import Attributes, Command, Configure, Operation, Write

__all__ = ["Host", "UnknownError", "sets"]

# Name and value; None: it is not there.
Setting = tuple[str, str | None]
# Pairs of words of which the second takes the first back, at the same place of a command.
_OPPOSITES = {
    "start": ("runs", "yes"),
    "stop": ("runs", "no"),
    "enable": ("starts", "yes"),
    "disable": ("starts", "no"),
}


class UnknownError(ValueError):
    """The model does not know what this operation sets."""


@dataclass(slots=True)
class Host:
    """A host as far as it was looked at; what nobody has set is as it was."""

    settings: dict[str, str | None] = field(default_factory=dict)

    def do(self, one: Operation) -> None:
        self.settings.update(dict(sets(one)))

    def names(self) -> frozenset[str]:
        return frozenset(self.settings)


def sets(one: Operation) -> Iterator[Setting]:
    """What an operation sets. Raises UnknownError."""
    match one:
        case Write():
            yield f"file {one.path}", None if one.content is None else f"{one.mode:o} {one.content}"
        case Attributes():
            for name, values in one.values:
                yield f"{one.entry} {name}", "|".join(values) or None
        case Configure():
            raise UnknownError("no device of ours is configured yet")
        case Command():
            yield from _command(one)


def _command(one: Command) -> Iterator[Setting]:  # noqa: C901, PLR0912 - one case a kind of command.
    match one.argv:
        case ("systemctl", ("start" | "stop" | "enable" | "disable") as act, "--", unit):
            what, value = _OPPOSITES[act]
            yield f"{what} {unit}", value
        case ("systemctl", "reset-failed" | "restart", "--", _) | ("apt-get", "clean") | ("journalctl", _):
            return
        case ("rndc" | "nsd-control" | "unbound-control", *_):
            return
        case ("chmod", mode, "--", path):
            yield f"mode {path}", mode
        case ("mount", "-o", options, "--", mount):
            yield f"mount {mount}", options
        case ("ip", "link", "set", "dev", port, "type", "bridge", name, value):
            yield f"bridge {port} {name}", value
        case ("ip", "link", "set", "dev", port, name, value):
            yield f"link {port} {name}", value
        case ("ip", family, "route", ("add" | "del" | "replace") as act, *words):
            where = "default" if words[0] == "default" else " ".join(words)
            yield f"route {family} {where}", None if act == "del" else " ".join(words)
        case ("ovs-vsctl", _, "set", "bridge", name, setting):
            key, _, value = setting.partition("=")
            yield f"ovs {name} {key.removeprefix('other_config:')}", value
        case ("ovs-vsctl", _, "remove", "bridge", name, "other_config", key):
            yield f"ovs {name} {key}", None
        case ("tc", kind, ("add" | "del" | "change") as act, *words):
            cut = next((at for at, word in enumerate(words) if word in {"htb", "u32"}), len(words))
            yield f"tc {kind} {' '.join(words[:cut])}", None if act == "del" else " ".join(words[cut:])
        case ("nsupdate", "-4", "-l"):
            yield from _update(one.stdin)
        case ("samba-tool", "dns", ("add" | "delete") as act, _, zone, name, rtype, data, "-P"):
            yield f"record {name}.{zone} {rtype} {data}", "there" if act == "add" else None
        case _:
            raise UnknownError(f"the model does not know what '{' '.join(one.argv)}' sets")


def _update(script: str) -> Iterator[Setting]:
    for line in script.splitlines():
        match line.split():
            case ["update", "delete", name, rtype, *data]:
                yield f"record {name} {rtype} {' '.join(data)}", None
            case ["update", "add", name, ttl, rtype, *data]:
                yield f"record {name} {rtype} {' '.join(data)}", ttl
            case _:
                continue
