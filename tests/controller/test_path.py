"""Does a chain ask in order, everything once, and stop where the answer is? And does the report tell it as it was?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result, Seen
from agent.lookups import QUESTION
from collectors import Finding, Kind, Phase
from collectors.catalogue import catalogue
from controller.path import Chain, StageState, path_of
from controller.symptoms import SYMPTOMS
from controller.work import Work
from inventory.contract import Clause
from tests.controller.findings import say

CLAUSE = Clause.model_validate({"id": "1", "text": "may be asked", "hosts": ["h1"], "diagnose": ["linux"]})
HOSTS = ("dc1", "dc2", "web1")
QUESTIONS = tuple(catalogue().collectors)
SEEN = Seen({}, ())
SILENT = NoAnswer(Kind.TIMED_OUT, Phase.ASK, "")


def work(*jobs: str) -> Work:
    """Jobs written 'host/question'."""
    made = {Job(id=one, host=one.partition("/")[0], collector=one.partition("/")[2]): CLAUSE for one in jobs}
    return Work(jobs=made, refused=(), decisions=(), abouts={})


def result(job: str, outcome: Outcome = SEEN) -> Result:
    host, _, question = job.partition("/")
    return Result(
        job=Job(id=job, host=host, collector=question),
        outcome=outcome,
        began=datetime(2026, 11, 26, tzinfo=UTC),
        took=0.1,
    )


def ids(wave: Work | None) -> set[str]:
    return {job.id for job in wave.jobs} if wave else set()


def results(*waves: Work | None) -> list[Result]:
    return [result(job.id) for wave in waves if wave for job in wave.jobs]


def test_without_a_symptom_everything_is_asked_at_once() -> None:
    chain = Chain(work("dc1/ad.logon", "web1/linux.disk"), "")
    assert ids(chain.first()) == {"dc1/ad.logon", "web1/linux.disk"}
    assert not chain.has_steps
    assert chain.after([], []) is None


def test_the_chain_stops_where_the_answer_is_and_asks_what_may_explain_it() -> None:
    whole = work(
        *("dc1/ad.logon", "dc1/ad.records", "dc1/linux.disk", "dc1/ad.rid"),
        *("dc2/ad.logon", "dc2/linux.disk", "web1/linux.disk", "web1/linux.services"),
    )
    chain = Chain(whole, "logon")
    first = chain.first()
    assert ids(first) == {"dc1/ad.logon", "dc2/ad.logon"}
    locked = say("ad.account-locked", "dc1")
    more = chain.after(results(first), [locked])
    # All of the host where it was found; of the others nothing, since no rule reaches there.
    assert ids(more) == {"dc1/ad.records", "dc1/linux.disk", "dc1/ad.rid"}
    assert chain.after(results(first, more), [locked]) is None


def test_what_explains_it_by_the_rules_is_asked_elsewhere_too() -> None:
    chain = Chain(work("fs1/ad.trust", "dc1/ad.kerberos", "dc1/ad.lockout", "web1/linux.disk"), "trust")
    first = chain.first()
    assert ids(first) == {"fs1/ad.trust"}
    assert ids(chain.after(results(first), [say("ad.trust-broken", "fs1")])) == {"dc1/ad.kerberos"}


def test_a_note_is_no_answer_and_another_steps_finding_neither() -> None:
    chain = Chain(work("dc1/ad.logon", "dc1/ad.ping", "web1/linux.disk"), "logon")
    first = chain.first()
    found = [say("ad.account-may-log-on", "dc1"), say("linux.disk-full", "web1")]
    second = chain.after(results(first), found)
    assert ids(second) == {"dc1/ad.ping"}
    assert ids(chain.after(results(first, second), found)) == {"web1/linux.disk"}


def test_servers_known_by_name_are_asked_together_with_their_look_ups() -> None:
    whole = work("ns9/dns.zones", "ns9/dns.answers", f"dns1/{QUESTION}", "dns1/dns.zones", "web1/linux.disk")
    chain = Chain(whole, "name", ("ns9",))
    first = chain.first()
    assert ids(first) == {"ns9/dns.answers", "ns9/dns.zones", f"dns1/{QUESTION}"}
    assert ids(chain.after(results(first), [])) == {"dns1/dns.zones"}


jobs = st.sets(st.sampled_from([f"{host}/{question}" for host in HOSTS for question in QUESTIONS]))
found = st.lists(
    st.sampled_from([say(tag, host) for tag in catalogue().tags for host in (*HOSTS, "")]), max_size=6
)


@given(jobs=jobs, symptom=st.sampled_from(["", *SYMPTOMS]), found=found)
def test_nothing_is_asked_twice_and_without_an_answer_nothing_is_left_out(
    jobs: set[str], symptom: str, found: list[Finding]
) -> None:
    for findings in (found, []):
        chain = Chain(work(*sorted(jobs)), symptom)
        wave: Work | None = chain.first()
        given_out: list[str] = []
        waves = 0
        while wave is not None:
            given_out += [job.id for job in wave.jobs]
            wave = chain.after([result(job) for job in given_out], findings)
            waves += 1
        assert len(given_out) == len(set(given_out))
        assert set(given_out) <= jobs
        assert waves <= len(SYMPTOMS[symptom].steps) + 1 if symptom else waves == 1
        if not findings:
            assert set(given_out) == jobs


def test_the_path_says_what_was_ruled_out_and_what_stayed_open() -> None:
    records = say("ad.record-missing", "dc1")
    told = [
        result("dc1/ad.logon"),
        result("dc1/ad.records"),
        result("dc2/ad.ping", SILENT),
        result("web1/linux.disk"),
    ]
    path = path_of("logon", told, [records, say("linux.disk-full", "web1")])
    assert path is not None
    assert [stage.state for stage in path.stages] == [
        StageState.RULED_OUT,
        StageState.FOUND,
        *(StageState.NOT_NEEDED,) * 4,
    ]
    assert (path.stages[1].asked, path.stages[1].answered, path.stages[1].found) == (2, 1, (records,))
    assert path.beyond == 1
    assert path.is_answered


@pytest.mark.parametrize("outcome", [SILENT, Broken("defect"), Refused("no-question")])
def test_a_step_that_was_not_answered_by_all_is_open_and_never_ruled_out(outcome: Outcome) -> None:
    path = path_of("clock", [result("dc1/ad.kerberos"), result("dc2/ad.kerberos", outcome)], [])
    assert path is not None
    assert [stage.state for stage in path.stages] == [StageState.OPEN]
    assert not path.is_answered


def test_a_step_is_not_ruled_out_while_a_host_may_not_be_asked_about_it() -> None:
    asked = result("dc1/ad.kerberos")
    path = path_of("clock", [asked, result("dc2/ad", Refused("outside-window"))], [])
    assert path is not None
    assert [(stage.state, stage.refused) for stage in path.stages] == [(StageState.OPEN, 1)]
    # Another area says nothing of this one.
    path = path_of("clock", [asked, result("dc2/dns", Refused("outside-window"))], [])
    assert path is not None
    assert [(stage.state, stage.refused) for stage in path.stages] == [(StageState.RULED_OUT, 0)]


def test_a_step_for_which_nobody_may_be_asked_says_so() -> None:
    """The contract refuses the area: then its refusal bears the area's name and no question's."""
    path = path_of("clock", [result("dc1/ad", Refused("not-in-contract"))], [])
    assert path is not None
    assert [stage.state for stage in path.stages] == [StageState.NOBODY]


def test_a_run_without_a_symptom_or_of_one_that_is_gone_has_no_path() -> None:
    assert path_of("", [], []) is None
    assert path_of("an-old-one", [], []) is None
