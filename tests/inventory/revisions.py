"""Pairs of a contract and its next revision, made by Hypothesis: a few edits of every kind, wide and narrow."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st

from inventory.contract import (
    Approval,
    Clause,
    Contact,
    Contract,
    Data,
    DnsReach,
    Host,
    Redaction,
    Site,
    SshReach,
    Window,
)
from tests.inventory.strategies import AREAS, HOSTS, OUTSIDE, PLAYBOOKS, ROLES, ZONES, clauses, contracts
from tests.inventory.strategies import windows as spans

__all__ = ["KEYS", "revisions"]


def _host_key() -> str:
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


# Their sorting keeps what Hypothesis draws the same when it draws again.
KEYS = tuple(sorted(_host_key() for _ in range(3)))
_SITES = tuple(
    Site.model_validate({"id": site, "name": site, "agent": agent})
    for site, agent in (("s", "a"), ("s2", "a"), ("s3", "b"))
)
_contacts = st.lists(
    st.builds(
        Contact,
        id=st.sampled_from(["c", "d"]),
        name=st.just("C"),
        email=st.sampled_from(["c@k.example", "d@k.example"]),
        approves=st.sampled_from([(), ("change",), ("report",), ("change", "report")]),
    ),
    unique_by=lambda contact: contact.id,
    max_size=2,
).map(tuple)
_data = st.builds(
    Data,
    redact=st.builds(
        Redaction,
        accounts=st.booleans(),
        addresses=st.booleans(),
        names=st.booleans(),
        also=st.sampled_from([(), ("x",), ("x", "y")]),
    ),
    keep_days=st.sampled_from([1, 30, 90]),
)
_ssh = st.one_of(
    st.none(),
    st.builds(
        SshReach,
        port=st.sampled_from([22, 2222]),
        user=st.sampled_from(["u", "v"]),
        credential=st.sampled_from(["file:u", "file:v"]),
        host_keys=st.lists(st.sampled_from(KEYS), unique=True).map(tuple),
    ),
)
_dns = st.one_of(st.none(), st.builds(DnsReach, port=st.sampled_from([53, 5353])))


def _subset(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


def _narrow(window: Window) -> Window:
    """The same days from a little later on, where the window is long enough."""
    late = window.start.replace(minute=59)
    return window.model_copy(update={"start": late}) if late < window.until else window


def _with_clause(contract: Contract, old: Clause, *new: Clause) -> Contract:
    changed = tuple(one for clause in contract.clauses for one in (new if clause is old else (clause,)))
    return contract.model_copy(update={"clauses": changed})


@st.composite
def _clause_edit(draw: st.DrawFn, contract: Contract) -> Contract:
    clause = draw(st.sampled_from(contract.clauses))
    field = draw(st.sampled_from(["gone", "moved", "new", "split", "narrow", *sorted(Clause.model_fields)]))
    value: object
    match field:
        case "gone":
            return _with_clause(contract, clause) if len(contract.clauses) > 1 else contract
        case "moved":
            return contract.model_copy(update={"clauses": tuple(draw(st.permutations(contract.clauses)))})
        case "new":
            new = Clause.model_validate(draw(clauses(9)))
            return _with_clause(contract, clause, *draw(st.permutations((clause, new))))
        case "split":
            hosts = draw(_subset(HOSTS))
            rest = tuple(host for host in HOSTS if host not in hosts)
            parts = ({"hosts": hosts, "roles": ()}, {"hosts": rest, "roles": (), "id": "8"})
            return _with_clause(contract, clause, *(clause.model_copy(update=part) for part in parts))
        case "narrow":
            field, value = "windows", tuple(map(_narrow, clause.windows))
        case "windows":
            value = draw(st.lists(spans.map(Window.model_validate), max_size=2).map(tuple))
        case "approval":
            value = draw(st.sampled_from(Approval))
        case "at_once":
            value = draw(st.sampled_from([1, 2, 3, 50]))
        case "id" | "text":
            value = "7"
        case _:
            names = {
                "diagnose": AREAS,
                "change": PLAYBOOKS,
                "hosts": HOSTS,
                "roles": ROLES,
                "outside": OUTSIDE,
            }
            value = draw(_subset(names[field]))
    return _with_clause(contract, clause, clause.model_copy(update={field: value}))


@st.composite
def _host_edit(draw: st.DrawFn, contract: Contract) -> Contract:
    host = draw(st.sampled_from(contract.hosts))
    addresses = st.lists(st.sampled_from([*host.addresses, ip_address("10.9.9.9")]), min_size=1, unique=True)
    edit: dict[str, st.SearchStrategy[object]] = {
        "gone": st.none(),
        "roles": _subset(ROLES),
        "addresses": addresses.map(tuple),
        "ssh": _ssh,
        "dns": _dns,
        "site": st.sampled_from([site.id for site in _SITES]),
        "name": st.just("other.k.example"),
        "platform": st.sampled_from(["linux", "bsd"]),
    }
    field = draw(st.sampled_from(sorted(edit)))
    new = () if field == "gone" else (host.model_copy(update={field: draw(edit[field])}),)
    hosts = tuple(one for old in contract.hosts for one in (new if old is host else (old,)))
    return contract.model_copy(update={"hosts": hosts}) if hosts else contract


@st.composite
def _term_edit(draw: st.DrawFn, contract: Contract) -> Contract:
    days = st.sampled_from([-1, 0, 1]).map(timedelta)
    start, until = contract.valid.start + draw(days), contract.valid.until - timedelta(1) + draw(days)
    edit: dict[str, st.SearchStrategy[object]] = {
        "valid": st.just(contract.valid.model_copy(update={"start": start, "until": max(start, until)})),
        "timezone": st.sampled_from(ZONES),
        "contacts": _contacts,
        "data": _data,
        "sites": st.permutations(_SITES).map(tuple),
        "name": st.just("other"),
    }
    field = draw(st.sampled_from(sorted(edit)))
    return contract.model_copy(update={field: draw(edit[field])})


@st.composite
def _reached(draw: st.DrawFn) -> Contract:
    """A contract of three sites, whose hosts have ways in."""
    contract = draw(contracts())

    def reached(host: Host) -> Host:
        return host.model_copy(update={"ssh": draw(_ssh), "dns": draw(_dns)})

    return contract.model_copy(
        update={"sites": _SITES, "data": draw(_data), "hosts": tuple(map(reached, contract.hosts))}
    )


@st.composite
def revisions(draw: st.DrawFn) -> tuple[Contract, Contract]:
    """Two revisions, of which the second is the first after up to three edits."""
    before = after = draw(_reached())
    for _ in range(draw(st.integers(0, 3))):
        edit = draw(st.sampled_from([_clause_edit, _clause_edit, _host_edit, _term_edit]))
        after = draw(edit(after))
    return before, after
