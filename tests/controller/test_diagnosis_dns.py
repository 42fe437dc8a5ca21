"""Is one trouble of the name service one cause, however many resolvers speak of it?"""

from __future__ import annotations

from controller.diagnosis import rank
from tests.controller.findings import say


def test_a_server_that_is_dead_explains_the_resolver_that_looks_for_it() -> None:
    dead = say("dns.server-dead", "registry", server="ns.registry.test", addresses="10.77.1.99")
    lost = say("dns.recursion-dead", "dns1", server="ns1.musterbau.test", names="ns.registry.test")
    other = say("dns.recursion-dead", "dns2", server="ns2.musterbau.test", names="musterbau.test")
    assert [(c.finding, c.explains) for c in rank([lost, other, dead])] == [(dead, (lost,)), (other, ())]


def test_a_resolver_that_forwards_fails_with_the_one_that_it_forwards_to() -> None:
    dead = say("dns.server-dead", "dns1", server="ns1.musterbau.test", addresses="10.77.1.53")
    names = "musterbau.test, ns.registry.test, web1.musterbau.test"
    lost = tuple(say("dns.recursion-dead", dc, server=f"{dc}.x.test", names=names) for dc in ("dc1", "dc2"))
    (cause,) = rank([*lost, dead])
    assert (cause.finding, cause.explains, cause.sure) == (dead, lost, "likely")
    other = say("dns.recursion-dead", "dc1", server="dc1.x.test", names="ns.registry.test")
    assert len(rank([other, dead])) == 2

    broken = say("dns.lame", "dns1", zone="musterbau.test", addresses="10.77.1.53")
    wrong = say("dns.recursion-wrong", "dc1", names="musterbau.test")
    below = say("dns.delegation-unknown", "dns1", zone="ad.musterbau.test")
    (cause,) = rank([wrong, below, broken])
    assert (cause.finding, set(cause.explains)) == (broken, {wrong, below})


def test_a_resolver_that_lacks_more_than_another_has_a_fault_of_its_own() -> None:
    above = say("dns.recursion-dead", "dns1", names="ns.registry.test")
    asks = say("dns.recursion-partial", "dc1", names="ns.registry.test")
    more = say("dns.recursion-partial", "dc2", names="ns.registry.test, web1.musterbau.test")
    assert [(c.finding, c.explains) for c in rank([asks, more, above])] == [(above, (asks,)), (more, ())]


def test_a_zone_that_cannot_be_proven_is_one_cause_however_many_resolvers_refuse_it() -> None:
    ended = say("dns.signature-expired", "", zone="musterbau.example")
    bogus = say("dns.zone-bogus", "", zone="musterbau.example")
    refused = say("dns.validation-fails", "rec1", names="musterbau.example")
    lost = say("dns.recursion-partial", "rec1", names="musterbau.example, www.musterbau.example")
    (cause,) = rank([lost, refused, bogus, ended])
    assert (cause.finding, set(cause.explains), cause.sure) == (ended, {bogus, refused, lost}, "certain")


def test_a_resolver_that_trusts_the_wrong_key_is_a_cause_of_its_own() -> None:
    """It refuses a zone with which nothing is wrong, and another one besides the broken one."""
    refused = say("dns.validation-fails", "rec1", names="a.example, musterbau.test")
    lost = say("dns.recursion-dead", "rec1", names="musterbau.test, ns.registry.test")
    (cause,) = rank([lost, refused])
    assert (cause.finding, cause.explains, cause.sure) == (refused, (lost,), "likely")
    elsewhere = say("dns.recursion-dead", "rec2", names="musterbau.test")
    assert len(rank([refused, elsewhere])) == 2
