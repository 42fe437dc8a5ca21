"""Which devices and virtual machines does a NetBox hold, and where are they? Reads what its REST API answers.

The shapes are those of `GET /api/dcim/devices/` and `GET /api/virtualization/virtual-machines/`; the role of a
device is called `device_role` up to NetBox 3.5 and `role` from 3.6 on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from inventory.fields import WrongError
from inventory.sources.seen import Found, Seen, SourceError, Untaken
from inventory.sources.word import document_of, interface_of, name_of, platform_of, too_many

__all__ = ["PATHS", "Page", "Row", "from_netbox", "page"]

# What is asked for, and what one of it is called.
PATHS = {
    "api/dcim/devices/": "device",
    "api/virtualization/virtual-machines/": "virtual machine",
}

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: some rows, and the address of the next when there is more."""

    rows: tuple[Row, ...]
    following: str | None


def page(raw: bytes) -> Page:
    """Read one answer. Raises SourceError for what NetBox never answers."""
    document = document_of(raw, "NetBox's answer")
    rows = document.get("results") if isinstance(document, dict) else None
    following = document.get("next") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError("NetBox's answer has no list of 'results': is this the address of a NetBox?")
    if following is not None and not isinstance(following, str):
        raise SourceError("NetBox's answer names a 'next' page that is no address")
    return Page(tuple(rows), following)


def from_netbox(
    rows: Mapping[str, Iterable[Row]], *, statuses: Collection[str] = ("active",), tenant: str = ""
) -> Found:
    """The hosts of a NetBox. rows: by path; statuses: who else is not taken; tenant: slug, '' for everybody's."""
    hosts: list[Seen] = []
    untaken: list[Untaken] = []
    whole = True
    for path, kind in PATHS.items():
        for row in rows.get(path, ()):
            too_many(len(hosts) + len(untaken) + 1)
            name = row.get("name")
            place = f"{kind} {str(row.get('id'))[:20]}" + (
                f" ({name[:100]})" if isinstance(name, str) else ""
            )
            try:
                hosts.append(_host(place, row, statuses, tenant))
            except WrongError as wrong:
                names = tuple(word for word in (name, *_raw_addresses(row)) if isinstance(word, str))
                whole = whole and bool(names)
                untaken.append(
                    Untaken(place=place, problem=wrong.problem, instead=wrong.instead, names=names)
                )
    return Found(hosts=tuple(hosts), untaken=tuple(untaken), whole=whole)


def _host(place: str, row: Row, statuses: Collection[str], tenant: str) -> Seen:
    if tenant and _inner(row, "tenant", "slug") != tenant:
        raise WrongError(
            f"it is not of the tenant {tenant!r}, although only those were asked for", "leave it out"
        )
    status = _inner(row, "status", "value")
    if status not in statuses:
        raise WrongError(f"its status is {status[:40]!r}", f"say --status {status[:40]} if it shall be taken")
    addresses = tuple(interface_of(text) for text in _raw_addresses(row))
    if not addresses:
        raise WrongError("it has no primary address", "give it one in NetBox")
    role = _inner(row, "role", "slug") or _inner(row, "device_role", "slug")
    return Seen(
        place=place,
        name=name_of(_text(row.get("name"), "name")),
        addresses=addresses,
        site=_inner(row, "site", "slug"),
        groups=tuple(dict.fromkeys(word for word in (role, *_tags(row)) if word)),
        platform=platform_of(_inner(row, "platform", "slug")),
    )


def _raw_addresses(row: Row) -> tuple[str, ...]:
    """As NetBox has them, with the length of their network."""
    found = []
    for key in ("primary_ip4", "primary_ip6"):
        inner = row.get(key)
        address = inner.get("address") if isinstance(inner, dict) else None
        if isinstance(address, str):
            found.append(address)
    return tuple(found)


def _tags(row: Row) -> Iterable[str]:
    tags = row.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        slug = tag.get("slug") if isinstance(tag, dict) else None
        if isinstance(slug, str):
            yield slug


def _inner(row: Row, key: str, name: str) -> str:
    """A word of something that the row refers to; '' where it refers to nothing."""
    inner = row.get(key)
    if inner is None:
        return ""
    if not isinstance(inner, dict):
        raise WrongError(f"its '{key}' is not what NetBox answers", "is this a NetBox of version 3 or newer?")
    return _text(inner.get(name), key)


def _text(value: object, key: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise WrongError(f"its '{key}' is no text", "is this a NetBox of version 3 or newer?")
    return value
