"""Can somebody else listen to what goes there? Not on this machine, and not where it is encrypted."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_loopback", "is_private"]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address alone; nothing is looked up.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("example.org")
    (True, True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_private(url: str) -> bool:
    """Whether a web address is of TLS, or of this machine.

    >>> is_private("https://a.example/x"), is_private("http://127.0.0.1:8080"), is_private("http://a.example")
    (True, True, False)
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
