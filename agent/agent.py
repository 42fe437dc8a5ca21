"""What does the agent do with an order? Verify the grant, decide again, hand it to a worker, answer.

The agent trusts the controller for nothing but the question: the contract decides again here, on the
agent's own reading of it, and the grant's addresses must be the contract's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from agent.about import about_target
from agent.codec import exchange_of, result_of
from agent.credentials import CredentialError, Credentials
from agent.job import Broken, Job, NoAnswer, Outcome, Refused, Result
from agent.nursling import Nursery, Process
from agent.shares import Shares
from agent.start import START, SshWay, Start
from agent.wire import WireError, pack, receive
from collectors import Kind, Phase, Shell
from collectors.catalogue import catalogue
from collectors.exchange import Exchange
from inventory.contract import Clause, Contract, Host
from inventory.decide import Allowed, Diagnose, Request, decide
from inventory.grant import GrantRefusedError, Leave, verify
from inventory.read import ContractError, digest, read

__all__ = ["Agent", "Event", "Order"]

_GRACE = 2.0
# Each is a process; what a run needs more waits its turn.
_WORKERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the courier brings: a sealed grant, the contract's text, the jobs, and how long they may take."""

    token: str
    contract: str
    jobs: tuple[Job, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the agent tells while it works.

    what: 'started' (job), 'opening' (host, detail: session), 'result' (result, exchanges), 'blocked'
    (detail: by which
    wall, what; job: in whose code, where that is known), 'walls' (detail: which stand), 'worker' (detail: pid), 'gone' (detail: pid; the worker's process tree is gone).
    """

    what: str
    job: str = ""
    host: str = ""
    detail: str = ""
    result: Result | None = None
    exchanges: tuple[Exchange, ...] = ()


Tell = Callable[[Event], None]


class Agent:
    """One agent: its name, the controller's keys that it pins, its credentials."""

    def __init__(
        self,
        name: str,
        keys: tuple[Mapping[str, Any], ...],
        credentials: Credentials,
        nursery: Nursery,
        *,
        walls: Literal["kernel", "python"] = "kernel",
    ) -> None:
        self._name = name
        self._keys = keys
        self._credentials = credentials
        self._nursery = nursery
        self._walls = walls
        self._working: dict[str, tuple[Process, asyncio.StreamWriter]] = {}
        self._stopping = False
        self._open = Shares()
        self._room = asyncio.Semaphore(_WORKERS)

    async def perform(self, order: Order, tell: Tell) -> None:
        """Carry out one order; every job is answered by exactly one `result`."""
        open_jobs = {job.id: job for job in order.jobs}

        def answer(job: Job, outcome: Refused | Broken | NoAnswer) -> None:
            del open_jobs[job.id]
            tell(Event(what="result", result=_at_once(job, outcome)))

        try:
            leave = verify(order.token, self._keys, agent=self._name)
            contract = _contract_of(order, leave)
        except GrantRefusedError as error:
            for job in order.jobs:
                answer(job, Refused(str(error), by="agent"))
            return
        allowed = self._decide_again(contract, leave, order.jobs, answer)
        ways = self._ways(contract, tuple(allowed), answer)
        allowed = {job: clause for job, clause in allowed.items() if job.id in open_jobs}
        if allowed:
            limits = {
                clause.id: (leave.grant.shares.get(clause.id, 1), clause.at_once)
                for clause in allowed.values()
            }
            async with self._room, self._open.taken(limits) as shares:
                if not self._stopping:
                    start = _start(
                        order=order,
                        leave=leave,
                        contract=contract,
                        allowed=allowed,
                        ways=ways,
                        shares=shares,
                        keys=self._keys,
                        walls=self._walls,
                    )
                    await self._in_worker(start, open_jobs, tell)
        for job in tuple(open_jobs.values()):
            if self._stopping:
                answer(job, NoAnswer(Kind.STOPPED, Phase.ASK, "stopped"))
            else:
                answer(job, Broken("the worker ended before it answered"))

    async def stop(self) -> None:
        """End all work; returns when every worker's process tree is gone."""
        self._stopping = True
        for process, writer in tuple(self._working.values()):
            with contextlib.suppress(ConnectionError, RuntimeError):
                writer.write(pack({"stop": True}))
            asyncio.get_running_loop().call_later(_GRACE, process.kill)
        for process, _ in tuple(self._working.values()):
            await process.gone.wait()

    def _decide_again(
        self,
        contract: Contract,
        leave: Leave,
        jobs: tuple[Job, ...],
        answer: Callable[[Job, Refused], None],
    ) -> dict[Job, Clause]:
        now = datetime.now(UTC)
        allowed: dict[Job, Clause] = {}
        for job in jobs:
            area = job.collector.partition(".")[0]
            decision = decide(
                contract, Request(customer=leave.grant.customer, host=job.host, deed=Diagnose(area)), now
            )
            if not isinstance(decision, Allowed):
                answer(job, Refused(decision.reason, decision.clauses, by="agent"))
            elif not _same_addresses(contract, leave, job.host):
                answer(job, Refused("grant-differs-from-contract", by="agent"))
            else:
                allowed[job] = decision.clause
        return allowed

    def _ways(
        self, contract: Contract, jobs: tuple[Job, ...], answer: Callable[[Job, NoAnswer], None]
    ) -> dict[str, SshWay]:
        """Log-ins of the hosts; a credential that cannot be used leaves its host's jobs unanswered."""
        secrets: dict[str, str | CredentialError] = {}
        ways: dict[str, SshWay] = {}
        for job in jobs:
            host = contract.targets[job.host]
            if not _logs_in(job) or not isinstance(host, Host) or host.ssh is None or host.id in ways:
                continue
            reference = host.ssh.credential
            if reference not in secrets:
                try:
                    secrets[reference] = self._credentials.resolve(reference)
                except CredentialError as error:
                    secrets[reference] = error
            secret = secrets[reference]
            if isinstance(secret, CredentialError):
                answer(job, NoAnswer(Kind.CREDENTIALS_REJECTED, Phase.CONNECT, str(secret)))
            else:
                ways[host.id] = SshWay(user=host.ssh.user, host_keys=host.ssh.host_keys, secret=secret)
        return ways

    async def _in_worker(self, start: Start, open_jobs: dict[str, Job], tell: Tell) -> None:
        name = f"{time.monotonic_ns():x}"
        try:
            process = await self._nursery.spawn(name)
        except OSError:
            # Its jobs stay open here, and end as a defect of ours.
            return
        tell(Event(what="worker", detail=str(process.pid)))
        reader, writer = await process.streams()
        self._working[name] = (process, writer)
        if self._stopping:
            # It was stopped while the worker was being born.
            process.kill()
        writer.write(pack({"start": START.dump_python(start, mode="json")}))
        overtime = asyncio.get_running_loop().call_later(start.seconds + _GRACE * 2, process.kill)
        try:
            while (frame := await receive(reader)) is not None and frame[0]["event"] != "done":
                _hear_porter(process, open_jobs, tell)
                _pass_on(*frame, open_jobs, tell)
        except (WireError, LookupError, ValueError, TypeError, AttributeError):
            # It does not keep to the vocabulary: a worker that hostile hosts have talked to is not believed either.
            process.kill()
        finally:
            writer.close()
            asyncio.get_running_loop().call_later(_GRACE, process.kill)
            await process.gone.wait()
            _hear_porter(process, open_jobs, tell)
            overtime.cancel()
            del self._working[name]
            tell(Event(what="gone", detail=str(process.pid)))


def _at_once(job: Job, outcome: Outcome) -> Result:
    return Result(job=job, outcome=outcome, began=datetime.now(UTC), took=0.0)


def _pass_on(head: dict[str, Any], parts: tuple[bytes, ...], open_jobs: dict[str, Job], tell: Tell) -> None:
    """Turn a worker's frame into an event; what names a job that is not open is dropped."""
    match head["event"]:
        case "result":
            result = result_of(head["result"])
            if open_jobs.get(result.job.id) != result.job:
                return
            exchanges, left = [], list(parts)
            for exchange in head["exchanges"]:
                count = len(exchange["parts"])
                exchanges.append(exchange_of(exchange, left[:count]))
                del left[:count]
            del open_jobs[result.job.id]
            tell(Event(what="result", result=result, exchanges=tuple(exchanges)))
        case "started":
            tell(Event(what="started", job=head["job"]))
        case "opening":
            tell(Event(what="opening", host=head["host"], detail=head["session"]))
        case "blocked":
            tell(Event(what="blocked", detail=f"python: {head['what']}", job=head["job"]))
        case "refused":
            # The grant held when it came, and not any more when the worker's turn had come.
            _refuse_all(str(head["reason"]), open_jobs, tell)
        case _:
            raise WireError(f"{head['event']!r} is no event of a worker")


def _hear_porter(process: Process, open_jobs: dict[str, Job], tell: Tell) -> None:
    """Take in what the porter said before anything of its worker is believed."""
    for said in process.told():
        if "walls" in said:
            tell(Event(what="walls", detail=said["walls"]))
        else:
            # The porter has ended the worker already; whoever else is in its group goes as well.
            process.kill()
            tell(Event(what="blocked", detail=f"kernel: {said['breach']}"))
            _refuse_all(f"wall: kernel: {said['breach']}", open_jobs, tell)


def _refuse_all(reason: str, open_jobs: dict[str, Job], tell: Tell) -> None:
    for job in tuple(open_jobs.values()):
        del open_jobs[job.id]
        tell(Event(what="result", result=_at_once(job, Refused(reason, by="worker"))))


def _contract_of(order: Order, leave: Leave) -> Contract:
    """Read the contract that the grant was given under. Raises GrantRefusedError."""
    if digest(order.contract) != leave.grant.contract:
        raise GrantRefusedError("the grant was given under another text of the contract")
    try:
        contract = read(order.contract)
    except ContractError as error:
        raise GrantRefusedError(f"the contract cannot be read: {error}") from None
    if (contract.customer, contract.revision) != (leave.grant.customer, leave.grant.revision):
        raise GrantRefusedError("the grant names another customer or revision than the contract")
    return contract


def _logs_in(job: Job) -> bool:
    """Say whether a job needs a login: a credential that cannot be used must not silence the others."""
    collector = catalogue().collectors.get(job.collector)
    return collector is None or collector.session is Shell


def _same_addresses(contract: Contract, leave: Leave, host: str) -> bool:
    """The grant may name fewer addresses than the contract, never others."""
    granted = leave.grant.targets.get(host)
    if granted is None:
        return False
    target = contract.targets[host]
    ports = {"ssh": getattr(target, "ssh", None), "dns": target.dns}
    return set(granted.addresses) <= {str(a) for a in target.addresses} and all(
        (way := ports.get(name)) is not None and way.port == port for name, port in granted.ports.items()
    )


def _start(  # noqa: PLR0913 - the parts of one message.
    *,
    order: Order,
    leave: Leave,
    contract: Contract,
    allowed: Mapping[Job, Clause],
    ways: Mapping[str, SshWay],
    shares: Mapping[str, int],
    keys: tuple[Mapping[str, Any], ...],
    walls: Literal["kernel", "python"],
) -> Start:
    hosts = dict.fromkeys(job.host for job in allowed)
    return Start(
        token=order.token,
        keys=keys,
        agent=leave.grant.agent,
        seconds=max(1.0, min(order.seconds, leave.grant.expires - time.time())),
        jobs=tuple(allowed),
        abouts={host: about_target(contract, host) for host in hosts},
        ways=ways,
        group_of={job.host: clause.id for job, clause in allowed.items()},
        shares=shares,
        walls=walls,
    )
