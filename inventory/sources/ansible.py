"""Which hosts does an Ansible inventory name, and where are they? Reads what `ansible-inventory --list` prints.

Nothing is resolved, evaluated or inherited here: a host is where its own `ansible_host` says, as an address.
Variables that would lead traffic elsewhere (jump hosts, proxies, options of the ssh command) are never
followed; they are named as ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from inventory.fields import WrongError
from inventory.sources.seen import Found, Ip, Seen, SourceError, Untaken
from inventory.sources.word import (
    account_of,
    address_of,
    document_of,
    name_of,
    platform_of,
    port_of,
    too_many,
)

__all__ = ["from_ansible"]

_WHAT = "the Ansible inventory"
_NO_GROUPS = frozenset({"_meta", "all", "ungrouped"})
_TAKEN = frozenset(
    {
        "ansible_connection",
        "ansible_host",
        "ansible_network_os",
        "ansible_port",
        "ansible_ssh_host",
        "ansible_ssh_port",
        "ansible_ssh_user",
        "ansible_user",
    }
)
# Who is reached so is reached at an address of its own.
_OVER_THE_NETWORK = frozenset(
    {
        "",
        "httpapi",
        "libssh",
        "netconf",
        "network_cli",
        "paramiko",
        "paramiko_ssh",
        "psrp",
        "smart",
        "ssh",
        "winrm",
    }
)
_OVER_WINRM = frozenset({"psrp", "winrm"})
_NAMED = 12
# A hundred thousand hosts in fifty groups each; groups nested like a chain of thousands need more.
_MOST_MEMBERSHIPS = 5_000_000

Variables = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Group:
    hosts: tuple[str, ...]
    children: tuple[str, ...]
    variables: bool


def from_ansible(raw: str | bytes) -> Found:
    """The hosts of an inventory. Raises SourceError for what is none."""
    document = document_of(raw, _WHAT)
    if not isinstance(document, dict):
        raise SourceError(f"{_WHAT} is not what 'ansible-inventory --list' prints: it is no JSON object")
    groups = {name: _group(name, value) for name, value in document.items() if name != "_meta"}
    variables = _host_variables(document)
    # In the order in which they stand there: first those that have variables.
    names = dict.fromkeys((*variables, *(host for group in groups.values() for host in group.hosts)))
    too_many(len(names))
    memberships = _memberships(groups)
    hosts: list[Seen] = []
    untaken: list[Untaken] = []
    for name in names:
        try:
            hosts.append(_host(name, variables.get(name, {}), memberships.get(name, ())))
        except WrongError as wrong:
            untaken.append(_untaken(name, variables.get(name, {}), wrong))
    return Found(
        hosts=tuple(hosts), untaken=tuple(untaken), notes=tuple(_notes(groups, list(variables.values())))
    )


def _host_variables(document: Mapping[str, object]) -> dict[str, Variables]:
    meta = document.get("_meta")
    found = meta.get("hostvars") if isinstance(meta, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise SourceError(
            f"{_WHAT} has no '_meta' with 'hostvars': make it with 'ansible-inventory -i FILE --list'"
        )
    return found


def _group(name: str, value: object) -> _Group:
    """A group, also in the old short form, which is a list of its hosts."""
    if isinstance(value, list):
        return _Group(_words(name, value), (), variables=False)
    if not isinstance(value, dict):
        raise SourceError(f"{_WHAT}: the group {name[:40]!r} is neither an object nor a list")
    hosts, children = (_words(name, value.get(key, [])) for key in ("hosts", "children"))
    return _Group(hosts, children, bool(value.get("vars")))


def _words(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise SourceError(f"{_WHAT}: the group {name[:40]!r} has something else than a list of names")
    return tuple(value)


def _memberships(groups: Mapping[str, _Group]) -> dict[str, tuple[str, ...]]:
    """The groups of each host, with those around them. Groups in a circle are gone through once."""
    found: dict[str, dict[str, None]] = {}
    room = _MOST_MEMBERSHIPS
    for name in groups.keys() - _NO_GROUPS:
        below, waiting = {name}, [name]
        while waiting:
            group = groups.get(waiting.pop())
            if group is None:
                continue
            room -= len(group.hosts) + len(group.children) + 1
            for host in group.hosts:
                found.setdefault(host, {})[name] = None
            waiting += (fresh := [child for child in group.children if child not in below])
            below.update(fresh)
        if room < 0:
            raise SourceError(f"{_WHAT} nests its groups too much to be read: propose a part of it at a time")
    return {host: tuple(sorted(names)) for host, names in found.items()}


def _host(name: str, variables: Variables, groups: tuple[str, ...]) -> Seen:
    connection = _text(variables, "ansible_connection").rpartition(".")[2]
    if connection not in _OVER_THE_NETWORK:
        raise WrongError(f"it is reached by {connection[:40]!r} and not over the network", "leave it out")
    system = _text(variables, "ansible_network_os").rpartition(".")[2]
    shell = connection in {"", "smart", "ssh", "paramiko", "paramiko_ssh", "libssh"}
    return Seen(
        place=name[:300],
        name=_name(name),
        addresses=(_address(name, variables),),
        groups=groups,
        platform=platform_of(system or ("windows" if connection in _OVER_WINRM else "")),
        port=port_of(variables.get("ansible_port", variables.get("ansible_ssh_port"))) if shell else None,
        user=account_of(_text(variables, "ansible_user", "ansible_ssh_user")) if shell else "",
    )


def _name(name: str) -> str:
    try:
        address_of(name)
    except WrongError:
        return name_of(name)
    raise WrongError("it has an address and no name", "give it a name, and the address as its 'ansible_host'")


def _address(name: str, variables: Variables) -> Ip:
    where = _text(variables, "ansible_host", "ansible_ssh_host")
    if not where:
        raise WrongError(
            f"{name[:60]!r} has no 'ansible_host', and names are not resolved",
            "add its address as 'ansible_host'",
        )
    return address_of(where)


def _text(variables: Variables, *keys: str) -> str:
    """The first of these variables that is set. Raises WrongError for what is no text."""
    for key in keys:
        value = variables.get(key)
        if isinstance(value, str):
            return value.strip()
        if value is not None:
            raise WrongError(f"its '{key}' is no text", f"write '{key}' as a text")
    return ""


def _untaken(name: str, variables: Variables, wrong: WrongError) -> Untaken:
    where = variables.get("ansible_host")
    names = (name, where) if isinstance(where, str) else (name,)
    return Untaken(place=name[:300], problem=wrong.problem, instead=wrong.instead, names=names)


def _notes(groups: Mapping[str, _Group], variables: list[Variables]) -> list[str]:
    """What of the inventory is not followed, without any value: it may be a secret."""
    ignored = Counter(
        key for each in variables for key in each if key.startswith("ansible_") and key not in _TAKEN
    )
    said = [f"ignored: {key[:80]} (hosts: {number})" for key, number in sorted(ignored.items())[:_NAMED]]
    if len(ignored) > _NAMED:
        said.append(f"ignored: {len(ignored) - _NAMED} more variables that begin with 'ansible_'")
    if any(group.variables for group in groups.values()):
        said.append("ignored: variables of groups: print the inventory without '--export', which merges them")
    return said
