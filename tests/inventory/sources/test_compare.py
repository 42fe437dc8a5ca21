"""Does a comparison propose what the source says, and nothing that would make the contract contradict itself?"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from inventory.contract import Contract, Environment
from inventory.fields import WrongError
from inventory.read import read
from inventory.schema import example
from inventory.sources.compare import propose
from inventory.sources.proposal import Defaults, Proposal
from inventory.sources.seen import Found, Seen, Untaken

HAMBURG = Defaults(site="hamburg")
# The example's hosts, as a source has them that agrees.
WEB1 = ("web1.musterbau.example", "10.20.1.11")
DNS1 = ("ns1.musterbau.example", "10.20.1.53")
DNS2 = ("ns2.musterbau.example", "10.30.1.53")


def seen(name: str, *addresses: str, **other: Any) -> Seen:  # noqa: ANN401
    return Seen(place=f"line of {name}", name=name, addresses=tuple(map(ip_address, addresses)), **other)


def compared(
    *hosts: Seen | tuple[str, ...],
    contract: Contract | None = None,
    defaults: Defaults = HAMBURG,
    remove: bool = False,
    whole: bool = True,
    untaken: tuple[Untaken, ...] = (),
) -> Proposal:
    every = tuple(host if isinstance(host, Seen) else seen(*host) for host in hosts)
    found = Found(hosts=every, whole=whole, untaken=untaken)
    return propose(contract or read(example()), found, defaults, remove_missing=remove)


def why(proposal: Proposal) -> str:
    return "\n".join(map(str, proposal.untaken))


def test_a_source_that_agrees_proposes_nothing() -> None:
    proposal = compared(WEB1, DNS1, DNS2)
    assert proposal.empty
    assert (proposal.same, proposal.missing) == (("web1", "dns1", "dns2"), ())


def test_a_new_host_gets_the_first_part_of_its_name_as_id_and_defaults_for_the_rest() -> None:
    proposal = compared(seen("web2.musterbau.example", "10.20.1.12", port=2222, user="ops"))
    (added,) = proposal.added
    host = added.host
    assert (host.id, host.site, host.platform) == ("web2", "hamburg", "linux")
    assert (host.environment, host.roles, host.ssh, host.dns) == (Environment.SERVER, (), None, None)
    assert (added.port, added.user) == (2222, "ops")
    assert proposal.uncovered == ("web2",)
    assert proposal.after.revision == read(example()).revision + 1


def test_clauses_and_everything_but_hosts_and_revision_stay() -> None:
    before = read(example())
    after = compared(("web2", "10.20.1.12"), ("web1", "10.20.1.19")).after
    same = set(Contract.model_fields) - {"hosts", "revision"}
    assert all(getattr(after, key) == getattr(before, key) for key in same)


def test_a_word_is_a_role_only_where_the_contract_uses_it_or_somebody_says_so() -> None:
    groups = ("web-server", "web_server", "databases", "prod")
    roles = {"databases": "database"}
    proposal = compared(
        seen("web2", "10.20.1.12", groups=groups), defaults=Defaults(site="hamburg", roles=roles)
    )
    assert proposal.added[0].host.roles == ("web-server", "database")
    assert proposal.uncovered == ()
    assert any("--role web_server=web-server" in note for note in proposal.notes)


def test_a_known_host_gets_roles_from_the_source_and_loses_none() -> None:
    (changed,) = compared(seen(*WEB1, groups=("dns-server",))).changed
    assert changed.host.roles == ("web-server", "dns-server")


def test_of_two_families_only_the_one_with_a_new_address_is_replaced() -> None:
    (changed,) = compared(("web1.musterbau.example", "10.20.1.12")).changed
    assert list(map(str, changed.host.addresses)) == ["10.20.1.12", "fd20::11"]
    assert compared(("web1.musterbau.example", "fd20::11")).empty


def test_a_port_is_proposed_for_a_known_host_and_its_account_keys_and_credential_stay() -> None:
    before = read(example()).targets["web1"]
    proposal = compared(seen(*WEB1, port=2222, user="root"))
    (changed,) = proposal.changed
    old, new = getattr(before, "ssh", None), changed.host.ssh
    assert old is not None
    assert new is not None
    assert new == old.model_copy(update={"port": 2222})
    assert any("the contract's account stays" in note for note in proposal.notes)


@pytest.mark.parametrize("name", ["web1", "web1.musterbau.example"])
def test_a_host_is_known_by_its_short_name_too(name: str) -> None:
    assert compared((name, "10.20.1.11")).same == ("web1",)


def test_a_host_is_known_by_its_id() -> None:
    assert compared(("dns1", "10.20.1.53")).same == ("dns1",)
    (changed,) = compared(seen("resolver.musterbau.example", "10.20.1.53", id="dns1")).changed
    assert changed.host.name == "resolver.musterbau.example"


def test_a_short_name_in_the_contract_becomes_the_whole_one() -> None:
    contract = read(example().replace("name: web1.musterbau.example", "name: web1"))
    (changed,) = compared(WEB1, contract=contract).changed
    assert changed.host.name == "web1.musterbau.example"


def test_the_same_first_part_in_another_domain_is_another_host_with_its_whole_name_as_id() -> None:
    proposal = compared(
        ("web1.other.example", "10.20.1.12"), ("a.x.example", "10.20.1.13"), ("a.y.example", "10.20.1.14")
    )
    assert [added.host.id for added in proposal.added] == ["web1.other.example", "a.x.example", "a.y.example"]
    assert len([note for note in proposal.notes if "would stand for two" in note]) == 3


def test_an_id_does_not_depend_on_the_order_of_the_source() -> None:
    hosts = [seen("a.x.example", "10.20.1.13"), seen("a.y.example", "10.20.1.14"), seen("a", "10.20.1.15")]
    ids = {one.host.name: one.host.id for one in compared(*hosts).added}
    assert ids == {one.host.name: one.host.id for one in compared(*reversed(hosts)).added}


def test_an_id_of_an_outside_server_is_not_given_again() -> None:
    assert "stands for something else" in why(compared(("registry", "10.20.1.12")))
    assert "stands for something else" in why(compared(seen("x", "10.20.1.12", id="registry")))


def test_a_host_that_the_source_has_twice_is_not_taken_at_all() -> None:
    proposal = compared(("web2", "10.20.1.12"), ("web2", "10.20.1.13"))
    assert (proposal.added, len(proposal.untaken)) == ((), 2)
    assert len(compared(("web1", "10.20.1.11"), WEB1).untaken) == 2


def test_one_name_at_two_sites_is_told_apart_by_the_site() -> None:
    contract = read(example().replace("ns2.musterbau", "ns1.musterbau"))
    assert "stands for dns1, dns2" in why(compared(DNS1, contract=contract))
    (changed,) = compared(seen("ns1.musterbau.example", "10.30.1.54", site="kiel"), contract=contract).changed
    assert changed.host.id == "dns2"


def test_an_address_of_somebody_else_is_not_given_to_a_second_one() -> None:
    proposal = compared(
        ("web2", "10.20.1.53"), ("web3", "192.0.2.30"), ("web4", "10.20.1.4"), ("web5", "10.20.1.4")
    )
    assert proposal.empty
    assert "also the address of 'dns1'" in why(proposal)
    assert "outside server 'registry'" in why(proposal)
    assert why(proposal).count("10.20.1.4 is also the address") == 2


def test_the_same_address_at_another_site_is_another_network() -> None:
    assert len(compared(seen("web2", "10.20.1.53", site="kiel")).added) == 1


def test_hosts_may_swap_their_addresses() -> None:
    proposal = compared(("web1.musterbau.example", "10.20.1.53"), ("ns1.musterbau.example", "10.20.1.11"))
    assert [changed.host.id for changed in proposal.changed] == ["web1", "dns1"]


def test_who_gets_its_old_address_back_takes_it_from_whom_it_was_promised_to() -> None:
    hosts = (("web1.musterbau.example", "10.20.1.12"), ("web2", "10.20.1.11"), ("web3", "10.20.1.12"))
    proposal = compared(*hosts)
    assert proposal.empty
    assert len(proposal.untaken) == 3


def test_a_site_is_known_by_id_or_name_and_no_other_is() -> None:
    known = [
        seen(f"a{n}", f"10.9.0.{n}", site=word)
        for n, word in enumerate(("kiel", "KIEL", "Hamburg, Head Office"), 1)
    ]
    proposal = compared(*known, seen("b", "10.9.0.9", site="bremen"))
    assert [added.host.site for added in proposal.added] == ["kiel", "kiel", "hamburg"]
    assert "there is no site 'bremen' in the contract" in why(proposal)


def test_without_a_site_nobody_is_put_anywhere() -> None:
    proposal = compared(("web2", "10.20.1.12"), defaults=Defaults())
    assert "say --site" in why(proposal)
    with pytest.raises(WrongError, match="no site 'bremen'"):
        compared(defaults=Defaults(site="bremen"))


# --- Removal.


def removable() -> Contract:
    """The example with a host that nothing else names."""
    old = example().index("  - id: dns2\n")
    host = '  - {id: old, name: old.example, addresses: ["10.20.9.9"], site: kiel, environment: server, platform: linux}\n'
    return read(example()[:old] + host + example()[old:])


def test_removal_is_proposed_only_where_somebody_asks_for_it() -> None:
    contract = removable()
    proposal = compared(WEB1, DNS1, DNS2, contract=contract)
    assert (proposal.removed, proposal.missing) == ((), ("old",))
    proposal = compared(WEB1, DNS1, DNS2, contract=contract, remove=True)
    assert [removed.host.id for removed in proposal.removed] == ["old"]
    assert "old" not in proposal.after.targets


def test_what_a_clause_a_zone_or_a_site_needs_is_not_removed_and_that_is_said() -> None:
    proposal = compared(("web2", "10.20.1.12"), remove=True)
    assert proposal.removed == ()
    assert proposal.missing == ("web1", "dns1", "dns2")
    assert "last one with the role 'web-server'" in why(proposal)
    assert "dns1: it is not in the source, and the zone 'musterbau.example' names it" in why(proposal)


@pytest.mark.parametrize(
    "names", [("old.example",), ("OLD",), ("x", "10.20.9.9/24"), ("x", "10.0.0.1 10.20.9.9")]
)
def test_who_is_in_the_source_and_could_not_be_taken_is_not_missing(names: tuple[str, ...]) -> None:
    bad = Untaken(place="line 9", problem="p", instead="i", names=names)
    assert compared(WEB1, DNS1, DNS2, contract=removable(), remove=True, untaken=(bad,)).removed == ()


def test_a_source_that_was_not_read_wholly_or_is_empty_removes_nobody() -> None:
    assert compared(WEB1, DNS1, DNS2, contract=removable(), remove=True, whole=False).removed == ()
    proposal = compared(contract=removable(), remove=True)
    assert (proposal.removed, len(proposal.missing)) == ((), 4)
    assert any("could not be read wholly, or names no host" in note for note in proposal.notes)


def test_who_is_removed_leaves_its_address_to_its_successor() -> None:
    new = seen("new", "10.20.9.9", site="kiel")
    assert compared(WEB1, DNS1, DNS2, new, contract=removable()).empty
    proposal = compared(WEB1, DNS1, DNS2, new, contract=removable(), remove=True)
    assert ([a.host.id for a in proposal.added], [r.host.id for r in proposal.removed]) == (["new"], ["old"])
