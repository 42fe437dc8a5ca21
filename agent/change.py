"""How is a plan carried out, verified and taken back? Step by step, and truthfully, whatever happens.

Looked at again → begun in the journal → a step: may it go on? written down, done, written down → … → asked again: is what
the plan treats gone? If anything fails, what was done is taken back in reverse, and the host is looked at once more.
Nothing is ever done twice. Where nobody can know whether a step was done, that is said, and nothing more is done there.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from agent.assent import Assent
from agent.credentials import CredentialError
from agent.crew import Crew, Hand
from agent.deed import Deed
from agent.eyes import Eyes, NotSeenError
from agent.job import AlreadySo, Changed, NoAnswer, Outcome, Refused, UndoFailed, Undone, Unfit, Unknown
from agent.journal import Entry, Journal, What, undoable
from agent.order import Event, Tell
from agent.refusal import Hold, HoldError
from agent.start import Start
from collectors import Kind, Phase
from collectors.exchange import Exchange
from playbooks.plan import Part, Step, differences, seconds_of

__all__ = ["WAY_BACK", "HostChange"]

# For how long a host waits for us, in seconds, before it takes its own way back.
WAY_BACK = 60.0
# Kept for looking once more after the last step, in seconds; between two tries to see whether a finding is gone.
_LOOK, _POLL = 20.0, 1.0
_BY_PERSON = "find out how it is, then 'secondline agent verify', or order that the plan be taken back"


@dataclass(kw_only=True)
class HostChange:
    """One plan on one of its hosts.

    changing: the start of a worker with the accounts for changes; raises HoldError, CredentialError. go_on: raises HoldError when nothing more may be begun.
    end: until when, on the monotonic clock, there is leave. way_back: seconds.
    """

    assent: Assent
    part: Part
    journal: Journal
    crew: Crew
    tell: Tell
    eyes: Eyes
    changing: Callable[[float], Start]
    go_on: Callable[[], None]
    end: float
    keep: Callable[[Exchange], None]
    way_back: float = WAY_BACK
    _hand: Hand | None = None
    _at: int = 0

    async def apply(self) -> Outcome:
        """Carry it out. The caller holds the host's lock, and nobody knows of a change that was left open there."""
        try:
            part = await self.eyes.look()
        except NotSeenError as reason:
            match reason.outcome:
                case Unfit(en=why):
                    return Refused(Hold.STATE_DIFFERS, by="agent", detail=f"{why}: plan again")
                case _:
                    return reason.outcome
        if found := tuple(differences(self.part, part)):
            detail = f"it is not as it was when this was planned: {'; '.join(found)}: plan again"
            return Refused(Hold.STATE_DIFFERS, by="agent", detail=detail)
        if not self.part.steps:
            return AlreadySo()
        self._write("begin", detail=self.assent.plan.text)
        return await self._to_an_end(self._steps())

    async def _to_an_end(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """What was begun; when it can no longer be written down, nobody may say that nothing was done."""
        try:
            return await work
        except HoldError as reason:
            return Unknown(self._at, f"it was broken off: {reason}; {_BY_PERSON}")
        finally:
            await self._leave()

    async def take_back(self) -> Outcome:
        """Take back what the journal says was done here under this plan."""
        standing = self.journal.standing(self.assent.plan.customer, self.part.host)
        if standing is None or standing.plan != self.assent.plan.digest:
            return _nothing("the last change here was not this plan's")
        steps = undoable(standing.entries)
        if not steps or standing.end in {"undone", "refused"}:
            return _nothing(f"{standing.words()}: nothing of it is left to be taken back")
        if final := [number for number in steps if self.part.steps[number - 1].is_final]:
            return _nothing(f"step {final[0]} can never be taken back, as the plan said")
        if standing.end == "changed" and standing.entries[-1].what == "end":
            try:
                now = await self.eyes.state()
            except NotSeenError as reason:
                return reason.outcome
            if (after := standing.entries[-1].state) and dict(after) != dict(now):
                detail = "it is not as the plan has left it: whoever changed it since would lose that"
                return Refused(Hold.STATE_DIFFERS, by="agent", detail=detail)
        return await self._to_an_end(self._back(steps, 0, "as it was ordered"))

    # --- Forward.

    async def _steps(self) -> Outcome:
        """Every step, and then whether they did it."""
        came = await self._come_in()
        if came is not None:
            self._write("end", detail="refused")
            return came
        for number, step in enumerate(self.part.steps, 1):
            try:
                self._may(number, step)
            except HoldError as reason:
                return await self._stopped(number, reason)
            ended = await self._step(number, step)
            if ended is not None:
                return ended
        return await self._verify()

    async def _step(self, number: int, step: Step) -> Outcome | None:
        """One step; None: it is done."""
        mark = secrets.token_hex(8) if step.cuts else ""
        if mark:
            armed = await self._arm(number, mark)
            if armed is not None:
                return armed
        self._at = number
        self._write("doing", number)
        deed = await self._act("do", number, seconds_of(step.do))
        self._write(_AFTER[deed.how], number, deed.detail)
        if mark:
            return await self._after_cut(number, mark, deed)
        match deed.how:
            case "done":
                return None
            case "failed":
                return await self._back(self._begun(number), number, deed.detail)
            case "unsent":
                return await self._back(self._begun(number - 1), number, deed.detail)
            case "lost":
                return self._unknown(number, deed.detail)

    def _may(self, number: int, step: Step) -> None:
        """Whether this step may be begun. Raises HoldError."""
        self.go_on()
        undo = sum(seconds_of(one) for before in self.part.steps[:number] for one in before.undo)
        need = seconds_of(step.do) + undo + _LOOK + (self.way_back if step.cuts else 0.0)
        if self.end - time.monotonic() < need:
            raise HoldError(
                Hold.NO_TIME,
                f"{need:.0f} s are needed for step {number} and to take everything back, and there is no leave for so long: "
                "order it with more time",
            )

    async def _stopped(self, number: int, reason: HoldError) -> Outcome:
        """Nothing more may be begun: what was done is taken back."""
        if number == 1:
            self._write("end", detail="refused")
            return Refused(reason.reason, by="agent", detail=str(reason))
        return await self._back(self._begun(number - 1), number, f"stopped before this step: {reason}")

    async def _verify(self) -> Outcome:
        """Ask again until what the plan treats is gone, or the playbook's time for it is over."""
        last, end = len(self.part.steps), time.monotonic() + self.assent.book.settle
        self._say("asking again")
        while (why := await self.eyes.still_there()) and time.monotonic() < end:
            try:
                self.go_on()
            except HoldError as reason:
                why = str(reason)
                break
            await asyncio.sleep(_POLL)
        if why:
            return await self._back(self._begun(last), 0, why)
        try:
            after = await self.eyes.state()
        except NotSeenError:
            after = {}
        self._write("end", detail="changed", state=after)
        return Changed(self.part.state, after)

    # --- Backward.

    def _begun(self, last: int) -> tuple[int, ...]:
        """The steps up to this one, the last first."""
        return tuple(range(last, 0, -1))

    async def _back(self, steps: tuple[int, ...], at: int, why: str) -> Outcome:
        """Take these steps back, in this order, and look whether the host is as it was."""
        trouble = ""
        self._say(f"taking back: {why}")
        for number in steps:
            step = self.part.steps[number - 1]
            if not step.undo:
                trouble = trouble or ("" if step.keeps else f"step {number} can never be taken back")
                continue
            self._write("undoing", number)
            deed = await self._act("undo", number, sum(map(seconds_of, step.undo)))
            self._write("undone" if deed.how == "done" else "not-undone", number, deed.detail)
            if deed.how != "done":
                trouble = f"step {number} could not be taken back: {deed.detail}"
                break
        return await self._looked(at, why, trouble)

    async def _looked(self, at: int, why: str, trouble: str) -> Outcome:
        """How the host is now decides: as it was at first, or not."""
        state: Mapping[str, Any] = {}
        try:
            state = await self.eyes.state()
        except NotSeenError as reason:
            if not trouble:
                self._write("end", detail="undone: not looked at")
                return Undone(at, f"{why}; it could not be looked at afterwards: {reason}", verified=False)
            trouble = f"{trouble}; nor could it be looked at: {reason}"
        else:
            if dict(state) == dict(self.part.state):
                self._write("end", detail="undone", state=state)
                return Undone(at, why, verified=True)
        trouble = trouble or "all was taken back, and it is not as it was before"
        self._write("end", detail="undo-failed", state=state)
        return UndoFailed(at, f"{why}; {trouble}: {_BY_PERSON}", state)

    def _unknown(self, number: int, why: str) -> Outcome:
        self._write("end", number, detail="unknown")
        return Unknown(number, f"{why}: {_BY_PERSON}")

    # --- Steps that may cut us off.

    async def _arm(self, number: int, mark: str) -> Outcome | None:
        """Have the host itself know the way back before the step; None: it does."""
        self._write("arm", number, mark)
        deed = await self._act("arm", number, 60.0, mark=mark, seconds=self.way_back)
        if deed.how == "done":
            return None
        why = f"step {number} may cut us off, and no way back could be armed on the host: {deed.detail}"
        if deed.how != "unsent":
            # Perhaps it is armed all the same: then it is taken by itself.
            await asyncio.sleep(self.way_back + 1.0)
        if number == 1:
            self._write("end", detail="refused")
            return Refused(Hold.NO_WAY_BACK, by="agent", detail=why)
        return await self._back(self._begun(number - 1), number, why)

    async def _after_cut(self, number: int, mark: str, deed: Deed) -> Outcome | None:
        """Come in anew, and only then disarm the way back; where that does not succeed, the host has taken it."""
        why = deed.detail or "the agent does not get in any more after this step"
        until = time.monotonic() + self.way_back + 5.0
        await self._leave()
        if deed.how == "done":
            came = await self._act("disarm", number, 30.0, mark=mark)
            if came.how == "done":
                self._write("disarm", number)
                return None
            if came.detail:
                why = f"after this step the agent does not get in any more: {came.detail}"
            await self._leave()
        self._say("waiting for the host to take its own way back")
        # It has until then for itself; the time that its own commands take comes on top.
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        for _ in range(10):
            fired = await self._act("fired", 0, 30.0, mark=mark)
            if fired.how == "done":
                break
            await self._leave()
            await asyncio.sleep(_POLL)
        else:
            return await self._looked(number, why, f"the host did not take its own way back: {fired.detail}")
        for one in self._begun(number):
            self._write("undone", one, "by the host itself")
        return await self._looked(number, f"{why}; the host has taken its own way back", "")

    # --- The host.

    async def _come_in(self) -> Outcome | None:
        """Log in with the accounts for changes before anything is done; None: that succeeds."""
        deed = await self._act("open", 0, 60.0)
        if deed.how == "done":
            return None
        return NoAnswer(
            Kind.REFUSED, Phase.LOGIN, f"no way in for the change, nothing was done: {deed.detail}"
        )

    async def _act(self, what: str, step: int, limit: float, **more: object) -> Deed:
        try:
            if self._hand is None:
                start = self.changing(max(1.0, self.end - time.monotonic()))
                self._hand = await self.crew.hire(start, self.keep)
        except (OSError, HoldError, CredentialError) as error:
            return Deed("unsent", f"no worker can be started: {error}")
        deed = await self._hand.act(what, step, limit, **more)
        if deed.how == "lost":
            await self._leave()
        return deed

    async def _leave(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            await hand.end()

    def _write(
        self, what: What, step: int = 0, detail: str = "", state: Mapping[str, Any] | None = None
    ) -> None:
        plan = self.assent.plan
        self.journal.write(
            Entry(
                what=what,
                customer=plan.customer,
                host=self.part.host,
                plan=plan.digest,
                playbook=plan.playbook,
                step=step,
                detail=detail,
                state=json.loads(json.dumps(dict(state or {}))),
            )
        )
        words = self.part.steps[step - 1].why[0] if what == "doing" else detail if what != "begin" else ""
        self._say(f"{what} {step or ''} {words}".strip())

    def _say(self, words: str) -> None:
        self.tell(Event(what="step", host=self.part.host, detail=words))


_AFTER: dict[str, What] = {"done": "done", "failed": "failed", "unsent": "failed", "lost": "lost"}


def _nothing(why: str) -> Refused:
    return Refused(Hold.NOTHING_TO_UNDO, by="agent", detail=why)
