"""Does the diagnosis name the cause, and is it the same whatever order the findings come in?"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from collectors import Finding, Kind, Phase, Severity
from collectors.dns.probe import Soa
from collectors.dns.zones import Holding, NamedHost, Zones, zones
from collectors.finding import Fact
from controller.diagnosis import Cause, findings_of, rank
from controller.explains import RULES, Rule
from tests.controller.findings import TAGS, say

NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)


def ended(host: str, collector: str, outcome: Outcome) -> Result:
    return Result(
        job=Job(id=f"{host}/{collector}", host=host, collector=collector),
        outcome=outcome,
        began=NOW,
        took=0.1,
    )


def silent(host: str, kind: Kind, phase: Phase, collector: str = "linux.disk") -> Result:
    return ended(host, collector, NoAnswer(kind, phase, "port 22"))


def told(cause: Cause) -> tuple[str, str, list[str], str]:
    return cause.finding.tag.name, cause.finding.host, [f.tag.name for f in cause.explains], cause.sure


@pytest.mark.parametrize(
    ("reason", "sure"),
    [
        ("OSError: [Errno 28] No space left on device: '/var/lib/shop/cart'", "certain"),
        ("Verbindung beendet", "likely"),
    ],
)
def test_a_full_disk_stands_before_the_service_that_failed(reason: str, sure: str) -> None:
    failed = say("linux.service-failed", unit="shop.service", reason=reason)
    full = say("linux.disk-full", mount="/var")
    assert [told(cause) for cause in rank([failed, full])] == [
        ("linux.disk-full", "web1", ["linux.service-failed"], sure)
    ]


def test_a_full_disk_explains_nothing_on_another_host() -> None:
    full = say("linux.disk-full", "web1", mount="/var")
    others = [
        say("linux.service-failed", "web3", reason="No space left on device"),
        say("linux.inodes-full", "web2", mount="/var"),
    ]
    causes = rank([full, *others])
    assert len(causes) == 3
    assert not any(cause.explains for cause in causes)


@pytest.mark.parametrize(
    ("cause", "effect", "facts"),
    [
        (
            "dns.address-dead",
            "linux.resolver-dead",
            {"address": "10.77.1.53", "server": "ns1.musterbau.test"},
        ),
        ("dns.garbled", "linux.resolver-dead", {"address": "10.77.1.53", "server": "ns1.musterbau.test"}),
        ("dns.recursion-refused", "linux.resolver-refuses", {"addresses": "10.77.1.53, fd77::53"}),
        ("dns.recursion-dead", "linux.resolver-failing", {"addresses": "10.77.1.53"}),
        ("dns.lame", "linux.resolver-failing", {"addresses": "10.77.1.53", "zone": "x"}),
        ("dns.slow", "linux.resolver-slow", {"address": "10.77.1.53"}),
    ],
)
def test_a_name_server_explains_what_the_hosts_say_that_ask_it(
    cause: str, effect: str, facts: dict[str, Fact]
) -> None:
    def causes(server: str) -> list[tuple[str, str, list[str], str]]:
        return [told(c) for c in rank([say(cause, "dns1", **facts), say(effect, "web1", server=server)])]

    assert causes("10.77.1.53") == [(cause, "dns1", [effect], "certain")]
    assert len(causes("10.77.1.5")) == 2


def test_a_chain_ends_at_its_first_link() -> None:
    chain = [
        say("linux.kernel-hardware-error"),
        say("linux.kernel-io-error"),
        say("linux.kernel-filesystem-error"),
        say("linux.filesystem-read-only", mount="/var"),
        say("linux.service-failed", reason="Read-only file system"),
    ]
    (cause,) = rank(reversed(chain))
    assert cause.finding == chain[0]
    assert set(cause.explains) == set(chain[1:])
    assert cause.sure == "likely"


def test_a_ring_has_one_cause() -> None:
    ring = [say("reach.answers-slowly"), say("reach.answer-cut-off")]
    (cause,) = rank(ring)
    assert {cause.finding, *cause.explains} == set(ring)


def test_what_two_findings_explain_stands_with_both() -> None:
    failed = say("linux.service-failed", reason="went away")
    causes = rank([say("linux.disk-full"), say("linux.oom-kill"), failed])
    assert [(cause.finding.tag.name, cause.explains) for cause in causes] == [
        ("linux.disk-full", (failed,)),
        ("linux.oom-kill", (failed,)),
    ]
    assert [cause.sure for cause in causes] == ["likely", "likely"]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Out of memory, killed", "linux.oom-kill"),
        ("write: No space left on device", "linux.disk-full"),
        ("accept: Too many open files", "linux.file-handles-low"),
    ],
)
def test_what_a_service_says_itself_needs_no_guess_beside_it(reason: str, cause: str) -> None:
    faults = [say(tag) for tag in ("linux.disk-full", "linux.oom-kill", "linux.file-handles-low")]
    failed = say("linux.service-failed", unit="chatroom.service", reason=reason)
    first, *others = rank([*faults, failed])
    assert told(first) == (cause, "web1", ["linux.service-failed"], "certain")
    assert [other.explains for other in others] == [(), ()]


@pytest.mark.parametrize(
    ("unit", "server", "explained"),
    [
        ("unbound.service", "127.0.0.1", True),
        ("unbound.service", "10.77.1.53", False),
        ("x", "127.0.0.1", False),
    ],
)
def test_a_resolver_on_the_host_itself_is_dead_because_its_service_is(
    unit: str, server: str, *, explained: bool
) -> None:
    tag = "linux.resolver-stub-dead" if server.startswith("127.") else "linux.resolver-dead"
    causes = rank([say("linux.service-failed", unit=unit), say(tag, server=server)])
    assert [cause.finding.tag.name == "linux.service-failed" for cause in causes] == [explained]


@pytest.mark.parametrize(
    ("reason", "told_by"),
    [
        ("cannot start: /etc/auth/auth.ini: 'port'", None),
        ("bind: Address already in use", None),
        ("went away", "likely"),
        ("ldap1.musterbau.test: Name or service not known", "certain"),
    ],
)
def test_a_service_with_a_reason_of_its_own_is_not_laid_on_a_dead_resolver(
    reason: str, told_by: str | None
) -> None:
    dead = say("linux.resolver-dead", server="10.77.1.250")
    failed = say("linux.service-failed", unit="auth.service", reason=reason)
    causes = rank([dead, failed])
    assert [c.sure for c in causes if failed in c.explains] == ([told_by] if told_by else [])


def test_a_wrong_entry_is_the_cause_and_its_silence_follows() -> None:
    wrong = say("linux.resolver-wrong", server="10.77.1.250")
    dead = say("linux.resolver-dead", server="10.77.1.250")
    elsewhere = say("linux.resolver-dead", "web2", server="10.77.1.250")
    assert [(c.finding, c.explains) for c in rank([dead, elsewhere, wrong])] == [
        (wrong, (dead,)),
        (elsewhere, ()),
    ]


def test_a_resolver_that_is_dead_to_all_is_one_cause() -> None:
    hosts = ("app1", "web1", "web2")
    single = tuple(say("linux.resolver-dead", host, server="10.77.1.53") for host in hosts)
    to_all = say("linux.resolver-dead-to-all", "", server="10.77.1.53", count=3, hosts=" ".join(hosts))
    (filtered,) = rank([*single, to_all])
    assert (filtered.finding, filtered.explains) == (to_all, single)
    dead = say("dns.server-dead", "dns1", addresses="10.77.1.53")
    (cause,) = rank([*single, to_all, dead])
    assert (cause.finding, set(cause.explains), cause.sure) == (dead, {*single, to_all}, "certain")


def test_a_time_server_whose_service_is_gone_is_the_cause_of_all_who_ask_it() -> None:
    gone = say("linux.time-unsynchronised", "mgmt1", addresses="10.77.1.16")
    lost = tuple(
        say("linux.time-unsynchronised", host, addresses=address)
        for host, address in (("app1", "10.77.1.13"), ("web1", "10.77.1.11"), ("web2", "10.77.1.12"))
    )
    silent_to_all = say("linux.time-source-silent", "", server="10.77.1.16", count=3, hosts="app1 web1 web2")
    (cause,) = rank([*lost, silent_to_all, gone])
    assert (cause.finding, set(cause.explains), cause.sure) == (gone, {silent_to_all, *lost}, "certain")


def test_a_zone_that_is_not_served_explains_the_names_of_that_zone_only() -> None:
    back, forth = (
        say("dns.lame", "dns1", zone=zone, addresses="10.77.1.53")
        for zone in ("1.77.10.in-addr.arpa", "musterbau.test")
    )
    refused = say("linux.resolver-refuses", "app1", server="10.77.1.53", name="app1.musterbau.test")
    partial = say("dns.recursion-partial", "dns1", names="musterbau.test, web1.musterbau.test")
    causes = rank([back, forth, refused, partial])
    assert [(c.finding, set(c.explains), c.sure) for c in causes] == [
        (forth, {partial, refused}, "certain"),
        (back, set(), "certain"),
    ]


def test_a_failed_service_explains_those_that_require_it() -> None:
    failed = say("linux.service-failed", unit="db.service")
    shop, other = (
        say("linux.service-blocked", unit="shop.service", by=by) for by in ("db.service", "x.service")
    )
    causes = rank([shop, other, failed])
    assert [(c.finding, c.explains) for c in causes] == [(failed, (shop,)), (other, ())]


def test_a_full_disk_stands_before_the_name_server_that_it_stopped() -> None:
    full = say("linux.disk-full", "dns1", mount="/var")
    failed = say(
        "linux.service-failed", "dns1", unit="named.service", reason="journal: no space left on device"
    )
    dead = say("dns.server-dead", "dns1", addresses="10.77.1.53")
    asks = say("linux.resolver-dead", "web1", server="10.77.1.53")
    causes = rank([asks, dead, failed, full])
    assert [(c.finding, set(c.explains)) for c in causes] == [(full, {failed, dead, asks})]


def test_a_dead_server_explains_those_who_ask_it_and_nobody_else() -> None:
    dead = say("dns.server-dead", "ns1", server="ns1.test", addresses="192.0.2.53, 2001:db8::53")
    asks = say("linux.resolver-dead", "web1", server="2001:db8::53")
    elsewhere = say("linux.resolver-dead", "web2", server="192.0.2.5")
    assert [(cause.finding, cause.explains) for cause in rank([elsewhere, asks, dead])] == [
        (dead, (asks,)),
        (elsewhere, ()),
    ]


def test_notes_are_no_causes_and_are_explained_by_none() -> None:
    notes = [say(tag.name) for tag in TAGS.values() if tag.severity is Severity.NOTE]
    assert notes
    assert rank(notes) == ()
    (cause,) = rank([*notes, say("linux.disk-full")])
    assert cause.explains == ()


def test_the_worst_comes_first_then_what_explains_most() -> None:
    findings = [
        say("linux.disk-filling", "a", mount="/"),
        say("linux.half-duplex", "b"),
        say("linux.disk-full", "d", mount="/"),
        say("linux.disk-full", "c", mount="/"),
        say("linux.service-failed", "c"),
        say("linux.service-flapping", "c"),
    ]
    causes = rank(findings)
    assert [cause.finding.host for cause in causes][:2] == ["c", "d"]
    weights = [(-max(f.severity for f in (c.finding, *c.explains)), -len(c.explains)) for c in causes]
    assert weights == sorted(weights)


TAG_NAMES = st.sampled_from(sorted(TAGS))
FACT = st.sampled_from(["x", "/", "no space left", "ns1", "192.0.2.53", "web1"])


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    tag = TAGS[draw(TAG_NAMES)]
    return tag(
        host=draw(st.sampled_from(["web1", "ns1", ""])), **{name: draw(FACT) for name in sorted(tag.facts)}
    )


@given(st.data(), st.lists(findings(), max_size=12))
def test_the_order_in_which_findings_come_changes_nothing(data: st.DataObject, found: list[Finding]) -> None:
    assert rank(found) == rank(data.draw(st.permutations(found)))


@given(st.lists(findings(), max_size=12))
def test_every_fault_and_warning_is_a_cause_or_follows_from_one(found: list[Finding]) -> None:
    serious = {f for f in found if f.severity > Severity.NOTE}
    causes = rank(found)
    assert {f for cause in causes for f in (cause.finding, *cause.explains)} == serious
    assert not any(cause.finding in cause.explains and found.count(cause.finding) == 1 for cause in causes)


@pytest.mark.parametrize("pattern", sorted({p for rule in RULES for p in (rule.cause, *rule.effects)}))
def test_every_rule_speaks_of_tags_that_exist(pattern: str) -> None:
    assert any(fnmatchcase(tag, pattern) for tag in TAGS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.cause} {' '.join(rule.effects)}")
def test_no_rule_speaks_of_notes_only(rule: Rule) -> None:
    """A note neither causes nor follows: such a rule would never be used."""
    loud = {name for name, tag in TAGS.items() if tag.severity > Severity.NOTE}
    cause = next((name for name in loud if fnmatchcase(name, rule.cause)), "")
    assert any(rule.fits(cause, effect) for effect in loud)


def test_refused_and_broken_are_no_findings() -> None:
    results = [
        ended("web1", "linux.disk", Refused("area-not-covered", ("§1",))),
        ended("web1", "linux.load", Broken("TypeError: x")),
    ]
    assert findings_of(results, {"web1": "here"}) == ()


def test_an_answer_without_findings_is_none() -> None:
    assert findings_of([ended("web1", "linux.disk", Seen({"any": "reading"}))], {}) == ()


def test_a_silence_is_said_once_for_a_host_however_many_questions_it_left_open() -> None:
    collectors = ("linux.disk", "linux.load", "linux.services")
    results = [
        silent(host, Kind.REFUSED, Phase.CONNECT, name) for host in ("web1", "web2") for name in collectors
    ]
    found = findings_of(results, {"web1": "here", "web2": "here"})
    assert [(f.tag.name, f.host) for f in found] == [("reach.refused", "web1"), ("reach.refused", "web2")]


def test_a_site_that_cannot_be_reached_is_one_cause() -> None:
    hosts = ("web1", "web2", "web3")
    results = [silent(host, Kind.TIMED_OUT, Phase.CONNECT) for host in hosts]
    elsewhere = silent("db1", Kind.TIMED_OUT, Phase.CONNECT)
    sites = {**dict.fromkeys(hosts, "koeln"), "db1": "bonn"}
    causes = rank(findings_of([*results, elsewhere], sites))
    assert [(c.finding.tag.name, sorted(f.host for f in c.explains), c.sure) for c in causes] == [
        ("reach.site-unreachable", [*hosts], "certain"),
        ("reach.no-answer", [], "certain"),
    ]
    assert causes[0].finding.facts["site"] == "koeln"


def test_silence_over_snmp_speaks_neither_for_a_site_that_is_gone_nor_against_it() -> None:
    """A wrong community is silence as well: three switches with it are no site without power."""
    hosts, switches = ("web1", "web2", "web3"), ("sw1", "sw2", "sw3")
    sites = dict.fromkeys((*hosts, *switches), "koeln")
    mute = [silent(host, Kind.TIMED_OUT, Phase.CONNECT, "net.device") for host in switches]
    assert {f.tag.name for f in findings_of(mute, sites)} == {"reach.snmp-silent"}
    gone = [*mute, *(silent(host, Kind.TIMED_OUT, Phase.CONNECT) for host in hosts)]
    assert "reach.site-unreachable" in {f.tag.name for f in findings_of(gone, sites)}


@pytest.mark.parametrize(
    "another",
    [
        ended("web4", "linux.disk", Seen({})),
        silent("web4", Kind.REFUSED, Phase.CONNECT),
        silent("web4", Kind.TIMED_OUT, Phase.GREET),
        silent("web4", Kind.UNPARSABLE, Phase.ASK),
    ],
    ids=["answers", "refuses", "hangs", "speaks in riddles"],
)
def test_a_site_where_somebody_is_there_can_be_reached(another: Result) -> None:
    hosts = ("web1", "web2", "web3", "web4")
    results = [silent(host, Kind.TIMED_OUT, Phase.CONNECT) for host in hosts[:3]]
    found = findings_of([*results, another], dict.fromkeys(hosts, "koeln"))
    assert "reach.site-unreachable" not in {f.tag.name for f in found}


def test_several_readings_are_compared_by_the_surveys_over_them() -> None:
    """Every survey is used on the readings of its collector: here two copies of a zone, one behind."""
    results = [_zone("ns1", 2026112302), _zone("ns2", 2026112201)]
    found = [f for f in findings_of(results, {}) if f.tag.name == "dns.serial-behind"]
    assert [(f.host, f.facts["serial"], f.facts["newest"]) for f in found] == [
        ("ns2", 2026112201, 2026112302)
    ]
    assert not findings_of(results[1:], {}), "one copy alone is behind nobody"


def _zone(host: str, serial: int) -> Result:
    """What a server says that holds one zone."""
    soa = Soa(primary="ns1.a.test", serial=serial, refresh=3600, retry=900, expire=604800, minimum=300)
    names = tuple(NamedHost(name=f"ns{n}.a.test", addresses=(f"192.0.2.{n}",)) for n in (1, 2))
    holding = Holding(zone="a.test", soa=soa, is_primary=host == "ns1", servers=names, mail=())
    reading = Zones(server=f"{host}.a.test", holds=(holding,), delegates=(), unsaid=())
    return ended(host, "dns.zones", Seen(zones.adapter.dump_python(reading, mode="json")))


def test_a_reading_of_an_older_form_is_left_out_and_the_others_are_compared() -> None:
    """A run of before an update must stay readable."""
    old = ended("dns9", "dns.zones", Seen({"copies": "in an older form"}))
    both = (_zone("dns1", 3), _zone("dns2", 2))
    assert findings_of([*both, old], {}) == findings_of(both, {}) != ()
