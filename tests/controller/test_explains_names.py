"""Does one fault of forwarding, of names inside and outside, or of mail give one cause?"""

from __future__ import annotations

import pytest

from collectors import Finding
from collectors.catalogue import catalogue
from collectors.finding import Fact
from controller.diagnosis import rank

TAGS = catalogue().tags
_ZONE, _WWW = "musterbau.test", "www.musterbau.test"
_DNS1 = "10.77.1.53"


def _say(tag: str, host: str = "", **facts: Fact) -> Finding:
    return TAGS[tag](host=host, **{**dict.fromkeys(TAGS[tag].facts, "x"), **facts})


_REFUSED = _say("dns.recursion-refused", "dns1", server="ns1.musterbau.test", addresses=_DNS1)


@pytest.mark.parametrize(
    ("cause", "effects"),
    [
        (
            _say("dns.server-dead", "dns1", server="ns1.musterbau.test", addresses=_DNS1),
            (
                _say("dns.forwarders-dead", "dc1", server="dc1", dead=f"10.77.1.9, {_DNS1}"),
                _say("dns.conditional-dead", "dc2", server="dc2", zone="a.test", dead=_DNS1),
            ),
        ),
        (_REFUSED, (_say("dns.forwarder-refuses", "dc1", server="dc1", refusing=_DNS1),)),
        (
            _say("dns.forwarder-refuses", "dc1", refusing="10.77.1.54"),
            (_say("dns.recursion-dead", "dc1", server="dc1", names="a.test"),),
        ),
        (
            _say("dns.lame", "dns2", zone=_ZONE, addresses="10.77.1.54"),
            (_say("dns.conditional-lame", "dc1", zone=_ZONE, lame="10.77.1.54"),),
        ),
        (
            _say("dns.conditional-elsewhere", "dc1", zone=_ZONE),
            (_say("dns.recursion-wrong", "dc1", server="dc1", names=_ZONE),),
        ),
        (
            _say("dns.internal-address-shown", "registry", zone=_ZONE, name=_WWW),
            (_say("dns.public-name-differs", name=_WWW), _say("dns.resolvers-differ", "rec1", name=_WWW)),
        ),
        (
            _say("dns.public-name-missing", "dns1", zone=_ZONE, name=_WWW),
            (
                _say("linux.resolver-lacks-name", "web1", server=_DNS1, name=_WWW),
                _say("dns.resolvers-differ", name=_WWW),
            ),
        ),
        (
            _say("dns.serial-behind", "dns2", zone=_ZONE),
            (_say("dns.resolvers-differ", name=_WWW),),
        ),
        (
            _say("dns.mail-record-differs", zone=_ZONE, name=_ZONE, rtype="TXT"),
            (_say("dns.spf-missing", "dns2", zone=_ZONE), _say("dns.mx-missing", "dns2", zone=_ZONE)),
        ),
    ],
    ids=lambda value: value.tag.name if isinstance(value, Finding) else "",
)
def test_one_fault_is_one_cause(cause: Finding, effects: tuple[Finding, ...]) -> None:
    ranked = rank((*effects, cause))
    assert [one.finding for one in ranked] == [cause]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another server's forwarder, another zone, another name.
        (_REFUSED, _say("dns.forwarder-refuses", "dc1", refusing="10.77.1.54")),
        (
            _say("dns.server-dead", "dns1", server="ns1", addresses=_DNS1),
            _say("dns.forwarders-dead", "dc1", dead="10.77.1.5"),
        ),
        (_say("dns.public-name-missing", name=_WWW), _say("dns.resolvers-differ", name="a.other.test")),
        (_say("dns.serial-behind", "dns2", zone=_ZONE), _say("dns.resolvers-differ", name="a.other.test")),
        (
            _say("dns.mail-record-differs", zone=_ZONE, name=_ZONE),
            _say("dns.spf-invalid", zone=_ZONE),
        ),
    ],
)
def test_what_has_nothing_to_do_with_it_stays_a_cause_of_its_own(one: Finding, other: Finding) -> None:
    assert {ranked.finding for ranked in rank((one, other))} == {one, other}
