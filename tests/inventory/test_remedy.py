"""Does the change that is proposed allow what was asked, and nothing else?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory.advice import advise, snippet
from inventory.amendment import (
    Amendment,
    Approve,
    Enlist,
    Extend,
    Lift,
    NewClause,
    NewHost,
    Renew,
    Wait,
    with_hosts,
)
from inventory.ceiling import Ceiling
from inventory.contract import Approval, Clause, Contract, Outside
from inventory.decide import Allowed, Change, Deed, Diagnose, Request, decide, deed_name
from inventory.explain import Language
from inventory.read import examine, read
from inventory.remedy import remedy
from inventory.schema import example
from inventory.when import opens
from tests.inventory.strategies import AREAS, HOSTS, OUTSIDE, PLAYBOOKS, contracts, moments, requests
from tests.inventory.test_decide import allowed
from tests.law import wide

SUNDAY = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
HIGH = wide(
    "musterbau",
    "k",
    areas=("linux", "dns", "voip", "wlan"),
    playbooks=("dns.restart", "linux.clean", "wlan.scan", "dns.restart_resolver", "dns.other"),
)
LANGUAGES: tuple[Language, ...] = ("de", "en")

# More often than not, what a clause could allow: also a host, an area and a playbook that are not in the contract.
wishes = st.one_of(
    requests,
    *2
    * [
        st.builds(
            Request,
            customer=st.just("k"),
            host=st.sampled_from((*HOSTS, *OUTSIDE, "h9")),
            deed=st.one_of(
                st.builds(Diagnose, st.sampled_from((*AREAS, "wlan"))),
                st.builds(Change, st.sampled_from((*PLAYBOOKS, "wlan.scan"))),
            ),
        )
    ],
)


def high(request: Request) -> Ceiling:
    """A ceiling that takes nothing away from this request, whatever it is for."""
    word = deed_name(request.deed)
    return HIGH.model_copy(update={"areas": (*HIGH.areas, word), "playbooks": (*HIGH.playbooks, word)})


def changed(contract: Contract, steps: tuple[Amendment, ...]) -> Contract:
    """The contract after the steps, written as its author would: in plain data, and read again."""
    paper = contract.model_dump(mode="json", by_alias=True)
    clauses = {clause["id"]: clause for clause in paper["clauses"]}
    for step in steps:
        match step:
            case Wait():
                pass
            case Extend(clause=clause, deed=deed):
                key = "diagnose" if isinstance(deed, Diagnose) else "change"
                clauses[clause][key].append(deed_name(deed))
            case Enlist(clause=clause, hosts=hosts, outside=outside):
                clauses[clause]["outside" if outside else "hosts"].extend(hosts)
            case NewClause(clause=new):
                paper["clauses"].append(new.model_dump(mode="json", by_alias=True))
            case NewHost(hosts=hosts):
                paper["hosts"].extend(paper["hosts"][0] | {"id": host, "roles": []} for host in hosts)
            case Approve() | Lift():
                pytest.fail("one contract alone, under a ceiling that is high enough")
            case Renew(until=until):
                paper["valid"]["until"] = until.isoformat()
    return Contract.model_validate(paper)


@given(contracts(), wishes, moments)
def test_after_the_steps_it_is_allowed_and_without_one_of_them_it_is_not(
    contract: Contract, request: Request, now: datetime
) -> None:
    steps = remedy((contract,), request, now, high(request))
    if not steps:
        return
    moment = opens((changed(contract, steps),), request, now, high(request))
    assert moment is not None
    assert isinstance(decide(changed(contract, steps), request, moment, high(request)), Allowed)
    match steps:
        case (Wait(opens=said, clause=clause),):
            decision = decide(contract, request, said, high(request))
            assert isinstance(decision, Allowed)
            assert decision.clause.id == clause
        case _:
            for left_out in steps:
                fewer = tuple(step for step in steps if step is not left_out)
                # A clause may name no host that is not there: the host comes first.
                assert opens((changed(contract, fewer),), request, now, high(request)) is None


@given(contracts(), wishes, moments, moments)
def test_the_steps_allow_nothing_else(
    contract: Contract, request: Request, now: datetime, then: datetime
) -> None:
    after = changed(contract, steps := remedy((contract,), request, now, high(request)))
    opened = opens((after,), request, now, high(request))
    for moment in (now, then, opened) if opened else (now, then):
        # Whoever renews a contract renews it for all that it allows: that day is told and nothing is hidden.
        local = moment.astimezone(contract.zone_info).date() if moment.utcoffset() is not None else None
        if not any(isinstance(step, Renew) for step in steps) or (local and local <= contract.valid.until):
            assert allowed(after, moment) - allowed(contract, moment) <= {request}


@given(contracts(), wishes, moments)
def test_a_renewal_is_as_short_as_can_be(contract: Contract, request: Request, now: datetime) -> None:
    steps = remedy((contract,), request, now, high(request))
    for step in steps:
        if isinstance(step, Renew):
            assert step.until > contract.valid.until
            shorter = tuple(Renew(until=step.until - timedelta(1)) if one is step else one for one in steps)
            assert opens((changed(contract, shorter),), request, now, high(request)) is None


@given(contracts(), wishes, moments)
def test_there_is_nothing_to_do_only_where_no_contract_could_allow_it(
    contract: Contract, request: Request, now: datetime
) -> None:
    if remedy((contract,), request, now, high(request)) or isinstance(
        decide(contract, request, now, high(request)), Allowed
    ):
        return
    outside = isinstance(contract.targets.get(request.host), Outside)
    assert (
        request.customer != contract.customer
        or now.utcoffset() is None
        or (outside and isinstance(request.deed, Change))
        or not _can_be_named(request)
        or now.year == date.max.year
    )


def _can_be_named(request: Request) -> bool:
    named = {"id": "x", "text": "x", "hosts": [request.host], "diagnose": [deed_name(request.deed)]}
    try:
        Clause.model_validate(named)
    except ValueError:
        return False
    return True


@given(contracts(), wishes, moments, st.sampled_from(LANGUAGES))
def test_every_step_has_words_and_a_new_clause_can_be_copied(
    contract: Contract, request: Request, now: datetime, language: Language
) -> None:
    for step in remedy((contract,), request, now, high(request)):
        words = advise(step, language)
        assert words[0].isupper() or words.startswith(request.host)
        assert words != advise(step, "en" if language == "de" else "de")
        assert words.count(".") + words.count(":") >= 1
        if isinstance(step, NewClause):
            (copied,) = yaml.safe_load(snippet(step.clause))
            approval = {"approval": step.clause.approval} if not copied.get("change") else {}
            assert Clause.model_validate(copied | approval) == step.clause


def asked(host: str, deed: Deed, text: str = "", now: datetime = SUNDAY) -> tuple[Amendment, ...]:
    return remedy((read(text or example()),), Request(customer="musterbau", host=host, deed=deed), now, HIGH)


def said(steps: tuple[Amendment, ...], language: Language) -> list[str]:
    return [advise(step, language) for step in steps]


def test_where_a_window_is_closed_the_clause_and_its_next_moment_are_named() -> None:
    steps = asked("dns1", Change("dns.restart_resolver"))
    assert said(steps, "en") == ["Clause 4.1 allows it from Tue 2026-11-24 19:00 on."]
    assert said(steps, "de") == ["Klausel 4.1 erlaubt es ab Di 24.11.2026 19:00."]


def test_a_clause_for_one_host_alone_is_extended() -> None:
    text = example().replace("outside: [registry]\n    diagnose: [dns]", "hosts: [dns2]\n    diagnose: [dns]")
    assert said(asked("dns2", Diagnose("voip"), text), "en") == [
        "Add 'voip' to 'diagnose' of clause 3.2, which names dns2 alone."
    ]
    assert said(asked("dns2", Diagnose("voip"), text), "de") == [
        "In Klausel 3.2 unter 'diagnose' 'voip' ergänzen: Sie nennt nur dns2."
    ]


def test_a_clause_for_one_deed_alone_takes_another_host() -> None:
    steps = asked("dns2", Change("dns.restart_resolver"))
    assert said(steps, "en") == [
        "Add dns2 to 'hosts' of clause 4.1, which permits 'dns.restart_resolver' alone."
    ]
    assert said(with_hosts(steps, ("dns2", "web1")), "de") == [
        "In Klausel 4.1 unter 'hosts' dns2, web1 ergänzen: Sie erlaubt nur 'dns.restart_resolver'."
    ]


def test_a_clause_for_several_hosts_and_areas_is_left_alone_and_a_new_one_stands_beside_it() -> None:
    text = example().replace(
        "roles: [dns-server]\n    platform: linux\n    dns: {}", "platform: linux\n    dns: {}"
    )
    (step,) = asked("dns2", Diagnose("linux"), text)
    assert isinstance(step, NewClause)
    assert " ".join(said((step,), "en")) == (
        "Clause 3.1 permits 'linux', but only for hosts with the role web-server or dns-server."
        " A new clause is needed, with the same windows:"
    )
    assert " ".join(said((step,), "de")) == (
        "Klausel 3.1 erlaubt 'linux', aber nur für Hosts mit der Rolle web-server oder dns-server. "
        "Nötig ist eine neue Klausel mit denselben Zeitfenstern:"
    )
    assert snippet(step.clause).splitlines() == [
        '- id: "3.1a"',
        "  text: Untersuchung im Bereich linux",
        "  hosts: [dns2]",
        "  diagnose: [linux]",
        "  windows:",
        '    - {days: [mo, tu, we, th, fr], from: "07:00", until: "18:00"}',
        '    - {days: [sa], from: "08:00", until: "12:00"}',
    ]
    (step,) = asked("web1", Diagnose("voip"), text)
    assert said((step,), "en")[0].startswith(
        "Clause 3.1 holds for hosts with the role web-server or dns-server: with 'voip' added,"
    )


def test_the_snippet_can_be_pasted_into_the_file() -> None:
    (step,) = asked("web1", Diagnose("voip"))
    assert isinstance(step, NewClause)
    pasted = "".join(f"  {line}\n" for line in snippet(step.clause).splitlines())
    examined = examine(example().replace("\ndata:\n", f"\n{pasted}\ndata:\n"))
    assert (examined.mistakes, examined.hints) == ((), ())
    assert examined.contract is not None
    assert examined.contract.clauses[-1] == step.clause


def test_a_host_that_is_not_there_is_added_and_named() -> None:
    host, clause = asked("web9", Diagnose("linux"))
    assert isinstance(host, NewHost)
    assert isinstance(clause, NewClause)
    assert clause.clause.hosts == ("web9",)
    assert advise(host, "de").startswith("web9 unter 'hosts' aufnehmen")
    assert asked("", Diagnose("linux")) == (), "what is no id cannot be added"


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # A Friday evening, the contract's last; the windows are open again on Saturday, which is the next year.
        ("2027-12-31T19:00+01:00", date(2028, 1, 1)),
        ("2030-01-02T12:00+01:00", date(2030, 1, 2)),
        ("2030-01-05T13:00+01:00", date(2030, 1, 7)),
    ],
)
def test_a_contract_that_ends_is_renewed_to_the_day_that_is_needed(now: str, until: date) -> None:
    assert asked("web1", Diagnose("linux"), now=datetime.fromisoformat(now)) == (Renew(until=until),)


def test_nothing_more_is_changed_without_approval_by_the_way() -> None:
    text = example().replace("approval: customer ", "approval: none ")
    (step,) = asked("dns2", Change("dns.restart_resolver"), text)
    assert isinstance(step, NewClause)
    assert step.clause.approval is Approval.BOTH
    (step,) = asked("dns1", Change("dns.other"), text)
    assert isinstance(step, NewClause)
    assert asked("registry", Change("dns.other")) == (), "servers outside are never changed"


def test_a_clause_that_names_a_role_as_well_is_not_one_hosts_own() -> None:
    text = example().replace(
        "outside: [registry]\n    diagnose: [dns]",
        "hosts: [dns2]\n    roles: [web-server]\n    diagnose: [dns]",
    )
    (step,) = asked("dns2", Diagnose("voip"), text)
    assert isinstance(step, NewClause)


def test_what_is_promised_for_servers_elsewhere_is_no_measure_for_hosts() -> None:
    """Clause 3.2 permits 'dns' alone and at any time, but to the registry."""
    host, clause = asked("web9", Diagnose("dns"))
    assert isinstance(host, NewHost)
    assert isinstance(clause, NewClause)
    assert clause.near is not None
    assert clause.near.id == "3.1"
