"""How is a contract, or a host of one, written as a person would write it? YAML that our own reader takes.

Every word that some reader of YAML would take for a number, a time or a truth value stands in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml

from inventory.contract import Contract, Host
from inventory.sources.seen import Ip
from inventory.word import plain

__all__ = ["quoted", "render", "written_host", "written_list"]

# What needs no quotes wherever it stands, also between brackets.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def quoted(word: str) -> str:
    """A word of YAML, in quotes where it could be mistaken.

    >>> quoted("web1"), quoted("no"), quoted("10.1.2.3")
    ('web1', '"no"', '"10.1.2.3"')
    """
    bare = _BARE.fullmatch(word) and plain(word) == (word, None)
    return word if bare else json.dumps(word, ensure_ascii=False)


def written_list(words: Iterable[str | Ip]) -> str:
    """A list on one line."""
    return f"[{', '.join(quoted(str(word)) for word in words)}]"


def written_host(host: Host, port: int | None, user: str) -> list[str]:
    """The lines of a new host, without its indent. It is not reached over SSH until its key is pinned."""
    lines = [
        f"id: {quoted(host.id)}",
        f"name: {quoted(host.name)}",
        f"addresses: {written_list(host.addresses)}",
        f"site: {quoted(host.site)}",
        f"environment: {host.environment.value}",
        *([f"roles: {written_list(host.roles)}"] if host.roles else []),
        f"platform: {quoted(host.platform)}",
    ]
    if port is not None or user:
        lines += ["# ssh:", *([f"#   port: {port}"] if port is not None else [])]
        lines += [
            *([f"#   user: {quoted(user)}"] if user else []),
            "#   # host_keys: pin with secondline host pin",
        ]
    return lines


def render(contract: Contract) -> str:
    """The whole contract, written anew: what it says, and nothing of how it was written."""
    data = contract.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes what the strict reader wants in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the library's own signature.
        return True


def _text(dumper: yaml.SafeDumper, word: str) -> yaml.ScalarNode:
    style = None if plain(word) == (word, None) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", word, style=style)


_Dumper.add_representer(str, _text)
