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
