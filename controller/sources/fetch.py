"""What is this source, and what does it say? From a file, a pipe or an address to the hosts in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inventory.source import LARGEST
from inventory.sources.ansible import from_ansible
from inventory.sources.netbox import from_netbox
from inventory.sources.seen import Found, SourceError
from inventory.sources.table import from_table
from inventory.tree import parse

__all__ = ["KINDS", "Asked", "fetch"]

Kind = Literal["ansible", "netbox", "csv"]
KINDS: tuple[Kind, ...] = ("ansible", "netbox", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for. where: a file, '-' for a pipe, or an address; kind: '' to go by `where`.

    token: a reference to NetBox's token. statuses, tenant: whom to take from a NetBox.
    """

    where: str
    kind: str = ""
    token: str = ""
    ca: Path | None = None
    statuses: tuple[str, ...] = ("active",)
    tenant: str = ""


async def fetch(asked: Asked, secret: Callable[[str], str]) -> Found:
    """Fetch a source. Raises SourceError, OSError and what `secret` raises for the token."""
    remote = asked.where.startswith(("http://", "https://"))
    kind = asked.kind or ("netbox" if remote else _by_name(asked.where))
    if remote != (kind == "netbox"):
        raise SourceError(
            "a NetBox is given by its address, like 'https://netbox.example'"
            if kind == "netbox"
            else f"only a NetBox is asked over the network: download {asked.where} and give the file"
        )
    match kind:
        case "netbox":
            return await _netbox(asked, secret)
        case "csv":
            return from_table(_bytes(asked.where))
        case "ansible":
            return _ansible(asked.where)
        case _:
            raise SourceError(f"there is no kind of source {kind!r}: there are {', '.join(KINDS)}")


def _by_name(where: str) -> Kind:
    return "csv" if Path(where).suffix.lower() in {".csv", ".tsv", ".txt"} else "ansible"


def _bytes(where: str) -> bytes:
    """The bytes of a file or a pipe, up to one more than may be."""
    if where == "-":
        return sys.stdin.buffer.read(LARGEST + 1)
    with Path(where).open("rb") as stream:
        return stream.read(LARGEST + 1)


def _ansible(where: str) -> Found:
    raw = _bytes(where)
    if raw.lstrip()[:1] == b"{":
        return from_ansible(raw)
    if _is_contract(raw):
        raise SourceError(f"{where} is a contract, not an inventory: secondline contract add {where}")
    if where == "-":
        raise SourceError("a pipe must bring JSON: ansible-inventory -i FILE --list | secondline …")
    from controller.sources.tool import inventory_listed  # noqa: PLC0415 - starts processes; hardly ever needed.

    return from_ansible(inventory_listed(Path(where)))


def _is_contract(raw: bytes) -> bool:
    try:
        data = parse(raw.decode("utf-8-sig")).data
    except UnicodeDecodeError:
        return False
    return isinstance(data, dict) and {"contract", "customer", "clauses"} <= data.keys()


async def _netbox(asked: Asked, secret: Callable[[str], str]) -> Found:
    if not asked.token:
        raise SourceError("a NetBox wants a token: put it into 'credentials/' and say --token file:NAME")
    if not asked.token.startswith(("file:", "age:", "env:", "keyring:")):
        # It is not repeated: it may be the token itself.
        raise SourceError("--token names where the token is, like file:netbox.token, and never holds it")
    from controller.sources.netbox import NetBox  # noqa: PLC0415 - httpx takes a tenth of a second.

    server = NetBox(asked.where, secret(asked.token).strip(), ca=asked.ca)
    return from_netbox(await server.rows(asked.tenant), statuses=asked.statuses, tenant=asked.tenant)
