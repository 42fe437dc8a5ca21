"""What did the customer say about a DNS zone? Who serves it, and what its names are used for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from inventory.clause import Part
from inventory.fields import DnsName, Id, ZoneName, dns_name

__all__ = ["Mail", "Names", "Zone"]


def _in_zone(text: str) -> str:
    return "@" if text == "@" else dns_name(text)


# A name as a zone file writes it: without the zone, '@' for the zone itself.
NameInZone = Annotated[
    str,
    AfterValidator(_in_zone),
    WithJsonSchema({"type": "string", "maxLength": 254, "examples": ["www", "@"], "title": "Name in a zone"}),
]


class Mail(Part):
    """That a zone's names stand in mail addresses: mail comes to them, or is sent in their name."""

    selectors: tuple[DnsName, ...] = Field(
        default=(), description="DKIM selectors in use: 's1' for s1._domainkey in the zone"
    )


class Names(Part):
    """What is known of a zone's names, where the zone is one inside and another one outside."""

    public: tuple[NameInZone, ...] = Field(
        default=(),
        description="names that everybody must find, inside and outside: 'www', or '@' for the zone",
    )
    differ: tuple[NameInZone, ...] = Field(
        default=(), description="names that are meant to be something else inside than outside"
    )
    wildcard: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="that the zone answers for any name, and is meant to"
    )


class Zone(Part):
    """A DNS zone that the customer runs."""

    name: ZoneName = Field(description="the zone's name")
    servers: tuple[Id, ...] = Field(
        min_length=1, description="hosts or outside servers that shall answer for the zone"
    )
    parents: tuple[Id, ...] = Field(
        default=(), description="hosts or outside servers that hold the delegation"
    )
    reverse: tuple[ZoneName, ...] = Field(default=(), description="reverse zones that shall match it")
    mail: Mail | None = Field(default=None, description="that the zone takes or sends mail")
    names: Names = Field(default=Names.model_construct(), description="what is known of its names")
    cloud: tuple[Literal["microsoft365"], ...] = Field(
        default=(), description="cloud services that find their way by records of this zone"
    )
