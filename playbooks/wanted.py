"""What may a parameter of a playbook be? Types with a closed set of signs; none begins with a dash, none is a pattern.

A parameter comes from a finding's facts, or from a person's command line. Nothing else about a host is ever asked of a
ticket's text.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field

__all__ = ["Account", "Address", "Interface", "Mount", "Name", "Path", "Rate", "Unit", "Zone"]


def _address(text: str) -> str:
    return str(ip_address(text))


# A unit of systemd that runs something.
Unit = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,240}\.(?:service|timer|socket|mount)$")
]
# The name of an account (sAMAccountName, without the signs that [MS-SAMR] 3.1.1.8.4 forbids).
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.$äöüÄÖÜß][A-Za-z0-9_. $äöüÄÖÜß-]{0,62}$")]
# A host, a connection, a zone's view …: one word.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,120}$")]
# A DNS name without its last dot.
Zone = Annotated[str, Field(pattern=r"^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}\.){0,20}[A-Za-z0-9_-]{0,62}$")]
# A port as its device calls it.
Interface = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./:-]{0,60}$")]
Address = Annotated[str, Field(max_length=45), AfterValidator(_address)]
Path = Annotated[str, Field(pattern=r"^/(?:[A-Za-z0-9._@+-]+/)*[A-Za-z0-9._@+-]+$", max_length=240)]
# Where a file system is mounted.
Mount = Annotated[str, Field(pattern=r"^/(?:[A-Za-z0-9._@+-]+(?:/[A-Za-z0-9._@+-]+)*)?$", max_length=240)]
# In Mbit/s.
Rate = Annotated[int, Field(ge=1, le=400_000)]
