"""How are distinguished names and domains written and compared? What all questions to a directory share."""

from __future__ import annotations

import re

__all__ = ["domain_of", "parent", "rdn", "same_dn", "site_of"]

# A comma that is not escaped (RFC 4514, section 2.4).
_COMMA = re.compile(r"(?<!\\),")


def domain_of(base: str) -> str:
    """The DNS name of a domain.

    >>> domain_of("DC=ad,DC=Musterbau,DC=test")
    'ad.musterbau.test'
    """
    parts = [part.partition("=") for part in _COMMA.split(base)]
    return ".".join(value.strip().lower() for key, _, value in parts if key.strip().lower() == "dc")


def rdn(dn: str) -> str:
    r"""The value of the first part, as people read it.

    >>> rdn("CN=DC1,CN=Servers,DC=a"), rdn("CN=Weber\\, Anna,DC=a")
    ('DC1', 'Weber, Anna')
    """
    return re.sub(r"\\(.)", r"\1", _COMMA.split(dn)[0].partition("=")[2])


def parent(dn: str) -> str:
    """The name above.

    >>> parent("CN=NTDS Settings,CN=DC1,CN=Servers")
    'CN=DC1,CN=Servers'
    """
    found = _COMMA.search(dn)
    return dn[found.end() :] if found else ""


def same_dn(first: str, second: str) -> bool:
    """Whether two names are one, however they are written."""
    return first.replace(", ", ",").lower() == second.replace(", ", ",").lower()


def site_of(server: str) -> str:
    """The site in which a server object stands.

    >>> site_of("CN=DC1,CN=Servers,CN=Koeln,CN=Sites,CN=Configuration,DC=a")
    'Koeln'
    """
    return rdn(parent(parent(server)))
