"""Does the agent ask a server that is known by name only nowhere but where it looked the name up itself?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from agent.agent import Agent
from agent.job import Outcome, Refused, Seen
from agent.nursling import Nursery
from agent.refusal import Hold
from inventory.decide import Reason
from inventory.grant import Door, Target
from tests.agent.orders import PIN, Desk, job, performed
from tests.dnslab.hostile import hostile
from tests.dnslab.real import bind, nsd
from tests.elsewhere import NAME, answering, ceiling_of, paper_over, zone
from tests.law import agents_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.lab]
AT = "127.50.0.7"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as ready:
        yield ready


@dataclass
class Run:
    """One run of one agent, over these resolvers; the server that is sought answers at AT."""

    desk: Desk
    agent: Agent
    port: int
    resolvers: int

    async def looked_up(self, run: str = "r") -> dict[str, Outcome]:
        jobs = [job(f"dns{number}", "dns.outside") for number in range(1, self.resolvers + 1)]
        return (await performed(self.agent, self.desk.order(*jobs, run=run))).outcomes

    async def asked(self, *addresses: str, run: str = "r") -> Outcome:
        """What comes of asking the server, at these addresses by the grant."""
        target = Target(addresses=addresses or (AT,), ports={"dns": self.port})
        order = self.desk.order(job("trunk", "dns.answers"), run=run, targets={"trunk": target})
        return (await performed(self.agent, order)).outcomes["trunk/dns.answers"]

    async def refused(self, *addresses: str, run: str = "r") -> tuple[str, str]:
        outcome = await self.asked(*addresses, run=run)
        assert isinstance(outcome, Refused), outcome
        assert outcome.by == "agent"
        return outcome.reason, outcome.detail


def run_over(
    folder: Path, nursery: Nursery, doors: list[Door], port: int, *outside: str, **ceiling: object
) -> Run:
    credentials = folder / "home" / "credentials"
    credentials.mkdir(parents=True, mode=0o700)
    desk = Desk(paper_over(doors, port), credentials)
    bound = ceiling_of(doors, port, *outside, **ceiling)
    agents_for(desk.home, desk.contract, controller=(PIN,), ceiling=bound)
    return Run(desk, desk.started(nursery), port, len(doors))


async def test_it_is_asked_where_its_name_leads_and_nowhere_else(tmp_path: Path, nursery: Nursery) -> None:
    with (
        bind(tmp_path / "bind", "127.0.0.1", {"provider.test": zone(AT)}) as resolver,
        nsd(tmp_path / "nsd", AT, {"provider.test": zone(AT)}) as trunk,
    ):
        run = run_over(tmp_path, nursery, [resolver], trunk.port)
        assert (await run.refused())[0] == Hold.NOT_LOOKED_UP
        assert isinstance((await run.looked_up())["dns1/dns.outside"], Seen)
        assert isinstance(await run.asked(), Seen)
        for more in ((AT, "127.50.0.8"), ("127.50.0.8",), ("127.0.0.1",)):
            assert (await run.refused(*more))[0] == Hold.NOT_AS_CONTRACT
        assert (await run.refused(run="another run"))[0] == Hold.NOT_LOOKED_UP
        another = run.desk.started(nursery)
        assert (await Run(run.desk, another, trunk.port, 1).refused())[0] == Hold.NOT_LOOKED_UP


async def test_a_name_is_looked_up_once_in_a_run_whatever_it_would_be_the_second_time(
    tmp_path: Path, nursery: Nursery
) -> None:
    seen: list[bytes] = []
    with nsd(tmp_path / "nsd", AT, {"provider.test": zone(AT)}) as trunk:
        async with hostile(answering([AT], ["127.50.0.8"]), seen=seen) as resolver:
            run = run_over(tmp_path, nursery, [resolver], trunk.port)
            await run.looked_up()
            again = (await run.looked_up())["dns1/dns.outside"]
            assert isinstance(again, Refused)
            assert again.reason == Hold.LOOKED_UP_BEFORE
            assert isinstance(await run.asked(), Seen)
            assert (await run.refused("127.50.0.8"))[0] == Hold.NOT_AS_CONTRACT
            assert len(seen) == 2, "one question for each kind of address"
            assert isinstance((await run.looked_up(run="next"))["dns1/dns.outside"], Seen)
            assert (await run.refused(run="next"))[0] == Hold.NOT_AS_CONTRACT
            assert isinstance(await run.asked(), Seen), "the first run goes on with its own"


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["127.0.0.1"], Reason.RESOLVES_INSIDE),
        ([AT, "127.0.0.1"], Reason.RESOLVES_INSIDE),
        ([AT, "169.254.169.254"], Reason.RESOLVES_INSIDE),
        ([AT, "127.50.9.9"], Reason.RESOLVES_INSIDE),
        ([AT, "224.0.0.1"], Reason.RESOLVES_INSIDE),
        ([AT, "127.51.0.1"], Reason.ABOVE_CEILING),
        ([], Hold.NOT_LOOKED_UP),
    ],
)
async def test_one_address_that_may_not_be_refuses_the_whole_name(
    addresses: list[str], reason: str, tmp_path: Path, nursery: Nursery
) -> None:
    async with hostile(answering(addresses)) as resolver:
        run = run_over(tmp_path, nursery, [resolver], 5300, never=["127.50.9.0/24"])
        assert isinstance((await run.looked_up())["dns1/dns.outside"], Seen)
        said, detail = await run.refused()
        assert said == reason
        assert NAME in detail


async def test_a_ceiling_that_names_nothing_outside_looks_for_nobody(
    tmp_path: Path, nursery: Nursery
) -> None:
    async with hostile(answering([AT])) as resolver:
        run = run_over(tmp_path, nursery, [resolver], 5300, outside=[])
        await run.looked_up()
        assert (await run.refused())[0] == Reason.ABOVE_CEILING


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([AT, "127.50.0.8"], [AT, "127.50.0.9"], "asked"),
        ([AT, "127.50.0.8"], ["127.50.0.9"], Reason.RESOLVERS_DISAGREE),
        ([AT], [], Reason.RESOLVERS_DISAGREE),
        ([AT], [AT, "127.0.0.2"], Reason.RESOLVES_INSIDE),
    ],
)
async def test_only_what_all_resolvers_say_counts(
    first: list[str], second: list[str], expected: str, tmp_path: Path, nursery: Nursery
) -> None:
    with nsd(tmp_path / "nsd", AT, {"provider.test": zone(AT)}) as trunk:
        async with (
            hostile(answering(first)) as one,
            hostile(answering(second), address="127.0.0.2") as two,
        ):
            run = run_over(tmp_path, nursery, [one, two], trunk.port)
            await run.looked_up()
            outcome = await run.asked()
            reason = outcome.reason if isinstance(outcome, Refused) else "asked"
            assert reason == expected
            assert (await run.refused("127.50.0.8"))[0] != "asked"


async def test_a_resolver_that_keeps_silent_never_stands_for_an_empty_answer(
    tmp_path: Path, nursery: Nursery
) -> None:
    async with hostile(answering([AT])) as one, hostile(lambda _: [], address="127.0.0.2") as two:
        run = run_over(tmp_path, nursery, [one, two], 5300)
        assert isinstance((await run.looked_up())["dns2/dns.outside"], Seen)
        reason, detail = await run.refused()
        assert reason == Hold.NOT_LOOKED_UP
        assert "dns2" in detail
