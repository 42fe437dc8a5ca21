"""What happened, in order? Writes events down while a run goes on: results, evidence, ledger."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from agent.job import Broken, Job, NoAnswer, Refused, Result, Unknown
from agent.lookups import lookups_of
from agent.order import Event
from collectors import Kind, Phase
from collectors.dns.outside import Lost
from collectors.exchange import Exchange
from controller.ledger import Entry, LedgerFact, What, append_many
from controller.progress import Progress, State, Watch, shown
from controller.store.exchanges import Asked as Kept
from controller.store.exchanges import record_exchanges
from controller.store.jobs import record_results
from controller.store.store import Store
from controller.work import Work
from inventory.decide import Reason

__all__ = ["Chronicle"]

# What `decide` says, as against what an agent refuses by its own law.
_DECISIONS = frozenset(Reason)
# Often enough that little is lost with the process, seldom enough that it costs little.
_EVERY = 0.4


class Chronicle:
    """Collects a run's events and writes them in batches, in a thread."""

    def __init__(  # noqa: PLR0913 - what a run is written down with.
        self, store: Store, run: str, work: Work, who: str, watch: Watch, *, plan: str = ""
    ) -> None:
        """plan: the id of the plan that is carried out or taken back; '' for questions."""
        self._store, self._run, self._work, self._who, self._watch = store, run, work, who, watch
        self._clauses = {job.host: clause.id for job, clause in work.jobs.items()}
        self._clauses_of_jobs = {job.id: clause.id for job, clause in work.jobs.items()}
        self._plan = plan
        self._agreed_on: set[tuple[str, str]] = set()
        self._results: list[Result] = []
        self._exchanges: list[Kept] = []
        self._entries: list[Entry] = []
        self._ended: set[str] = set()
        self._number = 0
        self._turn = threading.Lock()
        self._writing: asyncio.Task[None] | None = None
        self.stopped = False
        # How often agent and controller came to different answers.
        self.alarms = 0

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._write_now_and_then())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await asyncio.to_thread(self._write)

    def listener(self, grant: str, agent: str) -> Callable[[Event], None]:
        """Give the function that hears the events of one grant."""
        return lambda event: self._hear(event, grant, agent)

    def stopping(self, who: str) -> None:
        """Somebody stops the run."""
        self.stopped = True
        self._remember(What.CANCELLED, who, reason="stopped by hand")

    def end(self, results: Iterable[Result]) -> None:
        """What the controller itself ends, after it was allowed: its name led nowhere, or where nothing may be asked."""
        for result in results:
            self._take(result, "controller")

    def capture(self, result: Result, exchange: Exchange) -> None:
        """A capture was read, or could not be had: no host was asked for it, and no clause is needed."""
        self._number += 1
        name = f"e{self._number}"
        self._exchanges.append((name, result.job.host, exchange))
        if exchange.facts:
            self._remember(What.CAPTURE_READ, "controller", result.job.host, **exchange.facts)
        self._take(replace(result, evidence=(name,)), "controller")

    async def written(self) -> None:
        """Have everything written that was heard so far."""
        await asyncio.to_thread(self._write)

    def close_open_jobs(self, jobs: Iterable[Job]) -> None:
        """No job stays without a result, not even when its agent was lost."""
        for job in jobs:
            if job.id not in self._ended:
                lost: NoAnswer | Broken | Unknown = Broken("no agent answered for it")
                if self._plan:
                    # Of a change that was sent, silence says nothing: it may have been made.
                    lost = Unknown(0, "no agent answered for it")
                elif self.stopped:
                    lost = NoAnswer(Kind.STOPPED, Phase.ASK, "stopped")
                self._take(Result(job=job, outcome=lost, began=datetime.now(UTC), took=0.0), "")

    def _hear(self, event: Event, grant: str, agent: str) -> None:
        match event.what:
            case "result" if event.result is not None:
                self._answered(event, event.result, grant, agent)
            case "decided":
                self._agreed(event, agent)
            case "started":
                host, _, collector = event.job.partition("/")
                self._show(host, collector, "asking")
            case "opening":
                self._remember(What.SESSION_OPENED, agent, event.host, grant=grant, session=event.detail)
            case "blocked":
                self._remember(What.WALL_HELD, agent, grant=grant, how=event.detail)
            case "walls":
                self._remember(What.WALLS_STAND, agent, grant=grant, how=event.detail)
            case "ending":
                self._remember(What.WORK_ENDED, agent, grant=grant, agent=agent, reason=event.detail)
            case "step":
                self._remember(
                    What.CHANGE_STEP,
                    agent,
                    event.host,
                    plan=self._plan,
                    grant=grant,
                    detail=event.detail[:500],
                )
                self._show(event.host, self._collector_of(event.host), "asking", event.detail)
            case "worker" | "gone":
                what = What.WORKER_STARTED if event.what == "worker" else What.WORKER_GONE
                self._remember(what, agent, grant=grant, agent=agent, pid=int(event.detail))
            case _:
                raise ValueError(f"{event.what!r} is no event of an agent")

    def _collector_of(self, host: str) -> str:
        return next((job.collector for job in self._work.jobs if job.host == host), "")

    def _agreed(self, event: Event, agent: str) -> None:
        """The agent allows a job, by its own reading: it must be by the clause that the controller found."""
        host, _, collector = event.job.partition("/")
        deed = f"change {collector}" if self._plan else f"diagnose {collector.partition('.')[0]}"
        ours = self._clauses_of_jobs.get(event.job, "")
        if ours != event.detail:
            facts = {"agent": event.detail, "controller": ours, "reason": "another clause"}
            self._alarm(agent, host, deed=deed, **facts)
        elif (host, deed) not in self._agreed_on:
            self._agreed_on.add((host, deed))
            self._remember(What.DECIDED_ALLOWED, agent, host, deed=deed)

    def _answered(self, event: Event, result: Result, grant: str, agent: str) -> None:
        sent = []
        for exchange in event.exchanges:
            self._number += 1
            sent.append((f"e{self._number}", result.job.host, exchange))
            if exchange.question == ("open",) and exchange.unanswered is not None:
                kind, phase, _ = exchange.unanswered
                facts = {"session": exchange.session, "kind": kind.value, "phase": phase.value}
                self._remember(What.SESSION_FAILED, agent, result.job.host, grant=grant, **facts)
        self._exchanges.extend(sent)
        asked = [(name, exchange) for name, _, exchange in sent if exchange.question != ("open",)]
        if asked:
            self._remember(
                What.QUESTION_SENT,
                agent,
                result.job.host,
                grant=grant,
                session=asked[0][1].session,
                collector=result.job.collector,
                questions=len(asked),
                exchange=" ".join(name for name, _ in asked),
                question="; ".join(" ".join(exchange.question) for _, exchange in asked)[:2000],
            )
        for one in lookups_of(result):
            silent = one.silent.kind.value if isinstance(one, Lost) else ""
            addresses = "" if isinstance(one, Lost) else " ".join(one.addresses)[:2000]
            facts = {"name": one.name, "addresses": addresses, "kind": silent}
            self._remember(What.NAME_LOOKED_UP, agent, result.job.host, grant=grant, **facts)
        self._take(replace(result, evidence=tuple(name for name, _, _ in sent)), agent)

    def _take(self, result: Result, agent: str) -> None:
        clause = self._work.jobs.get(result.job)
        result = replace(result, clause=clause.id if clause else "")
        self._ended.add(result.job.id)
        self._results.append(result)
        if isinstance(result.outcome, Refused):
            self._refused(result.job, result.outcome, agent)
        state, detail = shown(result.outcome)
        self._show(result.job.host, result.job.collector, state, detail, result.took)

    def _refused(self, job: Job, outcome: Refused, agent: str) -> None:
        """An agent refuses what the controller had allowed; from the same contract that is an alarm."""
        facts = {"reason": outcome.reason, "deed": job.collector, "detail": outcome.detail[:500]}
        self._remember(What.DECIDED_REFUSED, agent, job.host, by=outcome.by, **facts)
        if outcome.reason in _DECISIONS and outcome.by != "controller":
            ours = self._clauses_of_jobs.get(job.id, "")
            self._alarm(agent, job.host, agent="refused", controller=ours, **facts)

    def _alarm(self, who: str, host: str, **facts: LedgerFact) -> None:
        self.alarms += 1
        self._remember(What.DECISIONS_DIFFER, who, host, **facts)

    def _show(self, host: str, collector: str, state: State, detail: str = "", took: float = 0.0) -> None:
        self._watch(Progress(host=host, collector=collector, state=state, detail=detail, took=took))

    def _remember(self, what: What, who: str, host: str = "", **facts: LedgerFact) -> None:
        clause = self._clauses.get(host, "")
        self._entries.append(Entry(what=what, who=who, run=self._run, host=host, clause=clause, facts=facts))

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            await asyncio.shield(asyncio.to_thread(self._write))

    def _write(self) -> None:
        """Write what has come so far: evidence first, so that a result never rests on what is not there.

        What cannot be written now (a full disk, a busy store) is kept for the next time.
        """
        with self._turn:
            entries, ended, exchanges = len(self._entries), len(self._results), len(self._exchanges)
            record_exchanges(self._store, self._run, self._exchanges[:exchanges])
            del self._exchanges[:exchanges]
            if ended:
                record_results(self._store, self._run, self._results[:ended])
                del self._results[:ended]
            if entries:
                append_many(self._store, self._entries[:entries])
                del self._entries[:entries]
