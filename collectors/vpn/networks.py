"""Which networks does one list hold that another one does not? Selectors are networks, perhaps with a port behind them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

__all__ = ["Network", "is_open", "missing", "network_of", "same_networks", "shown"]

Network = IPv4Network | IPv6Network


def network_of(text: str) -> Network | None:
    """Read a selector without what it says of protocol and port; None for 'dynamic' and other words.

    >>> network_of("10.20.0.0/16[tcp/http]"), network_of("10.1.2.3"), network_of("dynamic")
    (IPv4Network('10.20.0.0/16'), IPv4Network('10.1.2.3/32'), None)
    """
    try:
        return ip_network(text.partition("[")[0].strip(), strict=False)
    except ValueError:
        return None


def is_open(selectors: Iterable[str]) -> bool:
    """Say whether a list leaves open what it carries: a word, or everything (a tunnel that is routed into)."""
    found = [network_of(one) for one in selectors]
    return not found or any(one is None or one.prefixlen == 0 for one in found)


def missing(wanted: Iterable[str], selectors: Iterable[str]) -> tuple[str, ...]:
    """Those of the wanted networks that no selector holds as a whole."""
    held = [one for text in selectors if (one := network_of(text)) is not None]
    return tuple(text for text in wanted if not any(_lies_in(network_of(text), one) for one in held))


def _lies_in(one: Network | None, other: Network) -> bool:
    match one, other:
        case (IPv4Network() as inner, IPv4Network() as outer):
            return inner.subnet_of(outer)
        case (IPv6Network() as inner, IPv6Network() as outer):
            return inner.subnet_of(outer)
        case _:
            return False


def same_networks(one: Iterable[str], other: Iterable[str]) -> bool:
    """Say whether two lists mean the same, in any order and spelling."""
    return {network_of(text) or text for text in one} == {network_of(text) or text for text in other}


def shown(networks: Iterable[str]) -> str:
    """A few of them, as a sentence has room for."""
    listed = list(dict.fromkeys(networks))
    return ", ".join(listed[:6]) + (f" (+{len(listed) - 6})" if len(listed) > 6 else "") or "-"
