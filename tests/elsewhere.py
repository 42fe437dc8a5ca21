"""A contract with a server that is known by name only, on loopback: who looks it up, and where it may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from inventory.grant import Door

__all__ = ["NAME", "OUTSIDE", "answering", "ceiling_of", "paper_over", "zone"]

NAME = "sip.provider.test"
OUTSIDE = "127.50.0.0/16"


def zone(*addresses: str) -> str:
    """The provider's zone, with an alias before the name's addresses."""
    lines = "".join(f"edge A {address}\n" for address in addresses)
    return f"$TTL 60\n@ SOA ns hostmaster 1 3600 900 604800 60\n@ NS ns\nns A 127.0.0.1\nsip CNAME edge\nedge TXT x\n{lines}"


def paper_over(resolvers: Sequence[Door], port: int, **trunk: object) -> dict[str, Any]:
    """A contract over these resolvers, and a server that is known by name only and answers DNS at this port."""
    names = [f"dns{number}" for number, _ in enumerate(resolvers, 1)]
    return {
        "contract": "T-1",
        "customer": "fleet",
        "name": "Flotte GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2099-12-31"},
        "sites": [{"id": "here", "name": "Hier", "agent": "here-1"}],
        "hosts": [
            {
                "id": name,
                "name": f"{name}.fleet.test",
                "addresses": [str(door.address)],
                "site": "here",
                "environment": "server",
                "platform": "linux",
                "dns": {"port": door.port},
            }
            for name, door in zip(names, resolvers, strict=True)
        ],
        "outside": [
            {"id": "trunk", "name": NAME, "resolved_by": list(names), "dns": {"port": port}, **trunk}
        ],
        "clauses": [
            {"id": "1", "text": "name servers", "hosts": names, "diagnose": ["dns"]},
            {"id": "2", "text": "the trunk", "outside": ["trunk"], "diagnose": ["dns"]},
        ],
    }


def ceiling_of(resolvers: Sequence[Door], port: int, *outside: str, **other: object) -> bytes:
    """The customer's bound: the resolvers' own addresses are the network, and names may lead to `outside`."""
    lists = {
        "customers": ["fleet"],
        "networks": sorted({f"{door.address}/32" for door in resolvers}),
        "outside": list(outside or (OUTSIDE,)),
        "ports": [port, *(door.port for door in resolvers)],
        "areas": ["dns"],
        **other,
    }
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in lists.items()).encode()


def answering(*rounds: Sequence[str]) -> Callable[[bytes], Sequence[tuple[float, bytes]]]:
    """A name server that gives other addresses to each question for them; the last ones again and again."""
    turns = count()

    def answer(question: bytes) -> Sequence[tuple[float, bytes]]:
        asked = dns.message.from_wire(question)
        message = dns.message.make_response(asked)
        message.flags |= dns.flags.RA
        (one,) = asked.question
        if one.rdtype == dns.rdatatype.A:
            addresses = rounds[min(next(turns), len(rounds) - 1)]
            if addresses:
                message.answer.append(dns.rrset.from_text(one.name, 60, "IN", "A", *addresses))
        return [(0.0, message.to_wire())]

    return answer
