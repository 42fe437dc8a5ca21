"""Whatever a source says: does a proposal stay within it, and does the contract stay a contract?"""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory.read import examine, read
from inventory.schema import example
from inventory.sources.ansible import from_ansible
from inventory.sources.compare import propose
from inventory.sources.netbox import PATHS, from_netbox
from inventory.sources.proposal import Defaults, Proposal
from inventory.sources.revise import revise
from inventory.sources.seen import Found, SourceError
from inventory.sources.table import from_table

# With hosts that may go, before those that others need.
OLD = """\
  - {id: old, name: old.example, addresses: ["10.20.9.9"], site: kiel, environment: server, platform: linux}
  - id: web9
    name: web9.musterbau.example
    addresses:
      - "10.20.1.19"
    site: hamburg
    environment: server
    roles: [web-server]
    platform: linux

"""
TEXT = example().replace("  - id: dns1\n", OLD + "  - id: dns1\n")
BEFORE = read(TEXT)


def mostly(*usual: str, odd: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """What people write, and now and then something else. So few that they collide."""
    rare = st.one_of(st.sampled_from(odd or usual), st.text(max_size=8), st.ip_addresses().map(str))
    return st.integers(0, 9).flatmap(lambda dice: st.sampled_from(usual) if dice else rare)


NAMES = mostly(
    *("web1", "web1.musterbau.example", "WEB1.other.example", "web2", "web3.musterbau.example", "web4"),
    *("dns1", "ns1.musterbau.example", "ns2.musterbau.example", "old.example", "web9", "no.example"),
    odd=("registry", "no", "123", "a.b", "_sip._tcp.x", "10.20.1.9", ""),
)
ADDRESSES = mostly(
    *("10.20.1.11", "10.20.1.53", "10.30.1.53", "fd20::11", "fd20:0::0012", "10.20.9.9"),
    *(f"10.20.2.{number}" for number in range(12)),
    odd=("192.0.2.30", "10.20.1.0/24", "127.0.0.1", "web1.example", "{{ x }}", "010.1.1.1", "::ffff:1.2.3.4"),
)
WORDS = mostly("web-server", "dns-server", "linux", odd=("x", "voip", "=1"))
SITES = mostly("hamburg", "kiel", "Kiel, builder's yard", "")
PORTS = st.one_of(st.none(), st.just(22), st.just("2222"), st.integers(), st.text(max_size=4))


@st.composite
def inventories(draw: st.DrawFn) -> str:
    """What `ansible-inventory --list` could print, and some that it could not."""
    hosts = draw(st.lists(NAMES, max_size=5, unique=True))
    variables = {
        host: draw(
            st.fixed_dictionaries(
                {"ansible_host": ADDRESSES}, optional={"ansible_port": PORTS, "ansible_user": WORDS}
            )
        )
        for host in hosts
    }
    groups = {
        name: {"hosts": draw(st.lists(NAMES, max_size=3)), "children": draw(st.lists(WORDS, max_size=2))}
        for name in draw(st.lists(WORDS, max_size=3, unique=True))
    }
    return json.dumps(groups | {"_meta": {"hostvars": variables}})


@st.composite
def tables(draw: st.DrawFn) -> str:
    port, own = mostly("22", "2222", ""), mostly("", "web1", "web7", "dns1")
    columns = {"name": NAMES, "address": ADDRESSES, "site": SITES, "role": WORDS, "port": port, "id": own}
    wide = draw(st.integers(2, len(columns)))
    rows = [
        ";".join('"' + draw(kind).replace('"', '""') + '"' for kind in list(columns.values())[:wide])
        for _ in range(draw(st.integers(0, 5)))
    ]
    return "\n".join((";".join(list(columns)[:wide]), *rows, ""))


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    inner, site = (st.one_of(st.none(), st.fixed_dictionaries({"slug": word})) for word in (WORDS, SITES))
    row = st.fixed_dictionaries(
        {
            "id": st.integers(0, 9),
            "name": st.one_of(st.none(), NAMES),
            "status": st.just({"value": "active"}),
            "primary_ip4": st.one_of(st.none(), ADDRESSES.map(lambda address: {"address": f"{address}/20"})),
            "site": site,
            "role": inner,
            "platform": inner,
        }
    )
    return draw(st.lists(row, max_size=5))


def whole(found: Found, said: str, remove: bool) -> None:
    """All that must hold of whatever is proposed."""
    proposal = propose(BEFORE, found, Defaults(site="hamburg"), remove_missing=remove)
    within(proposal, said)
    if proposal.empty:
        return
    revision = revise(TEXT, BEFORE, proposal)
    examined = examine(revision.text)
    assert (examined.mistakes, examined.contract) == ((), proposal.after)
    assert not revision.anew
    assert proposal.after.clauses == BEFORE.clauses
    again = propose(proposal.after, found, Defaults(site="hamburg"))
    names = [{added.host.name for added in each.added} for each in (proposal, again)]
    assert not names[0] & names[1], "what was taken is not proposed again"


def within(proposal: Proposal, said: str) -> None:
    """No address, no account and no role but of the source or the contract; no way in that was not there."""
    words = {str(ip_address(word)) for word in re.split(r"[^0-9a-fA-F.:]+", said) if is_address(word)}
    known = {host.id: host for host in BEFORE.hosts}
    roles = {role for host in BEFORE.hosts for role in host.roles}
    for host in (*(one.host for one in proposal.added), *(one.host for one in proposal.changed)):
        had = set(known[host.id].addresses) if host.id in known else set()
        assert {str(address) for address in host.addresses if address not in had} <= words
        assert set(host.roles) <= roles
    assert all(added.host.ssh is None and added.host.dns is None for added in proposal.added)
    for changed in proposal.changed:
        old, new = changed.before.ssh, changed.host.ssh
        assert (old is None) == (new is None)
        if old is not None and new is not None:
            assert new.model_copy(update={"port": old.port}) == old


def is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


@given(inventories(), st.booleans())
def test_an_ansible_inventory(text: str, remove: bool) -> None:
    whole(from_ansible(text), " ".join(map(str, strings(json.loads(text)))), remove)


@given(tables(), st.booleans())
def test_a_table(text: str, remove: bool) -> None:
    try:
        found = from_table(text.encode("utf-8", "replace"))
    except SourceError:
        return
    whole(found, text, remove)


@given(answers(), answers(), st.booleans())
def test_a_netbox(devices: list[dict[str, Any]], machines: list[dict[str, Any]], remove: bool) -> None:
    found = from_netbox(dict(zip(PATHS, (devices, machines), strict=True)))
    whole(found, " ".join(strings([devices, machines])), remove)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_source_or_refused(raw: bytes) -> None:
    for reads in (from_ansible, from_table):
        try:
            found = reads(raw)
        except SourceError:
            continue
        whole(found, raw.decode("latin-1"), remove=True)


def strings(value: object) -> list[str]:
    """Every text in a document."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for pair in value.items() for one in pair for text in strings(one)]
        case list():
            return [text for one in value for text in strings(one)]
        case _:
            return []
